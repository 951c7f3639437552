"""Where a transformed layer is: moved, scaled and turned about its middle."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform

from studio.app.panes.picture.canvas.tools.box_handles import Handle

SCALE_MIN = 0.001
TURN_STEP_DEGREES = 15.0


@dataclass(frozen=True)
class Placement:
    """A box and what became of it.

    Attributes:
        box: Where the pixels were, in the document.
        shift: How far their middle was moved.
        scale_x: How much wider they became; negative is flipped.
        scale_y: How much higher.
        angle: Degrees clockwise.
    """

    box: QRectF
    shift: QPointF = field(default_factory=QPointF)
    scale_x: float = 1.0
    scale_y: float = 1.0
    angle: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether nothing became of it."""
        return self.matrix().isIdentity()

    @property
    def centre(self) -> QPointF:
        """Where the middle is now."""
        return self.box.center() + self.shift

    def matrix(self) -> QTransform:
        """Return what maps the pixels to where they are now, document to document."""
        if (self.scale_x, self.scale_y, self.angle) == (1.0, 1.0, 0.0):
            return QTransform.fromTranslate(self.shift.x(), self.shift.y())
        middle = self.box.center()
        result = QTransform.fromTranslate(self.centre.x(), self.centre.y())
        result.rotate(self.angle)
        result.scale(self.scale_x, self.scale_y)
        return QTransform.fromTranslate(-middle.x(), -middle.y()) * result

    def moved(self, by: QPointF, *, straight: bool = False) -> Placement:
        """Return it moved by whole pixels; ``straight`` keeps to one direction."""
        if straight:
            by = QPointF(by.x(), 0) if abs(by.x()) >= abs(by.y()) else QPointF(0, by.y())
        shift = self.shift + by
        if self.angle == 0 and abs(self.scale_x) == 1 and abs(self.scale_y) == 1:
            shift = QPointF(round(shift.x()), round(shift.y()))
        return replace(self, shift=shift)

    def turned(self, start: QPointF, to: QPointF, *, stepped: bool = False) -> Placement:
        """Return it turned about its middle as a drag from ``start`` to ``to`` says."""
        before, after = start - self.centre, to - self.centre
        by = math.atan2(after.y(), after.x()) - math.atan2(before.y(), before.x())
        angle = self.angle + math.degrees(by)
        if stepped:
            angle = round(angle / TURN_STEP_DEGREES) * TURN_STEP_DEGREES
        return replace(self, angle=(angle + 180) % 360 - 180)

    def scaled(
        self, handle: Handle, to: QPointF, *, keep_ratio: bool = False, centred: bool = False
    ) -> Placement:
        """Return it with a handle dragged to a point; the opposite one stays, or the middle."""
        fixed = self.box.center() if centred else handle.opposite.of(self.box)
        stays, back = self.matrix().map(fixed), QTransform().rotate(-self.angle)
        reach = back.map(to - stays)
        span = handle.of(self.box) - fixed
        wide = reach.x() / span.x() if span.x() else self.scale_x
        high = reach.y() / span.y() if span.y() else self.scale_y
        if keep_ratio:
            wide, high = self._in_ratio(handle, wide, high)
        result = replace(self, scale_x=_scale(wide), scale_y=_scale(high))
        return replace(result, shift=result.shift + stays - result.matrix().map(fixed))

    def _in_ratio(self, handle: Handle, wide: float, high: float) -> tuple[float, float]:
        column, row = handle.value
        across = wide / self.scale_x if column else -math.inf
        down = high / self.scale_y if row else -math.inf
        factor = max(across, down)
        return self.scale_x * factor, self.scale_y * factor


def _scale(value: float) -> float:
    return math.copysign(max(abs(value), SCALE_MIN), value)

"""Picking a colour of the picture."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool
from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT
from studio.core.options import option

RING_PX = 34
RING_WIDTH_PX = 10


@dataclass(frozen=True, kw_only=True)
class EyedropperOptions:
    """What is looked at."""

    size_px: int = option(
        1,
        title="Area",
        help="Side of the square whose mean colour is taken.",
        ge=1,
        le=101,
        unit="px",
    )


class Eyedropper(Tool):
    """Takes the colour under the pointer; a ring compares it with the one before."""

    name = "eyedropper"
    icon_name = "pipette"
    keys = "I"
    title_text = QT_TRANSLATE_NOOP("tools", "Eyedropper")

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = EyedropperOptions()
        self._before: QColor | None = None
        self._at: QPointF | None = None

    def press(self, point: PenPoint) -> None:
        """Begin to pick."""
        self._before = self.host.colour
        self._pick(point)

    def move(self, point: PenPoint) -> None:
        """Pick elsewhere."""
        if self._before is not None:
            self._pick(point)

    def release(self, point: PenPoint) -> None:
        """Keep what was picked."""
        self._end()

    def apply(self) -> None:
        """Keep what was picked."""
        self._end()

    def cancel(self) -> None:
        """Take the colour from before again."""
        if self._before is not None:
            self.host.set_colour(self._before)
        self._end()

    def _pick(self, point: PenPoint) -> None:
        self.host.refresh(self._ring())
        self._at = point.screen
        found = self.host.picked_at(point.document, self.options.size_px)
        if found is not None:
            self.host.set_colour(found)
        self.host.refresh(self._ring())

    def _end(self) -> None:
        self.host.refresh(self._ring())
        self._before = self._at = None

    def _ring(self) -> QRect:
        if self._at is None:
            return QRect()
        reach = (RING_PX + RING_WIDTH_PX) * self.host.scale
        at = self._at
        return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect()

    def paint(self, painter: QPainter) -> None:
        """Draw the new colour as the upper half of a ring, the one before as the lower."""
        if self._at is None or self._before is None:
            return
        scale = self.host.scale
        reach = RING_PX * scale
        ring = QRectF(self._at.x() - reach, self._at.y() - reach, 2 * reach, 2 * reach)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for edge, width in ((OVER_PICTURE_DARK, 4), (OVER_PICTURE_LIGHT, 2)):
            painter.setPen(QPen(QColor(edge), (RING_WIDTH_PX + width) * scale))
            painter.drawEllipse(ring)
        for colour, start in ((self.host.colour, 0), (self._before, 180)):
            pen = QPen(colour, RING_WIDTH_PX * scale)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pen)
            painter.drawArc(ring, start * 16, 180 * 16)
        painter.restore()

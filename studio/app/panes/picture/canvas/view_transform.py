"""Where the document is on the screen: zoom, place and angle of the view.

Screen points are device pixels of the canvas, document points are pixels of the picture. At a
zoom of 1 one covers the other, whatever the scale of the system is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF
from PySide6.QtGui import QPolygonF, QTransform

ZOOM_MIN = 1 / 64
ZOOM_MAX = 64.0
ZOOM_STOPS = tuple(2.0 ** (half / 2) for half in range(-12, 13))
"""What a step of the wheel or a key leads to: two steps double the size."""
FIT_SHARE = 0.92
"""How much of the canvas a picture fills when it is fitted, so that its edges can be seen."""


@dataclass(frozen=True)
class ViewTransform:
    """One view of a document; a new one is made for every change.

    Attributes:
        zoom: Device pixels per pixel of the document, 1/64 to 64.
        angle: Degrees clockwise, -180 up to 180.
        centre: Point of the document that is at ``middle``.
        middle: Middle of the canvas, in device pixels.
        mirrored: The view is flipped left to right, to see mistakes in a drawing.
    """

    zoom: float = 1.0
    angle: float = 0.0
    centre: QPointF = field(default_factory=QPointF)
    middle: QPointF = field(default_factory=QPointF)
    mirrored: bool = False

    @property
    def upright(self) -> bool:
        """Whether rows of the picture are rows of the screen."""
        return self.angle == 0 and not self.mirrored

    def transform(self) -> QTransform:
        """Return what maps the document to the screen.

        Its origin is at a whole device pixel. So at whole zooms every pixel of the picture is
        drawn, and painted, exactly where it is, and however finely a view is dragged, it moves
        by whole pixels, which can be copied.
        """
        back = QTransform.fromTranslate(-self.centre.x(), -self.centre.y())
        turned = QTransform()
        turned.rotate(self.angle)
        turned.scale(-self.zoom if self.mirrored else self.zoom, self.zoom)
        if self.upright:
            turned = QTransform.fromScale(self.zoom, self.zoom)
        there = back * turned
        left, top = there.dx() + self.middle.x(), there.dy() + self.middle.y()
        return QTransform(
            there.m11(), there.m12(), there.m21(), there.m22(), _whole(left), _whole(top)
        )

    def to_screen(self, point: QPointF) -> QPointF:
        """Return where a point of the document is on the screen."""
        return self.transform().map(point)

    def to_document(self, point: QPointF) -> QPointF:
        """Return the point of the document at a point of the screen."""
        return self.transform().inverted()[0].map(point)

    def rect_to_screen(self, rect: QRectF) -> QRect:
        """Return the device pixels that a rectangle of the document touches."""
        return self.transform().mapRect(rect).toAlignedRect()

    def polygon_to_screen(self, rect: QRectF) -> QPolygonF:
        """Return the corners of a rectangle of the document on the screen."""
        return self.transform().map(QPolygonF(rect))

    def visible(self, screen: QRectF) -> QRectF:
        """Return what encloses the part of the document that shows in ``screen``."""
        return self.transform().inverted()[0].mapRect(screen)

    def resized(self, size: QSizeF) -> ViewTransform:
        """Return the view on a canvas of another size; what is in the middle stays there."""
        return replace(self, middle=QPointF(size.width() / 2, size.height() / 2))

    def moved(self, by: QPointF) -> ViewTransform:
        """Return the view after the document was dragged by device pixels."""
        return replace(self, centre=self.to_document(self.middle - by))

    def zoomed(self, zoom: float, at: QPointF | None = None) -> ViewTransform:
        """Return the view at another zoom; the point of the document at ``at`` stays there."""
        zoom = min(ZOOM_MAX, max(ZOOM_MIN, zoom))
        return self._keeping(replace(self, zoom=zoom), self.middle if at is None else at)

    def rotated(self, angle: float, at: QPointF | None = None) -> ViewTransform:
        """Return the view at another angle, turned about ``at``."""
        turned = replace(self, angle=normal_angle(angle))
        return self._keeping(turned, self.middle if at is None else at)

    def flipped(self) -> ViewTransform:
        """Return the view flipped left to right, about its middle."""
        return replace(self, mirrored=not self.mirrored)

    def fitted(self, rect: QRectF) -> ViewTransform:
        """Return the view that shows a rectangle of the document whole, as large as it goes."""
        turned = QTransform().rotate(self.angle).mapRect(rect)
        width, height = max(turned.width(), 1.0), max(turned.height(), 1.0)
        room = QSizeF(self.middle.x() * 2, self.middle.y() * 2)
        zoom = FIT_SHARE * min(room.width() / width, room.height() / height)
        zoom = min(ZOOM_MAX, max(ZOOM_MIN, zoom))
        return replace(self, zoom=zoom, centre=rect.center())

    def stepped(self, steps: int, at: QPointF | None = None) -> ViewTransform:
        """Return the view some stops of the zoom nearer (positive) or farther."""
        zoom = self.zoom
        for _ in range(abs(steps)):
            zoom = next_stop(zoom, nearer=steps > 0)
        return self.zoomed(zoom, at)

    def _keeping(self, other: ViewTransform, at: QPointF) -> ViewTransform:
        """Return ``other`` with the point of the document that is at ``at`` now kept there."""
        shift = self.to_document(at) - other.to_document(at)
        return replace(other, centre=other.centre + shift)


def next_stop(zoom: float, *, nearer: bool) -> float:
    """Return the next of the zoom's stops."""
    if nearer:
        return next((stop for stop in ZOOM_STOPS if stop > zoom * 1.001), ZOOM_MAX)
    return next((stop for stop in reversed(ZOOM_STOPS) if stop < zoom / 1.001), ZOOM_MIN)


def normal_angle(angle: float) -> float:
    """Return an angle in degrees from -180 up to 180."""
    turned = math.fmod(angle, 360.0)
    if turned > 180:
        return turned - 360
    return turned + 360 if turned <= -180 else turned


def _whole(value: float) -> float:
    """Round, and always the same way for a value that is half a pixel up to its last digits."""
    return math.floor(value + 0.5 + 1e-6)

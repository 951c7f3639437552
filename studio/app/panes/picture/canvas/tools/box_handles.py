"""A box with handles: which one a pointer catches, and what dragging it does to the box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from studio.app.theme.tokens import OVER_PICTURE_DARK, Palette, Size


class Handle(Enum):
    """A place of a box, as (column, row): -1 is left or top, 1 right or bottom."""

    TOP_LEFT = (-1, -1)
    TOP = (0, -1)
    TOP_RIGHT = (1, -1)
    RIGHT = (1, 0)
    BOTTOM_RIGHT = (1, 1)
    BOTTOM = (0, 1)
    BOTTOM_LEFT = (-1, 1)
    LEFT = (-1, 0)

    @property
    def is_corner(self) -> bool:
        """Whether two edges meet there."""
        column, row = self.value
        return bool(column and row)

    def of(self, rect: QRectF) -> QPointF:
        """Return where it is on a box."""
        column, row = self.value
        middle = rect.center()
        return QPointF(middle.x() + column * rect.width() / 2, middle.y() + row * rect.height() / 2)

    @property
    def opposite(self) -> Handle:
        """The one across."""
        return Handle((-self.value[0], -self.value[1]))


def places(rect: QRectF, to_screen: QTransform) -> Mapping[Handle, QPointF]:
    """Return where the handles of a box are on the screen."""
    return {handle: to_screen.map(handle.of(rect)) for handle in Handle}


def handle_at(at: QPointF, rect: QRectF, to_screen: QTransform, scale: float) -> Handle | None:
    """Return the handle that a pointer catches; corners before edges, the nearest first.

    Args:
        at: The pointer, in device pixels.
        rect: The box, in the document.
        to_screen: From the document to device pixels.
        scale: Device pixels per pixel of the window's measure.
    """
    reach = Size.HANDLE_REACH * scale

    def rank(item: tuple[Handle, QPointF]) -> tuple[bool, float]:
        handle, place = item
        return not handle.is_corner, math.hypot(place.x() - at.x(), place.y() - at.y())

    near = [
        (handle, place)
        for handle, place in places(rect, to_screen).items()
        if max(abs(place.x() - at.x()), abs(place.y() - at.y())) <= reach / 2
    ]
    return min(near, key=rank)[0] if near else None


def edge_at(at: QPointF, rect: QRectF, to_screen: QTransform, scale: float) -> bool:
    """Return whether a pointer is on the outline of a box."""
    reach = Size.HANDLE_REACH * scale / 2
    inner, polygon = QPolygonF(rect), to_screen.map(QPolygonF(rect))
    if inner.isEmpty():
        return False
    corners = [polygon.at(n) for n in range(4)]
    return any(_distance_to_line(at, corners[n], corners[(n + 1) % 4]) <= reach for n in range(4))


def cursor_of(handle: Handle, to_screen: QTransform) -> Qt.CursorShape:
    """Return the arrow that points the way a handle goes on the screen."""
    column, row = handle.value
    origin = to_screen.map(QPointF(0, 0))
    way = to_screen.map(QPointF(column, row)) - origin
    turned = math.degrees(math.atan2(way.y(), way.x())) % 180
    shapes = (
        Qt.CursorShape.SizeHorCursor,
        Qt.CursorShape.SizeFDiagCursor,
        Qt.CursorShape.SizeVerCursor,
        Qt.CursorShape.SizeBDiagCursor,
    )
    return shapes[round(turned / 45) % 4]


def draw_handles(
    painter: QPainter, rect: QRectF, to_screen: QTransform, colours: Palette, scale: float
) -> None:
    """Draw a square at every handle; the painter draws in device pixels."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    side = round(Size.HANDLE * scale)
    painter.setPen(QPen(QColor(OVER_PICTURE_DARK), max(1, round(scale))))
    painter.setBrush(QColor(colours.gold))
    for place in places(rect, to_screen).values():
        painter.drawRect(
            QRectF(round(place.x() - side / 2), round(place.y() - side / 2), side, side)
        )
    painter.restore()


def _distance_to_line(at: QPointF, one: QPointF, other: QPointF) -> float:
    by = other - one
    length = by.x() ** 2 + by.y() ** 2
    if length == 0:
        return math.hypot(at.x() - one.x(), at.y() - one.y())
    share = QPointF.dotProduct(at - one, by) / length
    nearest = one + by * min(1.0, max(0.0, share))
    return math.hypot(at.x() - nearest.x(), at.y() - nearest.y())

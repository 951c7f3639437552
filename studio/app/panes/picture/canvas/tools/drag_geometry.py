"""What a drag from one point to another draws, with the modifier keys that everybody knows."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF

LINE_STEP_DEGREES = 15.0


def dragged_rect(
    start: QPointF, end: QPointF, *, square: bool = False, centred: bool = False
) -> QRectF:
    """Return the rectangle of a drag.

    Args:
        start: Where the pointer went down.
        end: Where it is.
        square: Both sides become the longer one.
        centred: ``start`` is the middle, not a corner.
    """
    by = end - start
    if square:
        side = max(abs(by.x()), abs(by.y()))
        by = QPointF(math.copysign(side, by.x()), math.copysign(side, by.y()))
    corner = start - by if centred else start
    return QRectF(corner, start + by).normalized()


def dragged_line(start: QPointF, end: QPointF, *, stepped: bool = False) -> QPointF:
    """Return where a line from ``start`` ends; ``stepped`` keeps to multiples of 15 degrees."""
    if not stepped:
        return QPointF(end)
    by = end - start
    length = math.hypot(by.x(), by.y())
    step = math.radians(LINE_STEP_DEGREES)
    angle = round(math.atan2(by.y(), by.x()) / step) * step
    return start + QPointF(math.cos(angle), math.sin(angle)) * length


def whole_pixels(rect: QRectF) -> QRectF:
    """Return a rectangle with its edges moved to the nearest edges of pixels."""
    left, top = round(rect.left()), round(rect.top())
    return QRectF(left, top, round(rect.right()) - left, round(rect.bottom()) - top)

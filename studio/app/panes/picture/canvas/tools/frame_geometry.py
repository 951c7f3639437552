"""The generation frame under the pointer: its sides stay multiples of what models are made for."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from studio.app.panes.picture.canvas.tools.box_handles import Handle
from studio.documents.picture.geometry import Rect

STEP_PX = 8
SIDE_MIN_PX = 64
SIDE_MAX_PX = 16384


@dataclass(frozen=True)
class FrameDrag:
    """A frame as it was when the pointer caught it.

    Attributes:
        frame: Where it was.
        handle: What was caught; ``None`` moves the frame.
    """

    frame: Rect
    handle: Handle | None

    def dragged(self, by: QPointF, *, keep_ratio: bool = False, exact: bool = False) -> Rect:
        """Return the frame after the pointer moved.

        Args:
            by: How far, in pixels of the document.
            keep_ratio: Keep the shape.
            exact: Move by single pixels instead of 8; sides stay multiples of 8 all the same.
        """
        if self.handle is None:
            step = 1 if exact else STEP_PX
            x = _stepped(self.frame.x + by.x(), step)
            y = _stepped(self.frame.y + by.y(), step)
            return Rect(x, y, self.frame.width, self.frame.height)
        return self._resized(self.handle, by, keep_ratio=keep_ratio)

    def _resized(self, handle: Handle, by: QPointF, *, keep_ratio: bool) -> Rect:
        column, row = handle.value
        width = self.frame.width + column * by.x()
        height = self.frame.height + row * by.y()
        if keep_ratio:
            width, height = self._in_ratio(width, height, column, row)
        wide, high = side(width), side(height)
        wide = wide if column or keep_ratio else self.frame.width
        high = high if row or keep_ratio else self.frame.height
        return Rect(
            self.frame.right - wide if column < 0 else self.frame.x,
            self.frame.bottom - high if row < 0 else self.frame.y,
            wide,
            high,
        )

    def _in_ratio(self, width: float, height: float, column: int, row: int) -> tuple[float, float]:
        across = width / self.frame.width if column else 0.0
        down = height / self.frame.height if row else 0.0
        factor = max(across, down)
        return self.frame.width * factor, self.frame.height * factor


def drawn_frame(rect: QRectF) -> Rect:
    """Return the frame for a rectangle that was drawn."""
    return Rect(
        _stepped(rect.x(), STEP_PX),
        _stepped(rect.y(), STEP_PX),
        side(rect.width()),
        side(rect.height()),
    )


def side(length: float) -> int:
    """Return the side of a frame nearest to a length."""
    return min(SIDE_MAX_PX, max(SIDE_MIN_PX, _stepped(length, STEP_PX)))


def _stepped(value: float, step: int) -> int:
    return round(value / step) * step

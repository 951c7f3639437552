"""What was drawn last, so that moving the view copies it and overlays cost nothing below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter, QPixmap, QRegion

Draw = Callable[[QPainter, QRect], None]
"""Draws a rectangle of the screen, in device pixels."""


class ScreenBuffer:
    """A picture of the canvas without overlays, in device pixels.

    Attributes:
        stale: What of it has to be drawn again.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._pixmap = QPixmap()
        self.stale = QRegion()

    @property
    def rect(self) -> QRect:
        """All of it."""
        return self._pixmap.rect()

    def resize(self, size: QSize) -> None:
        """Make room for a canvas of another size, in device pixels."""
        if size != self._pixmap.size():
            self._pixmap = QPixmap(size)
            self._pixmap.fill()  # opaque, which makes copying it a plain move of bytes
            self.stale = QRegion(self.rect)

    def invalidate(self, area: QRect | None = None) -> None:
        """Note that a part has to be drawn again; ``None`` for all of it."""
        self.stale += self.rect if area is None else area & self.rect

    def scroll(self, by: QPoint) -> None:
        """Move what was drawn; what comes in at the edges is drawn when it is shown."""
        if abs(by.x()) >= self.rect.width() or abs(by.y()) >= self.rect.height():
            self.invalidate()
            return
        self._pixmap.scroll(by.x(), by.y(), self.rect)
        kept = QRegion(self.rect.translated(by)) & self.rect
        moved = self.stale.translated(by) & self.rect
        self.stale = moved + (QRegion(self.rect) - kept)

    def paint(self, painter: QPainter, exposed: QRect) -> None:
        """Draw what is stale of ``exposed`` and show it; ``painter`` draws in device pixels."""
        missing = self.stale & exposed
        if not missing.isEmpty():
            self.stale -= missing
            inner = QPainter(self._pixmap)
            for rect in cast("Iterable[QRect]", missing):  # Qt's stubs forget it
                inner.setClipRect(rect)
                self._draw(inner, rect)
            inner.end()
        area = exposed & self.rect
        painter.drawPixmap(area, self._pixmap, area)

"""The checked ground that means "transparent"."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from studio.app.theme.tokens import Palette, Size


@lru_cache(maxsize=4)
def checker(colours: Palette, scale: float) -> QBrush:
    """Return the ground; its squares have the same size on every screen.

    Args:
        colours: The tokens of the moment.
        scale: Device pixels per pixel of the window's measure.
    """
    side = round(Size.CHECKER * scale)
    image = QImage(2 * side, 2 * side, QImage.Format.Format_RGB32)
    image.fill(QColor(colours.checker))
    painter = QPainter(image)
    for corner in (0, side):
        painter.fillRect(corner, side - corner, side, side, QColor(colours.checker_other))
    painter.end()
    return QBrush(image)

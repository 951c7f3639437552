"""Colours between Qt and documents."""

from __future__ import annotations

from PySide6.QtGui import QColor


def rgba(colour: QColor, share: float = 1.0) -> tuple[int, int, int, int]:
    """Return a colour as documents know it: red, green, blue, alpha, 0 to 255.

    Args:
        colour: The colour.
        share: How much of its alpha is used, 0 to 1.
    """
    return (colour.red(), colour.green(), colour.blue(), round(colour.alpha() * share))

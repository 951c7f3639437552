"""Symmetry about the middle of the frame: as the document paints it, and as lines to see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF

from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.tools.brush_options import BrushOptions
    from studio.documents.picture.symmetry import Symmetry


def symmetry_of(options: BrushOptions, frame: Rect) -> tuple[Symmetry, ...]:
    """Return what a stroke is repeated by."""
    from studio.documents.picture.symmetry import Mirror, Radial

    x, y = _middle(frame)
    if options.symmetry == "radial":
        return (Radial(x, y, options.radial_count),)
    kinds = {"vertical": Mirror(x=x), "horizontal": Mirror(y=y), "both": Mirror(x=x, y=y)}
    found = kinds.get(options.symmetry)
    return () if found is None else (found,)


def axes(options: BrushOptions, frame: Rect) -> list[QLineF]:
    """Return the lines of a symmetry, a little longer than the frame, in the document."""
    x, y = _middle(frame)
    reach = max(frame.width, frame.height) * 0.6
    upright = QLineF(x, y - reach, x, y + reach)
    level = QLineF(x - reach, y, x + reach, y)
    if options.symmetry == "radial":
        turns = (
            math.tau * n / options.radial_count - math.pi / 2 for n in range(options.radial_count)
        )
        middle = QPointF(x, y)
        return [
            QLineF(middle, middle + QPointF(math.cos(turn), math.sin(turn)) * reach)
            for turn in turns
        ]
    return {"vertical": [upright], "horizontal": [level], "both": [upright, level]}.get(
        options.symmetry, []
    )


def _middle(frame: Rect) -> tuple[float, float]:
    return frame.x + frame.width / 2, frame.y + frame.height / 2

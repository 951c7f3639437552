"""Filling what has one colour with another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool
from studio.app.panes.picture.canvas.tools.colours import rgba
from studio.core.options import option


@dataclass(frozen=True, kw_only=True)
class FillOptions:
    """How far a fill goes."""

    tolerance: int = option(
        32,
        title="Tolerance",
        help="How different a colour may be and still be filled.",
        ge=0,
        le=255,
        step=4,
    )
    opacity: int = option(
        100, title="Opacity", help="How much the fill covers.", ge=1, le=100, step=5, unit="%"
    )
    contiguous: bool = option(
        True,
        title="Connected only",
        help="Stop where the colour ends; otherwise fill it everywhere.",
    )
    sample_merged: bool = option(
        False, title="All layers", help="Look at the whole picture, not only at this layer."
    )


class FillTool(Tool):
    """Fills at a press."""

    name = "fill"
    icon_name = "paint-bucket"
    keys = "G"
    title_text = QT_TRANSLATE_NOOP("tools", "Fill")
    picks_colour = True

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = FillOptions()

    def press(self, point: PenPoint) -> None:
        """Fill from here."""
        document, options = self.host.document, self.options
        if document is None:
            return
        colour = rgba(self.host.colour, options.opacity / 100)
        layer_id = document.active_id or document.add_layer()
        x, y = math.floor(point.document.x()), math.floor(point.document.y())
        self.host.do(
            lambda: document.fill(
                layer_id,
                x,
                y,
                colour,
                tolerance=options.tolerance,
                contiguous=options.contiguous,
                sample_merged=options.sample_merged,
            )
        )

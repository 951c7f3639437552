"""A layer taken out of the picture while a tool moves it, and what lies below and above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QTransform

from studio.app.panes.picture.canvas.display_tiles import DisplayTiles
from studio.app.panes.picture.canvas.tile_painter import PLAIN, Mode, TilePainter
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import walk

if TYPE_CHECKING:
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.scene import Snapshot

MODES = {
    "multiply": Mode.CompositionMode_Multiply,
    "screen": Mode.CompositionMode_Screen,
    "overlay": Mode.CompositionMode_Overlay,
    "darken": Mode.CompositionMode_Darken,
    "lighten": Mode.CompositionMode_Lighten,
    "color-dodge": Mode.CompositionMode_ColorDodge,
    "color-burn": Mode.CompositionMode_ColorBurn,
    "hard-light": Mode.CompositionMode_HardLight,
    "soft-light": Mode.CompositionMode_SoftLight,
    "difference": Mode.CompositionMode_Difference,
    "exclusion": Mode.CompositionMode_Exclusion,
    "plus": Mode.CompositionMode_Plus,
}
"""Blend modes that Qt draws as well; with another one, a moving layer is drawn plainly."""


class Lifted:
    """Draws one layer, or group, apart from the others, until it is put down.

    What lies above is blended as one; a blend mode up there can look different meanwhile.

    Attributes:
        layer_id: The layer.
        transform: Where it is drawn: from the document to the document.
    """

    def __init__(self, document: PictureDocument, layer_id: str) -> None:
        lifted = document.layer(layer_id)
        own = [layer.id for layer in lifted.walk()]
        order = [layer.id for layer in walk(document.layers) if layer.kind != "group"]
        mine = [order.index(name) for name in own if name in order]
        last = max(mine, default=-1)
        under = [name for name in order[: last + 1] if name not in own]
        over = [name for name in order[last + 1 :] if name not in own]
        self.layer_id = layer_id
        self.transform = QTransform()
        self._mode = MODES.get(lifted.blend_mode, PLAIN)
        seen = document.snapshot()
        extent = seen.extent()
        self._below = _plane(seen, extent, without=(*own, *over))
        self._layer = _plane(seen, extent, only=(layer_id,))
        self._above = _plane(seen, extent, without=(*own, *under)) if over else None

    def planes(self, to_screen: QTransform) -> tuple[tuple[DisplayTiles, QTransform], ...]:
        """Return what has to be composited, each with how it lies on the screen."""
        found = [(self._below, to_screen), (self._layer, self.transform * to_screen)]
        if self._above is not None:
            found.append((self._above, to_screen))
        return tuple(found)

    def draw(self, painter: QPainter, to_screen: QTransform, exposed: QRect) -> None:
        """Draw all layers, this one where it is now."""
        for tiles, transform in self.planes(to_screen):
            mode = self._mode if tiles is self._layer else PLAIN
            TilePainter(painter, transform).draw(tiles, exposed, mode)


def _plane(
    seen: Snapshot,
    extent: Rect,
    *,
    only: tuple[str, ...] | None = None,
    without: tuple[str, ...] = (),
) -> DisplayTiles:
    return DisplayTiles(
        lambda rect, shrink: seen.composite(rect, shrink=shrink, only=only, without=without),
        extent,
    )

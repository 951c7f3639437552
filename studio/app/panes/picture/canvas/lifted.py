"""A layer taken out of the picture while a tool moves it, and what lies below and above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QTransform

from studio.app.panes.picture.canvas.display_tiles import DisplayTiles
from studio.app.panes.picture.canvas.layer_bounds import content
from studio.app.panes.picture.canvas.tile_painter import PLAIN, Mode, TilePainter
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import walk

if TYPE_CHECKING:
    import numpy
    import numpy.typing as npt

    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.scene import Snapshot
    from studio.documents.picture.selection import Selection

    Pixels: TypeAlias = npt.NDArray[numpy.uint8]

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
    """Draws one layer or group, or what is selected of it, apart from the others.

    What lies above is blended as one; a blend mode up there can look different meanwhile.

    Attributes:
        layer_id: The layer.
        transform: Where it is drawn, from the document to the document; ``None`` hides it.
    """

    def __init__(self, document: PictureDocument, layer_id: str) -> None:
        seen = document.snapshot()
        lifted = seen.layer(layer_id)
        own = [layer.id for layer in lifted.walk()]
        order = [layer.id for layer in walk(seen.layers) if layer.kind != "group"]
        last = max((order.index(name) for name in own if name in order), default=-1)
        under = [name for name in order[: last + 1] if name not in own]
        over = [name for name in order[last + 1 :] if name not in own]
        self.layer_id = layer_id
        self.transform: QTransform | None = QTransform()
        self._mode = MODES.get(lifted.blend_mode, PLAIN)
        self._below = _plane(seen, without=(*own, *over))
        self._rest = None
        if seen.selection is not None:
            self._rest = _plane(seen, only=(layer_id,), selection=seen.selection, kept=False)
        self._layer = _plane(seen, only=(layer_id,), selection=seen.selection)
        self._above = _plane(seen, without=(*own, *under)) if over else None

    def planes(self, to_screen: QTransform) -> tuple[tuple[DisplayTiles, QTransform], ...]:
        """Return what is drawn, from below, each with how it lies on the screen."""
        found = (
            (self._below, to_screen),
            (self._rest, to_screen),
            (self._layer, to_screen if self.transform is None else self.transform * to_screen),
            (self._above, to_screen),
        )
        hidden = self._layer if self.transform is None else None
        return tuple(
            (plane, on) for plane, on in found if plane is not None and plane is not hidden
        )

    def draw(
        self, painter: QPainter, to_screen: QTransform, exposed: QRect, *, draft: bool = False
    ) -> None:
        """Draw all layers, this one where it is now."""
        for tiles, transform in self.planes(to_screen):
            mode = self._mode if tiles in (self._layer, self._rest) else PLAIN
            TilePainter(painter, transform, draft=draft).draw(tiles, exposed, mode)


def _plane(
    seen: Snapshot,
    *,
    only: tuple[str, ...] | None = None,
    without: tuple[str, ...] = (),
    selection: Selection | None = None,
    kept: bool = True,
) -> DisplayTiles:
    """Return tiles of some layers; with a selection only what is selected, or what is not."""

    def compose(rect: Rect, shrink: int) -> Pixels:
        pixels = seen.composite(
            rect, shrink=shrink, only=only, without=without, overlays=only is None
        )
        if selection is not None:
            _mask(pixels, selection, rect, shrink, kept=kept)
        return pixels

    extent = seen.extent()
    if only is not None:
        extent = extent.united(content(seen, only[0]))
    return DisplayTiles(compose, extent)


def _mask(pixels: Pixels, selection: Selection, rect: Rect, shrink: int, *, kept: bool) -> None:
    """Leave of straight pixels what is selected, or what is not, in place."""
    import numpy as np

    step = 1 << shrink
    share = selection.mask(rect.aligned(step))[step // 2 :: step, step // 2 :: step]
    if not kept:
        share = 255 - share
    alpha = pixels[:, :, 3]
    alpha[...] = (alpha.astype(np.uint16) * share + 127) // 255

"""A picture as it is at one moment: frozen, and readable from any thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.compositing import PICTURE, View, compose
from studio.documents.picture.geometry import Key, Rect, bounds_of, require_near, windows
from studio.documents.picture.halving import MAX_SHRINK, halved_interleaved
from studio.documents.picture.layers import SHOWN_KINDS, Layer, Tree, find, walk
from studio.documents.picture.projection import interleave
from studio.documents.picture.selection import Selection
from studio.documents.picture.tiles import Bytes, Tile, content_of

MAX_PIXELS = 1 << 28
"""The largest picture composed in one piece: 16384 by 16384, a gigabyte."""

Tiles = Mapping[str, Mapping[Key, Tile]]
TileOf = Callable[[str, Key], "Tile | None"]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A picture as it was when this was taken; nothing in it ever changes.

    Attributes:
        layers: The layers, bottom first.
        tiles: Each layer's tiles.
        selection: What was selected; ``None`` for no selection.
        active_id: The layer that was worked on.
        frame: Where pictures are generated.
        revision: The document's revision then.
    """

    layers: Tree
    tiles: Tiles
    selection: Selection | None
    active_id: str | None
    frame: Rect
    revision: int

    def layer(self, layer_id: str) -> Layer:
        """Return a layer.

        Raises:
            BadInputError: There was none with this id.
        """
        return find(self.layers, layer_id)

    def extent(self) -> Rect:
        """Return the smallest rectangle around everything visible in the picture."""
        return extent_of(self.layers, self.tiles)

    def composite(
        self,
        rect: Rect,
        *,
        shrink: int = 0,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        overlays: bool = False,
    ) -> Bytes:
        """Return what the layers show together; see ``PictureDocument.composite``."""
        rect = composed_rect(rect, shrink)
        view = view_of(only, without, overlays)
        return composed(self.layers, self._tile, rect, shrink, view)

    def mask(self, layer_id: str, rect: Rect) -> Bytes:
        """Return a layer's alpha as a mask: uint8 (height, width), 255 where it is painted."""
        return alpha_of(self._tile, layer_id, rect)

    def _tile(self, layer_id: str, key: Key) -> Tile | None:
        return self.tiles[layer_id].get(key)


def composed_rect(rect: Rect, shrink: int) -> Rect:
    """Return what a composite shows: ``rect`` grown to whole pixels of the smaller size.

    Raises:
        BadInputError: It is too large or too far out, or cannot be halved that often.
    """
    if not 0 <= shrink <= MAX_SHRINK:
        raise BadInputError(f"A picture can be halved {MAX_SHRINK} times at most.", shrink=shrink)
    grown = rect.aligned(1 << shrink)
    if grown.is_empty:
        return Rect()
    require_near(rect)
    if grown.area >> (2 * shrink) > MAX_PIXELS:
        raise BadInputError(
            f"{rect.width} by {rect.height} pixels are too many in one piece.",
            hint="Choose a smaller part of the picture.",
        )
    return grown


def view_of(only: Collection[str] | None, without: Collection[str], overlays: bool) -> View:
    """Return which layers are composed."""
    if only is None and not without and not overlays:
        return PICTURE
    return View(None if only is None else frozenset(only), frozenset(without), overlays)


def composed(tree: Sequence[Layer], tile: TileOf, rect: Rect, shrink: int, view: View) -> Bytes:
    """Compose without keeping anything; ``rect`` comes from :func:`composed_rect`."""
    if shrink > 0:
        return _composed_smaller(tree, tile, rect, shrink, view)
    out = np.zeros((rect.height, rect.width, 4), np.uint8)
    for key, inside, there in windows(rect):
        planes = compose(tree, lambda layer_id, at=key: tile(layer_id, at), view, inside)  # type: ignore[misc]
        if planes is not None:
            interleave(planes, out[there])
    return out


def _composed_smaller(
    tree: Sequence[Layer], tile: TileOf, rect: Rect, shrink: int, view: View
) -> Bytes:
    """Compose in bands of whole pixels of the smaller size, so that memory stays small."""
    step = 1 << shrink
    out = np.zeros((rect.height // step, rect.width // step, 4), np.uint8)
    band = max(step, 1024 // step * step)
    for top in range(0, rect.height, band):
        part = Rect(rect.x, rect.y + top, rect.width, min(band, rect.height - top))
        pixels = composed(tree, tile, part, 0, view)
        for _ in range(shrink):
            pixels = halved_interleaved(pixels)
        out[top // step : top // step + pixels.shape[0]] = pixels
    return out


def extent_of(tree: Tree, tiles: Tiles, *, overlays: bool = False) -> Rect:
    """Return the smallest rectangle around everything visible in the picture.

    Args:
        tree: The layers.
        tiles: What is painted on them.
        overlays: Masks, controls and regions count, too.
    """
    return bounds_of(content_of(tiles[layer.id]) for layer in _shown(tree, overlays))


def _shown(tree: Tree, overlays: bool) -> list[Layer]:
    found: list[Layer] = []
    for layer in tree:
        counts = overlays or layer.kind in SHOWN_KINDS
        if layer.visible and layer.opacity > 0.0 and counts:
            found += [layer, *_shown(layer.children, overlays)]
    return found


def alpha_of(tile: TileOf, layer_id: str, rect: Rect) -> Bytes:
    """Return a layer's alpha: uint8 (height, width)."""
    require_near(rect)
    out = np.zeros((max(rect.height, 0), max(rect.width, 0)), np.uint8)
    for key, (rows, columns), there in windows(rect):
        found = tile(layer_id, key)
        if found is not None:
            out[there] = found.pixels[3, rows, columns]
    return out


def has_overlays(tree: Tree) -> bool:
    """Return whether there are visible layers that are no part of the picture."""
    return any(layer.visible and layer.kind not in SHOWN_KINDS for layer in walk(tree))

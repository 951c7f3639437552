"""What is selected: a sparse mask in tiles, which may also be everything but something.

Follows packaging/docs/decisions/0124-selections-without-edges.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import (
    TILE_PX,
    Key,
    Rect,
    bounds_of,
    tile_rect,
    windows,
)
from studio.documents.picture.tiles import Bytes

SelectMode = Literal["replace", "add", "subtract", "intersect"]
"""What becomes of what was selected before."""

NOTHING = np.zeros((TILE_PX, TILE_PX), np.uint8)
ALL = np.full((TILE_PX, TILE_PX), 255, np.uint8)
for _shared in (NOTHING, ALL):
    _shared.setflags(write=False)


@dataclass(frozen=True, eq=False)
class Selection:
    """A selection; never changes.

    Attributes:
        tiles: uint8 (256, 256), 255 where selected; must not be written.
        outside: 0 or 255: how much is selected where there is no tile.
        bounds: The smallest rectangle around what is selected. Where everything outside is
            selected, it ends at the picture's bounds of the time it was made.
    """

    tiles: Mapping[Key, Bytes] = field(default_factory=dict)
    outside: int = 0
    bounds: Rect = field(default_factory=Rect)

    def mask(self, rect: Rect) -> Bytes:
        """Return uint8 (height, width) of how much is selected, 255 being all."""
        found = np.full((max(rect.height, 0), max(rect.width, 0)), self.outside, np.uint8)
        for key, inside, there in windows(rect):
            tile = self.tiles.get(key)
            if tile is not None:
                found[there] = tile[inside]
        return found

    def part(self, key: Key, window: tuple[slice, slice]) -> Bytes | None:
        """Return how much of a part of a tile is selected; ``None`` for all of it."""
        tile = self.tile(key)
        return None if tile is ALL else tile[window]

    def tile(self, key: Key) -> Bytes:
        """Return how much of a tile is selected: uint8 (256, 256), not to be written."""
        tile = self.tiles.get(key)
        return tile if tile is not None else ALL if self.outside else NOTHING

    def touches(self, key: Key) -> bool:
        """Return whether anything of a tile is selected."""
        return bool(self.outside) or key in self.tiles

    def same_as(self, other: Selection | None) -> bool:
        """Return whether another selects exactly the same."""
        return (
            other is not None
            and self.outside == other.outside
            and self.tiles.keys() == other.tiles.keys()
            and all(np.array_equal(tile, other.tiles[key]) for key, tile in self.tiles.items())
        )

    @property
    def size(self) -> int:
        """How many bytes it keeps."""
        return sum(tile.nbytes for tile in self.tiles.values() if tile is not ALL)


def selection_of(tiles: Mapping[Key, Bytes], outside: int, limits: Rect) -> Selection | None:
    """Return tiles as a selection; ``None`` when nothing is selected.

    Args:
        tiles: uint8 (256, 256) each; what equals ``outside`` all over is left out.
        outside: 0 or 255.
        limits: Where a selection of everything outside shall end for who needs a rectangle.
    """
    kept: dict[Key, Bytes] = {}
    for key, tile in tiles.items():
        low, high = int(tile.min()), int(tile.max())
        if low == high == outside:
            continue
        kept[key] = ALL if low == high == 255 else NOTHING if low == high == 0 else tile
    if outside:
        return Selection(kept, 255, limits.united(bounds_of(tile_rect(key) for key in kept)))
    bounds = bounds_of(_content(key, tile) for key, tile in kept.items())
    return None if bounds.is_empty else Selection(kept, 0, bounds)


def combined(
    before: Selection | None, new: Selection | None, mode: SelectMode, limits: Rect
) -> Selection | None:
    """Return what is selected after selecting ``new``.

    Without a selection before, there is nothing to subtract from or to intersect with.

    Raises:
        BadInputError: No such mode.
    """
    if mode not in get_args(SelectMode):
        raise BadInputError("There is no such way to select.", mode=mode)
    if mode == "replace":
        return new
    if before is None or new is None:
        kept = new if mode == "add" and before is None else before
        return None if mode == "intersect" or (before is None and mode == "subtract") else kept
    mix = _MIXES[mode]
    keys = {*before.tiles, *new.tiles}
    tiles = {key: mix(before.tile(key), new.tile(key)) for key in keys}
    outside = int(mix(np.array(before.outside, np.uint8), np.array(new.outside, np.uint8)))
    return selection_of(tiles, outside, limits)


def inverted(selection: Selection | None, limits: Rect) -> Selection | None:
    """Return everything that is not selected; ``None`` when that is nothing."""
    if selection is None:
        return None
    tiles = {key: 255 - tile for key, tile in selection.tiles.items()}
    return selection_of(tiles, 255 - selection.outside, limits)


def _subtract(before: Bytes, new: Bytes) -> Bytes:
    return np.minimum(before, 255 - new)


_MIXES: Mapping[str, Callable[[Bytes, Bytes], Bytes]] = {
    "add": np.maximum,
    "subtract": _subtract,
    "intersect": np.minimum,
}


def cut(rect: Rect, mask: Bytes) -> Iterable[tuple[Key, Bytes]]:
    """Yield a mask as tiles, 0 around it.

    Args:
        rect: What it shows.
        mask: uint8 (height, width).
    """
    for key, inside, there in windows(rect):
        part = mask[there]
        if not part.any():
            continue
        if part.shape == (TILE_PX, TILE_PX):
            yield key, part.copy()
            continue
        tile = NOTHING.copy()
        tile[inside] = part
        yield key, tile


def _content(key: Key, tile: Bytes) -> Rect:
    place = tile_rect(key)
    if tile is ALL:
        return place
    rows, columns = np.flatnonzero(tile.any(axis=1)), np.flatnonzero(tile.any(axis=0))
    if not rows.size:
        return Rect()
    return Rect.between(
        place.x + int(columns[0]),
        place.y + int(rows[0]),
        place.x + int(columns[-1]) + 1,
        place.y + int(rows[-1]) + 1,
    )

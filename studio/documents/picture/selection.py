"""What is selected: a sparse mask in tiles, which may also be everything but something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from studio.documents.picture.geometry import TILE_PX, Key, Rect, windows
from studio.documents.picture.tiles import Bytes


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
        tile = self.tiles.get(key)
        if tile is not None:
            return tile[window]
        if self.outside:
            return None
        rows, columns = window
        return _NOTHING[: rows.stop - rows.start, : columns.stop - columns.start]

    def touches(self, key: Key) -> bool:
        """Return whether anything of a tile is selected."""
        return bool(self.outside) or key in self.tiles


_NOTHING = np.zeros((TILE_PX, TILE_PX), np.uint8)

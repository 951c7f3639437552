"""Tiles of 256 by 256 pixels and the sparse grids they stand in.

A tile's pixels are uint8 (4, 256, 256): red, green, blue and straight alpha as four planes, since
whole planes are what numpy works on fastest. Colour is 0 wherever alpha is 0, so that equal looking
tiles are equal bytes.

A tile is written only by the action that made it. Everybody else, such as undo, a snapshot in
another thread or the writer of the project, holds tiles that never change again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from studio.documents.picture.geometry import TILE_PX, Key, Rect, bounds_of, tile_rect

Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]

TILE_BYTES = 4 * TILE_PX * TILE_PX


class Tile:
    """One tile of one layer.

    Attributes:
        pixels: uint8 (4, 256, 256), planes of straight RGBA.
        epoch: Which stretch of work made it; only that one writes it.
        name: What a project calls its content; "" until that is known.
    """

    __slots__ = ("_content", "_opaque", "epoch", "name", "pixels")

    def __init__(self, pixels: Bytes, epoch: int = 0, name: str = "") -> None:
        self.pixels = pixels
        self.epoch = epoch
        self.name = name
        self._opaque: bool | None = None
        self._content: Rect | None = None

    @classmethod
    def blank(cls, epoch: int) -> Tile:
        """Return a tile with nothing on it."""
        return cls(np.zeros((4, TILE_PX, TILE_PX), np.uint8), epoch)

    def copied(self, epoch: int) -> Tile:
        """Return a tile with the same pixels that may be written."""
        return Tile(self.pixels.copy(), epoch)

    def written(self) -> None:
        """Forget what was known of the pixels."""
        self._opaque = self._content = None

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shines through anywhere."""
        if self._opaque is None:
            self._opaque = bool(self.pixels[3].min() == 255)
        return self._opaque

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing on it."""
        return not self.pixels[3].any()

    def content(self) -> Rect:
        """Return the part with anything on it, within the tile."""
        if self._content is None:
            self._content = self._look()
        return self._content

    def _look(self) -> Rect:
        alpha = self.pixels[3]
        rows = np.flatnonzero(alpha.any(axis=1))
        columns = np.flatnonzero(alpha.any(axis=0))
        if not rows.size:
            return Rect()
        return Rect.between(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


class Grid:
    """The tiles of one layer; where there is none, there is nothing."""

    __slots__ = ("_lent", "_tiles")

    def __init__(self, tiles: Mapping[Key, Tile] | None = None) -> None:
        self._tiles: dict[Key, Tile] = dict(tiles or {})
        self._lent = False

    def __len__(self) -> int:
        return len(self._tiles)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._tiles)

    def get(self, key: Key) -> Tile | None:
        """Return a tile, or ``None`` where there is nothing."""
        return self._tiles.get(key)

    def put(self, key: Key, tile: Tile | None) -> None:
        """Put a tile at its place, or ``None`` to take one away."""
        if self._lent:
            self._tiles, self._lent = dict(self._tiles), False
        if tile is None:
            self._tiles.pop(key, None)
        else:
            self._tiles[key] = tile

    def lend(self) -> Mapping[Key, Tile]:
        """Return the tiles as they are now; later changes do not show in what was returned."""
        self._lent = True
        return self._tiles


def content_of(tiles: Mapping[Key, Tile]) -> Rect:
    """Return the smallest rectangle around everything on these tiles.

    Only the outermost columns and rows of tiles are looked at.
    """
    columns: dict[int, list[Key]] = {}
    rows: dict[int, list[Key]] = {}
    for key in tiles:
        columns.setdefault(key[0], []).append(key)
        rows.setdefault(key[1], []).append(key)
    left = _first(tiles, columns, sorted(columns))
    if left.is_empty:
        return left
    right = _first(tiles, columns, sorted(columns, reverse=True))
    top = _first(tiles, rows, sorted(rows))
    bottom = _first(tiles, rows, sorted(rows, reverse=True))
    return bounds_of((left, right, top, bottom))


def _first(tiles: Mapping[Key, Tile], lines: Mapping[int, list[Key]], order: list[int]) -> Rect:
    """Return the content of the first line of tiles that has any."""
    for line in order:
        parts = (tiles[key].content().moved(*tile_rect(key).corner) for key in lines[line])
        found = bounds_of(parts)
        if not found.is_empty:
            return found
    return Rect()

"""What the layers look like together, kept in tiles and brought up to date where it changed.

Level 0 shows the picture as it is, each further level at half the size of the one before. A tile
remembers which part of it is out of date, so that one dab costs one dab at every size. Not
thread-safe: the document that owns it holds its lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from studio.documents.picture.geometry import TILE_PX, Key, Rect, tile_rect, windows
from studio.documents.picture.halving import HALF_PX, MAX_SHRINK, halved_interleaved
from studio.documents.picture.tiles import Bytes

Compose = Callable[[Key, tuple[slice, slice]], "Bytes | None"]
"""Composes a part of a tile: uint8 (4, height, width), straight, or ``None`` for nothing."""
Place = tuple[int, Key]
BUDGET_BYTES = 256 * 1024 * 1024
_TILE_BYTES = 4 * TILE_PX * TILE_PX
_WHOLE = Rect(0, 0, TILE_PX, TILE_PX)


@dataclass
class _Shown:
    """A tile as it is shown.

    Attributes:
        pixels: uint8 (256, 256, 4), straight; ``None`` when there is nothing.
        stale: What is out of date, within the tile.
    """

    pixels: Bytes | None = None
    stale: Rect = _WHOLE


class Projection:
    """A picture's composite at every size."""

    def __init__(self, compose: Compose, budget_bytes: int = BUDGET_BYTES) -> None:
        """Keep what composes a tile.

        Args:
            compose: Composes a part of a tile at full size.
            budget_bytes: How much is kept; what was looked at least recently goes first.
        """
        self._compose = compose
        self._budget = budget_bytes
        self._tiles: OrderedDict[Place, _Shown] = OrderedDict()
        self._bytes = 0

    def clear(self) -> None:
        """Forget everything."""
        self._tiles.clear()
        self._bytes = 0

    def invalidate(self, rect: Rect) -> None:
        """Note that the layers changed inside ``rect``."""
        for level in range(MAX_SHRINK + 1):
            step = 1 << level
            smaller = rect.aligned(step)
            smaller = Rect(
                smaller.x // step, smaller.y // step, smaller.width // step, smaller.height // step
            )
            if smaller.area > len(self._tiles) * TILE_PX * TILE_PX:
                self._invalidate_known(level, smaller)
                continue
            for key, (rows, columns), _ in windows(smaller):
                shown = self._tiles.get((level, key))
                if shown is not None:
                    part = Rect.between(columns.start, rows.start, columns.stop, rows.stop)
                    shown.stale = shown.stale.united(part)

    def _invalidate_known(self, level: int, rect: Rect) -> None:
        for (at, key), shown in self._tiles.items():
            if at == level:
                tile = tile_rect(key)
                part = tile.intersected(rect)
                if not part.is_empty:
                    shown.stale = shown.stale.united(part.moved(-tile.x, -tile.y))

    def copy_into(self, out: Bytes, rect: Rect, level: int) -> None:
        """Write what ``rect`` (in pixels of this level) shows into zeros of its size."""
        for key, inside, outside in windows(rect):
            pixels = self._shown(level, key)
            if pixels is not None:
                out[outside] = pixels[inside]
        while self._bytes > self._budget and len(self._tiles) > 1:
            _, gone = self._tiles.popitem(last=False)
            self._bytes -= _TILE_BYTES if gone.pixels is not None else 0

    def _shown(self, level: int, key: Key) -> Bytes | None:
        place = (level, key)
        shown = self._tiles.get(place)
        if shown is None:
            shown = self._tiles[place] = _Shown()
        else:
            self._tiles.move_to_end(place)
        if not shown.stale.is_empty:
            had = shown.pixels is not None
            self._refresh(shown, level, key)
            self._bytes += ((shown.pixels is not None) - had) * _TILE_BYTES
        return shown.pixels

    def _refresh(self, shown: _Shown, level: int, key: Key) -> None:
        stale, shown.stale = shown.stale, Rect()
        if level == 0:
            self._refresh_full(shown, key, stale)
            return
        for down in (0, 1):
            for right in (0, 1):
                quarter = Rect(right * HALF_PX, down * HALF_PX, HALF_PX, HALF_PX)
                part = quarter.intersected(stale)
                if not part.is_empty:
                    larger = self._shown(level - 1, (2 * key[0] + right, 2 * key[1] + down))
                    self._refresh_quarter(shown, part, quarter, larger)

    def _refresh_full(self, shown: _Shown, key: Key, stale: Rect) -> None:
        window = (slice(stale.y, stale.bottom), slice(stale.x, stale.right))
        planes = self._compose(key, window)
        if planes is None:
            if shown.pixels is not None and stale == _WHOLE:
                shown.pixels = None
            elif shown.pixels is not None:
                shown.pixels[window] = 0
            return
        if shown.pixels is None:
            shown.pixels = np.zeros((TILE_PX, TILE_PX, 4), np.uint8)
        interleave(planes, shown.pixels[window])

    @staticmethod
    def _refresh_quarter(shown: _Shown, part: Rect, quarter: Rect, larger: Bytes | None) -> None:
        rows, columns = slice(part.y, part.bottom), slice(part.x, part.right)
        if larger is None:
            if shown.pixels is not None:
                shown.pixels[rows, columns] = 0
            return
        if shown.pixels is None:
            shown.pixels = np.zeros((TILE_PX, TILE_PX, 4), np.uint8)
        top, left = 2 * (part.y - quarter.y), 2 * (part.x - quarter.x)
        source = larger[top : top + 2 * part.height, left : left + 2 * part.width]
        shown.pixels[rows, columns] = halved_interleaved(source)


def interleave(planes: Bytes, out: Bytes) -> None:
    """Write planes (4, height, width) as pixels (height, width, 4)."""
    for channel in range(4):
        out[..., channel] = planes[channel]

"""The picture as the screen shows it: tiles at several sizes, each composited when it is needed.

Level 0 is the document pixel by pixel; each further level is half as wide. Tiles are Qt's own
premultiplied images, so drawing them is a copy; only what changed inside a tile is composited
again. Compositing is asked for in slices of time. GUI thread only.

Follows packaging/docs/decisions/0125-the-canvas-is-drawn-in-software.md.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter

from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    import numpy

TILE = 256
"""Width and height of a tile in pixels of its level."""
LEVEL_MAX = 6
BUDGET_BYTES = 256 * 1024**2
TILE_BYTES = TILE * TILE * 4
PREMULTIPLIED = QImage.Format.Format_ARGB32_Premultiplied
WHOLE = QRect(0, 0, TILE, TILE)

Key = tuple[int, int, int]
"""Level, column, row."""
Source = Callable[[Rect, int], "numpy.ndarray"]
"""Composites a rectangle, halved so many times: uint8 (height, width, 4), straight alpha."""


@dataclass
class Tile:
    """One square of one level.

    Attributes:
        image: Its pixels; ``None`` when they are all transparent.
        stale: What of it, in its own pixels, is not as the document is now; null when nothing.
        opaque: Nothing shows through.
    """

    image: QImage | None = None
    stale: QRect = field(default_factory=QRect)
    opaque: bool = False

    @property
    def clean(self) -> bool:
        """Whether it shows the document as it is."""
        return self.stale.isNull()


def level_for(zoom: float) -> int:
    """Return the level whose pixels are at least as many as the screen's, and at most double."""
    return min(LEVEL_MAX, max(0, math.floor(-math.log2(zoom) + 1e-6)))


class DisplayTiles:
    """Keeps the tiles of one document (or of some of its layers).

    Attributes:
        extent: Where the document has pixels; what lies outside is never composited.
    """

    def __init__(self, source: Source, extent: Rect, *, keeps: bool = False) -> None:
        """Begin without tiles.

        Args:
            source: Composites.
            extent: Where there is something to composite.
            keeps: The source remembers every size it composited, so that a tile far out costs
                little once the tiles it is halved from were asked for.
        """
        self._source = source
        self._keeps = keeps
        self._tiles: OrderedDict[Key, Tile] = OrderedDict()
        self._levels: set[int] = set()
        self._begun: dict[Key, Iterator[Rect | None]] = {}
        self.extent = extent

    def __len__(self) -> int:
        return len(self._tiles)

    def tile(self, key: Key) -> Tile | None:
        """Return a tile as it is, perhaps stale; ``None`` when it was not composited yet."""
        return self._tiles.get(key)

    def clear(self) -> None:
        """Forget everything."""
        self._tiles.clear()
        self._begun.clear()

    def invalidate(self, rect: Rect | None) -> None:
        """Note that a rectangle of the document changed; ``None`` for all of it."""
        if rect is None:
            for tile in self._tiles.values():
                tile.stale = QRect(WHOLE)
            return
        for level in self._levels:
            for key in _keys(rect, level):
                known = self._tiles.get(key)
                if known is not None:
                    known.stale = known.stale.united(_local(rect, key))

    def keys(self, rect: Rect, level: int) -> Iterator[Key]:
        """Yield the tiles of a level that a rectangle of the document touches."""
        rect = rect.intersected(self.extent)
        if rect.is_empty:
            return
        yield from _keys(rect, level)

    def wanted(self, rect: Rect, level: int) -> list[Key]:
        """Return the tiles there that are missing or stale, those in the middle first."""
        side = TILE << level
        middle_x, middle_y = rect.x + rect.width / 2, rect.y + rect.height / 2

        def distance(key: Key) -> float:
            x, y = (key[1] + 0.5) * side, (key[2] + 0.5) * side
            return (x - middle_x) ** 2 + (y - middle_y) ** 2

        found = [key for key in self.keys(rect, level) if not self._is_clean(key)]
        return sorted(found, key=distance)

    def refresh(self, keys: Iterable[Key], seconds: float) -> tuple[list[Rect], bool]:
        """Composite tiles until the time is over; at least one step.

        Returns:
            The rectangles of the document that show something new, and whether all were done.
        """
        until, shown = time.perf_counter() + seconds, []
        for key in keys:
            for rect in self._steps_of(key):
                if rect is not None:
                    shown.append(rect)
                    self._begun.pop(key, None)
                if time.perf_counter() >= until:
                    return shown, False
        return shown, True

    def trim(self, keep: int) -> None:
        """Forget the tiles used longest ago beyond the budget, but never the newest ``keep``."""
        most = max(BUDGET_BYTES // TILE_BYTES, keep)
        while len(self._tiles) > most:
            key, _ = self._tiles.popitem(last=False)
            self._begun.pop(key, None)

    def _is_clean(self, key: Key) -> bool:
        tile = self._tiles.get(key)
        return tile is not None and tile.clean

    def _steps_of(self, key: Key) -> Iterator[Rect | None]:
        """Go on with a tile that was begun, or begin it.

        A tile far out shows many tiles of the document; each of them is a step of its own.
        """
        steps = self._begun.get(key)
        if steps is None:
            self._tiles.setdefault(key, Tile(stale=QRect(WHOLE)))
            self._levels.add(key[0])
            steps = self._begun[key] = self._composite(key)
        return steps

    def _composite(self, key: Key) -> Iterator[Rect | None]:
        """Bring a tile up to date in steps; the last one yields what shows something new."""
        tile = self._tiles[key]
        if self._keeps and document_rect(key, tile.stale).area > TILE * TILE:
            for finer in self._beneath(key, document_rect(key, tile.stale)):
                corner = document_rect(finer, QRect(0, 0, 1, 1))
                self._source(corner, finer[0])  # the document now has this tile ready
                yield None
        stale, tile.stale = tile.stale, QRect()
        self._tiles.move_to_end(key)
        if self._keeps or key[0] == 0:
            self._fill(key, tile, stale)
        else:
            for part in _parts(stale, TILE >> key[0]):
                self._fill(key, tile, part)
                yield None
        yield document_rect(key, stale)

    def _beneath(self, key: Key, rect: Rect) -> Iterator[Key]:
        """Yield the finer tiles that a tile is halved from, each after those it needs itself."""
        level, column, row = key
        if level == 0:
            return
        for down in (0, 1):
            for right in (0, 1):
                finer = (level - 1, column * 2 + right, row * 2 + down)
                part = document_rect(finer).intersected(rect).intersected(self.extent)
                if not part.is_empty:
                    yield from self._beneath(finer, part)
                    yield finer

    def _fill(self, key: Key, tile: Tile, stale: QRect) -> None:
        pixels = self._source(document_rect(key, stale), key[0])
        height, width = pixels.shape[:2]
        least = int(pixels[:, :, 3].min())
        if stale.size() == WHOLE.size():
            tile.opaque = least == 255
            if least == 0 and not pixels[:, :, 3].any():
                tile.image = None
                return
        tile.opaque = tile.opaque and least == 255
        straight = QImage(
            pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGBA8888
        )
        fresh = straight.convertToFormat(PREMULTIPLIED)  # drawing it unconverted is 15 times slower
        with _painting(tile) as painter:
            painter.drawImage(stale.topLeft(), fresh)


@contextmanager
def _painting(tile: Tile) -> Iterator[QPainter]:
    """Yield what replaces pixels of a tile, which has pixels from then on."""
    if tile.image is None:
        tile.image = QImage(TILE, TILE, PREMULTIPLIED)
        tile.image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(tile.image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    try:
        yield painter
    finally:
        painter.end()


def _keys(rect: Rect, level: int) -> Iterator[Key]:
    side = TILE << level
    for row in range(rect.y // side, (rect.bottom - 1) // side + 1):
        for column in range(rect.x // side, (rect.right - 1) // side + 1):
            yield (level, column, row)


def document_rect(key: Key, part: QRect = WHOLE) -> Rect:
    """Return what a part of a tile, in its own pixels, covers of the document."""
    level, column, row = key
    return Rect(
        (column * TILE + part.x()) << level,
        (row * TILE + part.y()) << level,
        part.width() << level,
        part.height() << level,
    )


def _local(rect: Rect, key: Key) -> QRect:
    """Return the pixels of a tile that a rectangle of the document touches."""
    level, column, row = key
    left, top = rect.x >> level, rect.y >> level
    right, bottom = -(-rect.right >> level), -(-rect.bottom >> level)
    moved = QRect(left - column * TILE, top - row * TILE, right - left, bottom - top)
    return moved & WHOLE


def _parts(area: QRect, side: int) -> Iterator[QRect]:
    """Yield an area of a tile in squares of a grid."""
    for top in range(area.top() // side * side, area.bottom() + 1, side):
        for left in range(area.left() // side * side, area.right() + 1, side):
            yield QRect(left, top, side, side) & area

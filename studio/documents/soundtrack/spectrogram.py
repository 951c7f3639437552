"""Which frequencies sound when: pictures of stretches of a sound, made as they come into view."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from studio.documents.soundtrack.sound_files import Samples

WINDOW = 2048
"""Samples that one column looks at."""
COLUMNS = 256
"""In one tile."""
FINEST_HOP = 64
"""Samples from one column to the next at level 0; each level doubles it."""
LEVELS = 16
FLOOR_DB = -100.0
ROWS = 192
LOWEST_HZ = 40.0
_HELD = 160

Read = Callable[[str, int, int], Samples]
TileKey = tuple[str, int, int]
"""SHA-256 of the sound, level, index."""


@dataclass(frozen=True)
class Strip:
    """A stretch of a spectrogram, put together from tiles.

    Attributes:
        decibels: float32 (rows, columns) of full scale, highest pitch first; not a number where
            a tile is not made yet.
        left: Where in it, in columns, the stretch begins; may lie inside a column.
        right: Where the stretch ends.
        missing: The tiles that are not made yet.
    """

    decibels: Samples
    left: float
    right: float
    missing: tuple[TileKey, ...] = ()


def height_of(hz: float, sampling_rate: int, lowest_hz: float = LOWEST_HZ) -> float:
    """Return where a frequency stands, 0 at the bottom and 1 at the top of a picture."""
    return float(np.log(hz / lowest_hz) / np.log(sampling_rate / 2 / lowest_hz))


def level_for(samples_per_px: float) -> int:
    """Return the coarsest level that has a column for each pixel."""
    level = 0
    while level + 1 < LEVELS and FINEST_HOP * 2 ** (level + 1) <= samples_per_px:
        level += 1
    return level


def tile_samples(level: int) -> int:
    """Return how many samples one tile of a level covers."""
    return COLUMNS * (FINEST_HOP << level)


class SpectrogramTiles:
    """Tiles of spectrograms, kept while they are used; from any thread.

    Args:
        read: Where samples come from, :meth:`SourcePool.read`.
        sampling_rate: In Hz.
        rows: Heights of the pictures.
        lowest_hz: Of the bottom row; rows are spaced as pitches are.
    """

    def __init__(
        self, read: Read, sampling_rate: int, *, rows: int = ROWS, lowest_hz: float = LOWEST_HZ
    ) -> None:
        self._read = read
        self._rows = rows
        self._bins = _row_bins(sampling_rate, rows, lowest_hz)
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._scale = 2.0 / float(self._window.sum())
        self._tiles: OrderedDict[TileKey, Samples] = OrderedDict()
        self._lock = threading.Lock()

    def tile(self, sha256: str, level: int, index: int) -> Samples:
        """Return a tile: float32 (rows, COLUMNS) in dB of full scale, highest pitch first.

        Takes about ten milliseconds the first time.

        Args:
            sha256: Of the sound.
            level: From :func:`level_for`.
            index: The tile covers samples from ``index * tile_samples(level)`` on.
        """
        key = (sha256, level, index)
        with self._lock:
            found = self._tiles.get(key)
            if found is not None:
                self._tiles.move_to_end(key)
                return found
        made = self._make(sha256, level, index)
        with self._lock:
            self._tiles[key] = made
            while len(self._tiles) > _HELD:
                self._tiles.popitem(last=False)
        return made

    def cached(self, sha256: str, level: int, index: int) -> Samples | None:
        """Return a tile that is there already; for painting."""
        key = (sha256, level, index)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
            return self._tiles.get(key)

    def strip(self, sha256: str, start: int, end: int, columns: int) -> Strip:
        """Return what to draw of samples ``start`` to ``end`` from the tiles that are there.

        A column shows the loudest of the tile columns it covers. Where the finest tiles have
        fewer columns than asked for, theirs are returned, to be drawn wider.
        """
        per_column = (end - start) / max(1, columns)
        level = level_for(per_column)
        hop = FINEST_HOP << level
        # A column looks at what is around its beginning, and far out at what is around its middle.
        middle = 0.5 if hop <= WINDOW else 0.0
        if per_column < hop:
            left, right = start / hop + middle, end / hop + middle
            first = np.arange(int(left), int(np.ceil(right)), dtype=np.int64)
            found, missing = self._columns(sha256, level, first, first + 1)
            return Strip(found, left - int(left), right - int(left), missing)
        edges = (start + np.arange(columns + 1) * per_column) / hop + middle
        first = np.floor(edges[:-1]).astype(np.int64)
        last = np.maximum(first + 1, np.ceil(edges[1:]).astype(np.int64))
        found, missing = self._columns(sha256, level, first, last)
        return Strip(found, 0.0, float(columns), missing)

    def _columns(
        self, sha256: str, level: int, first: np.ndarray, last: np.ndarray
    ) -> tuple[Samples, tuple[TileKey, ...]]:
        """Return the loudest of columns ``first`` to ``last`` of a level, and what is missing."""
        lowest = int(first[0]) // COLUMNS
        indexes = range(lowest, (int(last.max()) - 1) // COLUMNS + 1)
        tiles = [self.cached(sha256, level, index) for index in indexes]
        empty = np.full((self._rows, COLUMNS), np.nan, np.float32)
        whole = np.concatenate([empty if tile is None else tile for tile in tiles], axis=1)
        at, end = first - lowest * COLUMNS, last - lowest * COLUMNS - 1
        found: Samples = whole[:, at]
        for step in range(1, int((last - first).max())):
            found = np.maximum(found, whole[:, np.minimum(at + step, end)])
        gone = zip(indexes, tiles, strict=True)
        return found, tuple((sha256, level, index) for index, tile in gone if tile is None)

    def forget(self, sha256: str) -> None:
        """Drop the tiles of a sound, such as one that was silent until it was decoded."""
        with self._lock:
            for key in [key for key in self._tiles if key[0] == sha256]:
                del self._tiles[key]

    def _make(self, sha256: str, level: int, index: int) -> Samples:
        hop = FINEST_HOP * 2**level
        start = index * tile_samples(level)
        columns = np.empty((COLUMNS, WINDOW), np.float32)
        if hop <= WINDOW:
            sound = self._mono(sha256, start - WINDOW // 2, WINDOW + (COLUMNS - 1) * hop)
            view = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::hop]
            np.multiply(view, self._window, out=columns)
        else:  # far out, each column looks at the middle of what it stands for
            for column in range(COLUMNS):
                at = start + column * hop + (hop - WINDOW) // 2
                columns[column] = self._mono(sha256, at, WINDOW) * self._window
        power = np.abs(np.fft.rfft(columns, axis=1)) * self._scale
        peaks = np.maximum.reduceat(power, self._bins, axis=1)[:, ::-1]
        decibels = 20.0 * np.log10(np.maximum(peaks, 1e-9))
        return np.ascontiguousarray(np.maximum(decibels, FLOOR_DB).T, np.float32)

    def _mono(self, sha256: str, start: int, frames: int) -> Samples:
        mono: Samples = self._read(sha256, start, frames).mean(axis=1, dtype=np.float32)
        return mono


def _row_bins(sampling_rate: int, rows: int, lowest_hz: float) -> np.ndarray:
    """Return the first frequency bin of each row, rising, for ``reduceat``."""
    highest = sampling_rate / 2
    edges = lowest_hz * (highest / lowest_hz) ** (np.arange(rows) / rows)
    return np.clip(edges * WINDOW / sampling_rate, 0, WINDOW // 2).astype(np.int64)

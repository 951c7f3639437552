"""Which frequencies sound when: pictures of stretches of a sound, made as they come into view."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

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
_HELD = 256

Read = Callable[[str, int, int], Samples]


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
        self, read: Read, sampling_rate: int, *, rows: int = 192, lowest_hz: float = 40.0
    ) -> None:
        self._read = read
        self._rows = rows
        self._bins = _row_bins(sampling_rate, rows, lowest_hz)
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._scale = 2.0 / float(self._window.sum())
        self._tiles: OrderedDict[tuple[str, int, int], Samples] = OrderedDict()
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
        with self._lock:
            return self._tiles.get((sha256, level, index))

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

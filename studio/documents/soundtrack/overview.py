"""A whole sound as one small drawing: read once, block by block, in little memory.

The drawing is a mask, so that it can be shown in any colour. However long the sound is, no more
than a few thousand stretches of it are remembered: when there are more, two become one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.documents.soundtrack.sound_files import (
    Samples,
    SoundFileReader,
    empty_sound,
    to_two_channels,
)
from studio.documents.soundtrack.work import CancelledCallback, WorkCancelled

FIRST_STRETCH = 16
"""Samples in a stretch to begin with."""
MOST_STRETCHES = 4096
"""Even; with more, each two become one."""
LOUDEST_GAIN = 4.0
"""A quiet sound is drawn so much larger at most, so that its shape can be seen."""
PEAK_ALPHA = 0.5
"""How far the peaks cover; the loudness inside them covers wholly."""


@dataclass(frozen=True)
class Overview:
    """What a sound looks like from its beginning to its end.

    Attributes:
        low: float32 (columns,), the smallest sample of either side.
        high: The same, the largest.
        rms: The same, root of the mean square.
        duration_s: Its length in seconds.
    """

    low: Samples
    high: Samples
    rms: Samples
    duration_s: float

    def mask(self, height: int) -> NDArray[np.uint8]:
        """Return it drawn, uint8 (height, columns), 255 = covered; silence is a thin line."""
        peak = float(max(self.high.max(), -self.low.min(), 1 / LOUDEST_GAIN))
        line = np.float32(1 / height)
        high = np.maximum(self.high / peak, line)
        low = np.minimum(self.low / peak, -line)
        loud = np.maximum(self.rms / peak, line)
        peaks = _covered(low, high, height)
        core = _covered(np.maximum(low, -loud), np.minimum(high, loud), height)
        drawn = np.maximum(peaks * PEAK_ALPHA, core)
        return np.asarray(np.rint(drawn * 255), np.uint8)


def overview(path: Path, columns: int, cancelled: CancelledCallback | None = None) -> Overview:
    """Return what the sound in a file looks like; slow for a long one.

    Args:
        path: Any file libsndfile reads.
        columns: How many to draw.
        cancelled: Asked often whether to stop.

    Raises:
        BadInputError: It is no sound, or there is none in it.
        StorageError: The system does not let us read it.
        WorkCancelled: It was stopped.
    """
    stretches, frames = Stretches(), 0
    with SoundFileReader(path, path.name) as reader:
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise WorkCancelled
            frames += len(block)
            stretches.add(to_two_channels(block))
        if not frames:
            raise empty_sound(reader.name)
        return stretches.overview(columns, frames / reader.sampling_rate)


class Stretches:
    """Smallest, largest and mean power of stretches of a sound that comes block by block."""

    def __init__(self) -> None:
        self._size = FIRST_STRETCH
        self._done: list[Samples] = []  # float32 (3, stretches)
        self._count = 0
        self._rest = np.zeros((3, 0), np.float32)

    def add(self, block: Samples) -> None:
        """Take the next samples, float32 (samples, 1 or 2)."""
        left, right = block[:, 0], block[:, -1]
        power = (left * left + right * right) / 2
        rows = np.stack((np.minimum(left, right), np.maximum(left, right), power))
        self._take(np.concatenate((self._rest, rows), axis=1))
        while self._count > MOST_STRETCHES:
            self._halve()

    def overview(self, columns: int, duration_s: float) -> Overview:
        """Return what came so far; there must be something."""
        rest = [_reduced(self._rest, self._rest.shape[1])] if self._rest.shape[1] else []
        rows = np.concatenate((*self._done, *rest), axis=1)
        count = rows.shape[1]
        edges = np.arange(columns + 1) * count // columns
        first, last = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
        low, high, power = rows
        total = np.concatenate(([0.0], np.cumsum(power, dtype=np.float64)))
        mean = (total[last] - total[first]) / (last - first)
        return Overview(
            np.minimum.reduceat(low, first),
            np.maximum.reduceat(high, first),
            np.sqrt(np.maximum(mean, 0)).astype(np.float32),
            duration_s,
        )

    def _take(self, rows: Samples) -> None:
        whole = rows.shape[1] // self._size * self._size
        self._rest = rows[:, whole:].copy()
        if whole:
            self._done.append(_reduced(rows[:, :whole], self._size))
            self._count += whole // self._size

    def _halve(self) -> None:
        rows = np.concatenate(self._done, axis=1)
        # What is left over of an odd number goes back to the samples after it.
        odd = rows[:, self._count // 2 * 2 :].repeat(self._size, axis=1)
        self._rest = np.concatenate((odd, self._rest), axis=1)
        self._done = [_reduced(rows[:, : self._count // 2 * 2], 2)]
        self._count //= 2
        self._size *= 2


def _reduced(rows: Samples, size: int) -> Samples:
    """Return each ``size`` columns as one; they divide the columns."""
    groups = rows.reshape(3, -1, size)
    return np.stack((groups[0].min(axis=1), groups[1].max(axis=1), groups[2].mean(axis=1)))


def _covered(low: Samples, high: Samples, height: int) -> Samples:
    """Return how much of each pixel lies between two curves, 0..1 (height, columns)."""
    top = (1 - np.clip(high, -1, 1)) / 2 * height
    bottom = (1 - np.clip(low, -1, 1)) / 2 * height
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis]
    covered = np.minimum(bottom, rows + 1) - np.maximum(top, rows)
    return np.asarray(np.clip(covered, 0, 1), np.float32)

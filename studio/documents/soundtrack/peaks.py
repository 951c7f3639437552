"""Smallest, largest and mean loudness of stretches of a sound: what a waveform is drawn from.

A pyramid of levels, each four times as coarse as the one before, is made once while a sound is
decoded. Any zoom reads a few thousand numbers of the level that fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.documents.soundtrack.sound_files import Samples

BASE = 128
"""Samples in one bin of the finest level; nearer than that, the samples themselves are read."""
FACTOR = 4
Bins = NDArray[np.float16]
"""(bins, channels, 3): smallest, largest, root of the mean square."""


@dataclass(frozen=True)
class Waveform:
    """What is drawn, column by column.

    Attributes:
        low: float32 (columns, channels), the smallest sample.
        high: The same, the largest.
        rms: The same, root of the mean square.
    """

    low: Samples
    high: Samples
    rms: Samples


class Levels(Protocol):
    """Where samples and bins are read from; outside the sound, all is 0."""

    channels: int

    def level_sizes(self) -> tuple[int, ...]:
        """Bins of each level, the finest first."""

    def bins(self, level: int, start: int, end: int) -> Bins:
        """Bins of a level."""

    def read(self, start: int, frames: int) -> Samples:
        """Samples, float32 (frames, channels)."""


class PeakBuilder:
    """Makes the pyramid of a sound that comes block by block.

    Args:
        channels: Of the sound.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rest = np.zeros((0, channels), np.float32)
        self._finest: list[Bins] = []

    def add(self, block: Samples) -> None:
        """Take the next samples, float32 (samples, channels)."""
        if len(self._rest):
            block = np.concatenate((self._rest, block))
        whole = len(block) // BASE * BASE
        self._rest = block[whole:].copy()
        if whole:
            self._finest.append(_binned(block[:whole], BASE))

    def finish(self) -> list[Bins]:
        """Return the levels, the finest first; the last has a single bin."""
        if len(self._rest):
            self._finest.append(_binned(self._rest, len(self._rest)))
        if not self._finest:
            return []
        levels = [np.concatenate(self._finest)]
        while len(levels[-1]) > 1:
            levels.append(_coarser(levels[-1]))
        return levels


def waveform(sound: Levels, start: int, end: int, columns: int) -> Waveform:
    """Return what to draw of samples ``start`` to ``end`` in ``columns`` columns.

    A column shows every sample it covers and, where bins are coarser than its ends, up to one
    bin more: no peak is ever lost. Outside the sound there is silence.
    """
    columns = max(1, columns)
    edges = start + np.arange(columns + 1, dtype=np.int64) * (end - start) // columns
    per_column = max(1, (end - start) // columns)
    sizes = sound.level_sizes()
    level, size = -1, 1
    while level + 1 < len(sizes) and BASE * FACTOR ** (level + 1) <= per_column:
        level += 1
        size = BASE * FACTOR**level
    first = edges[:-1] // size
    last = np.maximum(first + 1, -(-edges[1:] // size))
    low, high = int(first[0]), int(last.max())
    if level < 0:
        samples = sound.read(low, high - low)
        return _reduced(samples, samples, samples * samples, first - low, last - low)
    bins = sound.bins(level, low, high).astype(np.float32)
    power = bins[:, :, 2] ** 2
    return _reduced(bins[:, :, 0], bins[:, :, 1], power, first - low, last - low)


def _reduced(
    low: Samples, high: Samples, power: Samples, first: NDArray[np.int64], last: NDArray[np.int64]
) -> Waveform:
    pairs = np.empty(2 * len(first), np.int64)
    pairs[::2], pairs[1::2] = first, last
    # reduceat wants every index inside: one more row stands behind the last.
    edge = np.zeros((1, low.shape[1]), np.float32)
    counts = (last - first)[:, np.newaxis].astype(np.float32)
    total = np.add.reduceat(np.concatenate((power, edge)), pairs)[::2]
    return Waveform(
        np.minimum.reduceat(np.concatenate((low, edge)), pairs)[::2],
        np.maximum.reduceat(np.concatenate((high, edge)), pairs)[::2],
        np.sqrt(total / counts, dtype=np.float32),
    )


def _binned(block: Samples, size: int) -> Bins:
    """Return the bins of ``size`` samples each; they divide the block."""
    # Channel by channel: reducing along the last axis is several times as fast.
    groups = np.ascontiguousarray(block.T).reshape(block.shape[1], -1, size)
    bins = np.empty((groups.shape[1], groups.shape[0], 3), np.float16)
    bins[:, :, 0] = _clipped(groups.min(axis=2)).T
    bins[:, :, 1] = _clipped(groups.max(axis=2)).T
    power = np.einsum("cbs,cbs->cb", groups, groups) / size
    bins[:, :, 2] = _clipped(np.sqrt(power)).T
    return bins


def _clipped(values: Samples) -> Samples:
    return np.clip(values, -60_000.0, 60_000.0)  # what float16 holds


def _coarser(bins: Bins) -> Bins:
    whole = -(-len(bins) // FACTOR) * FACTOR
    if whole > len(bins):  # the last one again, so that it changes nothing
        bins = np.concatenate((bins, np.repeat(bins[-1:], whole - len(bins), axis=0)))
    groups = bins.reshape(-1, FACTOR, *bins.shape[1:]).astype(np.float32)
    out = np.empty((len(groups), *bins.shape[1:]), np.float16)
    out[:, :, 0] = groups[:, :, :, 0].min(axis=1)
    out[:, :, 1] = groups[:, :, :, 1].max(axis=1)
    out[:, :, 2] = np.sqrt(np.mean(groups[:, :, :, 2] ** 2, axis=1))
    return out

"""Small tools that mend a sound: each reads a stretch of one, gives new samples, changes nothing.

Long sounds go through in blocks, so that they are never held as a whole, progress is told and a
stop is heard; what a tool needs to know of the whole it finds out first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.soundtrack.loudness import (
    SILENCE_LUFS,
    Loudness,
    LoudnessMeter,
    Render,
    gain_to,
    limited,
)
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work

CEILING_DB = -1.0
BELOW_LOUDEST_DB = 35.0
_BLOCK_S = 1.0
_WINDOW_S = 0.01
_MISSED_LU = 1.0
_QUIETEST = 1e-5  # of full scale; at its loudest below this, a sound is silent

Tell = Callable[[str], object]
"""Takes a sentence that the user should know."""


@dataclass(frozen=True)
class Stretch:
    """A part of a sound, and what surrounds it.

    Attributes:
        read: (start, samples) to float32 (samples, channels); silence outside the sound.
        frames: How many samples a tool gives back, from 0 on.
        heard: (start, end) of what is heard of them; only this is measured.
        channels: 1 or 2.
        sampling_rate: In Hz.
    """

    read: Render
    frames: int
    heard: tuple[int, int]
    channels: int
    sampling_rate: int

    @classmethod
    def of(cls, samples: Samples, sampling_rate: int) -> Stretch:
        """Return samples, float32 (samples, channels), as a stretch that is heard as a whole."""

        def read(start: int, frames: int) -> Samples:
            first, last = max(0, start), min(len(samples), start + frames)
            out = np.zeros((frames, samples.shape[1]), np.float32)
            if first < last:
                out[first - start : last - start] = samples[first:last]
            return out

        return cls(read, len(samples), (0, len(samples)), samples.shape[1], sampling_rate)

    def blocks(
        self, work: Work, start: int = 0, end: int | None = None, render: Render | None = None
    ) -> Iterator[Samples]:
        """Yield a part of it (all when left out), about a second at a time.

        Args:
            work: Told how far it is.
            start: First sample.
            end: Behind the last one.
            render: What is asked for the samples; ``read`` when left out.

        Raises:
            WorkCancelled: It was stopped.
        """
        render, end = render or self.read, self.frames if end is None else end
        windows = max(1, round(_BLOCK_S / _WINDOW_S))
        size = windows * window_of(self.sampling_rate)
        for at in range(start, end, size):
            work.step((at - start) / (end - start))
            yield render(at, min(size, end - at))


def window_of(sampling_rate: int) -> int:
    """Return how many samples a hundredth of a second has."""
    return max(1, round(_WINDOW_S * sampling_rate))


def measure_loudness(stretch: Stretch, work: Work | None = None) -> Loudness:
    """Return how loud what is heard of it is."""
    meter = LoudnessMeter(stretch.sampling_rate, stretch.channels)
    for block in stretch.blocks(work or Work(), *stretch.heard):
        meter.add(block)
    return meter.result()


def to_loudness(
    stretch: Stretch,
    target_lufs: float,
    *,
    ceiling_db: float = CEILING_DB,
    work: Work | None = None,
    tell: Tell | None = None,
) -> Iterator[Samples]:
    """Yield a sound at a loudness, its peaks turned down smoothly to stay below the ceiling.

    Args:
        stretch: What.
        target_lufs: How loud what is heard of it shall be, in LUFS.
        ceiling_db: Highest peak, in dB of full scale.
        work: Told how far it is.
        tell: Takes a sentence when the peaks do not allow the target.

    Raises:
        BadInputError: It is silent.
        WorkCancelled: It was stopped.
    """
    work = work or Work()
    loudness = measure_loudness(stretch, work.sub(0, 0.4))
    if loudness.lufs < SILENCE_LUFS:
        raise _silent()
    ceiling = _factor(ceiling_db)
    rate, (start, end) = stretch.sampling_rate, stretch.heard
    render = limited(stretch.read, gain_to(loudness, target_lufs), ceiling, rate)
    meter, at = LoudnessMeter(rate, stretch.channels), 0
    for block in stretch.blocks(work.sub(0.4, 0.6), render=render):
        meter.add(block[max(0, start - at) : max(0, end - at)])
        at += len(block)
        yield block
    missed = target_lufs - meter.result().lufs
    if tell is not None and missed > _MISSED_LU:
        tell(f"It is {missed:.1f} LU quieter than asked for: its peaks allow no more.")


def normalise(
    stretch: Stretch, peak_db: float = CEILING_DB, work: Work | None = None
) -> Iterator[Samples]:
    """Yield a sound whose largest sample is at ``peak_db``, and whose mean is zero.

    Where its surroundings are louder than what is heard, they are cut off at full scale.

    Raises:
        BadInputError: It is silent.
        WorkCancelled: It was stopped.
    """
    work = work or Work()
    offset, peak = _offset_and_peak(stretch, work.sub(0, 0.4))
    if peak < _QUIETEST:
        raise _silent()

    gain = np.float32(_factor(peak_db) / peak)

    def louder(start: int, frames: int) -> Samples:
        sound = (stretch.read(start, frames) - offset) * gain
        return np.asarray(np.clip(sound, -1.0, 1.0), np.float32)

    yield from stretch.blocks(work.sub(0.4, 0.6), render=louder)


def sound_span(
    stretch: Stretch,
    *,
    below_db: float = BELOW_LOUDEST_DB,
    margin_s: float = 0.1,
    work: Work | None = None,
) -> tuple[int, int]:
    """Return (start, end) of what is not silent in what is heard, with a margin.

    Args:
        stretch: What.
        below_db: Hundredths of a second so much quieter than the loudest one, by their mean
            power, are silent: the noise of a room mostly is.
        margin_s: How much silence stays at both ends.
        work: Told how far it is.

    Raises:
        BadInputError: All of it is silent.
        WorkCancelled: It was stopped.
    """
    window, (first, last) = window_of(stretch.sampling_rate), stretch.heard
    powers = []
    for block in stretch.blocks(work or Work(), first, last):
        whole = -(-len(block) // window) * window
        padded = np.zeros((whole, block.shape[1]), np.float32)
        padded[: len(block)] = block
        powers.append(np.mean(padded.reshape(whole // window, -1) ** 2, axis=1))
    power = np.concatenate(powers) if powers else np.zeros(0)
    most = float(power.max(initial=0.0))
    if most < _QUIETEST**2:
        raise _silent("Delete it instead.")
    loud = np.nonzero(power > most * _factor(-below_db) ** 2)[0]
    margin = round(margin_s * stretch.sampling_rate)
    start = max(first, first + int(loud[0]) * window - margin)
    return start, min(last, first + (int(loud[-1]) + 1) * window + margin)


def _offset_and_peak(stretch: Stretch, work: Work) -> tuple[Samples, float]:
    """Return the mean of each channel, and the largest value once it is taken away."""
    total = np.zeros(stretch.channels, np.float64)
    low = np.full(stretch.channels, np.inf, np.float32)
    high = -low
    for block in stretch.blocks(work, *stretch.heard):
        total += block.sum(axis=0, dtype=np.float64)
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    frames = stretch.heard[1] - stretch.heard[0]
    if frames < 1:
        raise _silent()
    # The mean of a few waves is no offset: a sound shorter than a tenth of a second keeps it.
    few = frames < 10 * window_of(stretch.sampling_rate)
    mean = np.asarray(0 * total if few else total / frames, np.float32)
    return mean, float(max((high - mean).max(), (mean - low).max()))


def _factor(level_db: float) -> float:
    return math.pow(10.0, level_db / 20.0)


def _silent(hint: str = "Choose a sound in which something is heard.") -> BadInputError:
    return BadInputError("All of this is silent.", hint=hint)

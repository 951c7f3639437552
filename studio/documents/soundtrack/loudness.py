"""Loudness and true peaks after ITU-R BS.1770-4, block by block, and a limiter.

The weighting filters are pyloudnorm's; measured here in a stream, since its own meter needs the
whole sound as float64, which for an hour of stereo is 2.8 GB.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from studio.documents.soundtrack.sound_files import Samples

SILENCE_LUFS = -70.0
"""Below this, nothing is loud enough to be measured."""
_HOP_S = 0.1
_HOPS = 4
_OVERSAMPLING = 4
_TAPS = 12
"""Of each phase of the filter between samples; BS.1770-4, annex 2, has the same."""
_OVERSHOOT = 1.82
"""Sum of the largest phase's taps: no value between samples exceeds their peak by more."""
LOOK_AHEAD_S = 0.008

Render = Callable[[int, int], Samples]
"""(start, samples) to float32 (samples, 2)."""


@dataclass(frozen=True)
class Loudness:
    """How loud a sound is.

    Attributes:
        lufs: Integrated loudness in LUFS; ``-inf`` for silence.
        true_peak_db: Largest value between the samples too, in dB of full scale; ``-inf`` for
            silence.
    """

    lufs: float
    true_peak_db: float


class LoudnessMeter:
    """Measures a sound that comes block by block.

    Args:
        sampling_rate: In Hz.
        channels: 1 or 2.
    """

    def __init__(self, sampling_rate: int, channels: int) -> None:
        import pyloudnorm

        stages = pyloudnorm.Meter(sampling_rate, filter_class="DeMan")._filters.values()
        self._sections = np.array([[*stage.b, *stage.a] for stage in stages], np.float64)
        self._state = np.zeros((len(self._sections), 2, channels))
        self._hop = max(1, round(_HOP_S * sampling_rate))
        self._rest = np.zeros((0, channels), np.float64)
        self._powers: list[Any] = []
        self._tail = np.zeros((2 * _TAPS, channels), np.float32)
        self._peak = 0.0

    def add(self, block: Samples) -> None:
        """Take the next samples, float32 (samples, channels)."""
        from scipy.signal import sosfilt

        if not len(block):
            return
        joined = np.concatenate((self._tail, block))
        self._peak = max(self._peak, float(true_peaks(joined, self._peak).max(initial=0.0)))
        self._tail = joined[-2 * _TAPS :]
        weighted, self._state = sosfilt(
            self._sections, block.astype(np.float64), axis=0, zi=self._state
        )
        weighted = np.concatenate((self._rest, weighted))
        whole = len(weighted) // self._hop * self._hop
        self._rest = weighted[whole:]
        if whole:
            hops = weighted[:whole].reshape(-1, self._hop, weighted.shape[1])
            self._powers.append(np.mean(hops * hops, axis=1).sum(axis=1))

    def result(self) -> Loudness:
        """Return how loud all of it was."""
        powers = np.concatenate(self._powers) if self._powers else np.zeros(0)
        if len(powers) < _HOPS:  # too short for a block: all of it counts as one
            total = float(powers.sum()) * self._hop + float((self._rest**2).sum())
            blocks = np.array([total / max(1, len(powers) * self._hop + len(self._rest))])
        else:
            blocks = np.convolve(powers, np.full(_HOPS, 1 / _HOPS), "valid")
        return Loudness(_gated(blocks), _decibels(self._peak))


def true_peaks(samples: Samples, above: float = 0.0) -> Samples:
    """Return the largest value at and between samples, over both channels.

    Args:
        samples: float32 (samples, channels).
        above: Where nothing can exceed this, the samples' own peaks are enough.

    Returns:
        float32 (samples,): at each sample the largest of it and of what lies up to the next one.
    """
    peaks: Samples = np.abs(samples).max(axis=1)
    most = float(peaks.max(initial=0.0)) * _OVERSHOOT
    if len(samples) < 2 * _TAPS or most <= above or not most:
        return peaks
    for taps in _phases():
        for channel in range(samples.shape[1]):
            between = np.abs(np.convolve(samples[:, channel], taps, "same"))
            np.maximum(peaks, between, out=peaks)
    return peaks


def _phases() -> list[Any]:
    global _phase_taps
    if _phase_taps is None:
        place = np.arange(_TAPS) - _TAPS // 2
        window = np.kaiser(_TAPS + 1, 7.0)
        found = []
        for phase in range(1, _OVERSAMPLING):
            at = place + phase / _OVERSAMPLING
            shape = np.interp(at, np.arange(_TAPS + 1) - _TAPS / 2, window)
            taps = np.sinc(at) * shape
            found.append((taps / taps.sum()).astype(np.float32))
        _phase_taps = found
    return _phase_taps


_phase_taps: list[Any] | None = None


def limited(render: Render, gain: float, ceiling: float, sampling_rate: int) -> Render:
    """Return what renders with a gain and never above ``ceiling``, between samples neither.

    Looks 8 ms ahead and behind, so that nothing is cut off: loud places are turned down
    smoothly. But for the last bit, the result is the same for any block size.

    Args:
        render: What to play.
        gain: Factor.
        ceiling: Largest value, such as 0.89 for -1 dB.
        sampling_rate: In Hz.
    """
    reach = max(1, round(LOOK_AHEAD_S * sampling_rate))
    context = 2 * reach + 2 * _TAPS

    def limit(start: int, frames: int) -> Samples:
        sound: Samples = render(start - context, frames + 2 * context) * np.float32(gain)
        peaks = true_peaks(sound, ceiling)
        inside = sound[context : context + frames]
        if peaks.max(initial=0.0) <= ceiling:
            return inside
        factors = _reduction(peaks, ceiling, reach)[context : context + frames]
        return np.asarray(inside * factors[:, np.newaxis], np.float32)

    return limit


def _reduction(peaks: Samples, ceiling: float, reach: int) -> Samples:
    """Return the gain that keeps every peak below the ceiling.

    The least gain needed anywhere within ``reach`` is averaged over the same reach: each value
    that enters the mean is small enough for the sample in the middle.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    needed = np.minimum(1.0, ceiling / np.maximum(peaks.astype(np.float64), 1e-9))
    least = minimum_filter1d(needed, 2 * reach + 1, mode="nearest")
    smooth = uniform_filter1d(least, 2 * reach + 1, mode="nearest")
    return np.asarray(smooth, np.float32)


def gain_to(loudness: Loudness, target_lufs: float) -> float:
    """Return the factor that brings a sound to a loudness; 1 for silence."""
    if loudness.lufs < SILENCE_LUFS:
        return 1.0
    return math.pow(10.0, (target_lufs - loudness.lufs) / 20.0)


def _gated(blocks: Any) -> float:
    """Return the integrated loudness of blocks of mean squares (BS.1770-4, equations 3 to 7)."""
    loud = blocks[_lufs(blocks) >= SILENCE_LUFS]
    if not len(loud):
        return -math.inf
    relative = float(_lufs(loud.mean())) - 10.0
    kept = loud[_lufs(loud) > relative]
    return float(_lufs(kept.mean())) if len(kept) else -math.inf


def _lufs(power: Any) -> Any:
    with np.errstate(divide="ignore"):
        return -0.691 + 10.0 * np.log10(power)


def _decibels(value: float) -> float:
    return 20.0 * math.log10(value) if value > 0 else -math.inf

"""Loudness, and the limiter."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from studio.documents.soundtrack.loudness import LoudnessMeter, limited, true_peaks
from studio.documents.soundtrack.sound_files import Samples
from tests.documents.soundtrack.conftest import RATE, noise, tone


def measured(samples: Samples, rate: int = RATE, block: int = 7001) -> float:
    meter = LoudnessMeter(rate, samples.shape[1])
    for at in range(0, len(samples), block):
        meter.add(samples[at : at + block])
    return meter.result().lufs


def test_the_standards_own_example() -> None:
    # ITU-R BS.1770-4: a 997 Hz tone at full scale in one channel reads -3.01.
    assert measured(tone(3 * RATE, hz=997, level=1.0)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_measures_as_pyloudnorm_does(rate: int, channels: int) -> None:
    samples = noise(10 * rate, channels)
    samples[: 4 * rate] *= 0.001
    samples[5 * rate : 6 * rate] *= 2
    whole = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(
        samples.astype(np.float64)
    )
    assert measured(samples, rate) == pytest.approx(whole, abs=0.05)


def test_silence_and_the_shortest_sounds_have_a_loudness() -> None:
    assert measured(np.zeros((RATE, 2), np.float32)) == -math.inf
    assert measured(np.zeros((0, 1), np.float32)) == -math.inf
    assert measured(tone(100, level=1.0)) > -60
    assert measured(noise(1)) < 0


def test_peaks_between_samples_are_found() -> None:
    # A quarter of the sampling rate, sampled at its 45° points: 3 dB between the samples.
    wave = np.sin(2 * np.pi * np.arange(4000) / 4 + np.pi / 4).astype(np.float32)[:, np.newaxis]
    assert np.abs(wave).max() == pytest.approx(0.707, abs=0.01)
    assert true_peaks(wave)[100:-100].max() == pytest.approx(1.0, abs=0.03)
    low = tone(4000, hz=500, level=0.8)
    fine = np.abs(resample_poly(low[:, 0].astype(np.float64), 8, 1)[800:-800]).max()
    assert true_peaks(low)[100:-100].max() == pytest.approx(fine, abs=0.01)


def rendering(samples: Samples):
    def render(start: int, frames: int) -> Samples:
        out = np.zeros((frames, samples.shape[1]), np.float32)
        first, last = max(0, start), min(len(samples), start + frames)
        if first < last:
            out[first - start : last - start] = samples[first:last]
        return out

    return render


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    gain=st.floats(0.5, 8),
    cuts=st.lists(st.integers(50, 9000), min_size=1, max_size=4),
)
def test_the_limiter_holds_the_ceiling_whatever_the_blocks(
    seed: int, gain: float, cuts: list[int]
) -> None:
    samples = noise(20_000, seed=seed, level=0.3)
    samples[7000:7010] *= 5
    limit = limited(rendering(samples), gain, 0.8, RATE)
    whole = limit(0, len(samples))
    assert true_peaks(whole).max() < 0.8 * 1.01
    parts, at = [], 0
    while at < len(samples):
        size = min(cuts[len(parts) % len(cuts)], len(samples) - at)
        parts.append(limit(at, size))
        at += size
    assert np.abs(np.concatenate(parts) - whole).max() < 1e-6


def test_what_needs_no_limiting_is_only_made_louder() -> None:
    samples = noise(5000, level=0.1)
    out = limited(rendering(samples), 2.0, 0.9, RATE)(0, 5000)
    assert np.array_equal(out, samples * np.float32(2))

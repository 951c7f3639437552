"""The tools that mend a sound."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterable

import numpy as np
import pytest

from studio.core.errors import BadInputError
from studio.documents.soundtrack.loudness import true_peaks
from studio.documents.soundtrack.repair import (
    Stretch,
    measure_loudness,
    normalise,
    sound_span,
    to_loudness,
)
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work, WorkCancelled
from tests.documents.soundtrack.conftest import RATE, noise, tone


def whole(blocks: Iterable[Samples]) -> Samples:
    return np.concatenate(list(blocks))


def part(samples: Samples, start: int, end: int) -> Stretch:
    """Return samples of which only a part is heard."""
    all_of_it = Stretch.of(samples, RATE)
    return Stretch(all_of_it.read, len(samples), (start, end), samples.shape[1], RATE)


@pytest.mark.parametrize("target", [-30.0, -23.0, -16.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_is_brought_to_a_loudness(target: float, channels: int) -> None:
    samples = tone(5 * RATE, channels=channels, level=0.05)
    samples[2 * RATE : 3 * RATE] *= 0.2
    out = whole(to_loudness(Stretch.of(samples, RATE), target))
    found = measure_loudness(Stretch.of(out, RATE))
    assert found.lufs == pytest.approx(target, abs=0.2)
    assert found.true_peak_db <= -0.9
    assert len(out) == len(samples)


def test_only_what_is_heard_is_measured() -> None:
    samples = tone(4 * RATE, level=0.02)
    samples[: 2 * RATE] *= 20
    out = whole(to_loudness(part(samples, 2 * RATE, 4 * RATE), -23.0))
    assert len(out) == len(samples)
    heard = measure_loudness(Stretch.of(out[2 * RATE :], RATE))
    assert heard.lufs == pytest.approx(-23.0, abs=0.2)
    assert true_peaks(out).max() <= 10 ** (-1 / 20) * 1.01  # the louder rest as well


def test_what_the_peaks_do_not_allow_is_said() -> None:
    samples = np.zeros((3 * RATE, 1), np.float32)
    samples[:: RATE // 10] = 0.9  # clicks: all peak, no loudness
    told: list[str] = []
    out = whole(to_loudness(Stretch.of(samples, RATE), -10.0, tell=told.append))
    assert len(told) == 1 and "quieter than asked for" in told[0]
    assert np.abs(out).max() <= 10 ** (-1 / 20) * 1.01
    told.clear()
    whole(to_loudness(Stretch.of(tone(RATE, level=0.1), RATE), -20.0, tell=told.append))
    assert told == []


@pytest.mark.parametrize("length", [0, 1, RATE])
def test_silence_is_told_by_every_tool(length: int) -> None:
    silent = Stretch.of(np.zeros((length, 2), np.float32), RATE)
    for blocks in (to_loudness(silent, -16), normalise(silent)):
        with pytest.raises(BadInputError, match="silent"):
            list(blocks)
    with pytest.raises(BadInputError, match="silent"):
        sound_span(silent)


def test_peaks_are_brought_up_and_an_offset_goes() -> None:
    samples = noise(RATE) * np.float32(0.3) + np.float32(0.1)
    out = whole(normalise(Stretch.of(samples, RATE), -6.0))
    assert np.abs(out).max() == pytest.approx(10 ** (-6 / 20), abs=1e-5)
    assert np.abs(out.mean(axis=0)).max() < 1e-6
    centred = samples - samples.mean(axis=0, dtype=np.float64)
    assert np.allclose(out, centred * (out[7] / centred[7]), atol=1e-5)


def test_normalising_exceeds_full_scale_nowhere() -> None:
    samples = noise(2 * RATE, level=0.05)
    samples[:100] = 0.9
    out = whole(normalise(part(samples, RATE, 2 * RATE), -1.0))
    assert np.abs(out[RATE:]).max() == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    assert np.abs(out).max() == 1.0


def test_one_sample_can_be_normalised() -> None:
    out = whole(normalise(Stretch.of(np.full((1, 1), -0.25, np.float32), RATE), -6.0))
    assert out[0, 0] == pytest.approx(-(10 ** (-6 / 20)), abs=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.005])
@pytest.mark.parametrize("floor", [0.0, 0.001])
def test_silence_at_the_ends_is_found_with_a_margin(level: float, floor: float) -> None:
    samples = noise(3 * RATE, 1, level=floor * level)
    samples[RATE : 2 * RATE] += tone(RATE, level=level)
    start, end = sound_span(Stretch.of(samples, RATE), margin_s=0.05)
    assert start == pytest.approx(RATE - 2400, abs=500)
    assert end == pytest.approx(2 * RATE + 2400, abs=500)
    start, end = sound_span(part(samples, RATE + 1000, 2 * RATE - 999))
    assert (start, end) == (RATE + 1000, 2 * RATE - 999)


def test_the_quiet_in_the_middle_stays() -> None:
    samples = np.zeros((5 * RATE, 2), np.float32)
    samples[RATE : RATE + 4800, 0] = 0.3
    samples[4 * RATE : 4 * RATE + 4800, 1] = 0.3
    start, end = sound_span(Stretch.of(samples, RATE), margin_s=0)
    assert start == pytest.approx(RATE, abs=480)
    assert end == pytest.approx(4 * RATE + 4800, abs=480)


def test_tools_tell_how_far_they_are_and_stop_when_asked() -> None:
    sound = Stretch.of(tone(3 * RATE), RATE)
    for tool in (
        lambda work: list(to_loudness(sound, -20, work=work)),
        lambda work: list(normalise(sound, work=work)),
        lambda work: sound_span(sound, work=work),
    ):
        told: list[float] = []
        tool(Work(told.append))
        assert told == sorted(told) and told[-1] > 0.6
        with pytest.raises(WorkCancelled):
            tool(Work(cancelled=lambda: True))


def test_an_hour_is_never_held() -> None:
    """An hour of stereo is 1.4 GB; the tools hold a few seconds of it."""
    frames = 3600 * RATE
    asked: list[int] = []

    class EnoughError(Exception):
        """The test has seen what it wanted."""

    def read(start: int, count: int) -> Samples:
        asked.append(count)
        if len(asked) > 12:
            raise EnoughError
        return np.full((count, 2), 0.1, np.float32)

    hour = Stretch(read, frames, (0, frames), 2, RATE)
    tracemalloc.start()
    with pytest.raises(EnoughError):
        list(normalise(hour))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(asked) <= RATE and most < 20_000_000


def test_no_block_is_empty_and_together_they_are_all() -> None:
    stretch = Stretch.of(noise(RATE * 2 + 17), RATE)
    sizes = [len(block) for block in stretch.blocks(Work())]
    assert sum(sizes) == RATE * 2 + 17 and min(sizes) > 0
    assert list(stretch.blocks(Work(), 5, 5)) == []
    assert math.isinf(measure_loudness(part(noise(100), 50, 50)).lufs)

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import BadInputError
from studio.documents.soundtrack.overview import MOST_STRETCHES, Stretches, overview
from studio.documents.soundtrack.work import WorkCancelled
from tests.documents.soundtrack.conftest import RATE, noise, tone, write_wav


def test_it_is_loud_where_the_sound_is_loud(tmp_path: Path) -> None:
    samples = np.concatenate((np.zeros((RATE, 1), np.float32), tone(RATE, level=0.5)))
    found = overview(write_wav(tmp_path / "half.wav", samples), 100)
    assert found.duration_s == pytest.approx(2.0)
    assert found.high[:49].max() == 0 and found.low[:49].min() == 0
    assert found.high[51:].min() == pytest.approx(0.5, abs=0.01)
    assert found.low[51:].max() == pytest.approx(-0.5, abs=0.01)
    assert found.rms[51:] == pytest.approx(0.5 / np.sqrt(2), abs=0.01)


def test_no_peak_of_either_side_is_lost_however_long_the_sound_is(tmp_path: Path) -> None:
    samples = np.zeros((40 * RATE, 2), np.float32)
    samples[17 * RATE, 1] = 0.9
    samples[31 * RATE + 5, 0] = -0.8
    path = tmp_path / "long.flac"
    soundfile.write(path, samples, RATE, subtype="PCM_24")
    found = overview(path, 640)
    assert np.flatnonzero(found.high).tolist() == [640 * 17 // 40]
    assert found.high.max() == pytest.approx(0.9, abs=1e-4)
    assert int(np.argmin(found.low)) in (495, 496)
    assert found.low.min() == pytest.approx(-0.8, abs=1e-4)


@pytest.mark.parametrize("step", [1, 7, 1000, 65_536])
def test_stretches_stay_few_and_say_the_same_whatever_the_blocks(step: int) -> None:
    samples = noise(MOST_STRETCHES * 16 * 3 + 777 if step > 100 else 5000)
    stretches = Stretches()
    for at in range(0, len(samples), step):
        stretches.add(samples[at : at + step])
        assert stretches._count <= MOST_STRETCHES
    found = stretches.overview(16, 1.0)
    assert found.low.min() == samples.min() and found.high.max() == samples.max()
    assert float(np.mean(found.rms**2)) == pytest.approx(float(np.mean(samples**2)), rel=0.02)


def test_one_sample_is_a_sound_and_none_is_not(tmp_path: Path) -> None:
    found = overview(write_wav(tmp_path / "one.wav", tone(1)), 640)
    assert len(found.high) == 640
    assert found.mask(20).shape == (20, 640)
    with pytest.raises(BadInputError, match="no sound"):
        overview(write_wav(tmp_path / "none.wav", tone(0)), 640)
    (tmp_path / "text.wav").write_text("Dear sister, the lamp is out.", "utf-8")
    with pytest.raises(BadInputError, match="a text"):
        overview(tmp_path / "text.wav", 640)


def test_the_mask_covers_the_loudness_more_than_the_peaks_and_is_a_line_in_silence(
    tmp_path: Path,
) -> None:
    samples = np.concatenate((np.zeros((RATE, 1), np.float32), noise(RATE, 1, level=0.2)))
    mask = overview(write_wav(tmp_path / "half.wav", samples), 100).mask(64)
    assert mask.dtype == np.uint8 and mask.shape == (64, 100)
    silent, loud = mask[:, 20], mask[:, 80]
    assert np.flatnonzero(silent).tolist() == [31, 32]
    assert loud[32] == 255 and 0 < loud[10] < 200
    assert loud[:32].tolist() == sorted(loud[:32].tolist())


def test_a_quiet_sound_is_drawn_larger_but_not_as_if_it_were_loud(tmp_path: Path) -> None:
    def height(level: float) -> int:
        path = write_wav(tmp_path / "tone.wav", tone(RATE, level=level), subtype="PCM_24")
        return int(np.count_nonzero(overview(path, 50).mask(100)[:, 25]))

    assert height(1.0) == height(0.3) >= 98
    assert 35 <= height(0.1) <= 45


def test_it_stops_when_nobody_waits_any_more(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", noise(5 * 65_536))
    asked = itertools.count()
    with pytest.raises(WorkCancelled):
        overview(path, 640, lambda: next(asked) >= 2)
    assert next(asked) == 3

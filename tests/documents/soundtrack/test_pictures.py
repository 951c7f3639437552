"""Waveforms and spectrograms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.soundtrack.peaks import BASE, FACTOR, Bins, PeakBuilder, waveform
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.spectrogram import (
    COLUMNS,
    FLOOR_DB,
    LEVELS,
    SpectrogramTiles,
    height_of,
    level_for,
    tile_samples,
)
from tests.documents.soundtrack.conftest import RATE, noise, tone


class Held:
    """A sound in memory with its peaks."""

    def __init__(self, samples: Samples, block: int = 1000) -> None:
        self.samples = samples
        self.channels = samples.shape[1]
        builder = PeakBuilder(self.channels)
        for at in range(0, len(samples), block):
            builder.add(samples[at : at + block])
        self.levels = builder.finish()

    def level_sizes(self) -> tuple[int, ...]:
        return tuple(len(level) for level in self.levels)

    def bins(self, level: int, start: int, end: int) -> Bins:
        out = np.zeros((end - start, self.channels, 3), np.float16)
        found = self.levels[level]
        first, last = max(0, start), min(len(found), end)
        if first < last:
            out[first - start : last - start] = found[first:last]
        return out

    def read(self, start: int, frames: int) -> Samples:
        out = np.zeros((frames, self.channels), np.float32)
        first, last = max(0, start), min(len(self.samples), start + frames)
        if first < last:
            out[first - start : last - start] = self.samples[first:last]
        return out


LONG = Held(noise(200_000, seed=5))


@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(-5000, 210_000),
    length=st.integers(1, 260_000),
    columns=st.integers(1, 300),
)
def test_no_column_misses_a_peak_and_none_invents_one(
    start: int, length: int, columns: int
) -> None:
    drawn = waveform(LONG, start, start + length, columns)
    assert drawn.low.shape == drawn.high.shape == drawn.rms.shape == (columns, 2)
    size = max(1, length // columns)
    slack = size if size >= BASE else 1
    for column in {0, columns // 2, columns - 1}:
        first = start + length * column // columns
        last = max(first + 1, start + length * (column + 1) // columns)
        inside = LONG.read(first, last - first)
        around = LONG.read(first - slack, last - first + 2 * slack)
        assert np.all(drawn.low[column] <= inside.min(axis=0) + 1e-3)
        assert np.all(drawn.high[column] >= inside.max(axis=0) - 1e-3)
        assert np.all(drawn.low[column] >= around.min(axis=0) - 1e-3)
        assert np.all(drawn.high[column] <= around.max(axis=0) + 1e-3)
        assert np.all(drawn.rms[column] <= np.abs(around).max(axis=0) + 1e-3)


@pytest.mark.parametrize("frames", [0, 1, BASE - 1, BASE, BASE + 1, BASE * FACTOR * 3 + 7])
def test_the_pyramid_does_not_depend_on_how_the_sound_came(frames: int) -> None:
    samples = noise(frames)
    one, other = Held(samples, block=max(1, frames)), Held(samples, block=37)
    assert one.level_sizes() == other.level_sizes()
    assert all(np.array_equal(a, b) for a, b in zip(one.levels, other.levels, strict=True))
    if frames:
        assert one.level_sizes()[-1] == 1
        assert one.levels[-1][0, :, 1] == pytest.approx(samples.max(axis=0), abs=1e-3)


def test_the_mean_loudness_of_a_tone_is_right_at_every_zoom() -> None:
    held = Held(tone(100_000, hz=1000, level=0.5))
    for columns in (1, 7, 100, 1500):
        rms = waveform(held, 0, 100_000, columns).rms
        assert rms.mean() == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_samples_beyond_full_scale_are_drawn() -> None:
    held = Held(tone(10_000, level=7.0))
    assert waveform(held, 0, 10_000, 4).high.max() == pytest.approx(7.0, rel=1e-2)


def read_tone(_: str, start: int, frames: int) -> Samples:
    wave = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(start, start + frames) / RATE)
    return np.repeat(wave.astype(np.float32)[:, np.newaxis], 2, axis=1)


@pytest.mark.parametrize("level", [0, 3, 5, 6, 10])
def test_a_tone_is_one_bright_line_at_its_loudness(level: int) -> None:
    tiles = SpectrogramTiles(read_tone, RATE, rows=192, lowest_hz=40.0)
    tile = tiles.tile("a", level, 1)
    assert tile.shape == (192, COLUMNS)
    middle = tile[:, COLUMNS // 2]
    row = 191 - int(middle.argmax())
    assert 40.0 * 600 ** ((row - 1) / 192) <= 1000 <= 40.0 * 600 ** ((row + 2) / 192)
    assert middle.max() == pytest.approx(20 * np.log10(0.5), abs=1.5)
    assert np.sort(middle)[:150].max() < -60


def test_tiles_are_kept_and_forgotten_and_silence_is_the_floor() -> None:
    asked: list[int] = []

    def read(_: str, start: int, frames: int) -> Samples:
        asked.append(start)
        return np.zeros((frames, 1), np.float32)

    tiles = SpectrogramTiles(read, RATE)
    assert tiles.cached("a", 2, 0) is None
    tile = tiles.tile("a", 2, 0)
    assert np.all(tile == FLOOR_DB)
    assert tiles.tile("a", 2, 0) is tile and tiles.cached("a", 2, 0) is tile
    assert len(asked) == 1
    tiles.forget("a")
    assert tiles.cached("a", 2, 0) is None


def test_levels_have_a_column_for_each_pixel() -> None:
    assert level_for(1.0) == 0
    assert level_for(64.0) == 0 and level_for(128.0) == 1
    assert level_for(1e12) == LEVELS - 1
    for samples_per_px in (100.0, 1000.0, 90_000.0):
        assert tile_samples(level_for(samples_per_px)) / COLUMNS <= samples_per_px


def made(tiles: SpectrogramTiles, name: str, start: int, end: int, columns: int) -> Samples:
    """Return a strip after everything it lacked was made."""
    for key in tiles.strip(name, start, end, columns).missing:
        tiles.tile(*key)
    strip = tiles.strip(name, start, end, columns)
    assert not strip.missing
    return strip.decibels


def read_click(_: str, start: int, frames: int) -> Samples:
    """Silence but for a click of 2000 samples at half a minute."""
    out = np.zeros((frames, 1), np.float32)
    first, last = max(start, 30 * RATE), min(start + frames, 30 * RATE + 2000)
    if first < last:
        wave = np.sin(2 * np.pi * 3000 * np.arange(first, last) / RATE)
        out[first - start : last - start, 0] = wave
    return out


@pytest.mark.parametrize("seconds", [4, 20, 60])
@pytest.mark.parametrize("share", [0.2, 0.77])
def test_a_click_stands_where_it_is_at_every_zoom_and_after_every_trim(
    seconds: float, share: float
) -> None:
    tiles = SpectrogramTiles(read_click, RATE)
    start = round((30 - seconds * share) * RATE)
    columns = 900
    drawn = made(tiles, "a", start, start + seconds * RATE, columns)
    assert drawn.shape == (192, columns)
    lit = np.nonzero(drawn.max(axis=0) > -40)[0]
    per_column = seconds * RATE / columns
    middle = (30 * RATE + 1000 - start) / per_column
    assert len(lit) and abs((lit[0] + lit[-1] + 1) / 2 - middle) <= 1.5
    row = int(drawn[:, lit].max(axis=1).argmax())
    assert 1 - (row + 0.5) / 192 == pytest.approx(height_of(3000, RATE), abs=0.02)


def test_nearer_than_the_finest_tiles_their_columns_are_drawn_wider() -> None:
    tiles = SpectrogramTiles(read_click, RATE)
    start = 30 * RATE - 320
    for key in tiles.strip("a", start, start + 640, 1000).missing:
        tiles.tile(*key)
    strip = tiles.strip("a", start, start + 640, 1000)
    assert strip.right - strip.left == pytest.approx(10.0)
    assert strip.decibels.shape[1] in (10, 11, 12) and not strip.missing


def test_what_is_not_made_yet_is_not_silence() -> None:
    tiles = SpectrogramTiles(read_tone, RATE)
    columns = 3 * COLUMNS - 1  # the last half column would be one of the next tile
    length = columns * (tile_samples(2) // COLUMNS)
    strip = tiles.strip("a", 0, length, columns)
    assert np.isnan(strip.decibels).all() and len(strip.missing) == 3
    tiles.tile(*strip.missing[1])
    strip = tiles.strip("a", 0, length, columns)
    assert [key[2] for key in strip.missing] == [0, 2]
    known = ~np.isnan(strip.decibels).all(axis=0)
    assert known[COLUMNS + 2 : 2 * COLUMNS - 2].all() and not known[: COLUMNS - 2].any()

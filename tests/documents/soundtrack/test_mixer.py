from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.soundtrack import Arrangement, Clip, Fade, Take, Track
from studio.documents.soundtrack.mixer import Mix, fade_gains
from studio.documents.soundtrack.sound_files import Samples
from tests.documents.soundtrack.conftest import noise

SOUNDS = {"a": noise(5000, 2, seed=1), "b": noise(3000, 1, seed=2), "c": noise(1, 2, seed=3)}


def read(name: str, start: int, frames: int) -> Samples:
    samples = SOUNDS[name]
    out = np.zeros((frames, samples.shape[1]), np.float32)
    first, last = max(0, start), min(len(samples), start + frames)
    if first < last:
        out[first - start : last - start] = samples[first:last]
    return out


def clip(name: str, start: int, offset: int = 0, length: int | None = None, **more) -> Clip:
    length = len(SOUNDS[name]) - offset if length is None else length
    return Clip(start=start, takes=(Take(source=name, offset=offset, duration=length),), **more)


def one(*clips: Clip, **more) -> Arrangement:
    return Arrangement(tracks=(Track(clips=clips, **more),))


@st.composite
def arrangements(draw) -> Arrangement:
    def a_clip() -> Clip:
        name = draw(st.sampled_from(sorted(SOUNDS)))
        offset = draw(st.integers(0, len(SOUNDS[name]) - 1))
        return clip(
            name,
            draw(st.integers(0, 6000)),
            offset,
            draw(st.integers(1, len(SOUNDS[name]) - offset)),
            gain_db=draw(st.floats(-30, 12)),
            fade_in=Fade(
                draw(st.integers(0, 6000)), draw(st.sampled_from(["linear", "smooth", "steep"]))
            ),
            fade_out=Fade(draw(st.integers(0, 6000)), "equal_power"),
            mute=draw(st.integers(0, 9)) == 0,
        )

    tracks = tuple(
        Track(
            clips=tuple(a_clip() for _ in range(draw(st.integers(0, 5)))),
            gain_db=draw(st.floats(-20, 6)),
            pan=draw(st.floats(-1, 1)),
            solo=draw(st.integers(0, 5)) == 0,
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    return Arrangement(tracks=tracks)


@settings(max_examples=120, deadline=None)
@given(
    arrangement=arrangements(),
    start=st.integers(-100, 9000),
    frames=st.integers(1, 6000),
    cuts=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
)
def test_any_stretch_in_blocks_of_any_size_is_the_same_to_the_bit(
    arrangement: Arrangement, start: int, frames: int, cuts: list[int]
) -> None:
    mix = Mix(arrangement)
    whole = mix.render(read, start, frames)
    parts = []
    at = 0
    while at < frames:
        size = min(cuts[len(parts) % len(cuts)], frames - at)
        parts.append(mix.render(read, start + at, size))
        at += size
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_clip_as_it_is_sounds_exactly_as_its_source() -> None:
    out = Mix(one(clip("a", 100))).render(read, 0, 5200)
    assert np.array_equal(out[100:5100], SOUNDS["a"])
    assert not out[:100].any() and not out[5100:].any()
    mono = Mix(one(clip("b", 0, offset=10))).render(read, 0, 100)
    assert np.array_equal(mono, np.repeat(SOUNDS["b"][10:110], 2, axis=1))


def test_gain_mute_solo_and_takes() -> None:
    arrangement = one(clip("a", 0, gain_db=6.0), gain_db=-6.0)
    out = Mix(arrangement).render(read, 0, 100)
    assert np.abs(out - SOUNDS["a"][:100]).max() < 1e-6
    silent = one(clip("a", 0, gain_db=-60.0))
    assert not Mix(silent).render(read, 0, 5000).any()
    assert not Mix(one(clip("a", 0, mute=True))).render(read, 0, 5000).any()
    both = Arrangement(tracks=(Track(id="x", clips=(clip("a", 0),)), Track(clips=(clip("b", 0),))))
    solo = replace(both, tracks=(replace(both.tracks[0], solo=True), both.tracks[1]))
    assert np.array_equal(Mix(solo).render(read, 0, 100), SOUNDS["a"][:100])
    muted = replace(solo, tracks=(replace(solo.tracks[0], mute=True), both.tracks[1]))
    assert not Mix(muted).render(read, 0, 100).any()
    assert np.array_equal(Mix(muted, only=["x"]).render(read, 0, 100), SOUNDS["a"][:100])
    takes = (Take(id="1", source="a", duration=50), Take(id="2", source="b", duration=60))
    chosen = Clip(start=0, takes=takes, chosen="1")
    assert np.array_equal(Mix(one(chosen)).render(read, 0, 50), SOUNDS["a"][:50])


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.5, 1.0])
def test_panning_takes_from_the_far_side_only(pan: float) -> None:
    out = Mix(one(clip("a", 0), pan=pan)).render(read, 0, 1000)
    near, far = (1, 0) if pan > 0 else (0, 1)
    assert np.array_equal(out[:, near], SOUNDS["a"][:1000, near])
    loudness = np.abs(out[:, far]).max() / np.abs(SOUNDS["a"][:1000, far]).max()
    assert loudness == pytest.approx(np.cos(abs(pan) * np.pi / 2), abs=1e-6)


def test_crossfaded_halves_of_one_power_keep_it() -> None:
    first = fade_gains(1000, Fade(), Fade(400, "equal_power"))
    second = fade_gains(1000, Fade(400, "equal_power"), Fade())
    assert np.allclose(first[600:] ** 2 + second[:400] ** 2, 1.0, atol=1e-6)
    straight = fade_gains(1000, Fade(), Fade(400)), fade_gains(1000, Fade(400), Fade())
    assert np.allclose(straight[0][600:] + straight[1][:400], 1.0, atol=1e-6)


@pytest.mark.parametrize("curve", ["linear", "equal_power", "smooth", "steep"])
def test_fades_rise_from_nothing_to_all(curve) -> None:
    gains = fade_gains(1000, Fade(500, curve), Fade(200, curve))
    assert gains[0] < 0.05 and gains[-1] < 0.1
    assert np.all(np.diff(gains[:500]) >= 0) and np.all(gains[500:800] == 1.0)
    assert np.all(np.diff(gains[800:]) <= 0)


def test_a_clip_by_itself_ignores_its_track() -> None:
    found = clip("a", 300, id="it", fade_in=Fade(10))
    arrangement = one(found, clip("b", 0), gain_db=-20.0, mute=True, pan=1.0)
    out = Mix.of_clip(arrangement, "it").render(read, 300, 5000)
    expected = SOUNDS["a"] * fade_gains(5000, Fade(10), Fade())[:, np.newaxis]
    assert np.array_equal(out, expected)


def test_only_what_is_heard_is_read() -> None:
    asked: list[str] = []

    def spy(name: str, start: int, frames: int) -> Samples:
        asked.append(name)
        return read(name, start, frames)

    mix = Mix(one(clip("a", 0), clip("b", 100_000)))
    mix.render(spy, 6000, 1000)
    assert asked == []
    mix.render(spy, 99_900, 101)
    assert asked == ["b"]
    assert mix.sources(0, 10) == {"a"}

"""Mended takes of clips."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.artifacts import SpokenMark
from studio.core.errors import BadInputError
from studio.core.media import Sound
from studio.documents.soundtrack import Clip, Soundtrack
from studio.documents.soundtrack.export import export_clip, export_range
from studio.documents.soundtrack.formats import ExportOptions
from studio.documents.soundtrack.marking import MENDED
from studio.documents.soundtrack.mending import (
    Cut,
    Mended,
    cut_of,
    file_of,
    lay,
    mend,
    span_in_clip,
    trim_to_sound,
)
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.repair import Stretch, normalise
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work, WorkCancelled
from tests.documents.soundtrack.conftest import RATE, noise, tone

QUIETER = "made quieter"


def halved(stretch: Stretch, work: Work):
    for block in stretch.blocks(work):
        yield block * np.float32(0.5)


def clip_of(
    pool: SourcePool, samples: Samples, *, offset: int = 0, duration: int | None = None
) -> tuple[Soundtrack, Clip]:
    track = Soundtrack()
    source = pool.add_sound(Sound.of(samples, RATE), "Take")
    track.add_source(source)
    home = track.add_track()
    clip = track.add_clip(home, source.sha256, 1000, offset=offset, duration=duration)
    return track, track.clip(clip)


def mended(clip: Clip, pool: SourcePool) -> Mended:
    return mend(cut_of(clip, pool, Work()), pool, halved, {MENDED: QUIETER}, Work())


def heard(track: Soundtrack, pool: SourcePool) -> Samples:
    take = next(track.arrangement.clips()).take
    return pool.read(take.source, take.offset, take.duration)


def test_the_mended_sound_is_another_take_at_the_same_place(pool: SourcePool) -> None:
    samples = noise(20 * RATE)
    track, clip = clip_of(pool, samples, offset=8 * RATE, duration=RATE)
    laid = lay(track, [mended(clip, pool)], "Quieter", "Half")
    after = track.clip(clip.id)
    assert laid == (clip.id,)
    assert (after.start, after.duration) == (clip.start, clip.duration)
    assert after.takes[0].id == clip.take.id and len(after.takes) == 2
    assert after.take.name == "Half" and after.take.facts[MENDED] == QUIETER
    assert np.abs(heard(track, pool) - samples[8 * RATE : 9 * RATE] / 2).max() < 1e-6
    assert track.undo_label == "Quieter"
    track.undo()
    assert track.clip(clip.id) == clip
    track.redo()
    assert track.clip(clip.id) == after


def test_its_ends_can_still_be_moved(pool: SourcePool) -> None:
    samples = noise(20 * RATE)
    track, clip = clip_of(pool, samples, offset=8 * RATE, duration=RATE)
    track.move_clip(clip.id, 5 * RATE)
    lay(track, [mended(track.clip(clip.id), pool)], "Quieter", "Half")
    track.trim_clip(clip.id, start=3 * RATE, end=8 * RATE)
    assert track.clip(clip.id).duration == 5 * RATE
    assert np.abs(heard(track, pool) - samples[6 * RATE : 11 * RATE] / 2).max() < 1e-6


def test_ends_that_were_moved_meanwhile_stay_where_they_are(pool: SourcePool) -> None:
    samples = noise(4 * RATE)
    track, clip = clip_of(pool, samples)
    found = mended(clip, pool)
    track.trim_clip(clip.id, start=clip.start + RATE, end=clip.start + 3 * RATE)
    before = track.clip(clip.id)
    lay(track, [found], "Quieter", "Half")
    after = track.clip(clip.id)
    assert (after.start, after.end) == (before.start, before.end)
    assert np.abs(heard(track, pool) - samples[RATE : 3 * RATE] / 2).max() < 1e-6


def test_a_clip_or_take_that_went_meanwhile_is_left_out(pool: SourcePool) -> None:
    track, clip = clip_of(pool, noise(RATE))
    found = mended(clip, pool)
    other = track.take(clip.source)
    track.add_take(clip.id, other)
    track.remove_take(clip.id, clip.take.id)
    assert lay(track, [found], "Quieter", "Half") == ()
    track.remove_clips([clip.id])
    steps = track.undo_label
    assert lay(track, [found], "Quieter", "Half") == ()
    assert track.undo_label == steps


def test_where_it_came_from_and_what_was_done_stay_with_it(pool: SourcePool) -> None:
    track, clip = clip_of(pool, noise(12 * RATE))
    made = track.take(
        clip.source,
        offset=5 * RATE,
        duration=4 * RATE,
        origin="generated",
        request='{"a": 1}',
        facts={"consent": "Ann agreed.", "model": "m"},
        marks=(
            SpokenMark(start_s=0.5, end_s=1.5, text="Gone."),
            SpokenMark(start_s=1.0, end_s=3.0, text="Cut."),
            SpokenMark(start_s=5.5, end_s=6.5, text="Whole."),
        ),
    )
    track.add_take(clip.id, made)
    lay(track, [mended(track.clip(clip.id), pool)], "Quieter", "Half")
    lay(track, [mended(track.clip(clip.id), pool)], "Quieter", "Quarter")
    take = track.clip(clip.id).take
    assert (take.origin, take.request) == ("generated", '{"a": 1}')
    assert take.facts["consent"] == "Ann agreed." and take.facts["model"] == "m"
    assert take.facts[MENDED] == f"{QUIETER}; {QUIETER}"
    assert [(m.text, m.start_s, m.end_s) for m in take.marks] == [
        ("Cut.", 0.0, 1.0),
        ("Whole.", 3.5, 4.5),
    ]


def test_the_mark_of_a_generated_file_stays_on_what_is_mended_of_it(pool: SourcePool) -> None:
    _, clip = clip_of(pool, noise(RATE))
    source = pool.source(clip.source)
    assert source is not None
    pool.know([replace(source, source_type="http://example.org/trained")])
    assert mended(clip, pool).source.source_type.endswith("trained")
    again = pool.add_sound(Sound.of(noise(100), RATE), "New", source_type="x")
    assert again.source_type == "x"


def test_the_gain_can_be_set_in_the_same_step(pool: SourcePool) -> None:
    track, clip = clip_of(pool, noise(RATE))
    track.set_clip(clip.id, gain_db=-12.0)
    lay(track, [mended(track.clip(clip.id), pool)], "Quieter", "Half", gain_db=0.0)
    assert track.clip(clip.id).gain_db == 0.0
    track.undo()
    assert track.clip(clip.id).gain_db == -12.0 and len(track.clip(clip.id).takes) == 1


def test_files_say_what_was_done(pool: SourcePool, tmp_path: Path) -> None:
    track, clip = clip_of(pool, noise(RATE))
    lay(track, [mended(clip, pool)], "Quieter", "Half")
    options = ExportOptions(format="flac", comment="Mine.")
    export_clip(track.arrangement, pool, clip.id, tmp_path / "one.flac", options)
    export_range(track.arrangement, pool, tmp_path / "all.flac", options)
    for name in ("one.flac", "all.flac"):
        with soundfile.SoundFile(tmp_path / name) as file:
            assert file.comment == f"Mine.\n{QUIETER}"
    track.set_clip(clip.id, mute=True)
    export_range(track.arrangement, pool, tmp_path / "mute.flac", options)
    with soundfile.SoundFile(tmp_path / "mute.flac") as file:
        assert file.comment == "Mine."


@pytest.mark.parametrize("level", [0.9, 3.0])
def test_a_model_gets_the_stretch_as_a_file(pool: SourcePool, level: float) -> None:
    samples = noise(10 * RATE, level=level)
    _, clip = clip_of(pool, samples, offset=4 * RATE, duration=RATE)
    cut = cut_of(clip, pool, Work())
    data, media_type = file_of(cut, Work())
    got, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert media_type == ("audio/flac" if level < 1 else "audio/wav") and rate == RATE
    assert len(got) == cut.stretch.frames == 7 * RATE
    assert np.abs(got - samples[RATE : 8 * RATE]).max() < 2.0**-22


def test_silence_at_the_ends_is_trimmed_in_one_step(pool: SourcePool) -> None:
    samples = np.zeros((6 * RATE, 1), np.float32)
    samples[2 * RATE : 3 * RATE] = tone(RATE)
    track, clip = clip_of(pool, samples, offset=RATE, duration=4 * RATE)
    span = span_in_clip(cut_of(clip, pool, Work()), Work())
    assert trim_to_sound(track, {clip.id: span}, "Trim silence") == (clip.id,)
    after = track.clip(clip.id)
    assert after.start == pytest.approx(clip.start + RATE - 4800, abs=481)
    assert after.end == pytest.approx(clip.start + 2 * RATE + 4800, abs=481)
    assert after.takes[0].source == clip.source
    track.undo()
    assert track.clip(clip.id) == clip
    assert trim_to_sound(track, {clip.id: (0, clip.duration)}, "Trim silence") == ()


def test_a_stop_leaves_everything_as_it_was(pool: SourcePool) -> None:
    _, clip = clip_of(pool, noise(3 * RATE))
    cut = cut_of(clip, pool, Work())
    kept = len(pool._known)
    looks = iter([False, False, True])
    with pytest.raises(WorkCancelled):
        mend(cut, pool, halved, {}, Work(cancelled=lambda: next(looks)))
    assert len(pool._known) == kept
    with pytest.raises(WorkCancelled):
        file_of(cut, Work(cancelled=lambda: True))


def test_a_sound_that_is_gone_is_told(pool: SourcePool) -> None:
    track, clip = clip_of(pool, noise(100))
    gone = replace(clip, takes=(replace(clip.take, source="0" * 64),), chosen=clip.take.id)
    with pytest.raises(BadInputError, match="not in the project"):
        cut_of(gone, pool, Work())
    assert isinstance(cut_of(clip, pool, Work()), Cut)
    assert track.clip(clip.id) == clip


@pytest.mark.parametrize("frames", [1, 2, 100])
def test_the_shortest_clips(pool: SourcePool, frames: int) -> None:
    track, clip = clip_of(pool, np.full((frames, 1), 0.25, np.float32))
    found = mend(
        cut_of(clip, pool, Work()),
        pool,
        lambda stretch, work: normalise(stretch, -6.0, work),
        {},
        Work(),
    )
    lay(track, [found], "Normalise", "Peaks")
    assert track.clip(clip.id).duration == frames
    assert np.allclose(heard(track, pool), 10 ** (-6 / 20), atol=1e-6)

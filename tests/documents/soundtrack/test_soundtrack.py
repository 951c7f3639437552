from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.core.errors import BadInputError
from studio.documents.soundtrack import (
    Arrangement,
    Change,
    Clip,
    Fade,
    Soundtrack,
    Take,
    Track,
    effective_fades,
)
from studio.documents.soundtrack.soundtrack import MAX_UNDO
from tests.documents.soundtrack.conftest import known, with_sound


def test_the_document_needs_neither_numpy_nor_sound_libraries() -> None:
    code = (
        "import sys; import studio.documents.soundtrack; "
        "print([m for m in ('numpy', 'soundfile', 'sounddevice', 'soxr', 'scipy', 'PySide6', "
        "'torch', 'sqlite3') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_adding_moving_trimming_and_splitting_never_touch_the_sound() -> None:
    soundtrack, track, source = with_sound(1000)
    clip = soundtrack.add_clip(track, source.sha256, 500)
    assert (soundtrack.clip(clip).start, soundtrack.clip(clip).end) == (500, 1500)
    assert soundtrack.clip(clip).name == "a"
    soundtrack.move_clip(clip, 100)
    soundtrack.trim_clip(clip, start=200, end=900)
    found = soundtrack.clip(clip)
    assert (found.start, found.end, found.offset, found.duration) == (200, 900, 100, 700)
    second = soundtrack.split_clip(clip, 600)
    left, right = soundtrack.clip(clip), soundtrack.clip(second)
    assert (left.start, left.end, left.offset) == (200, 600, 100)
    assert (right.start, right.end, right.offset) == (600, 900, 500)
    soundtrack.trim_clip(clip, start=0)
    assert soundtrack.clip(clip).start == 100, "there is no sound before its beginning"
    soundtrack.trim_clip(second, end=99_999)
    assert soundtrack.clip(second).end == 1100, "nor behind its end"


def test_a_clip_is_split_only_inside() -> None:
    soundtrack, track, source = with_sound()
    clip = soundtrack.add_clip(track, source.sha256, 10)
    for at in (10, 1010, 5):
        with pytest.raises(BadInputError):
            soundtrack.split_clip(clip, at)


def test_trimming_takes_keeps_them_in_step_at_the_beginning() -> None:
    soundtrack, track, source = with_sound(1000)
    longer = known(2000, "b")
    soundtrack.add_source(longer)
    clip = soundtrack.add_clip(track, source.sha256, 0)
    soundtrack.add_take(clip, soundtrack.take(longer.sha256))
    soundtrack.trim_clip(clip, start=300, end=600)
    first, second = soundtrack.clip(clip).takes
    assert (second.offset, second.duration) == (300, 300)
    assert (first.offset, first.duration) == (300, 700), "the end is each take's own"
    soundtrack.choose_take(clip, first.id)
    assert soundtrack.clip(clip).end == 1000


def test_takes_are_added_chosen_and_removed_but_never_the_last() -> None:
    soundtrack, track, source = with_sound(1000)
    clip = soundtrack.add_clip(track, source.sha256, 0)
    first = soundtrack.clip(clip).take
    second = soundtrack.add_take(
        clip, soundtrack.take(source.sha256, offset=10, origin="generated", request="{}")
    )
    assert soundtrack.clip(clip).chosen == second
    assert soundtrack.clip(clip).take.request == "{}"
    soundtrack.remove_take(clip, second)
    assert soundtrack.clip(clip).chosen == first.id
    with pytest.raises(BadInputError):
        soundtrack.remove_take(clip, first.id)
    with pytest.raises(BadInputError):
        soundtrack.choose_take(clip, second)


def test_splitting_leaves_takes_that_do_not_reach_the_second_half_behind() -> None:
    soundtrack, track, source = with_sound(1000)
    clip = soundtrack.add_clip(track, source.sha256, 0)
    soundtrack.add_take(clip, soundtrack.take(source.sha256, duration=100), choose=False)
    second = soundtrack.split_clip(clip, 500)
    assert len(soundtrack.clip(clip).takes) == 2
    assert len(soundtrack.clip(second).takes) == 1


def test_moving_several_keeps_their_distances_at_the_beginning() -> None:
    soundtrack, track, source = with_sound(100)
    other = soundtrack.add_track()
    one = soundtrack.add_clip(track, source.sha256, 50)
    two = soundtrack.add_clip(other, source.sha256, 300)
    soundtrack.move_clips([one, two], -1000)
    assert (soundtrack.clip(one).start, soundtrack.clip(two).start) == (0, 250)
    soundtrack.move_clips([one], 5, other)
    assert soundtrack.track_of(one).id == other


def test_duplicates_have_ids_of_their_own_and_follow() -> None:
    soundtrack, track, source = with_sound(100)
    one = soundtrack.add_clip(track, source.sha256, 50)
    two = soundtrack.add_clip(track, source.sha256, 200)
    copies = soundtrack.duplicate_clips([one, two])
    assert [soundtrack.clip(copy).start for copy in copies] == [300, 450]
    assert len({clip.id for clip in soundtrack.arrangement.clips()}) == 4


def test_unknown_sounds_clips_tracks_and_values_are_refused() -> None:
    soundtrack, track, source = with_sound()
    clip = soundtrack.add_clip(track, source.sha256, 0)
    before = soundtrack.arrangement
    for wrong in (
        lambda: soundtrack.add_clip(track, "f" * 64, 0),
        lambda: soundtrack.add_clip("nowhere", source.sha256, 0),
        lambda: soundtrack.add_clip(track, source.sha256, -1),
        lambda: soundtrack.add_clip(track, source.sha256, 0, offset=1000),
        lambda: soundtrack.set_clip(clip, gain_db=float("nan")),
        lambda: soundtrack.set_clip(clip, gain_db=99.0),
        lambda: soundtrack.set_clip(clip, start=5),
        lambda: soundtrack.set_track(track, pan=2.0),
        lambda: soundtrack.set_track(track, clips=()),
        lambda: soundtrack.remove_clips([clip, "nothing"]),
        lambda: soundtrack.set_loop((5, 5)),
        lambda: soundtrack.add_marker(-3),
        lambda: soundtrack.remove_marker("none"),
        lambda: soundtrack.add_clips(track, [soundtrack.clip(clip)]),
        lambda: soundtrack.replace_arrangement(Arrangement(sampling_rate=44_100), "x"),
    ):
        with pytest.raises(BadInputError):
            wrong()
    assert soundtrack.arrangement is before


def test_undo_and_redo_give_back_the_very_same_arrangement() -> None:
    soundtrack, track, source = with_sound()
    states = [soundtrack.arrangement]
    clip = soundtrack.add_clip(track, source.sha256, 0)
    states.append(soundtrack.arrangement)
    soundtrack.set_clip(clip, fade_in=Fade(10, "smooth"))
    states.append(soundtrack.arrangement)
    assert soundtrack.undo_label == "Fade in"
    soundtrack.undo()
    assert soundtrack.arrangement is states[1]
    assert soundtrack.redo_label == "Fade in"
    soundtrack.undo()
    assert soundtrack.arrangement is states[0]
    soundtrack.redo()
    soundtrack.redo()
    assert soundtrack.arrangement is states[2]
    assert not soundtrack.can_redo


def test_a_drag_is_one_step_and_a_group_is_one_change() -> None:
    soundtrack, track, source = with_sound()
    told: list[Change] = []
    for gain in (-1.0, -2.0, -3.0):
        soundtrack.set_track(track, gain_db=gain, merge="fader")
    soundtrack.undo()
    assert soundtrack.track(track).gain_db == 0.0
    soundtrack.subscribe(told.append)
    with soundtrack.group("Import"):
        new = soundtrack.add_track("New")
        with soundtrack.group("inside"):
            soundtrack.add_clip(new, source.sha256, 5)
    assert [change.label for change in told] == ["Import"]
    assert told[0].tracks == {new} and told[0].order
    soundtrack.undo()
    assert len(soundtrack.tracks) == 1


def test_a_group_that_fails_changes_nothing() -> None:
    soundtrack, track, source = with_sound()
    before = soundtrack.arrangement
    undo = soundtrack.undo_label
    told: list[Change] = []
    soundtrack.subscribe(told.append)
    with pytest.raises(BadInputError), soundtrack.group("Import"):
        soundtrack.add_clip(track, source.sha256, 0)
        soundtrack.add_clip(track, "f" * 64, 0)
    assert soundtrack.arrangement is before
    assert soundtrack.undo_label == undo
    assert told == []


def test_changes_say_what_changed() -> None:
    soundtrack, track, source = with_sound(100)
    told: list[Change] = []
    stop = soundtrack.subscribe(told.append)
    clip = soundtrack.add_clip(track, source.sha256, 50)
    assert told[-1].clips == {clip} and told[-1].span == (50, 150)
    soundtrack.move_clip(clip, 200)
    assert told[-1].span == (50, 300)
    soundtrack.set_track(track, mute=True)
    assert told[-1].tracks == {track} and told[-1].span is None
    assert told[-1].label == "Mute track"
    soundtrack.add_marker(7, "Here")
    assert told[-1].markers and not told[-1].tracks
    soundtrack.set_loop((1, 2))
    assert told[-1].loop
    revision = soundtrack.revision
    soundtrack.set_loop((1, 2))
    assert soundtrack.revision == revision, "what changes nothing is no change"
    generated = soundtrack.take(source.sha256, origin="generated")
    soundtrack.add_take(clip, generated)
    assert told[-1].origin == "generated" and told[-1].take == generated
    stop()
    soundtrack.undo()
    assert told[-1].label == "Add take"


def test_undo_has_an_end() -> None:
    soundtrack, track, _ = with_sound()
    for number in range(MAX_UNDO + 50):
        soundtrack.set_track(track, name=f"N{number}")
    steps = 0
    while soundtrack.can_undo:
        soundtrack.undo()
        steps += 1
    assert steps == MAX_UNDO


def test_overlapping_clips_are_crossfaded_and_contained_ones_are_not() -> None:
    def clip(name: str, start: int, length: int, **more: object) -> Clip:
        take = Take(source="a" * 64, duration=length)
        return Clip(id=name, start=start, takes=(take,), **more)  # type: ignore[arg-type]

    fades = effective_fades(Track(clips=(clip("a", 0, 100), clip("b", 70, 100))))
    assert fades["a"] == (Fade(), Fade(30, "equal_power"))
    assert fades["b"] == (Fade(30, "equal_power"), Fade())
    fades = effective_fades(Track(clips=(clip("a", 0, 100), clip("b", 20, 30))))
    assert fades == {"a": (Fade(), Fade()), "b": (Fade(), Fade())}
    longer = clip("b", 70, 100, fade_in=Fade(50, "steep"))
    fades = effective_fades(Track(clips=(clip("a", 0, 100), longer)))
    assert fades["b"][0] == Fade(50, "steep"), "a longer fade of one's own stays"
    apart = effective_fades(Track(clips=(clip("a", 0, 100), clip("b", 100, 100))))
    assert apart["a"][1] == Fade()


class Editing(RuleBasedStateMachine):
    """Any edits in any order: undo leads back, redo leads forth, clips stay inside their sound."""

    def __init__(self) -> None:
        super().__init__()
        self.soundtrack, self.track, self.source = with_sound(1000)
        self.start = self.soundtrack.arrangement

    def pick(self, number: int) -> str | None:
        clips = list(self.soundtrack.arrangement.clips())
        return clips[number % len(clips)].id if clips else None

    @rule(start=st.integers(0, 5000), offset=st.integers(0, 999), length=st.integers(1, 2000))
    def add(self, start: int, offset: int, length: int) -> None:
        self.soundtrack.add_clip(
            self.track, self.source.sha256, start, offset=offset, duration=length
        )

    @rule(number=st.integers(0, 99), by=st.integers(-3000, 3000))
    def move(self, number: int, by: int) -> None:
        if (clip := self.pick(number)) is not None:
            self.soundtrack.move_clips([clip], by)

    @rule(
        number=st.integers(0, 99),
        start=st.none() | st.integers(-100, 6000),
        end=st.none() | st.integers(-100, 9000),
    )
    def trim(self, number: int, start: int | None, end: int | None) -> None:
        if (clip := self.pick(number)) is not None:
            self.soundtrack.trim_clip(clip, start=start, end=end)

    @rule(number=st.integers(0, 99), at=st.floats(0.01, 0.99))
    def split(self, number: int, at: float) -> None:
        if (clip := self.pick(number)) is not None:
            found = self.soundtrack.clip(clip)
            place = found.start + int(found.duration * at)
            if found.start < place < found.end:
                before = found.duration
                second = self.soundtrack.split_clip(clip, place)
                parts = self.soundtrack.clip(clip), self.soundtrack.clip(second)
                assert parts[0].duration + parts[1].duration == before
                assert parts[1].offset == parts[0].offset + parts[0].duration

    @rule(number=st.integers(0, 99), length=st.integers(0, 3000))
    def fade(self, number: int, length: int) -> None:
        if (clip := self.pick(number)) is not None:
            self.soundtrack.set_clip(clip, fade_in=Fade(length))

    @rule(number=st.integers(0, 99))
    def remove(self, number: int) -> None:
        if (clip := self.pick(number)) is not None:
            self.soundtrack.remove_clips([clip])

    @rule(number=st.integers(0, 99), offset=st.integers(0, 999))
    def take(self, number: int, offset: int) -> None:
        if (clip := self.pick(number)) is not None:
            self.soundtrack.add_take(clip, self.soundtrack.take(self.source.sha256, offset=offset))

    @precondition(lambda self: self.soundtrack.can_undo)
    @rule()
    def undo_and_redo(self) -> None:
        now = self.soundtrack.arrangement
        self.soundtrack.undo()
        self.soundtrack.redo()
        assert self.soundtrack.arrangement is now

    @invariant()
    def clips_lie_inside_their_sound(self) -> None:
        for track in self.soundtrack.tracks:
            assert list(track.clips) == sorted(track.clips, key=lambda c: (c.start, c.id))
            fades = effective_fades(track)
            for clip in track.clips:
                assert clip.start >= 0
                assert 0 <= clip.offset < clip.take.end <= self.source.duration
                assert all(fade.duration <= clip.duration for fade in fades[clip.id])

    def teardown(self) -> None:
        while self.soundtrack.can_undo:
            self.soundtrack.undo()
        assert self.soundtrack.arrangement == Arrangement()


TestEditing = Editing.TestCase
TestEditing.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@given(st.floats(), st.floats())
def test_no_number_makes_an_impossible_track(gain: float, pan: float) -> None:
    soundtrack = Soundtrack()
    track = soundtrack.add_track()
    try:
        soundtrack.set_track(track, gain_db=gain, pan=pan)
    except BadInputError:
        assert soundtrack.track(track).gain_db == 0.0
    else:
        assert -60 <= soundtrack.track(track).gain_db <= 24
        assert -1 <= soundtrack.track(track).pan <= 1

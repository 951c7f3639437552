from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.requests import Capability
from studio.documents.reading import place_of
from studio.documents.soundtrack import Clip, Fade, Soundtrack, Take
from studio.documents.soundtrack.narration import (
    Cast,
    Line,
    SpeakerVoice,
    clip_for,
    line_at,
    line_in_text,
    lines_of,
    place,
    plan,
    position_of,
    speakers_in,
    spoken_line,
)
from tests.documents.soundtrack.conftest import RATE, known
from tests.fakes.lent_voices import kept_voice

TEXT = """# One

It was dark. Ada came in.

Ada: Who is there? I can hear you.
Bob: It is me.

Note: this names nobody.

[Bob]

Only me. Only me.

[Narrator]

He left.

## Two

The end.
"""
CAST = Cast(speakers={"Ada": SpeakerVoice(voice="a"), "Bob": SpeakerVoice(voice="b", speed=1.2)})


def texts(lines: tuple[Line, ...]) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in lines]


def test_sentences_have_the_voice_of_who_speaks_them() -> None:
    lines = lines_of(TEXT, CAST)
    assert texts(lines) == [
        ("", "One"),
        ("", "It was dark."),
        ("", "Ada came in."),
        ("Ada", "Who is there?"),
        ("Ada", "I can hear you."),
        ("Bob", "It is me."),
        ("", "Note: this names nobody."),
        ("Bob", "Only me."),
        ("Bob", "Only me."),
        ("", "He left."),
        ("", "Two"),
        ("", "The end."),
    ]
    assert [line.chapter for line in lines if line.chapter] == ["One", "Two"]
    assert lines[3].voice.voice == "a" and lines[5].voice.speed == 1.2
    assert lines[1].pause_s == CAST.sentence_pause_s
    assert lines[2].pause_s == CAST.paragraph_pause_s
    assert lines[0].pause_s == CAST.heading_pause_s
    for line in lines:
        assert line.text in TEXT[line.start : line.end]


def test_equal_sentences_share_their_sound_and_have_ids_of_their_own() -> None:
    lines = lines_of(TEXT, CAST)
    assert lines[7].key == lines[8].key and lines[7].id != lines[8].id
    assert len({line.id for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("[ada] Hello.", [("Ada", "Hello.")]),
        ("ADA: Hello.", [("Ada", "Hello.")]),
        ("  Ada:\tHello.", [("Ada", "Hello.")]),
        ("Ada:Hello.", [("", "Ada:Hello.")]),
        ("He said: Ada: no.", [("", "He said: Ada: no.")]),
        ("Time: 12:30 now.", [("", "Time: 12:30 now.")]),
        ("[Nobody] Hello.", [("", "[Nobody] Hello.")]),
        ("Narrator: Hello.", [("", "Narrator: Hello.")]),
        ("[Ada]\n\nHi.\n\nBob: Ho.\n\nHa.", [("Ada", "Hi."), ("Bob", "Ho."), ("Ada", "Ha.")]),
        ("* * *", []),
        ("", []),
        ("\n\n \n", []),
    ],
)
def test_who_speaks(text: str, spoken: list[tuple[str, str]]) -> None:
    assert texts(lines_of(text, CAST)) == spoken


def test_a_selection_is_spoken_alone_with_the_voices_of_the_whole() -> None:
    start = TEXT.index("I can hear")
    end = TEXT.index("It is me.") + len("It is me.")
    lines = lines_of(TEXT, CAST, start, end)
    assert texts(lines) == [("Ada", "I can hear you."), ("Bob", "It is me.")]
    assert TEXT[lines[0].start : lines[0].end] == "I can hear you."


def test_names_are_offered_by_how_often_they_speak() -> None:
    text = "Ada: A.\nBob: B.\nAda: C.\nbob: D.\nAnd then, he said: nothing.\n[Eve] x.\n[Eve] y.\n"
    assert speakers_in(text) == ("Ada", "Eve")
    assert "Bob" in speakers_in(text, least=1)


def test_a_request_is_the_same_for_the_same_line() -> None:
    line = lines_of("Ada: Hello there.", CAST)[0]
    request = line.request(5)
    assert request == line.request(5) != line.request(6)
    assert request.capability is Capability.AUDIO_SPEECH
    assert (request.prompt, request.voice) == ("Hello there.", "a")


class Narrated:
    """A narration whose sounds are as long as their texts."""

    def __init__(self) -> None:
        self.soundtrack = Soundtrack()
        self.source = known(100 * RATE)
        self.soundtrack.add_source(self.source)
        self.track = self.soundtrack.add_track("Narration", "speech")
        self.made: list[str] = []

    def take(self, text: str) -> Take:
        return Take(source=self.source.sha256, duration=100 * len(text), origin="generated")

    def narrate(self, text: str, cast: Cast = CAST) -> tuple[Line, ...]:
        lines = lines_of(text, cast)
        todo = plan(lines, self.soundtrack.arrangement, self.track, seed=cast.seed)
        takes = {key: self.take(request.prompt) for key, request in todo.requests}
        self.made = [request.prompt for _, request in todo.requests]
        place(self.soundtrack, self.track, lines, takes)
        return lines

    @property
    def clips(self) -> tuple[Clip, ...]:
        return self.soundtrack.track(self.track).clips

    def spoken(self) -> list[str]:
        return [clip.name for clip in self.clips]


def test_a_narration_follows_the_text_with_pauses_and_chapters() -> None:
    narrated = Narrated()
    lines = narrated.narrate(TEXT)
    assert narrated.spoken() == [line.text for line in lines]
    for line, clip, following in zip(lines, narrated.clips, narrated.clips[1:], strict=False):
        assert following.start - clip.end == round(line.pause_s * RATE)
    markers = narrated.soundtrack.markers
    assert [(marker.name, marker.chapter) for marker in markers] == [("One", True), ("Two", True)]
    assert markers[1].position == narrated.clips[10].start
    assert narrated.soundtrack.undo_label == "Narrate"


def test_only_what_changed_is_made_again() -> None:
    narrated = Narrated()
    narrated.narrate(TEXT)
    assert narrated.made.count("Only me.") == 1
    before = {clip.name: clip for clip in narrated.clips}
    narrated.narrate(TEXT)
    assert narrated.made == []
    assert {clip.name: clip for clip in narrated.clips} == before
    changed = TEXT.replace("It was dark.", "It was bright. And warm.")
    lines = narrated.narrate(changed)
    assert narrated.made == ["It was bright.", "And warm."]
    assert narrated.spoken() == [line.text for line in lines]
    kept = {clip.name: clip for clip in narrated.clips}
    assert kept["The end."].takes == before["The end."].takes
    assert kept["The end."].id == before["The end."].id
    narrated.soundtrack.undo()
    assert {clip.name: clip for clip in narrated.clips} == before


def test_another_voice_makes_only_its_lines_again() -> None:
    narrated = Narrated()
    narrated.narrate(TEXT)
    other = Cast(speakers={"Ada": SpeakerVoice(voice="z"), "Bob": CAST.speakers["Bob"]})
    narrated.narrate(TEXT, other)
    assert narrated.made == ["Who is there?", "I can hear you."]
    assert len(narrated.clips) == 12


def test_what_the_user_did_to_a_line_stays_with_it() -> None:
    narrated = Narrated()
    narrated.narrate(TEXT)
    clip = narrated.clips[3]
    narrated.soundtrack.set_clip(clip.id, gain_db=-4.0, fade_in=Fade(10))
    narrated.soundtrack.move_clips([each.id for each in narrated.clips[4:]], RATE)
    gap = narrated.clips[4].start - narrated.clips[3].end
    own = narrated.soundtrack.add_clip(narrated.track, narrated.source.sha256, 90 * RATE)
    narrated.narrate("A new beginning.\n\n" + TEXT)
    found = narrated.soundtrack.clip(clip.id)
    assert found.gain_db == -4.0 and found.fade_in == Fade(10)
    after = [each for each in narrated.clips if each.start >= found.end]
    assert after[0].start - found.end == gap
    assert narrated.soundtrack.clip(own).start == 90 * RATE


def test_lines_that_moved_keep_their_sound_and_lines_that_are_gone_go() -> None:
    narrated = Narrated()
    narrated.narrate("One here. Two here.\n\nThree here.")
    narrated.narrate("Three here.\n\nOne here. One here.")
    assert narrated.made == []
    assert narrated.spoken() == ["Three here.", "One here.", "One here."]
    assert len({clip.id for clip in narrated.clips}) == 3
    narrated.narrate("")
    assert narrated.clips == ()


def test_a_narration_grows_as_sentences_come_and_is_one_step() -> None:
    narrated = Narrated()
    lines = lines_of(TEXT, CAST)
    todo = plan(lines, narrated.soundtrack.arrangement, narrated.track)
    assert len(todo.requests) == 11 and todo.kept == 0
    assert todo.characters == sum(len(request.prompt) for _, request in todo.requests)
    takes: dict[str, Take] = {}
    for key, request in reversed(todo.requests):
        takes[key] = narrated.take(request.prompt)
        place(narrated.soundtrack, narrated.track, lines, {key: takes[key]}, merge="run 1")
    assert narrated.spoken() == [line.text for line in lines]
    left = plan(lines, narrated.soundtrack.arrangement, narrated.track)
    assert left.requests == () and left.kept == 12 and left.gone == 0
    narrated.soundtrack.undo()
    assert narrated.clips == ()


def test_another_take_of_a_line_is_added_to_its_clip() -> None:
    narrated = Narrated()
    lines = narrated.narrate("Hello there.")
    new = narrated.take("Hello again, longer.")
    place(narrated.soundtrack, narrated.track, lines, {lines[0].key: new})
    (clip,) = narrated.clips
    assert len(clip.takes) == 2 and clip.chosen == new.id
    place(narrated.soundtrack, narrated.track, lines, {lines[0].key: new})
    assert len(narrated.clips[0].takes) == 2


def test_headings_may_stay_silent_and_still_begin_chapters() -> None:
    narrated = Narrated()
    quiet = Cast(speakers=CAST.speakers, speak_headings=False)
    narrated.narrate(TEXT, quiet)
    assert "One" not in narrated.spoken()
    assert [marker.name for marker in narrated.soundtrack.markers] == ["One", "Two"]
    assert narrated.soundtrack.markers[1].position == narrated.clips[-1].start


def test_the_line_being_spoken_and_its_place_are_found_both_ways() -> None:
    narrated = Narrated()
    lines = narrated.narrate(TEXT)
    arrangement = narrated.soundtrack.arrangement
    for line, clip in zip(lines, narrated.clips, strict=True):
        assert line_at(arrangement, narrated.track, lines, clip.start) == line
        assert line_at(arrangement, narrated.track, lines, clip.end - 1) == line
        assert line_at(arrangement, narrated.track, lines, clip.end) is None
        assert position_of(arrangement, narrated.track, line) == clip.start
        assert line_in_text(lines, line.start + 1) == line
    assert line_in_text((), 5) is None
    later = lines_of("Something else.\n\n" + TEXT, CAST)
    found = line_at(arrangement, narrated.track, later, narrated.clips[2].start)
    assert found is not None and found.text == "Ada came in.", "where it stands in the new text"
    with pytest.raises(BadInputError):
        line_at(arrangement, "no track", lines, 0)


def test_a_long_book_is_cut_into_lines_and_laid_out() -> None:
    text = TEXT * 2000
    assert len(text.split()) > 70_000
    narrated = Narrated()
    lines = narrated.narrate(text)
    assert len(lines) == 24_000 == len(narrated.clips)
    assert len(narrated.made) == 11


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from("ab. !?:\n#[]AdaBob😀日"),
        max_size=200,
    )
)
def test_any_text_gives_lines_in_order_inside_it(text: str) -> None:
    lines = lines_of(text, CAST)
    assert len({line.id for line in lines}) == len(lines)
    for line, following in itertools.pairwise(lines):
        assert line.end <= following.start
    for line in lines:
        assert 0 <= line.start < line.end <= len(text)
        assert line.text in text[line.start : line.end]
        assert line.request().prompt.strip()


def test_a_lent_voice_is_part_of_a_lines_key_and_its_request() -> None:
    text = "The lamp is lit."
    plain = lines_of(text, Cast())[0]
    lent = lines_of(text, Cast(narrator=SpeakerVoice(kept_voice=kept_voice())))[0]
    other = lines_of(text, Cast(narrator=SpeakerVoice(kept_voice=kept_voice(id="2b"))))[0]
    assert len({plain.key, lent.key, other.key}) == 3
    assert lent.request().kept_voice == kept_voice() and plain.request().kept_voice is None


def test_lines_are_kept_in_their_project_and_not_filed_in_the_library() -> None:
    assert all(line.request().transient for line in lines_of(TEXT, CAST) if line.spoken)


def test_lines_without_a_lent_voice_keep_the_key_they_had() -> None:
    """Else every narration made before there were lent voices would be spoken anew."""
    (line,) = lines_of("The lamp is lit.", Cast(narrator=SpeakerVoice(voice="heart")))
    assert line.key == "b2aa65d238414e34c51fe880"


def narrated(text: str) -> tuple[Soundtrack, str]:
    """Return a document in which a text with the id "t" is narrated, and the track."""
    soundtrack = Soundtrack()
    track = soundtrack.add_track("Narration", "speech")
    lines = lines_of(text, CAST)
    takes = {}
    for number, line in enumerate(lines):
        source = known(RATE, name=f"{number:x}")
        soundtrack.add_source(source)
        takes[line.key] = soundtrack.take(source.sha256)
    place(soundtrack, track, lines, takes, text_id="t")
    return soundtrack, track


def test_a_clip_says_which_sentence_of_which_text_it_speaks() -> None:
    soundtrack, track = narrated(TEXT)
    clips = soundtrack.track(track).clips
    for clip, line in zip(clips, lines_of(TEXT, CAST), strict=True):
        found = spoken_line(soundtrack.track(track), clip)
        assert found is not None and found[0] == "t" and found[1].text == line.text
        at = place_of(found[1], TEXT)
        assert at is not None and at[0] >= line.start and at[1] <= line.end
    split = soundtrack.split_clip(clips[3].id, clips[3].start + 100)
    halves = [soundtrack.clip(clips[3].id), soundtrack.clip(split)]
    one, other = (spoken_line(soundtrack.track(track), half) for half in halves)
    assert one == other
    other_clip = soundtrack.add_clip(track, known(RATE, name="0").sha256, 10**9)
    assert spoken_line(soundtrack.track(track), soundtrack.clip(other_clip)) is None


def test_a_place_in_the_text_has_its_clip_also_after_edits() -> None:
    soundtrack, track = narrated(TEXT)
    clips = soundtrack.track(track).clips

    def at(text: str, words: str, number: int = 0) -> str:
        offset = -1
        for _ in range(number + 1):
            offset = text.index(words, offset + 1)
        found = clip_for(soundtrack.arrangement, "t", text, offset)
        return clips[[clip.id for clip in clips].index(found.id)].name if found else ""

    assert at(TEXT, "Who is there?") == "Who is there?"
    assert at(TEXT, "came in") == "Ada came in."
    assert at(TEXT, "One") == "One" and at(TEXT, "Two") == "Two"
    first, second = (
        clip_for(soundtrack.arrangement, "t", TEXT, offset)
        for offset in (TEXT.index("Only me."), TEXT.rindex("Only me."))
    )
    assert first is not None and second is not None and first.start < second.start
    edited = TEXT.replace("Ada came in.", "Nobody came in.")
    assert at(edited, "Nobody") == "Who is there?", "the next one that was spoken"
    assert clip_for(soundtrack.arrangement, "other", TEXT, 0) is None
    assert clip_for(soundtrack.arrangement, "t", TEXT, len(TEXT)) is None
    soundtrack.set_track(track, mute=True)
    assert clip_for(soundtrack.arrangement, "t", TEXT, 0) is None

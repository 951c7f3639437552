from __future__ import annotations

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.artifacts import Segment, TranscriptArtifact, Word
from studio.core.inputs import InputRef
from studio.core.languages import LANGUAGES, find_language, language_name
from studio.core.requests import TranscribeRequest
from studio.core.transcripts import FORMATS, LINE_LENGTH, LINES, cues, to_srt, to_text, to_vtt

REQUEST = TranscribeRequest(audio=InputRef(sha256="0" * 64, media_type="audio/flac"))
LONG = (
    "The lighthouse keeper lit the lamp at dusk, and the sea answered with a slow, silver song "
    "that nobody but the gulls and he himself had ever heard."
)


def transcript(*segments: Segment) -> TranscriptArtifact:
    return TranscriptArtifact(
        request=REQUEST,
        model="tiny",
        backend="test",
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        language="en",
    )


def spoken(text: str, start_s: float, word_s: float = 0.3) -> Segment:
    """A segment whose words follow one another evenly."""
    words = tuple(
        Word(
            start_s=start_s + index * word_s,
            end_s=start_s + (index + 1) * word_s,
            text=word,
            probability=0.9,
        )
        for index, word in enumerate(text.split())
    )
    return Segment(start_s=start_s, end_s=words[-1].end_s, text=text, words=words)


def test_plain_text_has_a_paragraph_for_each_long_silence() -> None:
    said = transcript(
        Segment(start_s=0, end_s=1, text="One."),
        Segment(start_s=1.2, end_s=2, text="Two."),
        Segment(start_s=9, end_s=10, text="Three."),
    )
    assert to_text(said) == "One. Two.\n\nThree.\n"
    assert to_text(transcript()) == "\n"


def test_srt() -> None:
    said = transcript(spoken("Hello there.", 0.5), spoken("Good night.", 3661.25))
    assert to_srt(said) == (
        "1\n00:00:00,500 --> 00:00:01,300\nHello there.\n"
        "\n"
        "2\n01:01:01,250 --> 01:01:02,050\nGood night.\n"
    )
    assert to_srt(transcript()) == ""


def test_vtt() -> None:
    said = transcript(spoken("Tom & <Jerry>", 1.0, 0.5))
    assert to_vtt(said) == ("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nTom &amp; &lt;Jerry&gt;\n")
    assert to_vtt(transcript()) == "WEBVTT\n"


def test_json_holds_every_word_with_its_times() -> None:
    plain = json.loads(FORMATS["json"](transcript(spoken("Hello there.", 1.0))))
    assert plain["language"] == "en"
    assert plain["segments"][0]["words"][1] == {
        "start_s": 1.3,
        "end_s": 1.6,
        "text": "there.",
        "probability": 0.9,
    }


def test_a_long_sentence_becomes_several_cues_at_the_times_of_its_words() -> None:
    segment = spoken(LONG, 10.0)
    found = cues([segment])
    assert len(found) == 2
    assert " ".join(cue.text.replace("\n", " ") for cue in found) == LONG
    for cue in found:
        lines = cue.text.split("\n")
        assert len(lines) <= LINES
        assert max(map(len, lines)) <= LINE_LENGTH
        first = cue.text.split()[0]
        assert any(
            word.text == first and word.start_s == pytest.approx(cue.start_s)
            for word in segment.words
        )


def test_without_word_times_they_are_guessed_from_the_lengths() -> None:
    found = cues([Segment(start_s=0, end_s=14, text=LONG)])
    assert found[0].start_s == 0
    assert found[-1].end_s == pytest.approx(14)
    assert len(found) == 3, "no cue is longer than seven seconds, and none is left with a word"
    assert min(len(cue.text) for cue in found) > 30


def test_a_language_without_spaces() -> None:
    text = "灯台守は夕暮れに灯をともした。" * 10
    found = cues([Segment(start_s=0, end_s=30, text=text)])
    assert "".join(cue.text.replace("\n", "").replace(" ", "") for cue in found) == text
    assert max(len(line) for cue in found for line in cue.text.split("\n")) <= LINE_LENGTH
    words = tuple(
        Word(start_s=index / 10, end_s=(index + 1) / 10, text=sign)
        for index, sign in enumerate("灯台守は")
    )
    timed = cues([Segment(start_s=0, end_s=0.4, text="灯台守は", words=words)])
    assert [cue.text for cue in timed] == ["灯台守は"]


def test_a_short_word_is_shown_long_enough_but_not_over_the_next() -> None:
    alone = cues([spoken("Oh!", 1.0, 0.1)])
    assert alone[0].end_s - alone[0].start_s == pytest.approx(0.8)
    close = cues([spoken("Oh!", 1.0, 0.1), spoken("No!", 1.3, 0.1)])
    assert close[0].end_s == pytest.approx(1.3)


_WORDS = st.lists(st.text(alphabet="abc.,é日", min_size=1, max_size=60), min_size=1, max_size=40)


@given(_WORDS, st.floats(0, 5000), st.floats(0.01, 3))
def test_whatever_was_said_is_in_the_subtitles_in_order(
    words: list[str], start_s: float, word_s: float
) -> None:
    text = " ".join(words)
    said = transcript(spoken(text, start_s, word_s), spoken(text, start_s + 9000, word_s))
    found = cues(said.segments)
    shown = "".join("".join(cue.text.split()) for cue in found)
    assert shown == "".join((text + text).split())
    assert all(cue.end_s >= cue.start_s for cue in found)
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in itertools.pairwise(found))
    clocks = re.findall(r"\d\d+:[0-5]\d:[0-5]\d,\d{3}", to_srt(said))
    assert len(clocks) == 2 * len(found)


def test_languages_by_code_tag_and_name() -> None:
    assert len(LANGUAGES) == 100
    for wanted, code in (("de", "de"), ("en-GB", "en"), ("pt_BR", "pt"), (" German ", "de")):
        assert find_language(wanted) == code
    assert find_language("xx") == find_language("") == ""
    assert language_name("de") == "German"
    assert language_name("tlh") == "TLH"

"""Finding a spoken sentence again in a text that may be another since."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.reading import SpokenLine, lines_from, place_of
from studio.documents.soundtrack.manuscript_lines import Cast, SpeakerVoice, lines_of

CAST = Cast(speakers={"Ada": SpeakerVoice(), "Bob": SpeakerVoice()})
TEXT = """# One

It was dark. “Yes.” Ada came in. Yes.

Ada: Who is there? Yes.
Bob: It is me.

[Bob]

Only me. Only me.

## Two ##

He said: go on. The end.
"""


def spoken(text: str) -> list[SpokenLine]:
    words = [line.text for line in lines_of(text, CAST)]
    return [
        SpokenLine(
            words[at],
            tuple(words[max(0, at - 3) : at]),
            tuple(words[at + 1 : at + 4]),
            words[:at].count(words[at]),
        )
        for at in range(len(words))
    ]


def test_every_line_is_found_where_it_stands() -> None:
    for line, where in zip(spoken(TEXT), lines_of(TEXT, CAST), strict=True):
        found = place_of(line, TEXT)
        assert found is not None and TEXT[slice(*found)] == where.text
        assert found[1] == TEXT.index(where.text, where.start) + len(where.text)


def test_it_moves_along_with_edits_elsewhere() -> None:
    lines = spoken(TEXT)
    later = "A new beginning, of many words. And more.\n\n" + TEXT.replace("Ada came in.", "")
    for line in lines:
        found = place_of(line, later)
        if line.text == "Ada came in.":
            assert found is None
        else:
            assert found is not None and later[slice(*found)] == line.text


@pytest.mark.parametrize(
    "changed",
    [
        "It was very dark.",
        "It was dark, and cold.",
        "Today it was dark.",
        "Once more: so It was dark.",
        "it was dark.",
        "",
    ],
)
def test_a_changed_sentence_is_not_found(changed: str) -> None:
    text = TEXT.replace("It was dark.", changed)
    assert place_of(spoken(TEXT)[1], text) is None


def test_a_sentence_inside_another_is_none() -> None:
    line = SpokenLine("Come in.")
    assert place_of(line, "He cried: Do Come in. Then he left.") is None
    assert place_of(line, "He left. Come in. Now.") == (9, 17)
    assert place_of(line, "Ada: Come in.") == (5, 13)
    assert place_of(line, "# Come in.\n\nText.") == (2, 10)
    assert place_of(SpokenLine(""), "Text.") is None and place_of(line, "") is None


def test_of_equal_sentences_it_is_the_one_with_the_same_neighbours() -> None:
    text = "No. First. No. Second. No. Third."
    lines = spoken(text)
    for line, at in zip([lines[0], lines[2], lines[4]], (0, 11, 23), strict=True):
        assert place_of(line, text) == (at, at + 3)
    shorter = text.replace("No. First. ", "")
    assert place_of(lines[2], shorter) == (0, 3)
    assert place_of(lines[4], shorter) == (12, 15)


def test_lines_after_a_place_come_with_and_without_what_is_not_spoken() -> None:
    words = [words for _, words in lines_from(TEXT, TEXT.index("Who is"))]
    assert "Who is there?" in words and "Only me." in words and "Two" in words
    assert "It was dark." not in words
    for start, words in lines_from(TEXT, 0):
        assert TEXT.startswith(words, start)
    assert list(lines_from(TEXT, len(TEXT))) == []


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab.!? \n#[]:A“”…", max_size=80), st.integers(0, 80))
def test_nothing_odd_breaks_it_and_what_is_found_says_the_words(text: str, offset: int) -> None:
    for start, words in lines_from(text, min(offset, len(text))):
        assert text.startswith(words, start)
    for line in spoken(text):
        found = place_of(line, text)
        assert found is None or text[slice(*found)] == line.text


def test_a_long_text_is_no_matter() -> None:
    dice = random.Random(1)
    words = ["".join(dice.choices("abcdefghij", k=5)) for _ in range(300)]
    sentences = [" ".join(dice.choices(words, k=10)).capitalize() + "." for _ in range(10_000)]
    text = " ".join(sentences)  # one paragraph of 100,000 words
    line = SpokenLine(sentences[7000], tuple(sentences[6997:7000]), tuple(sentences[7001:7004]))
    tries = []
    for _ in range(5):
        began = time.perf_counter()
        assert place_of(line, text) is not None
        tries.append(time.perf_counter() - began)
    assert min(tries) < 0.05

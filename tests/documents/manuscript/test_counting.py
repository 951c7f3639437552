"""Words and sentences as a writer counts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.documents.manuscript.counting import Counts, WordCount, count, count_words, sentences


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("  \n ", 0),
        ("one two", 2),
        ("don’t stop", 2),
        ("well-known word—dash", 3),
        ("3.5 of 10", 3),
        ("— … !", 0),
        ("日本語", 3),
        ("naïve café", 2),
        ("😀 smile", 1),
    ],
)
def test_words(text: str, words: int) -> None:
    assert count_words(text) == words


def test_sentences_end_with_their_marks_and_quotes() -> None:
    text = "He left. “Why?” she asked.  3.5 is a number.\n\nA heading\n\nLast one"
    found = [text[a:b] for a, b in sentences(text)]
    assert found == [
        "He left.",
        "“Why?”",
        "she asked.",
        "3.5 is a number.",
        "A heading",
        "Last one",
    ]
    assert count("One. Two.") == Counts(2, 9, 2)


TEXTS = st.text(alphabet="ab-’. \n日😀", max_size=40)


@given(TEXTS, st.data())
def test_a_followed_count_equals_a_fresh_one(text: str, data: st.DataObject) -> None:
    counter = WordCount(text)
    for _ in range(4):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        words = data.draw(TEXTS)
        after = text[:start] + words + text[end:]
        counter.replaced(text, after, start, end - start, len(words))
        text = after
        assert counter.words == count_words(text)

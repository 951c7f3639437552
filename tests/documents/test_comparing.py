"""Comparing never invents or loses a letter, and stays small however long the texts are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.comparing import MOST_SHOWN, Comparison, compare

TEXTS = st.lists(
    st.sampled_from(["the lamp", " ", "\n", "gone", "灯台", ", ", "\n\n", "a", "e\u0301", "🏮"])
).map("".join)


def parts(found: Comparison, *kinds: str) -> str:
    return "".join(piece.text for piece in found.pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_the_comparison(then: str, now: str) -> None:
    found = compare(then, now)
    assert parts(found, "same", "then") == then
    assert parts(found, "same", "now") == now
    assert found.same == (then == now)


def test_words_are_marked_not_whole_lines() -> None:
    found = compare("three nights before, and said nothing", "a week before, and said nothing")
    assert [(piece.kind, piece.text) for piece in found.pieces] == [
        ("then", "three nights"),
        ("now", "a week"),
        ("same", " before, and said nothing"),
    ]
    assert (found.words_then, found.words_now) == (2, 2)


def test_a_line_that_came_stands_alone() -> None:
    found = compare("one\nthree\n", "one\ntwo\nthree\n")
    assert [(piece.kind, piece.text) for piece in found.pieces] == [
        ("same", "one\n"),
        ("now", "two\n"),
        ("same", "three\n"),
    ]


def test_of_a_book_only_what_is_near_a_change_is_shown() -> None:
    book = "\n".join(f"Line {number} of a long book about lamps." for number in range(20_000))
    changed = book.replace("Line 9000 of", "Line nine thousand of")
    found = compare(book, changed)
    assert [piece.kind for piece in found.pieces] == ["gap", "same", "then", "now", "same", "gap"]
    assert sum(len(piece.text) for piece in found.pieces) < 5000
    assert sum(piece.words for piece in found.pieces if piece.kind == "gap") > 150_000


def test_even_a_book_that_is_gone_is_cut() -> None:
    found = compare("word " * 100_000, "")
    assert sum(len(piece.text) for piece in found.pieces) == MOST_SHOWN
    assert found.pieces[-1].kind == "gap"
    assert found.words_then == 100_000

"""Text crosses between editor and project without surprises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.manuscript.text_units import (
    common_ends,
    for_editor,
    from_editor,
    part_of,
    to_code_points,
    to_utf16,
    utf16_length,
)

ANY = st.text(st.characters(codec=None, categories=None), max_size=40)


@given(ANY)
def test_foreign_text_is_made_plain_and_stays_so(text: str) -> None:
    clean = for_editor(text)
    clean.encode("utf-8")
    assert "\r" not in clean and "\u2029" not in clean and "\x00" not in clean
    assert for_editor(clean) == clean
    assert from_editor(clean) == clean


def test_marks_of_the_editor_become_line_ends_and_spaces_stay() -> None:
    assert from_editor("a\u2029b\u2028c\u00a0d") == "a\nb\nc\u00a0d"
    assert from_editor("x\ud83dy") == "x\ufffdy"
    assert for_editor("a\r\nb\rc") == "a\nb\nc"


@given(st.text("a😀é", max_size=20), st.integers(0, 20))
def test_units(text: str, place: int) -> None:
    position = min(place, len(text))
    assert utf16_length(text) == sum(2 if c > "\uffff" else 1 for c in text)
    assert to_code_points(text, to_utf16(text, position)) == position


def test_a_part_between_positions_of_an_editor() -> None:
    assert part_of("abcd", 1, 3) == "bc"
    assert part_of("a😀b", 1, 3) == "😀"
    assert part_of("a😀b", 2, 4) == "b", "half a pair is left out"


def test_what_two_texts_share_at_their_ends() -> None:
    assert common_ends("abxcd", "abyycd") == (2, 2)
    assert common_ends("aaa", "aa") == (2, 0)
    assert common_ends("", "abc") == (0, 0)
    assert common_ends("abc", "abc") == (3, 0)

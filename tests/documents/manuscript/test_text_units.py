"""Text crosses between editor and project without surprises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.manuscript.text_units import (
    for_editor,
    from_editor,
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

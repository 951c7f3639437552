"""What a model is shown of a manuscript, and how its words join those around them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.manuscript.context import (
    CHARACTERS_PER_TOKEN,
    first_joint,
    last_joint,
    surroundings,
)


def test_a_short_text_is_shown_whole() -> None:
    found = surroundings("Before. After.", 7, 7, 8192)
    assert (found.prefix, found.suffix, found.cut) == ("Before.", " After.", False)


def test_white_space_at_the_cursor_is_not_shown() -> None:
    assert surroundings("Before. ", 8, 8, 8192).prefix == "Before."
    assert surroundings("Line.\n\n", 7, 7, 8192).prefix == "Line.\n\n"
    assert surroundings("Before.\n \n", 7, 7, 8192).suffix == ""


def test_a_long_text_is_cut_at_sentences_and_says_so() -> None:
    text = "One sentence here. " * 4000
    found = surroundings(text, 40_000, 40_000, 1000)
    assert found.cut
    assert found.prefix.startswith("One sentence")
    assert text[:40_000].rstrip().endswith(found.prefix)
    assert text[40_000:].startswith(found.suffix)
    assert found.suffix.rstrip().endswith("here.")


@given(st.text("ab. \n", max_size=300), st.data())
def test_what_is_shown_stands_around_the_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    length = data.draw(st.integers(1, 30))
    found = surroundings(text, start, end, length)
    assert text[:start].rstrip(" \t").endswith(found.prefix)
    assert text[end:].startswith(found.suffix)
    assert len(found.prefix) + len(found.suffix) <= length * CHARACTERS_PER_TOKEN
    assert found.cut or found.prefix == text[:start].rstrip(" \t")


def test_sentences_do_not_touch() -> None:
    assert first_joint("He left.", "She stayed.") == " She stayed."
    assert first_joint("He left. ", " She stayed.") == "She stayed."
    assert first_joint("He left.\n", "\n\nShe stayed.") == "She stayed."
    assert first_joint("lightho", "use") == "use"
    assert first_joint("He said, “No.”", "She left.") == " She left."
    assert first_joint("", "  Start") == "Start"


def test_the_end_joins_what_follows() -> None:
    assert last_joint("He left.", "She stayed.") == "He left. "
    assert last_joint("He left. ", " She stayed.") == "He left."
    assert last_joint("He left. \n", "") == "He left."
    assert last_joint("He left", ", and she stayed.") == "He left"

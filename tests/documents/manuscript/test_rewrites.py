"""Ready instructions, and answers without what models put around them."""

from __future__ import annotations

import pytest

from studio.core.paths import assets
from studio.core.requests import Role
from studio.documents.manuscript.rewrites import load_catalogue, opening_of, room_for, tidied


def test_the_catalogue_has_what_the_menu_promises() -> None:
    catalogue = load_catalogue()
    ids = {rewrite.id for rewrite in catalogue.rewrites}
    assert {
        "shorten",
        "expand",
        "summarise",
        "translate",
        "tone",
        "grammar",
        "code",
        "explain",
    } == ids
    for rewrite in catalogue.rewrites:
        told = rewrite.told("German")
        assert told and "{" not in told
        assert (assets() / "icons" / "lucide" / f"{rewrite.icon}.svg").exists()
    assert catalogue.get("translate").label("German") == "Translate to German"
    assert catalogue.get("tone").label("warmer") == "Change tone: warmer"
    with pytest.raises(KeyError):
        catalogue.get("sing")


def test_more_of_a_kind_is_asked_with_the_chosen_one_as_the_answer() -> None:
    messages = load_catalogue().more("Shorten it.", " A long text. ", "Short.")
    assert [m.role for m in messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert messages[1].content == "Shorten it.\n\nA long text."
    assert messages[2].content == "Short."


def test_a_direction_is_asked_with_the_newest_text() -> None:
    messages = load_catalogue().guided("x" * 50_000 + " the end", "It rains.")
    assert [m.role for m in messages] == [Role.SYSTEM, Role.USER]
    assert "It rains." in messages[1].content and "the end" in messages[1].content
    assert len(messages[1].content) < 8000


@pytest.mark.parametrize(
    ("source", "written", "wanted"),
    [
        ("A b.", "“A c.”", "A c."),
        ("“A b.”", "“A c.”", "“A c.”"),
        ("A b.", "Here is the shortened text:\n\nA c.", "A c."),
        ("A b.", "The corrected sentence is:\n\nA c.", "A c."),
        (
            "The corrected text lay there: old.",
            "The corrected text lay there.",
            "The corrected text lay there.",
        ),
        ("A b.", "Sure! Here's a version:\nA c.", "A c."),
        ("  A b.\n", "A c.", "  A c.\n"),
        ("A b.", "```python\nprint(1)\n```", "print(1)"),
        ("A b.", "   ", ""),
        ("A b.", "“One,” he said. “Two.”", "“One,” he said. “Two.”"),
    ],
)
def test_answers_are_tidied(source: str, written: str, wanted: str) -> None:
    assert tidied(source, written) == wanted


def test_openings_are_a_sentence_or_a_few_words() -> None:
    assert opening_of("He left. She stayed.") == "He left."
    assert opening_of(" one two three four five six seven eight nine ten eleven twelve").endswith(
        "ten"
    )
    assert opening_of("short") == "short"


def test_room_grows_with_the_text() -> None:
    assert room_for("", 1.0) == 64
    assert room_for("x" * 3000, 2.0) > 2000

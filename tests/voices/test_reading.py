from __future__ import annotations

from datetime import date

import pytest

from studio.core.errors import BadInputError
from studio.voices.hearing import words_of
from studio.voices.reading import CONSENT, SENTENCES, WORDS, drawn, new_reading, speaker_name

DAY = date(2026, 11, 22)


def test_the_text_says_who_allows_what_and_when_with_words_of_its_own() -> None:
    reading = new_reading("  Ada   Byron ", DAY, lambda pool, count: tuple(pool[:count]))
    assert reading.name == "Ada Byron"
    assert reading.text == (
        "My name is Ada Byron. I allow my voice to be cloned on this computer with Triptych. "
        "Today is the 22nd of November 2026. "
        "The words of this reading are anchor, apple, basket and blanket. "
        f"{SENTENCES[0]} {SENTENCES[1]}"
    )
    assert (reading.day, reading.day_words) == ("2026-11-22", "22nd November 2026")
    assert reading.words == ("anchor", "apple", "basket", "blanket")


def test_no_two_readings_are_alike() -> None:
    texts = {new_reading("Ada", DAY).text for _ in range(50)}
    assert len(texts) == 50
    assert len(set(drawn(WORDS, 4))) == 4


def test_every_reading_is_four_to_six_sentences_and_about_twenty_seconds() -> None:
    for _ in range(20):
        text = new_reading("Ada Byron", DAY).text
        assert 4 <= text.count(".") + text.count("?") <= 6
        assert 12 <= len(words_of(text)) / 2.7 <= 27  # two to three words a second, read aloud


def test_a_drawn_word_is_nowhere_else_in_the_text() -> None:
    """Else it could be heard without having been read."""
    rest = set(words_of(" ".join((*SENTENCES, CONSENT, new_reading("Ada", DAY).text[:90]))))
    assert len(set(WORDS)) == len(WORDS)
    assert not rest & set(WORDS)
    assert words_of(" ".join(WORDS)) == list(WORDS)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
        (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"),
    ],
)  # fmt: skip
def test_days_are_written_as_they_are_said(day: int, said: str) -> None:
    assert f"the {said} of January 2027." in new_reading("Ada", date(2027, 1, day)).text


@pytest.mark.parametrize(
    "name", ["", "  ", "A", "A1", "Ada\u202e", "x" * 61, "Ada\x07", "@da", "…"]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadInputError):
        speaker_name(name)


@pytest.mark.parametrize("name", ["Siobhán O'Brien-Nowak", "李明", "Martin Luther King Jr.", "Åsa"])
def test_names_of_the_world(name: str) -> None:
    assert speaker_name(name) == name

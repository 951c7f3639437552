from __future__ import annotations

from datetime import date

import pytest

from studio.voices.hearing import compared, words_of
from studio.voices.reading import SENTENCES, Reading, new_reading

DAY = date(2026, 11, 22)
DRAWN = ("window", "copper", "garden", "violin")


def reading(name: str = "Ada Byron", day: date = DAY) -> Reading:
    return new_reading(name, day, lambda pool, count: DRAWN if count == 4 else SENTENCES[:2])


SHOWN = reading().text


def test_what_was_read_is_taken() -> None:
    hearing = compared(reading(), SHOWN)
    assert hearing.problems == ()
    assert hearing.word_errors == 0


@pytest.mark.parametrize(
    "said",
    [
        "twenty second of november twenty twenty six",
        "22 November, two thousand and twenty-six",
        "the 22nd of November 2026",
        "November 22nd, 2026",
        "November the twenty-second, two thousand twenty-six",
    ],
)
def test_a_date_may_be_written_as_a_listener_likes(said: str) -> None:
    heard = SHOWN.replace("22nd of November 2026", said)
    assert compared(reading(), heard).problems == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Twenty twenty-six.", ["2026"]),
        ("nineteen ninety", ["19", "ninety"]),
        ("nineteen eighteen", ["1918"]),
        ("the thirty-first of May 2030", ["the", "31", "of", "may", "2030"]),
        ("two thousand and one", ["2001"]),
        ("a thousand and one", ["a", "thousand", "and", "1"]),
        ("three and four", ["3", "and", "4"]),
        ("It’s Ada's café", ["it", "ada", "cafe"]),
        ("", []),
    ],
)
def test_words_are_brought_to_one_form(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_small_slips_are_forgiven_and_large_ones_are_not() -> None:
    heard = SHOWN.replace("blue cheese", "new cheese").replace("quick boat", "big boat")
    hearing = compared(reading(), heard)
    assert 0 < hearing.word_errors < 0.05 and hearing.problems == ()
    short = SHOWN[: SHOWN.index("The quick")]
    (problem,) = compared(reading(), short).problems
    assert "differs too much" in problem


@pytest.mark.parametrize("word", [*DRAWN, "cloned", "allow", "November"])
def test_what_must_be_heard_is_named_when_it_is_not(word: str) -> None:
    hearing = compared(reading(), SHOWN.replace(word, "mumble", 1))
    assert hearing.missing == (word.lower(),)
    assert hearing.problems == (f"Not heard: “{word.lower()}”.",)


def test_the_reading_of_another_day_is_not_taken() -> None:
    hearing = compared(reading(), reading(day=date(2025, 10, 21)).text)
    assert hearing.missing == ("22", "november", "2026")


@pytest.mark.parametrize(
    "heard",
    [
        SHOWN.replace("I allow", "I do not allow"),
        SHOWN.replace("I allow", "I don’t allow"),
        SHOWN.replace("I allow", "I never allow"),
        SHOWN.replace("My name is", "No. My name is"),
    ],
)
def test_a_no_is_a_no(heard: str) -> None:
    assert any(
        "which the text does not say" in text for text in compared(reading(), heard).problems
    )


def test_the_consent_is_heard_as_it_stands() -> None:
    heard = SHOWN.replace("my voice to be cloned", "my voice perhaps to be cloned")
    assert compared(reading(), heard).problems == (
        "“I allow my voice to be cloned” was not heard as it stands.",
    )


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("Ada Byron", "Ada Biron"),
        ("Siobhán O'Brien-Nowak", "Siobhan O'Brien-Noac"),
        ("Maximilian Schröder", "Maximilian Shorter"),
        ("Nguyen Thi Lan", "Enai Enthai Lan"),
        ("Kwame Nkrumah-Ofori", "Quam and Creuma Afori"),
        ("李明", "Lee Ming"),
    ],
)
def test_a_name_may_be_spelt_as_it_sounds(name: str, heard: str) -> None:
    """What the listening models wrote for names spoken by the built-in voice."""
    shown = reading(name)
    hearing = compared(shown, shown.text.replace(name, heard))
    assert hearing.problems == ()


@pytest.mark.parametrize("heard", ["Bob Miller", "", "Jo"])
def test_another_name_or_none_is_not_taken(heard: str) -> None:
    hearing = compared(reading(), SHOWN.replace("Ada Byron", heard))
    assert hearing.problems == ("The name was not heard.",)


def test_nothing_heard() -> None:
    hearing = compared(reading(), "")
    assert not hearing.name_heard and hearing.word_errors == 1
    assert set(DRAWN) <= set(hearing.missing)

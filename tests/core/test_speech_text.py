from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.speech_text import LeftOut, left_out, left_out_sentence, spoken_english


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello there.", "Hello there."),
        ("# The **old** _lamp_", "The old lamp"),
        ("- an item with `code` and snake_case", "an item with code and snake_case"),
        ("> quoted", "quoted"),
        ("See [the page](http://example.org) and ![a cat](cat.png).", "See the page and a cat."),
        ("[Hibari](/hibˈɑɹi/) sings", "[Hibari](/hibˈɑɹi/) sings"),
        ("$20, 5 apples", "20 dollars, 5 apples"),
        ("£1.01 or €1,000", "1 pound and 1 penny or 1,000 euros"),
        ("$3.2 billion", "$3.2 billion"),
        ("Ｆｕｌｌ ﬁne 𝐇𝐢 ①", "Full fine Hi 1"),
        ("α and β", "alpha and beta"),
        ("Café naïve Łódź", "Café naïve Łódź"),
        ("wait -- what", "wait — what"),
        ("«Oui», she said", "“Oui”, she said"),
        ("٣ and ३", "3 and 3"),
        ("one\nline", "one line"),
        ("a" * 50, "a" * 24 + " " + "a" * 24 + " aa"),
    ],
    ids=lambda value: value[:20],
)
def test_what_a_voice_is_given(text: str, said: str) -> None:
    assert spoken_english(text) == said


def test_what_it_cannot_say_is_left_out_and_told() -> None:
    text = "Hi 😀👍🏽, Привет мир and 日本語 with λόγος ∑"
    assert spoken_english(text) == "Hi , and with"
    assert left_out(text) == (
        LeftOut("emoji", "😀👍🏽"),
        LeftOut("Cyrillic", "Привет мир"),
        LeftOut("Chinese characters", "日本語"),
        LeftOut("Greek", "λόγος"),
        LeftOut("signs", "∑"),
    )
    assert left_out_sentence("Hi 😀 мир", "This voice") == (
        "This voice leaves out what it cannot say: emoji (“😀”) and Cyrillic (“мир”)."
    )
    assert left_out_sentence("Plain, “typographic” — text… €5", "This voice") == ""


def test_a_long_example_is_shortened() -> None:
    assert len(left_out("мир " * 40)[0].example) == 24


@given(st.text(max_size=60))
def test_whatever_is_not_told_of_is_latin_digits_or_signs(text: str) -> None:
    said = spoken_english(text)
    assert "\n" not in said
    assert left_out(said) == ()


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=80))
def test_plain_english_leaves_nothing_out(text: str) -> None:
    assert left_out(text) == ()

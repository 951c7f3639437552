"""Weights in prompts: AUTOMATIC1111's documented rules as a table of cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.prompts import (
    BREAK,
    Fragment,
    escape,
    is_weighted,
    parse_weights,
    without_weights,
)

UP = 1.1
DOWN = 1 / 1.1

CASES: list[tuple[str, list[tuple[str, float]]]] = [
    # The examples that parse_prompt_attention is documented with.
    ("normal text", [("normal text", 1)]),
    ("an (important) word", [("an ", 1), ("important", UP), (" word", 1)]),
    ("(unbalanced", [("unbalanced", UP)]),
    (r"\(literal\]", [("(literal]", 1)]),
    ("(unnecessary)(parens)", [("unnecessaryparens", UP)]),
    (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [("a ", 1), ("house", 1.573), (" ", UP), ("on", 1), (" a ", UP), ("hill", 0.55),
         (", sun, ", UP), ("sky", 1.4641), (".", UP)],
    ),
    # The tokens it accepts, one by one.
    ("(abc)", [("abc", UP)]),
    ("(abc:3.12)", [("abc", 3.12)]),
    ("[abc]", [("abc", DOWN)]),
    (r"\(", [("(", 1)]),
    (r"\[", [("[", 1)]),
    (r"\)", [(")", 1)]),
    (r"\]", [("]", 1)]),
    (r"\\", [("\\", 1)]),
    # Numbers.
    ("(a:2)", [("a", 2)]),
    ("(a:.5)", [("a", 0.5)]),
    ("(a:1.)", [("a", 1)]),
    ("(a:-0.5)", [("a", -0.5)]),
    ("(a:+1.5)", [("a", 1.5)]),
    ("(a:0)", [("a", 0)]),
    ("(a: 1.5)", [("a", 1.5)]),
    ("(a:1.5 )", [("a", 1.5)]),
    ("(a:b:1.5)", [("a:b", 1.5)]),
    ("(a:1.2.3)", [("a:1.2.3", UP)]),
    ("(a:.)", [("a:.", UP)]),
    ("(a:high)", [("a:high", UP)]),
    ("a:1.5)", [("a:1.5)", 1)]),
    ("[a:1.5]", [("a:1.5", DOWN)]),
    ("[(a:1.5)]", [("a", 1.5 * DOWN)]),
    # Nesting.
    ("((a))", [("a", UP**2)]),
    ("(((a)))", [("a", UP**3)]),
    ("[[a]]", [("a", DOWN**2)]),
    ("([a])", [("a", UP * DOWN)]),
    ("((a:1.5) b:2)", [("a", 3), (" b", 2)]),
    ("(a (b:2) c:0.5)", [("a ", 0.5), ("b", 1), (" c", 0.5)]),
    # What belongs to nothing.
    ("", [("", 1)]),
    ("()", [("", 1)]),
    (":", [(":", 1)]),
    (")", [(")", 1)]),
    ("]", [("]", 1)]),
    ("a)b", [("a)b", 1)]),
    ("a]b", [("a]b", 1)]),
    ("a\\b", [("a\\b", 1)]),
    ("(a]b)", [("a]b", UP)]),
    ("[a", [("a", DOWN)]),
    ("((a", [("a", UP**2)]),
    ("((a)", [("a", UP**2)]),
    ("time 12:30", [("time 12:30", 1)]),
    (r"smile \(emoticon\) :\)", [("smile (emoticon) :)", 1)]),
    (r"(smile \(:1.2)", [("smile (", 1.2)]),
    ("a\nb", [("a\nb", 1)]),
    ("(an ox, 牛:1.3)", [("an ox, 牛", 1.3)]),
    # AND and choices are words here.
    ("a AND b", [("a AND b", 1)]),
    ("{a|b}", [("{a|b}", 1)]),
    # BREAK.
    ("a BREAK b", [("a", 1), ("BREAK", -1), ("b", 1)]),
    ("a\nBREAK\nb", [("a", 1), ("BREAK", -1), ("b", 1)]),
    ("aBREAK b", [("aBREAK b", 1)]),
    ("BREAKFAST", [("BREAKFAST", 1)]),
    ("break", [("break", 1)]),
    ("BREAK", [("BREAK", -1)]),
    ("(a BREAK b:1.5)", [("a", 1.5), ("BREAK", -1), ("b", 1.5)]),
    ("a BREAK BREAK b", [("a", 1), ("BREAK", -1), ("BREAK", -1), ("b", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[repr(text)[:40] for text, _ in CASES])
def test_weights_are_read_as_documented(text: str, wanted: list[tuple[str, float]]) -> None:
    found = parse_weights(text)
    assert [each.text for each in found] == [words for words, _ in wanted]
    assert [each.weight for each in found] == pytest.approx([weight for _, weight in wanted])
    for each in found:
        assert (each is BREAK) == (each.text == "BREAK" and each.weight == -1)


def test_a_weight_of_minus_one_is_no_break() -> None:
    assert parse_weights("(BREAKS:-1)") == (Fragment("BREAKS", -1.0),)
    assert parse_weights("(word:-1)")[0] is not BREAK


def test_the_words_alone() -> None:
    assert without_weights("a (red:1.2) [fox] BREAK snow") == "a red fox snow"
    assert without_weights(r"a \(red\) fox") == "a (red) fox"


@pytest.mark.parametrize(
    ("text", "weighted"),
    [("plain", False), (r"\(plain\)", False), ("(a:1.0)", False), ("(a)", True), ("[a]", True),
     ("a BREAK b", True)],
)  # fmt: skip
def test_whether_anything_is_weighted(text: str, weighted: bool) -> None:
    assert is_weighted(text) is weighted


@given(st.text(max_size=80))
def test_an_escaped_text_means_itself(text: str) -> None:
    found = parse_weights(escape(text))
    if "BREAK" not in text:
        assert found == (Fragment(text),)


@given(st.text(alphabet="ab ()[]:\\.1BREAK,", max_size=60))
def test_any_text_is_a_prompt(text: str) -> None:
    found = parse_weights(text)
    assert found
    assert sum(len(each.text) for each in found) <= len(text) + 5

"""Ctrl+Up and Ctrl+Down in the prompt box; ``|`` marks the cursor or both ends of a selection."""

from __future__ import annotations

import pytest

from studio.core.prompts import change_weight


def _pressed(marked: str, delta: float) -> str:
    first, last = marked.index("|"), marked.rindex("|")
    text = marked.replace("|", "")
    text, start, end = change_weight(text, first, last - (first != last), delta)
    if start == end:
        return f"{text[:start]}|{text[start:]}"
    return f"{text[:start]}|{text[start:end]}|{text[end:]}"


@pytest.mark.parametrize(
    ("before", "delta", "after"),
    [
        ("a re|d fox", 0.1, "a (|red|:1.1) fox"),
        ("a re|d fox", -0.1, "a (|red|:0.9) fox"),
        ("a |red fox| now", 0.1, "a (|red fox|:1.1) now"),
        ("a |red fox |now", 0.1, "a (|red fox|:1.1) now"),
        ("a (|red|:1.1) fox", 0.1, "a (|red|:1.2) fox"),
        ("a (re|d:1.1) fox", 0.1, "a (|red|:1.2) fox"),
        ("a (re|d:1.1) fox", -0.1, "a |red| fox"),
        ("a (re|d:0.95) fox", 0.05, "a |red| fox"),
        ("a (re|d:0.1) fox", -0.1, "a (|red|:0.0) fox"),
        ("a (re|d:0.0) fox", -0.1, "a (|red|:-0.1) fox"),
        ("a (re|d) fox", 0.1, "a (|red|:1.2) fox"),
        ("a (re|d) fox", -0.1, "a |red| fox"),
        ("(a (b|:1.2):1.3)", 0.1, "(a (|b|:1.3):1.3)"),
        ("(a| (b:1.2):1.3)", 0.1, "(|a (b:1.2)|:1.4)"),
        ("<lora:x|:0.8>", 0.1, "<|lora:x|:0.85>"),
        ("<lora:x|:0.8>", -0.1, "<|lora:x|:0.75>"),
        ("<lora:x|:1.05>", -0.1, "<|lora:x|:1.0>"),
        ("<lora:x|>", 0.1, "<|lora:x|:1.05>"),
        ("wo|rd", 0.1, "(|word|:1.1)"),
        ("one, tw|o, three", 0.1, "one, (|two|:1.1), three"),
        ("[wo|rd]", 0.1, "[(|word|:1.1)]"),
        (r"\(a|b\)", 0.1, r"\((|ab|:1.1)\)"),
        ("漢|字", 0.1, "(|漢字|:1.1)"),
        ("|", 0.1, "|"),
        ("a, | b", 0.1, "a, | b"),
        ("|  |", 0.1, "|  |"),
        ("(a:3.3333|)", 0.1, "(|a|:3.4333)"),
    ],
)
def test_weights_are_changed_from_the_keyboard(before: str, delta: float, after: str) -> None:
    assert _pressed(before, delta) == after


def test_up_and_down_again_is_where_it_began() -> None:
    text, start, end = "a red fox", 3, 3
    for delta in [0.1] * 7 + [-0.1] * 7:
        text, start, end = change_weight(text, start, end, delta)
    assert (text, start, end) == ("a red fox", 2, 5)


def test_places_outside_the_text_are_brought_inside() -> None:
    assert change_weight("fox", -5, 99, 0.1) == ("(fox:1.1)", 1, 4)
    assert change_weight("fox", 3, 0, 0.1) == ("(fox:1.1)", 1, 4)

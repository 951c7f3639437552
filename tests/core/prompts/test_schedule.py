"""Prompts that change over the steps: AUTOMATIC1111's documented schedules as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.prompts import parse

#: For ten steps: from which step on (0 is the first) which text holds.
CASES: list[tuple[str, list[tuple[int, str]]]] = [
    # The examples that get_learned_conditioning_prompt_schedules is documented with.
    ("test", [(0, "test")]),
    ("a [b:3]", [(0, "a "), (3, "a b")]),
    ("a [b: 3]", [(0, "a "), (3, "a b")]),
    ("a [[[b]]:2]", [(0, "a "), (2, "a [[b]]")]),
    ("[(a:2):3]", [(0, ""), (3, "(a:2)")]),
    ("a [b : c : 1] d", [(0, "a b  d"), (1, "a  c  d")]),
    ("a[b:[c:d:2]:1]e", [(0, "abe"), (1, "ace"), (2, "ade")]),
    ("a [unbalanced", [(0, "a [unbalanced")]),
    ("a [b:.5] c", [(0, "a  c"), (5, "a b c")]),
    ("((a][:b:c [d:3]", [(0, "((a][:b:c "), (3, "((a][:b:c d")]),
    ("[a|(b:1.1)]", [(step, ("a", "(b:1.1)")[step % 2]) for step in range(10)]),
    ("[fe|]male", [(step, ("female", "male")[step % 2]) for step in range(10)]),
    ("[fe|||]male", [(0, "female"), (1, "male"), (4, "female"), (5, "male"), (8, "female"),
                     (9, "male")]),
    ("a [b:1.5] c", [(0, "a  c")]),
    # When: numbers with a point are shares of the steps.
    ("[a:b:0.25]", [(0, "a"), (2, "b")]),
    ("[a:b:0.99]", [(0, "a"), (9, "b")]),
    ("[a:b:1.0]", [(0, "a")]),
    ("[a:b:1]", [(0, "a"), (1, "b")]),
    ("[a:b:0]", [(0, "b")]),
    ("[a:b:0.0]", [(0, "b")]),
    ("[a:b:-3]", [(0, "b")]),
    ("[a:b:99]", [(0, "a")]),
    ("[a:b:1e1]", [(0, "a")]),
    ("[a:b: 4 ]", [(0, "a"), (4, "b")]),
    # Taken away, and put in.
    ("x [a::3] y", [(0, "x a y"), (3, "x  y")]),
    ("x [:a:3] y", [(0, "x  y"), (3, "x a y")]),
    # Together, nested, and beside weights.
    ("[a:b:2] [c:d:6]", [(0, "a c"), (2, "b c"), (6, "b d")]),
    ("([a:b:2]:1.3)", [(0, "(a:1.3)"), (2, "(b:1.3)")]),
    ("[[a|b]:c:2]", [(0, "a"), (1, "b"), (2, "c")]),
    ("[a, b:c, d:3]", [(0, "a, b"), (3, "c, d")]),
    ("[a|b|c]", [(step, "abc"[step % 3]) for step in range(10)]),
    # What does not fit the grammar is text.
    ("[a:b:c]", [(0, "[a:b:c]")]),
    ("[a:b:c:3]", [(0, "[a:b:c:3]")]),
    ("[a:b:]", [(0, "[a:b:]")]),
    ("[a]", [(0, "[a]")]),
    ("[a:b", [(0, "[a:b")]),
    ("a|b", [(0, "a|b")]),
    (r"\[a:b:3\]", [(0, r"\[a:b:3\]")]),
    (r"[a\:c:b:3]", [(0, r"a\:c"), (3, "b")]),
    ("", [(0, "")]),
    ("\\", [(0, "\\")]),
    ("[(a:b:3]", [(0, "[(a:b:3]")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[repr(text)[:40] for text, _ in CASES])
def test_prompts_change_as_documented(text: str, wanted: list[tuple[int, str]]) -> None:
    found = parse(text)
    assert list(found.over(10)) == wanted
    assert found.changes == any(sign in text for sign in ":|") or len(wanted) == 1


def test_the_long_example_of_the_grammar() -> None:
    text = (
        "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75]"
        "[ in foreground::0.6][ in background:0.25] [shoddy:masterful:0.5]"
    )
    assert parse(text).over(100) == (
        (0, "fantasy landscape with a mountain and an oak in foreground shoddy"),
        (25, "fantasy landscape with a lake and an oak in foreground in background shoddy"),
        (50, "fantasy landscape with a lake and an oak in foreground in background masterful"),
        (60, "fantasy landscape with a lake and an oak in background masterful"),
        (75, "fantasy landscape with a lake and a christmas tree in background masterful"),
    )


def test_deep_brackets_neither_hang_nor_fail() -> None:
    assert parse("(" * 5000).over(5) == ((0, "(" * 5000),)
    assert parse("[" * 200 + "a:b:2" + "]" * 200).over(5)
    assert parse("[a:" * 3000).over(5)[0][1].startswith("[a:")


@given(st.text(alphabet="ab[]():|.12\\", max_size=40), st.integers(1, 30))
def test_the_list_of_changes_agrees_with_each_step(text: str, total: int) -> None:
    prompt = parse(text)
    changes = dict(prompt.over(total))
    now = ""
    for step in range(total):
        now = changes.get(step, now)
        assert prompt.at_step(step, total) == now

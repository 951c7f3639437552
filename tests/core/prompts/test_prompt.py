"""Prompts taken apart: tags, comments, names of embeddings."""

from __future__ import annotations

import pytest

from studio.core.prompts import NetworkTag, Prompt, named, parse


@pytest.mark.parametrize(
    ("text", "words", "tags"),
    [
        ("a <lora:pixel:0.8> fox", "a  fox", [("lora", "pixel", 0.8)]),
        ("<lora:pixel>fox", "fox", [("lora", "pixel", 1.0)]),
        ("<lora:My Style v2:1>", "", [("lora", "My Style v2", 1.0)]),
        ("<lora:a:-0.5>", "", [("lora", "a", -0.5)]),
        ("<lora:a:0.5:0.7>", "", [("lora", "a", 0.5)]),
        ("<lora:a:>", "", [("lora", "a", 1.0)]),
        ("<lyco:a:0.3>", "", [("lora", "a", 0.3)]),
        ("<LORA:a:0.3>", "", [("lora", "a", 0.3)]),
        ("<lora:a:1><lora:b:2>", "", [("lora", "a", 1.0), ("lora", "b", 2.0)]),
        ("<hypernet:h:1> x", " x", [("hypernetwork", "h", 1.0)]),
        ("<lora:a:strong>", "<lora:a:strong>", []),
        ("<lora:a:nan>", "<lora:a:nan>", []),
        ("<lora:>", "<lora:>", []),
        ("<br:1>", "<br:1>", []),
        ("a < b > c", "a < b > c", []),
        ("(a <lora:x:1>:1.2)", "(a :1.2)", [("lora", "x", 1.0)]),
    ],
)
def test_tags_name_loras(text: str, words: str, tags: list[tuple[str, str, float]]) -> None:
    found = parse(text)
    assert found.text == words
    assert [(tag.kind, tag.name, tag.weight) for tag in found.networks] == tags


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# a note\nfox", "fox"),
        ("fox\n# a note\nsnow", "fox\nsnow"),
        ("fox\n   # a note", "fox\n"),
        ("# only", ""),
        ("colour #ff0000 fox", "colour #ff0000 fox"),
        ("fox # not a note", "fox # not a note"),
    ],
)
def test_lines_of_comment_are_left_out(text: str, words: str) -> None:
    assert parse(text).text == words


def test_a_prompt_is_plain_data() -> None:
    found = parse("a (red:1.2) [fox:cat:0.5] <lora:x>")
    assert found == Prompt("a (red:1.2) [fox:cat:0.5] ", (NetworkTag("lora", "x"),))
    assert found.loras == (NetworkTag("lora", "x"),)
    assert found.changes
    assert found.plain == "a red fox"
    assert not parse("a (red:1.2) fox").changes


def test_embeddings_are_found_by_name() -> None:
    names = ["bad-hands", "bad-hands-5", "EasyNegative", "cat"]
    assert named("easynegative, (bad-hands-5:1.2), category", names) == (
        "EasyNegative",
        "bad-hands-5",
    )
    assert named("bad-hands, cat", names) == ("bad-hands", "cat")
    assert named("", names) == ()
    assert named("a", []) == ()

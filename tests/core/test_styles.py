from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.paths import assets
from studio.core.styles import PLACE, Style, read_styles, write_styles


def test_the_shipped_styles_are_many_distinct_and_keep_the_users_words() -> None:
    styles = read_styles(assets() / "image" / "styles.json")
    assert len(styles) >= 40
    for values in zip(*((s.id, s.name, s.prompt) for s in styles), strict=True):
        assert len(set(values)) == len(styles)
    for style in styles:
        assert style.prompt.count(PLACE) == 1
        assert style.category
        prompt, negative = style.applied("a fox", "text")
        assert "a fox" in prompt
        assert negative.startswith("text")


def test_words_without_a_place_go_behind() -> None:
    style = Style(name="Ink", prompt="ink wash", negative_prompt="colour")
    assert style.applied("a fox,", "") == ("a fox, ink wash", "colour")
    assert Style(name="Bare").applied("a fox", "blur") == ("a fox", "blur")


def test_an_empty_prompt_leaves_no_stray_commas() -> None:
    assert Style(name="Ink", prompt="{prompt}, ink wash").applied("")[0] == "ink wash"


def test_a1111_csv_and_fooocus_lists_are_read(tmp_path: Path) -> None:
    table = tmp_path / "styles.csv"
    table.write_bytes(
        b"\xef\xbb\xbfname,prompt,negative_prompt\r\nNone,,\r\n"
        b'Ink,"{prompt}, ink, wash","red, blue"\r\nBare,,\r\n'
    )
    ink, bare = read_styles(table)
    assert (ink.prompt, ink.negative_prompt) == ("{prompt}, ink, wash", "red, blue")
    assert bare.name == "Bare"
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([{"name": "Sai-ink", "prompt": "ink {prompt}"}]))
    assert read_styles(listed)[0].applied("a fox")[0] == "ink a fox"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""),
        ("a.json", b"[]"),
        ("a.json", b"[1]"),
        ("a.json", b'{"styles": 3}'),
        ("a.json", b'[{"prompt": "x"}]'),
        ("a.json", b"\xff\xfe"),
        ("a.json", b"[" * 100_000),
        ("a.csv", b"prompt\nx\n"),
        ("a.csv", b""),
    ],
    ids=lambda value: value[:12].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_what_holds_no_styles_is_refused_in_words(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError):
        read_styles(tmp_path / name)


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), min_size=1, max_size=5))
def test_kept_styles_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("styles") / "mine.json"
    styles = tuple(
        Style(name="x" + name, prompt=prompt, negative_prompt=negative)
        for name, prompt, negative in rows
    )
    write_styles(path, styles)
    assert read_styles(path) == styles

"""Prompts that choose, and the user's wildcard files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.prompts import chooses, expand, variations
from studio.core.prompts.wildcards import names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "animals.txt").write_text("# a note\nred fox\n\n100% cat\n", "utf-8")
    (tmp_path / "sub" / "birds.txt").write_text("owl\n{robin|wren}\n", "utf-8")
    (tmp_path / "any.txt").write_text("__animals__\n__sub/birds__\n", "utf-8")
    (tmp_path / "loop.txt").write_text("__loop__\n", "utf-8")
    (tmp_path / "colours.yaml").write_text("warm: [red, orange]\ncold: blue\n", "utf-8")
    (tmp_path / "sizes.json").write_text(json.dumps(["tiny", "huge"]), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("{a|b|c}", {"a", "b", "c"}),
        ("{2$$a|b|c}", {"a,b", "a,c", "b,a", "b,c", "c,a", "c,b"}),
        ("{2$$ and $$a|b}", {"a and b", "b and a"}),
        ("{1-2$$a|b}", {"a", "b", "a,b", "b,a"}),
        ("{{a|b}|c}", {"a", "b", "c"}),
        ("x {a|b} y", {"x a y", "x b y"}),
        ("{a|}", {"a", ""}),
        ("{0.0::a|b}", {"a", "b"}),
        ("__animals__", {"red fox", "100% cat"}),
        ("__sub/birds__", {"owl", "robin", "wren"}),
        ("__any__", {"red fox", "100% cat", "owl", "robin", "wren"}),
        ("__s*/birds__", {"owl", "robin", "wren"}),
        ("__sub/*__", {"owl", "robin", "wren"}),
        ("__warm__", {"red", "orange"}),
        ("__sizes__ x", {"tiny x", "huge x"}),
        ("__nothing__ {a|b}", {"__nothing__ a", "__nothing__ b"}),
    ],
)
def test_every_choice_can_be_made(text: str, possible: set[str], folder: Path) -> None:
    assert set(variations(text, folder=folder)) == possible
    assert {expand(text, seed=seed, folder=folder) for seed in range(8)} <= possible


def test_the_seed_decides(folder: Path) -> None:
    text = "{a|b|c|d|e|f} __animals__ {g|h|i|j}"
    found = [expand(text, seed=seed, folder=folder) for seed in range(12)]
    assert found == [expand(text, seed=seed, folder=folder) for seed in range(12)]
    assert len(set(found)) > 6


@pytest.mark.parametrize(
    "text",
    [
        "a red fox",
        "",
        "colour #ff0000, 100% cotton, $5, http://example.org // /* x */",
        "(a:1.2) [b:c:3] <lora:x:0.5> [d|e]",
        "snake_case and a_b_c",
        "{{ cycler.__init__.__globals__.os.popen('echo') }}",
        "{% for x in y %}{{ x }}{% endfor %}",
        "{# note #}",
    ],
)
def test_what_leaves_no_choice_stays_as_it_is(text: str) -> None:
    assert expand(text, seed=1) == text
    assert variations(text) == (text,)


def test_signs_beside_a_choice_stay_as_they_are(folder: Path) -> None:
    text = r"#ff0 100% $5 a//b /* c */ \{x\} {{ y }} {a} __animals__"
    wanted = "#ff0 100% $5 a//b /* c */ {x} {{ y }} a "
    found = {expand(text, seed=seed, folder=folder) for seed in range(8)}
    assert found == {wanted + "red fox", wanted + "100% cat"}


def test_jinja_beside_a_choice_is_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    attack = f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}} {{% set x = '{marker}' %}}"
    assert expand(attack + " {a|a}", seed=1) == attack + " a"
    code = (
        "import sys; from studio.core.prompts import expand\n"
        "assert expand('{a|b} {{ 7 * 7 }}', seed=1)[1:] == ' {{ 7 * 7 }}'\n"
        "print(sorted({'jinja2', 'torch', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not marker.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a|b", "cannot be read"),
        ("{" * 20, "cannot be read"),
        ("{" * 300 + "a" + "}" * 300, "too deep"),
        ("__loop__", "leads back to itself"),
        ("{a|b}" + "x" * 30_000, "too long"),
    ],
)
def test_what_cannot_be_chosen_from_is_said(text: str, said: str, folder: Path) -> None:
    for call in (
        lambda: expand(text, seed=1, folder=folder),
        lambda: variations(text, folder=folder),
    ):
        with pytest.raises(BadInputError, match=said) as caught:
            call()
        assert caught.value.hint


def test_a_flood_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("{50$$ $$" + "|".join(["__b__"] * 50) + "}", "utf-8")
    (tmp_path / "b.txt").write_text("x" * 1000, "utf-8")
    with pytest.raises(BadInputError, match="far too long"):
        expand("__a__", seed=1, folder=tmp_path)
    assert len(variations("{a|b|c|d|e|f|g|h}" * 5, limit=100)) == 100
    assert len(variations("{a|b|c|d|e|f|g|h}" * 5, limit=10**9)) == 1000


def test_files_that_cannot_be_read_hold_nothing(folder: Path) -> None:
    (folder / "bad.yaml").write_text("a: [", "utf-8")
    (folder / "bad.json").write_text("{", "utf-8")
    (folder / "latin.txt").write_bytes(b"caf\xe9\n")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.txt").write_text("y", "utf-8")
    assert names(folder) == (
        "animals", "any", "cold", "latin", "loop", "sizes", "sub/birds", "warm",
    )  # fmt: skip
    assert expand("__latin__", seed=1, folder=folder) == "caf\ufffd"
    assert names(folder / "missing") == ()


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "sub/../../outside"])
def test_wildcards_stay_inside_their_folder(name: str, folder: Path) -> None:
    (folder.parent / "outside.txt").write_text("secret", "utf-8")
    assert "secret" not in expand(f"__{name}__", seed=1, folder=folder)


def test_whether_a_prompt_chooses() -> None:
    assert chooses("{a|b}")
    assert chooses("__a__")
    assert not chooses("plain {{ jinja }}")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab{}|_$#%/:1 ", max_size=30))
def test_any_text_is_chosen_from_or_refused_in_words(text: str) -> None:
    try:
        expand(text, seed=1)
    except BadInputError as error:
        assert error.user_message.endswith(".")

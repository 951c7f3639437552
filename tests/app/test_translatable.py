"""Words for the user can be translated: no f-string or joined text goes into tr()."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import studio.app

FILES = sorted(Path(studio.app.__file__).parent.rglob("*.py"))
CALLS = {"tr", "translate"}


def wrong_calls(source: str) -> list[int]:
    """Return the lines of calls whose text an extractor cannot read."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        if name not in CALLS:
            continue
        texts = node.args[:1] if name == "tr" else node.args[1:2]
        for text in texts:
            joined = any(isinstance(part, (ast.JoinedStr, ast.BinOp)) for part in ast.walk(text))
            formatted = isinstance(text, ast.Call)
            if joined or formatted:
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_texts_can_be_extracted(path):
    assert wrong_calls(path.read_text("utf-8")) == []


def test_the_lint_finds_what_it_looks_for():
    bad = 'self.tr(f"{n} jobs")\nself.tr("a" + b)\ntranslate("x", "a".format(1))\n'
    assert wrong_calls(bad) == [1, 2, 3]
    assert wrong_calls('self.tr("fine")\ntranslate("x", "fine")\n') == []

"""The engine is light to import, so the window opens without it in the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "PySide6",
    "shiboken6",
    "torch",
    "transformers",
    "diffusers",
    "accelerate",
    "safetensors",
    "numpy",
    "psutil",
    "sqlite3",
    "importlib.metadata",
    "pydantic",
)


def loaded_by(statement: str) -> list[str]:
    code = f"import sys\n{statement}\nprint([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return list(eval(done.stdout))  # our own output


@pytest.mark.parametrize(
    "module",
    [
        "studio.engine",
        "studio.engine.api",
        "studio.engine.engine",
        "studio.engine.jobs",
        "studio.engine.registry",
        "studio.engine.backends.transformers_text",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") == []


def test_making_and_closing_an_engine_loads_nothing_heavy() -> None:
    statement = (
        "from pathlib import Path\n"
        "from studio.core.settings import Computing\n"
        "from studio.engine.engine import Engine\n"
        "from studio.engine.registry import Registry\n"
        "from studio.models.store import ModelStore\n"
        "engine = Engine(registry=Registry(), store=ModelStore(()), settings=Computing(), "
        "queue_file=Path('nowhere'))\n"
        "engine.models(), engine.jobs(), engine.state(), engine.problems()\n"
        "engine.close()"
    )
    assert loaded_by(statement) == []


def test_the_check_itself_sees_what_is_loaded() -> None:
    assert loaded_by("import sqlite3") == ["sqlite3"]

from __future__ import annotations

import io
from pathlib import Path

import pytest

from studio.setup.programs import Log, Setup
from studio.setup.screen import Screen


@pytest.fixture
def said() -> io.StringIO:
    """What the set-up writes for the person at the terminal."""
    return io.StringIO()


@pytest.fixture
def setup(tmp_path: Path, said: io.StringIO) -> Setup:
    """A set-up of an empty checkout with an empty data folder."""
    root, data = tmp_path / "checkout", tmp_path / "data"
    root.mkdir()
    return Setup(Screen(said), Log(data / "setup.log"), root, data)

"""kill -9 while painting: every stroke up to two seconds before is there, and offered back."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

import pytest

from studio.core.paths import Folders
from studio.documents.picture import storage
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.project.session import ProjectSession
from tests.app.panes.picture.painter_process import paint, place_of

KILLS = 6
MOST_LOST_S = 2.0
START_S = 120.0
PRELOADED = [
    "PySide6.QtWidgets",
    "studio.app.panes.picture.pane",
    "studio.documents.picture.storage",
    "studio.documents.project.session",
    "tests.app.panes.picture.painter_process",
    "tests.fakes.fake_engine",
]


def killed(root: Path, after_s: float) -> tuple[list[tuple[float, int]], float]:
    """Let one painter paint and kill it; return what it told and when it was killed."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(PRELOADED)
    ear, mouth = server.Pipe(duplex=False)
    process: Any = server.Process(target=paint, args=(root, mouth), daemon=True)
    process.start()
    mouth.close()
    told: list[tuple[float, int]] = []
    assert ear.poll(START_S), "it never began to paint"
    first = time.monotonic()
    while time.monotonic() - first < after_s:
        if ear.poll(0.02):
            told.append(ear.recv())
    process.kill()
    at = time.monotonic()
    process.join()
    try:
        while ear.poll():
            told.append(ear.recv())
    except (EOFError, OSError):
        pass  # a message may have been cut off
    return told, at


def recovered(root: Path) -> PictureDocument | None:
    """Return the picture that the next start would bring back."""
    folders = Folders(root / "config", root / "data", root / "cache", root / "state")
    session = ProjectSession(folders.projects)
    left = session.recoverable()
    if not left:
        return None
    project = session.adopt(left[0])
    pictures = [info.id for info in project.documents() if info.kind == storage.KIND]
    found = storage.load(project, pictures[0]) if pictures else None
    session.close_all()
    return found


def dots(picture: PictureDocument) -> int:
    """Return how many dots are there, from the first on."""
    layer = picture.layers[0].id
    count = 0
    while True:
        x, y = place_of(count)
        if not picture.composite(Rect(x, y, 1, 1), only=[layer])[0, 0, 3]:
            return count
        count += 1


@pytest.mark.slow
@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_loses_at_most_two_seconds(tmp_path: Path, number: int) -> None:
    moment = random.Random(number)
    told, at = killed(tmp_path, moment.uniform(0.1, 4.0))
    must = max((count + 1 for when, count in told if at - when > MOST_LOST_S), default=0)
    picture = recovered(tmp_path)
    if picture is None or not picture.layers:
        assert not must
        return
    done = dots(picture)
    assert done >= must, f"{must - done} strokes too many lost"
    assert done <= len(told) + 1
    for layer in picture.layers[1:]:
        assert layer.meta["request"]["prompt"] == "a fox", "results are kept with what made them"

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from studio.documents.picture import storage
from studio.documents.project import Project
from studio.documents.project.checking import content_problems
from tests.documents.picture.kill_child import mark_of

KILLS = 8


def acknowledged_until_killed(path: Path, seed: int, lines: int) -> list[tuple[int, str]]:
    command = [sys.executable, "-m", "tests.documents.picture.kill_child", str(path), str(seed)]
    found = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for count, line in enumerate(child.stdout):
            sequence, mark = line.split()
            found.append((int(sequence), mark))
            if count >= lines:
                child.kill()  # what it printed before it died is still read
    return found


def test_a_killed_painter_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path, dice = tmp_path / "a.triptych", random.Random(3)
    known: list[tuple[int, str]] = []
    for seed in range(KILLS):
        known += acknowledged_until_killed(path, seed, dice.randrange(12))
        with Project.open(path) as project:
            picture = project.documents()[0].id
            assert project.history(picture)[-1].sequence >= known[-1][0]
            storage.load(project, picture)
            with project.reading() as connection:
                assert not content_problems(connection, path)
    assert len(known) > KILLS
    with Project.open(path) as project:
        for sequence, mark in known:
            payload = project.state_at(picture, sequence)
            assert payload is not None
            assert mark_of(storage.read(project, payload)) == mark

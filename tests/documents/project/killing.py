"""Kill scripted sessions at random moments and look what became of the acknowledged work."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import StorageError
from studio.documents.project import Project
from studio.documents.project.checking import content_problems
from studio.documents.project.lock import standing

KILLS_PER_FILE = 10
AT_ONCE = 2


@dataclass
class Tally:
    """What was found after some kills."""

    kills: int = 0
    ended: int = 0
    acknowledged: int = 0
    lost: int = 0
    unopened: int = 0
    damaged: int = 0
    left: int = 0

    def add(self, other: Tally) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def kill_many(kills: int, seed: int) -> Tally:
    """Kill ``kills`` sessions, ``KILLS_PER_FILE`` one after the other on the same file."""
    total = Tally()
    files = -(-kills // KILLS_PER_FILE)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        paths = [Path(folder) / f"{number}.triptych" for number in range(files)]
        for tally in pool.map(_kill_one_file, paths, range(seed, seed + files)):
            total.add(tally)
    return total


def _kill_one_file(path: Path, seed: int) -> Tally:
    dice, tally = random.Random(seed), Tally()
    known: list[tuple[int, str, str]] = []
    for number in range(KILLS_PER_FILE):
        known += _acknowledged_until_killed(path, seed * 1000 + number, dice.random() ** 2)
        tally.kills += 1
        if known and known[-1][0] < 0:
            known.pop()
            tally.ended += 1
        tally.left += path.exists() and standing(path) == "left"
    _look(path, known, tally)
    return tally


def _acknowledged_until_killed(
    path: Path, seed: int, fraction: float
) -> Iterator[tuple[int, str, str]]:
    command = [sys.executable, "-m", "tests.documents.project.kill_child", str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = fraction * 150
        for count, line in enumerate(child.stdout):
            parts = line.split()
            if len(parts) == 3 and line.endswith("\n"):
                yield int(parts[0]), parts[1], parts[2]
            elif parts == ["end"]:
                yield -1, "", ""
            if count >= lines:
                child.kill()  # what it printed before it died is still read: it was acknowledged


def _look(path: Path, known: list[tuple[int, str, str]], tally: Tally) -> None:
    tally.acknowledged += len(known)
    try:
        project = Project.open(path)
    except StorageError:
        tally.unopened += 1
        tally.lost += len(known)
        return
    with project:
        with project.reading() as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                tally.damaged += 1
            if connection.execute("PRAGMA foreign_key_check").fetchall():
                tally.damaged += 1
            tally.damaged += bool(content_problems(connection, path))
        there = {entry.sequence for entry in project.history()}
        for sequence, document, mark in known:
            text = project.text_at(document, sequence).text
            same = hashlib.sha1(text.encode()).hexdigest() == mark
            tally.lost += not same or sequence not in there

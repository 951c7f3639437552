"""Projects: what one commit costs, and how soon a large project shows its first text.

The large project is real: 10,000 journal actions and 2 GB of parts, written to a folder that is
removed afterwards. ``TRIPTYCH_BENCH_BLOB_GB`` makes it smaller where there is no room; the rows
then say so.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from studio.documents.project import Project, TextEdit
from tests.benchmarks.rows import Row

BURSTS = 1000
ACTIONS = 10_000
BLOB_BYTES = 8 * 1024 * 1024

_OPEN = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from studio.documents.project import Project
project = Project.open(Path(sys.argv[1]))
text = project.text(project.documents()[0].id)
print(time.perf_counter() - started, len(text.text))
project.close()
"""


def run() -> list[Row]:
    """Return commit times and opening times."""
    gigabytes = float(os.environ.get("TRIPTYCH_BENCH_BLOB_GB", "2"))
    with tempfile.TemporaryDirectory(prefix="bench-project-") as folder:
        return [*commit_rows(Path(folder)), *opening_rows(Path(folder), gigabytes)]


def commit_rows(folder: Path) -> list[Row]:
    """Measure typing bursts in a text of 300,000 characters, one every 5 ms."""
    dice = random.Random(1)
    calls: list[float] = []
    durable: list[float] = []
    with Project.open(folder / "commit.triptych", create=True) as project:
        document = project.create_document("text", "Novel")
        length = 300_000
        project.commit_text(document, [TextEdit(0, "", "x" * length)], label="Paste").result()
        for _ in range(BURSTS):
            edit = TextEdit(dice.randrange(length), "", "some words as they are typed ")
            length += len(edit.inserted)
            started = time.perf_counter()
            future = project.commit_text(document, [edit], label="Type")
            returned = time.perf_counter()
            future.result(60)
            durable.append((time.perf_counter() - started) * 1000)
            calls.append((returned - started) * 1000)
    return [
        Row(
            "commit of a typing burst, until it is durable: median",
            statistics.median(durable),
            "ms",
        ),
        Row("commit of a typing burst, until it is durable: p99", _p99(durable), "ms", 8.0),
        Row("commit of a typing burst, on the calling thread: p99", _p99(calls), "ms", 0.5),
    ]


def opening_rows(folder: Path, gigabytes: float) -> list[Row]:
    """Measure the first document of a large project, each time in a new process."""
    path = folder / "large.triptych"
    size = _make_large(path, gigabytes)
    command = [sys.executable, "-c", _OPEN, str(path)]
    times = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0])
        for _ in range(5)
    ]
    what = f"{ACTIONS} actions, {size / 1e9:.1f} GB: first text"
    return [
        Row(f"opening a project, {what}, the first time", times[0], "s", 1.0),
        Row(f"opening a project, {what}, median of 5", statistics.median(times), "s", 1.0),
    ]


def _make_large(path: Path, gigabytes: float) -> int:
    dice = random.Random(2)
    with Project.open(path, create=True) as project:
        texts = [project.create_document("text", f"Chapter {number}") for number in range(10)]
        lengths = dict.fromkeys(texts, 0)
        for _ in range(ACTIONS):
            document = dice.choice(texts)
            edit = TextEdit(dice.randrange(lengths[document] + 1), "", "words that were typed ")
            lengths[document] += len(edit.inserted)
            origin = "generated" if dice.random() < 0.2 else "typed"
            project.commit_text(document, [edit], label="Type", origin=origin)  # type: ignore[arg-type]
        picture = project.create_document("picture", "Large picture")
        for _ in range(round(gigabytes * 1e9 / BLOB_BYTES)):
            part = dice.randbytes(BLOB_BYTES)
            project.commit_state(picture, part[:32], label="Stroke", blobs=[part]).result(120)
    return path.stat().st_size


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[-1]


if __name__ == "__main__":
    for row in run():
        print(row)

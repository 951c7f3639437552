"""The queue file: what survives a crash, and what is done about a damaged or full one."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from studio.core.errors import DiskFullError, NewerFormatError, StorageError
from studio.engine.queue import QUEUE_FORMAT, QueueFile, StoredJob
from tests.fakes.backends import request
from tests.fakes.lent_voices import lent_request
from tests.fakes.listener import WAIT_S


def stored(name: str, priority: int = 1) -> StoredJob:
    return StoredJob(
        id=name, state="queued", priority=priority, created_at=1.5, request=request(name)
    )


def names(jobs: tuple[StoredJob, ...]) -> list[tuple[str, str]]:
    return [(job.id, job.state) for job in jobs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "queue.sqlite"


def reopened(path: Path) -> tuple[StoredJob, ...]:
    queue = QueueFile(path)
    jobs = queue.open()
    queue.close()
    return jobs


def test_jobs_come_back_in_order_and_running_ones_interrupted(path: Path) -> None:
    queue = QueueFile(path)
    assert queue.open() == ()
    for name in ("a", "b", "c"):
        queue.add(stored(name))
    queue.set_state("b", "running")
    queue.close()
    jobs = reopened(path)
    assert names(jobs) == [("a", "queued"), ("b", "interrupted"), ("c", "queued")]
    assert jobs[0] == stored("a")
    assert names(reopened(path)) == names(jobs)


def test_a_lent_voice_comes_back_with_its_consent(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    queue.add(replace(stored("a"), request=lent_request()))
    queue.close()
    assert reopened(path)[0].request == lent_request()


def test_the_users_order_comes_back(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    for name in ("a", "b", "c"):
        queue.add(stored(name))
    queue.arrange([("c", 0), ("a", 1), ("b", 2)])
    queue.close()
    assert [(job.id, job.priority) for job in reopened(path)] == [("c", 0), ("a", 1), ("b", 2)]


def test_what_ended_leaves_no_trace_in_the_file(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    secret = "a-very-private-sentence"
    queue.add(stored(secret))
    queue.remove(secret)
    queue.close()
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize(
    "content", [b"this is no database " * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_is_kept_and_a_new_one_begun(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    queue = QueueFile(path)
    assert queue.open() == ()
    queue.add(stored("a"))
    queue.close()
    assert len(queue.problems) == 1
    kept = next(path.parent.glob("queue.sqlite.damaged-*"))
    assert kept.name in queue.problems[0]
    assert kept.read_bytes() == content
    assert names(reopened(path)) == [("a", "queued")]


def test_a_file_damaged_in_the_middle_is_noticed(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    for number in range(200):
        queue.add(stored(f"job-{number:03}"))
    queue.close()
    content = bytearray(path.read_bytes())
    content[4096 : 4096 + 3000] = b"\xaa" * 3000
    path.write_bytes(content)
    queue = QueueFile(path)
    assert queue.open() == ()
    queue.close()
    assert queue.problems


def test_a_file_of_another_shape_is_kept_aside(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE jobs (something TEXT)")
    connection.commit()
    connection.close()
    queue = QueueFile(path)
    assert queue.open() == ()
    queue.close()
    assert queue.problems


def test_a_newer_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={QUEUE_FORMAT + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerFormatError):
        QueueFile(path).open()
    assert path.read_bytes() == before


def test_a_job_that_cannot_be_read_is_left_out(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    queue.add(stored("good"))
    queue.add(stored("bad"))
    connection = queue._connection
    assert connection is not None
    connection.execute("UPDATE jobs SET request = '{' WHERE id = 'bad'")
    queue.close()
    queue = QueueFile(path)
    assert names(queue.open()) == [("good", "queued")]
    assert len(queue.problems) == 1
    queue.close()
    queue = QueueFile(path)
    queue.open()
    assert queue.problems == []
    queue.close()


def test_only_the_first_instance_has_the_file(path: Path) -> None:
    first = QueueFile(path)
    first.open()
    first.add(stored("a"))
    with pytest.raises(StorageError, match="second time"):
        QueueFile(path).open()
    first.close()
    assert names(reopened(path)) == [("a", "queued")]


def test_a_full_disk_is_told_and_the_file_stays_whole(path: Path) -> None:
    queue = QueueFile(path)
    queue.open()
    queue.add(stored("a"))
    connection = queue._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(DiskFullError):
        for number in range(100):
            queue.add(stored(f"more-{number}-{'x' * 500}"))
    connection.execute("PRAGMA max_page_count=1000000")
    queue.add(stored("z"))
    queue.close()
    jobs = names(reopened(path))
    assert jobs[0] == ("a", "queued")
    assert jobs[-1] == ("z", "queued")


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        QueueFile(tmp_path / "file" / "queue.sqlite").open()


def test_using_it_before_it_is_open_is_told(path: Path) -> None:
    with pytest.raises(StorageError):
        QueueFile(path).add(stored("a"))


CHILD = """
    import sys
    from pathlib import Path
    from studio.engine.queue import QueueFile
    from tests.engine.test_queue import stored

    queue = QueueFile(Path(sys.argv[1]))
    queue.open()
    number = 0
    while True:
        queue.add(stored(f"job-{number}"))
        queue.set_state(f"job-{number}", "running")
        print(number, flush=True)
        number += 1
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of Unix")
@pytest.mark.parametrize("after", [0, 3, 25])
def test_what_was_stored_survives_being_killed(path: Path, after: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= after:
            break
    child.send_signal(signal.SIGKILL)
    child.wait(WAIT_S)
    child.stdout.close()
    jobs = {job.id: job.state for job in reopened(path)}
    for number in range(after + 1):
        assert jobs[f"job-{number}"] == "interrupted"

"""The engine and its queue file: what comes back after a crash, a restart, and trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.core.errors import BadInputError, DiskFullError
from studio.core.events import Cancelled, Finished, Notice
from studio.engine.engine import Priority
from studio.engine.queue import QueueFile, StoredJob
from tests.engine.conftest import MakeEngine
from tests.engine.test_engine import close_around, held_at_step, info
from tests.fakes.backends import StepBackend, request
from tests.fakes.listener import Listener


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite"


def left_behind(path: Path, *jobs: tuple[str, str, int]) -> None:
    """Write the file as a program that was killed left it."""
    queue = QueueFile(path)
    queue.open()
    for name, state, priority in jobs:
        queue.add(
            StoredJob(
                id=name, state="queued", priority=priority, created_at=1.0, request=request(name)
            )
        )
        queue.set_state(name, state)
    queue.close()


def restored(listener: Listener, count: int) -> Listener:
    listener.until(lambda: len(listener.engine.jobs()) == count)
    return listener


def test_after_a_crash_nothing_starts_by_itself(make_engine: MakeEngine, path: Path) -> None:
    left_behind(path, ("ran", "running", 0), ("waited", "queued", 2))
    backend = StepBackend()
    listener = restored(make_engine(backend, queue_file=path), 2)
    listener.run(request("new"))
    assert backend.running == ["new"]
    assert info(listener, "ran").state == "interrupted"
    assert not info(listener, "ran").held
    waited = info(listener, "waited")
    assert (waited.state, waited.held, waited.priority) == ("queued", True, Priority.BATCH)
    assert listener.of("ran") == listener.of("waited") == []


def test_an_interrupted_job_runs_again_with_one_click(make_engine: MakeEngine, path: Path) -> None:
    left_behind(path, ("ran", "running", 1))
    listener = restored(make_engine(queue_file=path), 1)
    again = listener.engine.retry("ran")
    assert again != "ran"
    event = listener.wait(again)
    assert isinstance(event, Finished)
    assert event.artifact.request.label == "ran"
    assert [job.id for job in listener.engine.jobs()] == [again]
    listener.engine.close()
    assert restored(make_engine(queue_file=path), 0).engine.problems() == ()


def test_a_held_job_goes_when_the_user_says_so(make_engine: MakeEngine, path: Path) -> None:
    left_behind(path, ("a", "queued", 2), ("b", "queued", 2), ("c", "queued", 2))
    backend = StepBackend()
    listener = restored(make_engine(backend, queue_file=path), 3)
    assert listener.engine.retry("b") == "b"
    assert isinstance(listener.wait("b"), Finished)
    assert listener.kinds("b")[:2] == ["Queued", "Started"]
    listener.engine.resume()
    listener.wait("a")
    listener.wait("c")
    assert backend.running == ["b", "a", "c"]


def test_what_came_back_can_be_dismissed_or_cancelled(make_engine: MakeEngine, path: Path) -> None:
    left_behind(path, ("a", "running", 1), ("b", "queued", 1), ("c", "running", 1))
    listener = restored(make_engine(queue_file=path), 3)
    listener.engine.dismiss("a")
    listener.engine.cancel("c")
    listener.engine.dismiss("b")
    assert listener.engine.jobs() == ()
    listener.engine.close()
    left = QueueFile(path)
    assert left.open() == ()
    left.close()


def test_held_jobs_nobody_decided_about_stay(make_engine: MakeEngine, path: Path) -> None:
    left_behind(path, ("a", "running", 0), ("b", "queued", 0))
    restored(make_engine(queue_file=path), 2).engine.close()
    listener = restored(make_engine(queue_file=path), 2)
    assert {job.id: job.state for job in listener.engine.jobs()} == {
        "a": "interrupted",
        "b": "queued",
    }


def test_closing_keeps_the_batch_and_drops_what_was_interactive(
    make_engine: MakeEngine, path: Path
) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "running", 1)
    listener = make_engine(backend, queue_file=path)
    engine = listener.engine
    running = engine.submit(request("running", steps=100), priority=Priority.BATCH)
    gate.wait_for_arrival()
    waiting = engine.submit(request("waiting"), priority=Priority.BATCH)
    gone = engine.submit(request("gone"))
    listener.until(lambda: listener.of(gone))
    close_around(listener, running, gate)
    assert all(isinstance(listener.wait(job), Cancelled) for job in (running, waiting, gone))
    again = restored(make_engine(queue_file=path), 2).engine
    states = {job.id: (job.state, job.held) for job in again.jobs()}
    assert states == {running: ("interrupted", False), waiting: ("queued", True)}


def test_a_job_that_ended_is_not_kept(make_engine: MakeEngine, path: Path) -> None:
    listener = make_engine(queue_file=path)
    for _ in range(3):
        listener.run(request("private-words"), priority=Priority.BATCH)
    listener.engine.close()
    for file in path.parent.iterdir():
        assert b"private-words" not in file.read_bytes()


def test_the_order_the_user_made_survives(make_engine: MakeEngine, path: Path) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend, queue_file=path)
    engine = listener.engine
    first = engine.submit(request("first", steps=50), priority=Priority.BATCH)
    gate.wait_for_arrival()
    a, b, c = (engine.submit(request(name), priority=Priority.BATCH) for name in "abc")
    listener.until(lambda: listener.of(c))
    engine.move(c, a)
    close_around(listener, first, gate)
    again = restored(make_engine(queue_file=path), 4).engine
    assert [job.id for job in again.jobs() if job.held] == [c, a, b]


def test_a_damaged_queue_is_said_and_work_goes_on(make_engine: MakeEngine, path: Path) -> None:
    path.write_bytes(b"not a database at all" * 50)
    listener = make_engine(queue_file=path)
    assert isinstance(listener.run(request()), Finished)
    assert any("damaged" in problem for problem in listener.engine.problems())


def test_a_second_instance_works_without_keeping_its_jobs(
    make_engine: MakeEngine, path: Path
) -> None:
    first = make_engine(queue_file=path)
    first.run(request())
    second = make_engine(queue_file=path)
    assert isinstance(second.run(request()), Finished)
    assert any("second time" in problem for problem in second.engine.problems())
    assert first.engine.problems() == ()


def test_a_full_disk_stops_no_job_and_is_told_once(
    make_engine: MakeEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [True]
    real = QueueFile.add

    def add(self: QueueFile, job: StoredJob) -> None:
        if full[0]:
            raise DiskFullError("The disk is full, so this job is not kept.", hint="Free some.")
        real(self, job)

    monkeypatch.setattr(QueueFile, "add", add)
    listener = make_engine(queue_file=path)
    jobs: list[Any] = []
    for _ in range(3):
        jobs.append(listener.engine.submit(request()))
        assert isinstance(listener.wait(jobs[-1]), Finished)
    told = [e for e in listener.events if isinstance(e, Notice) and e.code == "queue_unsaved"]
    assert told[0].job_id == jobs[0]
    full[0] = False
    listener.run(request())
    listener.until(lambda: listener.engine.problems() == ())


def test_an_unknown_job_is_told(make_engine: MakeEngine) -> None:
    listener = make_engine()
    with pytest.raises(BadInputError):
        listener.engine.retry("nothing")
    with pytest.raises(BadInputError):
        listener.engine.move("nothing", None)

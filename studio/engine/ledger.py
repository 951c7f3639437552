"""The engine's side of the queue file: jobs in and out, and trouble told once in words.

Used on the engine thread only. Without a file, or with one that cannot be used, every method
does nothing: a job never fails because it could not be written down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import StorageError
from studio.engine.jobs import Job, Priority

if TYPE_CHECKING:
    from studio.engine.queue import QueueFile, StoredJob

_log = logging.getLogger(__name__)


class Ledger:
    """Waiting and running jobs, written down.

    Args:
        path: The queue file; ``None`` writes nothing.
        tell: Called with a subject and what is wrong with it now ("" when nothing is).
    """

    def __init__(self, path: Path | None, tell: Callable[[str, str], None]) -> None:
        self._path = path
        self._tell = tell
        self._file: QueueFile | None = None
        self._failing = False
        self._note = ""

    def open(self) -> tuple[Job, ...]:
        """Open the file and return the jobs that came back, interrupted or held."""
        if self._path is None:
            return ()
        from studio.engine.queue import QueueFile

        file = QueueFile(self._path)
        try:
            stored = file.open()
        except StorageError as error:
            _log.warning("no queue file: %s", error)
            self._tell("queue", error.sentence())
            return ()
        self._file = file
        self._tell("queue", " ".join(file.problems))
        return tuple(_job(row) for row in stored)

    def add(self, job: Job) -> None:
        """Write a job down, unless it shall not outlive the program."""
        if self._file is not None and not job.request.transient:
            stored = _stored(job)
            self._write(lambda file: file.add(stored))

    def runs(self, job: Job) -> None:
        """Note that a job has begun."""
        self._write(lambda file: file.set_state(job.id, "running"))

    def remove(self, job: Job) -> None:
        """Forget a job."""
        self._write(lambda file: file.remove(job.id))

    def arrange(self, order: Sequence[tuple[str, int]]) -> None:
        """Note the order of waiting jobs and their priorities."""
        self._write(lambda file: file.arrange(order))

    def take_note(self) -> str:
        """Return, once, what the user should hear about writing; "" otherwise."""
        note, self._note = self._note, ""
        return note

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, work: Callable[[QueueFile], None]) -> None:
        if self._file is None:
            return
        try:
            work(self._file)
        except StorageError as error:
            _log.warning("the queue file cannot be written: %s", error)
            if not self._failing:
                self._note = error.user_message
            self._failing = True
            self._tell("queue-write", error.sentence())
            return
        self._failing = False
        self._tell("queue-write", "")


def _stored(job: Job) -> StoredJob:
    from studio.engine.queue import StoredJob

    return StoredJob(
        id=job.id,
        state="queued",
        priority=int(job.priority),
        created_at=job.created_at,
        request=job.request,
    )


def _job(row: StoredJob) -> Job:
    interrupted = row.state == "interrupted"
    return Job(
        id=row.id,
        request=row.request,
        priority=Priority(min(max(row.priority, 0), max(Priority))),
        created_at=row.created_at,
        state="interrupted" if interrupted else "queued",
        held=not interrupted,
    )

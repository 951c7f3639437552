"""Waiting and running jobs on disk, so that a crash or a restart loses none of them.

One SQLite file (WAL), opened and used on the engine thread only. A write survives the process
being killed at any moment; it is not flushed to the disk each time, so a power cut may lose the
last second. Rows of jobs that ended are removed at once and their pages overwritten: what was
asked stays private. The file is locked for as long as it is open, so of two running instances
only the first keeps its queue over a restart. See packaging/docs/decisions/0011-queue.md.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import (
    BadInputError,
    DamagedFileError,
    DiskFullError,
    NewerFormatError,
    StorageError,
    storage_errors,
)
from studio.core.requests import Request, from_json, to_json

_log = logging.getLogger(__name__)

QUEUE_FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'interrupted')),
    priority INTEGER NOT NULL,
    place INTEGER NOT NULL,
    created_at REAL NOT NULL,
    request TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True)
class StoredJob:
    """One row: a job of an earlier run.

    Attributes:
        id: The job's id.
        state: "queued" or "interrupted".
        priority: Its urgency.
        created_at: When it was submitted, in seconds since 1970.
        request: What was asked.
    """

    id: str
    state: str
    priority: int
    created_at: float
    request: Request


class QueueFile:
    """The file. Every method raises :class:`StorageError` when the system refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Sentences about what was wrong when it was opened.
        self.problems: list[str] = []
        self._connection: sqlite3.Connection | None = None

    def open(self) -> tuple[StoredJob, ...]:
        """Open the file and return the jobs of the last run, in order.

        What was running then is *interrupted* now. A damaged file is kept beside, and a new one
        begun.

        Raises:
            StorageError: It cannot be used: another instance has it, a newer version wrote it,
                or the system refuses. It is left as it is.
        """
        with storage_errors(self.path, "opening the job queue"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connect()
        except DamagedFileError as error:
            self.close()
            kept = self._set_aside()
            _log.warning("damaged queue kept as %s: %s", kept, error)
            self.problems.append(
                f"The list of waiting jobs was damaged; a new one was begun, and the old one is "
                f"kept as {kept.name}."
            )
            self._connect()
        except StorageError:
            self.close()
            raise
        return self._restore()

    def add(self, stored: StoredJob) -> None:
        """Keep a job, at the end of the line."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO jobs VALUES "
                "(?, ?, ?, (SELECT COALESCE(MAX(place), 0) + 1 FROM jobs), ?, ?)",
                (
                    stored.id,
                    stored.state,
                    stored.priority,
                    stored.created_at,
                    to_json(stored.request),
                ),
            )

    def set_state(self, job_id: str, state: str) -> None:
        """Note that a job runs, or waits again."""
        with self._writing() as connection:
            connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job_id))

    def arrange(self, order: Sequence[tuple[str, int]]) -> None:
        """Keep the jobs in this order with these priorities."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE jobs SET place = ?, priority = ? WHERE id = ?",
                [(place, priority, job_id) for place, (job_id, priority) in enumerate(order, 1)],
            )

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._writing() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def close(self) -> None:
        """Close the file; does nothing when it is not open."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except sqlite3.Error as error:
            _log.warning("closing the queue failed: %s", error)

    def _connect(self) -> None:
        with self._translated():
            connection = sqlite3.connect(self.path, timeout=0.2, isolation_level=None)
            self._connection = connection
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > QUEUE_FORMAT:
                raise NewerFormatError(
                    "The list of waiting jobs was written by a newer version of Triptych.",
                    hint="Jobs that wait now are not kept when the window closes.",
                    path=str(self.path),
                )
            # Only now: this changes the file.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA secure_delete=ON")
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise DamagedFileError("The list of waiting jobs is damaged.", reason=state)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_SCHEMA)
            columns = {row[1] for row in connection.execute("PRAGMA table_info(jobs)")}
            if columns != {"id", "state", "priority", "place", "created_at", "request"}:
                raise DamagedFileError("The list of waiting jobs has an unknown shape.")
            connection.execute(f"PRAGMA user_version={QUEUE_FORMAT}")
            connection.execute("COMMIT")

    def _restore(self) -> tuple[StoredJob, ...]:
        with self._writing() as connection:
            connection.execute("UPDATE jobs SET state = 'interrupted' WHERE state = 'running'")
            rows = connection.execute(
                "SELECT id, state, priority, created_at, request FROM jobs ORDER BY place"
            ).fetchall()
        found = []
        for job_id, state, priority, created_at, text in rows:
            try:
                request = from_json(text)
            except BadInputError as error:
                _log.warning("a stored job cannot be read: %s", error)
                self.problems.append("A job of an earlier run could not be read and is left out.")
                self.remove(job_id)
                continue
            found.append(
                StoredJob(
                    id=job_id,
                    state=state,
                    priority=priority,
                    created_at=created_at,
                    request=request,
                )
            )
        return tuple(found)

    def _set_aside(self) -> Path:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        kept = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        number = 1
        while kept.exists():
            number += 1
            kept = self.path.with_name(f"{self.path.name}.damaged-{stamp}-{number}")
        with storage_errors(self.path, "putting the damaged job queue aside"):
            for ending in ("-wal", "-shm"):
                beside = self.path.with_name(self.path.name + ending)
                if beside.exists():
                    beside.replace(kept.with_name(kept.name + ending))
            self.path.replace(kept)
        return kept

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        if connection is None:
            raise StorageError("The job queue is not open.")
        with self._translated():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._with_words(error) from error

    def _with_words(self, error: sqlite3.Error) -> StorageError:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        facts = {"path": str(self.path), "reason": str(error)}
        if primary == sqlite3.SQLITE_FULL:
            return DiskFullError(
                "The disk is full, so this job is not kept if Triptych closes before it is done.",
                hint="Free some space on the drive of your user folder.",
                **facts,
            )
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StorageError(
                "Triptych is open a second time; jobs of this window are not kept when it closes.",
                hint="Close the other window to change that.",
                **facts,
            )
        if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return DamagedFileError("The list of waiting jobs is damaged.", **facts)
        return StorageError(
            "The list of waiting jobs cannot be written, so jobs are not kept when Triptych "
            "closes.",
            hint="Check the permissions of Triptych's folder.",
            **facts,
        )

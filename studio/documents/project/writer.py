"""The one thread that writes a project: many committed actions, one durable transaction.

What waits is written together (group commit). When the disk refuses, everything stays in memory
in order, whoever listens is told once, and writing is tried again until it works or the project
is moved elsewhere. Nothing that was acknowledged is given up.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from studio.core.errors import (
    BadInputError,
    DamagedFileError,
    DiskFullError,
    StorageError,
    StudioError,
)
from studio.documents.project.database import (
    from_sqlite_error,
    is_storage_error,
    open_writer,
)
from studio.documents.project.operations import Operation

logger = logging.getLogger(__name__)

IDLE_S = 1.0
RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0)
MAX_BATCH = 500
WAL_LIMIT_BYTES = 64 * 1024 * 1024

T = TypeVar("T")
Task = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]


class Writer:
    """Owns the writing connection; every method may be called from any thread."""

    def __init__(
        self,
        path: Path,
        tell: Callable[[StorageError | None], None],
        close_readers: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the project's path and whom to tell.

        Args:
            path: The project file.
            tell: Called on the writer thread with the error when the disk begins to refuse, and
                with ``None`` when everything is written again.
            close_readers: Closes idle reading connections before the file is opened again:
                SQLite shares what it knows of a file, such as "read-only", between connections.
        """
        self.path = path
        self.problems: list[str] = []
        self.failure: StorageError | None = None
        self._tell = tell
        self._close_readers = close_readers
        self._condition = threading.Condition()
        self._waiting: deque[Operation] = deque()
        self._tasks: deque[Task] = deque()
        self._unwritten = 0
        self._closing = False
        self._hurry = False
        self._connection: sqlite3.Connection | None = None
        self._dirty_log = False
        self._thread = threading.Thread(target=self._run, name=f"project-{path.stem}", daemon=True)

    def start(self) -> None:
        """Open the file and begin.

        Raises:
            StorageError: It cannot be opened for writing.
        """
        self._connection = open_writer(self.path, self.problems)
        self._thread.start()

    def submit(self, operation: Operation) -> None:
        """Queue an action; returns at once."""
        with self._condition:
            if self._closing:
                raise StorageError("The project is closed.", path=str(self.path))
            self._waiting.append(operation)
            self._unwritten += 1
            self._condition.notify_all()

    def run_task(self, task: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run a function on the writer thread between two transactions."""
        future: Future[T] = Future()
        with self._condition:
            if self._closing:
                raise StorageError("The project is closed.", path=str(self.path))
            self._tasks.append((task, future))
            self._hurry = True
            self._condition.notify_all()
        return future

    def go_on_in(self, connection: sqlite3.Connection, path: Path) -> None:
        """Write to another file from now on; only called inside a task."""
        self._shut()
        self._connection, self.path = connection, path

    @property
    def unwritten(self) -> int:
        """How many actions are not yet durable."""
        with self._condition:
            return self._unwritten

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything is durable; return whether it is.

        Returns early when the disk refuses even now.
        """
        deadline = time.monotonic() + timeout_s
        with self._condition:
            self._hurry = True
            self._condition.notify_all()
            while self._unwritten:
                left = deadline - time.monotonic()
                if left <= 0 or not self._thread.is_alive():
                    return False
                if self.failure is not None and not self._hurry:
                    return False
                self._condition.wait(left)
            return True

    def close(self) -> None:
        """End the thread; what is not written by now is given up."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        if self._thread.ident is not None:  # it was started
            self._thread.join()
        else:
            self._shut()

    def _run(self) -> None:
        batch: list[Operation] = []
        try:
            while self._next(batch):
                self._run_tasks()
                if batch:
                    self._write(batch)
            self._abandon(batch, StorageError("The project was closed without saving this."))
        except BaseException as error:
            self._break_down(batch, error)
            raise
        finally:
            self._shut()

    def _next(self, batch: list[Operation]) -> bool:
        """Wait for work and move it into ``batch``; return whether to go on."""
        with self._condition:
            if batch:
                self._condition.wait_for(lambda: self._closing or self._hurry, self._pause_s)
            else:
                self._condition.wait_for(self._has_work, IDLE_S if self._dirty_log else None)
            if self._closing and (batch or not self._waiting):
                return False
            while self._waiting and len(batch) < MAX_BATCH:
                batch.append(self._waiting.popleft())
            idle = not batch and not self._tasks
        if idle:
            self._checkpoint()
        return True

    def _has_work(self) -> bool:
        return bool(self._waiting or self._tasks or self._closing)

    _pause_s = RETRY_S[0]

    def _run_tasks(self) -> None:
        while True:
            with self._condition:
                if not self._tasks:
                    return
                task, future = self._tasks.popleft()
            try:
                future.set_result(task(self._opened()))
            except sqlite3.Error as error:
                future.set_exception(from_sqlite_error(error, self.path, "working on the project"))
            except StudioError as error:
                future.set_exception(error)
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _write(self, batch: list[Operation]) -> None:
        try:
            refused = self._transaction(batch)
        except sqlite3.Error as error:
            self._failed(from_sqlite_error(error, self.path, "saving the project"))
            return
        except StorageError as error:
            self._failed(error)
            return
        self._dirty_log = True
        for operation in batch:
            error_of = refused.get(operation)
            if error_of is None:
                operation.future.set_result(operation.sequence)
            else:
                operation.future.set_exception(error_of)
        recovered = self.failure is not None
        with self._condition:
            self._unwritten -= len(batch)
            self.failure = None
            self._hurry = False
            self._condition.notify_all()
        batch.clear()
        self._pause_s = RETRY_S[0]
        if recovered:
            self._tell(None)
        self._checkpoint_if_long()

    def _opened(self) -> sqlite3.Connection:
        """Return the connection, opened again where a failure closed it.

        Raises:
            StorageError: It cannot be opened now.
        """
        if self._connection is None:
            self._connection = open_writer(self.path, [])
        return self._connection

    def _let_go(self) -> None:
        """Close the connection after a failure: it may remember that it could only read."""
        connection, self._connection = self._connection, None
        self._close_readers()
        if connection is not None:
            connection.close()

    def _transaction(self, batch: list[Operation]) -> dict[Operation, Exception]:
        """Write a batch and make it durable; return what was refused for its own fault."""
        refused: dict[Operation, Exception] = {}
        for operation in batch:
            try:
                operation.prepare()
            except StudioError as error:
                if isinstance(error, StorageError) and not isinstance(error, DamagedFileError):
                    raise
                refused[operation] = error
        connection = self._opened()
        try:
            connection.execute("BEGIN IMMEDIATE")
            again = self.failure is not None
            for operation in batch:
                # A commit that failed may be found whole in the log when the file is opened again.
                if operation not in refused and not (again and operation.is_in(connection)):
                    self._write_one(connection, operation, refused)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return refused

    @staticmethod
    def _write_one(
        connection: sqlite3.Connection, operation: Operation, refused: dict[Operation, Exception]
    ) -> None:
        connection.execute("SAVEPOINT action")
        try:
            operation.write(connection)
        except BadInputError as error:
            connection.execute("ROLLBACK TO action")
            refused[operation] = error
        except sqlite3.Error as error:
            if is_storage_error(error):
                raise
            logger.exception("An action was refused: %s", operation.action)
            connection.execute("ROLLBACK TO action")
            refused[operation] = StudioError(
                "A change could not be kept.", hint="Undo it and try again.", reason=str(error)
            )
        connection.execute("RELEASE action")

    def _failed(self, error: StorageError) -> None:
        first = self.failure is None
        pause = next((s for s in RETRY_S if s > self._pause_s), RETRY_S[-1])
        self._pause_s = RETRY_S[0] if first else pause
        with self._condition:
            self.failure = error
            self._hurry = False
            self._condition.notify_all()
        if not isinstance(error, DiskFullError):
            self._let_go()
        if first:
            logger.warning("Writing %s failed: %s", self.path.name, error.facts.get("reason"))
            self._tell(error)

    def _checkpoint_if_long(self) -> None:
        log = self.path.with_name(self.path.name + "-wal")
        try:
            if log.stat().st_size > WAL_LIMIT_BYTES:
                self._checkpoint()
        except FileNotFoundError:
            return

    def _checkpoint(self) -> None:
        """Move the log into the file; only ever done here, where nobody waits."""
        self._dirty_log = False
        if self._connection is None:
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:  # the log stays and is complete: tried again later
            logger.info("No checkpoint of %s now: %s", self.path.name, error)

    def _abandon(self, batch: list[Operation], error: StorageError) -> None:
        with self._condition:
            waiting = [*batch, *self._waiting]
            tasks = list(self._tasks)
        for future in [operation.future for operation in waiting] + [task[1] for task in tasks]:
            if not future.done():
                future.set_exception(error)

    def _break_down(self, batch: list[Operation], error: BaseException) -> None:
        lost = StorageError(
            "The project cannot be saved any more.",
            hint="Save a copy under another name and start Triptych again.",
            reason=repr(error),
        )
        with self._condition:
            self._closing = True
            self.failure = lost
            self._condition.notify_all()
        self._abandon(batch, lost)
        self._tell(lost)

    def _shut(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            logger.info("No checkpoint of %s at the end: %s", self.path.name, error)
        connection.close()

"""Whole copies of a project file, made with SQLite's backup API and complete before they show."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.atomic_write import sync_folder
from studio.documents.project.database import database_errors, open_writer

if TYPE_CHECKING:
    from studio.documents.project.writer import Writer

PAGES_AT_ONCE = 2000


def copy_database(
    source: sqlite3.Connection,
    path: Path,
    *,
    go_on: Callable[[], bool] = lambda: True,
    before_replace: Callable[[], None] = lambda: None,
) -> bool:
    """Copy what ``source`` sees at this moment to ``path``, replacing it in one step.

    Args:
        source: A connection; what others commit meanwhile is not in the copy.
        path: Where the copy goes. It stands alone, without a write-ahead log.
        go_on: Asked every few megabytes; false ends the copying.
        before_replace: Called just before the copy takes its name.

    Returns:
        Whether the copy was made.

    Raises:
        StorageError: It did not work; what stood at ``path`` is untouched.
    """
    part = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:8]}.triptych-part")
    with database_errors(path, "copying the project"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if not _copied(source, part, go_on):
                return False
            before_replace()
            for rest in ("-wal", "-shm"):  # of a file that stood here: never read into this one
                path.with_name(path.name + rest).unlink(missing_ok=True)
            part.replace(path)
            sync_folder(path.parent)
        finally:
            for rest in ("", "-wal", "-shm", "-journal"):
                part.with_name(part.name + rest).unlink(missing_ok=True)
    return True


class _StoppedError(Exception):
    """The copy is not wanted any more."""


def _copied(source: sqlite3.Connection, part: Path, go_on: Callable[[], bool]) -> bool:
    def progress(_status: int, _left: int, _total: int) -> None:
        if not go_on():
            raise _StoppedError

    target = sqlite3.connect(part, isolation_level=None)
    try:
        if not source.in_transaction:  # one moment, whatever is committed while we copy
            source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PAGES_AT_ONCE, progress=progress)
        target.execute("PRAGMA journal_mode = DELETE")
    except _StoppedError:
        return False
    finally:
        if source.in_transaction:
            source.execute("ROLLBACK")
        target.close()
    descriptor = os.open(part, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def move_project(writer: Writer, path: Path) -> Future[None]:
    """Copy the writer's project to ``path`` and go on writing there; runs on its thread."""

    def move(connection: sqlite3.Connection) -> None:
        copy_database(connection, path)
        writer.go_on_in(open_writer(path, writer.problems), path)

    return writer.run_task(move)

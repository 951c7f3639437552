"""SQLite as a project needs it: how files are opened, and its errors in plain words.

Only this module and its private siblings import ``sqlite3`` (35 ms, not before the window).
One connection writes and does every checkpoint; SQLite up to 3.51.2 can damage a WAL file when
two do (https://www.sqlite.org/wal.html#walresetbug).
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.core.errors import (
    DamagedFileError,
    DiskFullError,
    NewerFormatError,
    ReadOnlyError,
    StorageError,
    from_os_error,
)
from studio.documents.project import schema
from studio.documents.project.places import is_network
from studio.documents.project.records import ProjectInUseError, damaged

BUSY_TIMEOUT_S = 5.0

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_STORAGE = (
    _DAMAGED
    | _READ_ONLY
    | _BUSY
    | {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL}
)


def is_storage_error(error: sqlite3.Error) -> bool:
    """Return whether the disk or the file is at fault, not what was asked."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _STORAGE or (
        type(error) is sqlite3.DatabaseError
    )


def from_sqlite_error(error: sqlite3.Error, path: Path, doing: str) -> StorageError:
    """Translate a database error into one with words; raise it ``from error``."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    facts = {"path": str(path), "reason": str(error)}
    if code == sqlite3.SQLITE_FULL:
        return DiskFullError(
            f"The disk is full, so {doing} did not work.",
            hint=f"Free some space where {path.parent} lies, or save the project elsewhere; "
            "nothing is lost while this window is open.",
            **facts,
        )
    if code in _READ_ONLY:
        return ReadOnlyError(
            f"{path.name} could not be written: {path.parent} does not allow it.",
            hint="Save the project in another folder.",
            **facts,
        )
    if code in _DAMAGED:
        return damaged(path, "part of it", str(error))
    if code in _BUSY:
        return ProjectInUseError(
            f"{path.name} is being used by another program.",
            hint="Close the other program, then try again.",
            **facts,
        )
    return StorageError(
        f"While {doing}, {path.name} could not be used: {error}.",
        hint="Check that the drive is connected and has room, then try again.",
        **facts,
    )


@contextmanager
def database_errors(path: Path, doing: str) -> Iterator[None]:
    """Translate every ``sqlite3.Error`` and ``OSError`` inside into a :class:`StorageError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise from_sqlite_error(error, path, doing) from error
    except OSError as error:
        raise from_os_error(error, path, doing) from error


def create_file(path: Path) -> None:
    """Make an empty project, complete on disk before its name appears.

    Raises:
        StorageError: Something stands there already, or the system refused.
    """
    part = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex[:8]}.triptych-part")
    with database_errors(path, "making the project"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise FileExistsError(17, "it is already there", str(path))
        try:
            connection = sqlite3.connect(part, isolation_level=None)
            try:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("BEGIN IMMEDIATE")
                schema.create(connection, uuid.uuid4().hex, int(time.time() * 1000))
                connection.execute("COMMIT")
            finally:
                connection.close()
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)


def open_writer(path: Path, problems: list[str]) -> sqlite3.Connection:
    """Open a project for writing, up to date and in WAL mode where the drive can do that.

    Args:
        path: The project file.
        problems: Sentences for the user are added here.

    Raises:
        DamagedFileError, NewerFormatError, StorageError: It cannot be opened.
    """
    with database_errors(path, "opening the project"):
        refuse_non_project(path)
        connection = sqlite3.connect(
            path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
        try:
            _set_up_writer(connection, path, problems)
        except BaseException:
            connection.close()
            raise
        return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a project to read only, also from a read-only folder.

    Raises:
        DamagedFileError, NewerFormatError, StorageError: It cannot be opened.
    """
    with database_errors(path, "opening the project"):
        refuse_non_project(path)
        try:
            return _reader(path, "mode=ro")
        except sqlite3.OperationalError:
            log = path.with_name(path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            return _reader(path, "immutable=1")  # a closed project in a read-only folder


def check_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the file's schema version.

    Raises:
        DamagedFileError: Not a project.
        NewerFormatError: Written by a newer Triptych.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != schema.APPLICATION_ID or version < 1:
        raise not_a_project(path)
    if version > schema.SCHEMA_VERSION:
        raise NewerFormatError(
            f"{path.name} was made with a newer Triptych.",
            hint="Update Triptych to open it; the file was not touched.",
            path=str(path),
            version=version,
        )
    return version


def not_a_project(path: Path) -> DamagedFileError:
    """Return the error for a file that is something else."""
    return DamagedFileError(
        f"{path.name} is not a Triptych project, or its beginning is damaged.",
        hint="Open the newest backup, or another file.",
        path=str(path),
    )


def refuse_non_project(path: Path) -> None:
    """Raise when ``path`` cannot be a project; SQLite would take an empty file for a new one.

    Raises:
        DamagedFileError: Empty, or not an SQLite file.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise not_a_project(path)


def _reader(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
    )
    try:
        check_version(connection, path)
        connection.execute("SELECT count(*) FROM project").fetchone()
        connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up_writer(connection: sqlite3.Connection, path: Path, problems: list[str]) -> None:
    network = is_network(path)
    if network:  # shared memory does not work there: no WAL, not even to read one
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    version = check_version(connection, path)
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "it is read-only", str(path))
    wanted = "delete" if network else "wal"
    mode = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]
    if network:
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    elif mode != "wal":
        problems.append(
            f"The drive of {path.name} cannot keep a write-ahead log; writing is slower there."
        )
    for setting in (
        "synchronous = FULL",
        "fullfsync = ON",
        "checkpoint_fullfsync = ON",
        "foreign_keys = ON",
        "wal_autocheckpoint = 0",
        "journal_size_limit = 4194304",
        "cache_size = -8000",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {setting}")
    schema.migrate(connection, version)

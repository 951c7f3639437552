"""The library's index: an SQLite file that may vanish or break at any time without loss.

One thread writes, under a lock between processes; every other thread reads through a connection
of its own. Whatever shows the file to be damaged leads to a fresh one, which is filled again
from the files of the folder; the damaged one is kept aside.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from studio.core.errors import DamagedFileError, StorageError, StudioError, from_os_error
from studio.library.lock import ProcessLock
from studio.library.schema import APPLICATION_ID, PRAGMAS, SCHEMA, SCHEMA_VERSION

log = logging.getLogger(__name__)

T = TypeVar("T")

# What the computer around the file can do wrong, as opposed to the file itself.
_SURROUNDINGS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_TOOBIG,
}


class SearchInterrupted(StudioError):  # noqa: N818 - a wish of the caller, not a failure
    """A search was stopped because nobody wants its result any more."""


class DamagedIndexError(DamagedFileError):
    """The index cannot be used; a fresh one takes its place and is filled from the files."""


class Index:
    """The index file, its writer thread and its readers.

    Args:
        path: The SQLite file; made when missing.
        on_damage: Called, from any thread, after a damaged file was replaced by a fresh one.
    """

    def __init__(self, path: Path, *, on_damage: Callable[[str], None]) -> None:
        self.path = path
        self.lock = ProcessLock(path.with_name(path.name + ".lock"))
        self._on_damage = on_damage
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="library-writer")
        self._write_connection: sqlite3.Connection | None = None
        self._local = threading.local()
        self._connections: set[sqlite3.Connection] = set()
        self._guard = threading.Lock()
        self._generation = 0
        self._identity: tuple[int, int] | None = None
        self._closed = False
        self.fresh = False
        """The file was empty when it was opened, so everything has to be read from the folder."""
        self._writer.submit(self._open_writer).result()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Run ``work`` in one transaction on the writer thread.

        Raises (from the future):
            StorageError: Nothing of it was written.
        """
        return self._writer.submit(self._transaction, work)

    @contextlib.contextmanager
    def reading(self, cancelled: Callable[[], bool] | None = None) -> Iterator[sqlite3.Connection]:
        """Give this thread's reading connection.

        Args:
            cancelled: Asked now and then; when it says yes, the query ends at once.

        Raises:
            SearchInterrupted: ``cancelled`` said yes.
            DamagedIndexError: The index had to be replaced; it is empty now and fills again.
            StorageError: The system does not let us read.
        """
        generation = self._generation
        try:
            connection = self._reader()
            if cancelled is not None:
                connection.set_progress_handler(lambda: int(cancelled()), 20_000)
            try:
                yield connection
            finally:
                if cancelled is not None:
                    connection.set_progress_handler(None, 0)
        except sqlite3.Error as error:
            if _code(error) == sqlite3.SQLITE_INTERRUPT:
                raise SearchInterrupted("The search was stopped.") from error
            raise self._judge(error, generation) from error

    def replace(self, reason: str) -> None:
        """Put the file aside and start with an empty one; callable from any thread."""
        self._writer.submit(self._replace, reason, self._generation).result()

    def check(self) -> bool:
        """Look through the whole file for damage; takes seconds for a large one."""
        try:
            with self.reading() as connection:
                if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise sqlite3.DatabaseError("quick_check found damage")
        except DamagedIndexError:
            return False
        return True

    def close(self) -> None:
        """Finish what is being written and close the file."""
        if self._closed:
            return
        self._closed = True
        self._writer.submit(self._close_all).result()
        self._writer.shutdown()

    # ---- writer thread -----------------------------------------------------------------------

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        generation = self._generation
        try:
            with self.lock:
                connection = self._writing()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                return result
        except sqlite3.Error as error:
            raise self._judge(error, generation, on_writer=True) from error

    def _writing(self) -> sqlite3.Connection:
        """Return the writing connection, to the file that stands at the path now."""
        before = self._write_connection
        if before is None or self._identity != _identity(self.path):
            self._disconnect()
            self._write_connection = self._connect()
            self._create(self._write_connection)
            self._identity = _identity(self.path)
            if before is not None:
                log.warning("the library's index was replaced or removed while it was open")
                self._on_damage("another file stands in its place")
        assert self._write_connection is not None
        return self._write_connection

    def _reopen(self) -> None:
        with self.lock:
            self._writing()

    def _open_writer(self) -> None:
        try:
            with self.lock:
                self._writing()
        except sqlite3.Error as error:
            if _code(error) in _SURROUNDINGS:
                raise _translated(error, self.path) from error
            self._replace(str(error), self._generation)

    def _create(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if (application, version) == (APPLICATION_ID, SCHEMA_VERSION) and tables:
            connection.execute("SELECT id FROM items LIMIT 1").fetchone()
            connection.execute("SELECT rowid FROM words('a') LIMIT 1").fetchone()
            return
        if tables:
            raise sqlite3.DatabaseError(f"not this version's index ({application}, {version})")
        self.fresh = True
        connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )

    def _replace(self, reason: str, generation: int) -> None:
        if generation != self._generation:
            return  # another thread saw the same damage first
        log.info("the library's index is made anew: %s", reason)
        with self.lock:
            self._disconnect()
            self._put_aside()
            self._write_connection = self._connect()
            self._create(self._write_connection)
            self._identity = _identity(self.path)
        self._on_damage(reason)

    def _put_aside(self) -> None:
        try:
            for suffix in ("", "-wal", "-shm"):
                file = self.path.with_name(self.path.name + suffix)
                if file.exists():
                    file.replace(self.path.with_name(f"{self.path.name}.damaged{suffix}"))
        except OSError as error:
            raise from_os_error(error, self.path, "putting the damaged index aside") from error

    def _disconnect(self) -> None:
        """Close every connection, the readers' too; they open anew when next used."""
        with self._guard:
            self._generation += 1
            connections, self._connections = self._connections, set()
        for connection in connections:
            connection.close()
        self._write_connection = None

    def _close_all(self) -> None:
        with self.lock:  # the last connection to close writes the WAL back
            self._disconnect()

    # ---- any thread --------------------------------------------------------------------------

    def _reader(self) -> sqlite3.Connection:
        if self._identity != _identity(self.path):
            self._writer.submit(self._reopen).result()
        if getattr(self._local, "generation", -1) != self._generation:
            self._local.generation = self._generation
            self._local.connection = self._connect()
            self._local.connection.execute("PRAGMA query_only = ON")
        connection: sqlite3.Connection = self._local.connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, self.path, "opening the library's index") from error
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            connection.executescript(PRAGMAS)
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._connections.add(connection)
        return connection

    def _judge(
        self, error: sqlite3.Error, generation: int, *, on_writer: bool = False
    ) -> StorageError:
        """Return the error to raise; replace the file when it is what is wrong."""
        if _code(error) in _SURROUNDINGS:
            return _translated(error, self.path)
        if generation == self._generation and not self._closed:
            if on_writer:
                self._replace(str(error), generation)
            else:
                self._writer.submit(self._replace, str(error), generation).result()
        return DamagedIndexError(
            "The library's index was damaged and is being made anew from the files.",
            hint="Nothing is lost; what is missing here appears again in a moment.",
            path=str(self.path),
            reason=str(error),
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells this file from another of the same name; ``None`` when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _translated(error: sqlite3.Error, path: Path) -> StorageError:
    if _code(error) == sqlite3.SQLITE_FULL:
        return from_os_error(OSError(28, str(error)), path, "writing the library's index")
    if _code(error) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return from_os_error(OSError(13, str(error)), path, "writing the library's index")
    return StorageError(
        f"The library's index could not be used: {error}.",
        hint="Check that the drive is connected and has space, then try again.",
        path=str(path),
        reason=str(error),
    )

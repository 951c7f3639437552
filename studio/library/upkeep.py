"""The library's background work: looking through the folder, the old trash, a lost index.

One thread, one piece of work at a time; ends within one file when the library is closed.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from studio.core.errors import StorageError
from studio.core.provenance import credentials
from studio.library import vectors
from studio.library.index import DamagedIndexError
from studio.library.items import Change, Item, Problems, ScanReport
from studio.library.rows import items_by_id
from studio.library.scan import scan

if TYPE_CHECKING:
    from studio.library.library import Library

log = logging.getLogger(__name__)

SHOWN_PROBLEMS = 2000
MAX_CLOCK_JUMP = timedelta(days=25)

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


class Upkeep:
    """Scans and tidies, in the background or in the caller's thread, never twice at once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="library-upkeep")
        self._one_scan = threading.Lock()
        self._closing = threading.Event()
        self._later: Future[None] | None = None
        self._started = False
        self.notes: list[str] = []
        self.unreadable: tuple[str, ...] = ()

    def start(self) -> None:
        """Check the index, look through the folder and empty the old trash, in the background."""
        self._started = True
        self._later = self._thread.submit(self._at_start)

    def scan_later(self) -> Future[None]:
        """Look through the folder in the background, such as after the window came back."""
        if self._later is None or self._later.done():
            self._later = self._thread.submit(self._quietly, self._scan_in_background)
        return self._later

    def prepare_to_sign(self) -> None:
        """Import what signing needs, in the background, before the first result waits for it."""
        self._thread.submit(credentials.prepare)

    def settle(self, timeout_s: float) -> None:
        """Wait until the background work given so far is done."""
        self._thread.submit(lambda: None).result(timeout_s)

    def wait_for_scan(self) -> None:
        """Return when no scan runs; one that was just begun is waited for."""
        with self._one_scan:
            return

    def refill(self, reason: str) -> None:
        """Fill an index that was made anew; called by the index, from any thread."""
        self.notes.append(
            "The library's index was made anew from the files, since it could not be used."
        )
        if self._started and not self._closing.is_set():
            self._thread.submit(self._quietly, self._scan_in_background)

    def close(self) -> None:
        """Stop after the file at hand."""
        self._closing.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def scan(self, progress: Progress, cancelled: Cancelled) -> ScanReport:
        """Look through the folder now.

        Raises:
            StorageError: The folder cannot be reached or the index not be written.
        """
        with self._one_scan:
            return self._scan(progress, cancelled)

    def _scan(self, progress: Progress, cancelled: Cancelled) -> ScanReport:
        library = self._library

        def told(done: int, total: int) -> None:
            progress(done, total)
            library.tell(Change(what="progress", done=done, total=total))

        def changed(added: list[int], updated: list[int]) -> None:
            if added:
                library.tell(Change(what="added", ids=tuple(added)))
            if updated:
                library.tell(Change(what="changed", ids=tuple(updated)))

        def stop() -> bool:
            return self._closing.is_set() or cancelled()

        report = scan(library.index, library.places, progress=told, cancelled=stop, changed=changed)
        if not report.cancelled:
            self._adopt_old_vectors()
        self.unreadable = report.unreadable
        if report.missing or report.unreadable:
            library.tell(Change(what="problems"))
        return report

    def rebuild(self, progress: Progress, cancelled: Cancelled) -> ScanReport:
        """Start with an empty index and read every file again."""
        with self._one_scan:
            started, self._started = self._started, False  # the scan below fills it, not another
            try:
                self._library.index.replace("asked for")
            finally:
                self._started = started
            self.notes.clear()
            return self._scan(progress, cancelled)

    # ---- background --------------------------------------------------------------------------

    def _at_start(self) -> None:
        self._quietly(self._scan_in_background)
        if not self._closing.is_set():
            self._quietly(self._purge)
        if not self._closing.is_set() and not self._library.index.check():
            log.warning("the library's index was damaged")  # it is filled again by now

    def _quietly(self, work: Callable[[], None]) -> None:
        """Do background work; what fails is noted for the user instead of raised."""
        for _ in range(2):
            try:
                work()
            except DamagedIndexError:
                continue  # a fresh index stands there now
            except StorageError as error:
                self.notes.append(error.sentence())
                self._library.tell(Change(what="problems"))
            return

    def _scan_in_background(self) -> None:
        self.scan(lambda done, total: None, lambda: False)

    def _purge(self) -> None:
        """Empty the old trash, but not after the clock jumped: it may be wrong now."""
        library = self._library
        now = library.clock()
        last = library.write(lambda connection: _swap_last_seen(connection, now))
        if last is not None and timedelta(0) <= now - last <= MAX_CLOCK_JUMP:
            library.purge_expired()

    def _adopt_old_vectors(self) -> None:
        """Take vectors over from the index that was put aside; computing them takes hours."""
        old = self._library.index.path.with_name(self._library.index.path.name + ".damaged")
        if not old.exists():
            return
        try:
            vectors.adopt(self._library.index, old)
        except (sqlite3.Error, ValueError) as error:
            log.info("vectors of the old index could not be used: %s", error)
        for suffix in ("", "-wal", "-shm"):
            try:
                old.with_name(old.name + suffix).unlink(missing_ok=True)
            except OSError as error:
                log.info("the old index stays: %s", error.strerror)


def problems(connection: sqlite3.Connection, notes: list[str]) -> Problems:
    """Return missing, duplicate and unreadable files."""
    missing = connection.execute(
        "SELECT id FROM items WHERE missing ORDER BY id DESC LIMIT ?", (SHOWN_PROBLEMS,)
    )
    unreadable = connection.execute(
        "SELECT path FROM items WHERE unreadable ORDER BY id DESC LIMIT ?", (SHOWN_PROBLEMS,)
    )
    return Problems(
        missing=tuple(items_by_id(connection, [row[0] for row in missing.fetchall()])),
        duplicates=_duplicates(connection),
        unreadable=tuple(row[0] for row in unreadable),
        notes=tuple(dict.fromkeys(notes)),
    )


def _duplicates(connection: sqlite3.Connection) -> tuple[tuple[Item, ...], ...]:
    rows = connection.execute(
        "SELECT content_hash, id FROM items WHERE trashed_at IS NULL AND content_hash IN"
        " (SELECT content_hash FROM items WHERE trashed_at IS NULL AND size_bytes"
        "  GROUP BY content_hash HAVING count(*) > 1) ORDER BY content_hash, id LIMIT ?",
        (SHOWN_PROBLEMS,),
    ).fetchall()
    groups: dict[bytes, list[int]] = {}
    for content, number in rows:
        groups.setdefault(content, []).append(number)
    return tuple(tuple(items_by_id(connection, ids)) for ids in groups.values())


def _swap_last_seen(connection: sqlite3.Connection, now: datetime) -> datetime | None:
    row = connection.execute("SELECT value FROM facts WHERE name = 'last_seen'").fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO facts (name, value) VALUES ('last_seen', ?)", (now.isoformat(),)
    )
    try:
        return datetime.fromisoformat(row[0]) if row else None
    except ValueError:
        return None

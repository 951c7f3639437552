"""Bring the index into step with the folder: what is new, changed, renamed or gone.

Runs in the background and can be stopped after every file; what was read by then stays.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from studio.core.errors import StorageError
from studio.library.index import Index
from studio.library.items import ScanReport
from studio.library.marks import Marks, MarksFolder
from studio.library.places import ListedFile, Places
from studio.library.reading import FileFacts, read_file
from studio.library.rows import KnownFile, known_files, upsert

log = logging.getLogger(__name__)

BATCH_FILES = 100

Progress = Callable[[int, int], None]


def scan(
    index: Index,
    places: Places,
    *,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    changed: Callable[[list[int], list[int]], None] = lambda added, updated: None,
) -> ScanReport:
    """Look through the folder once.

    Args:
        index: Is written to.
        places: The folder.
        progress: Told how many files were looked at, and of how many.
        cancelled: Asked before each file.
        changed: Told the ids of each batch of added and of changed items, once they are durable.

    Raises:
        StorageError: The folder cannot be reached or the index not be written.
    """
    with index.lock:
        leftovers = places.remove_leftovers() if places.folder.is_dir() else 0
    with index.reading() as connection:
        known = known_files(connection)  # before the listing, so that no new file looks gone
    listed = list(places.list_files())
    run = _Scan(index, places, known, _Marked(MarksFolder(places.marks), listed), changed)
    on_disk = {file.path for file in listed}
    run.gone = {path: file for path, file in known.items() if path not in on_disk}
    for done, file in enumerate(listed):
        if cancelled():
            run.flush()
            return run.report(len(listed), leftovers, cancelled=True)
        if done % BATCH_FILES == 0:
            progress(done, len(listed))
        run.look_at(file)
    run.flush()
    run.settle_missing()
    progress(len(listed), len(listed))
    return run.report(len(listed), leftovers, cancelled=False)


class _Marked:
    """Finds what the user said about a file, also when it was renamed meanwhile."""

    def __init__(self, folder: MarksFolder, listed: list[ListedFile]) -> None:
        self._by_path = folder.load()
        paths = {file.path for file in listed}
        self._lost = {
            marks.sha256: path for path, marks in self._by_path.items() if path not in paths
        }

    def of(self, facts: FileFacts) -> tuple[Marks | None, str]:
        """Return the marks and the path they are kept under."""
        if facts.path in self._by_path:
            return self._by_path[facts.path], facts.path
        path = self._lost.pop(facts.sha256.hex(), "")
        return (self._by_path[path], path) if path else (None, "")


@dataclass
class _Scan:
    index: Index
    places: Places
    known: dict[str, KnownFile]
    marked: _Marked
    changed: Callable[[list[int], list[int]], None]
    gone: dict[str, KnownFile] = field(default_factory=dict)
    added: int = 0
    updated: int = 0
    moved: int = 0
    missing: int = 0
    unreadable: list[str] = field(default_factory=list)
    _batch: list[FileFacts] = field(default_factory=list)
    _back: list[int] = field(default_factory=list)

    def look_at(self, file: ListedFile) -> None:
        """Read the file when the index does not know it as it is."""
        before = self.known.get(file.path)
        if before and (before.size_bytes, before.mtime_ns) == (file.size_bytes, file.mtime_ns):
            if before.missing:
                self._back.append(before.id)
            return
        try:
            trashed_at = self.places.trashed_at(file.path)
            facts = read_file(self.places.file(file.path), file.path, trashed_at=trashed_at)
        except StorageError as error:
            log.info("a file of the library could not be read: %s", error.user_message)
            self.unreadable.append(file.path)
            return
        if facts.unreadable:
            self.unreadable.append(file.path)
        self._batch.append(facts)
        if len(self._batch) >= BATCH_FILES:
            self.flush()

    def flush(self) -> None:
        """Write what was read since the last time."""
        if not self._batch and not self._back:
            return
        batch, self._batch = self._batch, []
        back, self._back = self._back, []
        added, updated = self.index.write(partial(self._write, batch, back)).result()
        self.added += len(added)
        self.updated += len(updated)
        self.changed(added, [*updated, *back])

    def _write(
        self, batch: list[FileFacts], back: list[int], connection: sqlite3.Connection
    ) -> tuple[list[int], list[int]]:
        by_hash = {file.sha256: path for path, file in self.gone.items()}
        added: list[int] = []
        updated: list[int] = []
        for facts in batch:
            old_id = _id_of(connection, facts.path)
            if old_id is None and facts.sha256 in by_hash:
                old = self.gone.pop(by_hash.pop(facts.sha256))
                old_id = old.id
                self.moved += 1
            marks = self._take_marks(facts)
            number = upsert(connection, facts, marks, old_id=old_id)
            (added if old_id is None else updated).append(number)
        connection.executemany("UPDATE items SET missing = 0 WHERE id = ?", [(n,) for n in back])
        return added, updated

    def _take_marks(self, facts: FileFacts) -> Marks | None:
        """Return the file's marks; keep them under its new path when it was renamed."""
        marks, path = self.marked.of(facts)
        if marks is not None and path != facts.path:
            folder = MarksFolder(self.places.marks)
            try:
                for _ in folder.write({facts.path: marks}):
                    pass
                for _ in folder.write({path: None}):
                    pass
            except StorageError as error:  # such as a folder on a read-only drive
                log.info("stars and tags stay under the old name: %s", error.user_message)
        return marks

    def settle_missing(self) -> None:
        """Mark the rows whose file is nowhere any more."""
        newly = [(file.id, path) for path, file in self.gone.items() if not file.missing]
        self.missing = len(self.gone)
        if newly:
            self.index.write(partial(_mark_missing, newly)).result()
            self.changed([], [number for number, _ in newly])

    def report(self, found: int, leftovers: int, *, cancelled: bool) -> ScanReport:
        """Return what was done."""
        return ScanReport(
            found=found,
            added=self.added,
            changed=self.updated,
            moved=self.moved,
            missing=self.missing,
            leftovers=leftovers,
            unreadable=tuple(self.unreadable),
            cancelled=cancelled,
        )


def _id_of(connection: sqlite3.Connection, path: str) -> int | None:
    row = connection.execute("SELECT id FROM items WHERE path = ?", (path,)).fetchone()
    return None if row is None else int(row[0])


def _mark_missing(gone: list[tuple[int, str]], connection: sqlite3.Connection) -> None:
    """The path is compared again: a file may have gone to the trash during the scan."""
    connection.executemany("UPDATE items SET missing = 1 WHERE id = ? AND path = ?", gone)

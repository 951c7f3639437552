"""The trash: files move to ``.triptych/trash/<when>/`` and back, and go for good after 30 days.

That a file is in the trash, and since when, is told by where it lies, so a lost index loses
nothing of it either.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import StorageError, storage_errors
from studio.library.items import Change
from studio.library.marks import Marks, MarksFolder
from studio.library.rows import marks_of, remove

if TYPE_CHECKING:
    from studio.library.library import Library


def make_folder(folder: Path) -> None:
    """Make the library folder.

    Raises:
        StorageError: The system does not let us.
    """
    with storage_errors(folder, "making the library folder"):
        folder.mkdir(parents=True, exist_ok=True)


def put(library: Library, ids: Sequence[int]) -> list[int]:
    """Move files to the trash; returns the ids moved.

    Raises:
        StorageError: Some file could not be moved; it and those after it are where they were.
    """
    now = library.clock()
    trashed_at = now.replace(microsecond=0).timestamp()
    return _move(
        library,
        ids,
        lambda path: library.places.trash_path(path, now),
        trashed_at=trashed_at,
        from_trash=False,
    )


def restore(library: Library, ids: Sequence[int]) -> list[int]:
    """Move files back from the trash; returns the ids moved.

    Raises:
        StorageError: Some file could not be moved; it and those after it stay in the trash.
    """
    moved = _move(library, ids, library.places.path_before_trash, trashed_at=None, from_trash=True)
    with storage_errors(library.places.trash, "tidying the trash"), library.index.lock:
        library.places.remove_empty_trash()
    return moved


def purge(library: Library, age: timedelta) -> list[int]:
    """Delete files that were put into the trash longer ago than ``age``; returns their ids.

    Raises:
        StorageError: Some file could not be deleted; it stays in the trash.
    """
    before = (library.clock() - age).timestamp()
    failures: list[StorageError] = []

    def work(connection: sqlite3.Connection) -> list[int]:
        rows = connection.execute(
            "SELECT id, path FROM items WHERE trashed_at < ? ORDER BY id", (before,)
        ).fetchall()
        gone: dict[int, str] = {}
        for number, path in rows:
            file = library.places.file(path)
            try:
                with storage_errors(file, "emptying the trash"):
                    file.unlink(missing_ok=True)
            except StorageError as error:
                failures.append(error)
                continue
            gone[number] = path
        _drop_marks(library, list(gone.values()))
        remove(connection, gone)
        return list(gone)

    removed = library.write(work)
    with storage_errors(library.places.trash, "tidying the trash"), library.index.lock:
        library.places.remove_empty_trash()
    if removed:
        library.tell(Change(what="removed", ids=tuple(removed)))
    if failures:
        raise failures[0]
    return removed


def forget(library: Library, ids: Sequence[int]) -> list[int]:
    """Take items whose file is missing off the index; returns their ids."""

    def work(connection: sqlite3.Connection) -> list[int]:
        rows = marks_of(connection, ids)
        gone = {n: path for n, (path, _) in rows.items() if not library.places.file(path).exists()}
        _drop_marks(library, list(gone.values()))
        remove(connection, gone)
        return list(gone)

    removed = library.write(work)
    if removed:
        library.tell(Change(what="removed", ids=tuple(removed)))
    return removed


def _move(
    library: Library,
    ids: Sequence[int],
    target: Callable[[str], str],
    *,
    trashed_at: float | None,
    from_trash: bool,
) -> list[int]:
    """Move files, then their marks, then their rows; stops at the first that cannot be moved."""
    failures: list[StorageError] = []

    def work(connection: sqlite3.Connection) -> list[int]:
        moved: dict[int, tuple[str, str, Marks]] = {}
        for number, (path, marks) in marks_of(connection, ids).items():
            in_trash = library.places.trashed_at(path) is not None
            if in_trash != from_trash or not library.places.file(path).exists():
                continue
            try:
                moved[number] = (path, library.places.move(path, target(path)), marks)
            except StorageError as error:
                failures.append(error)
                break
        connection.executemany(
            "UPDATE items SET path = ?, trashed_at = ? WHERE id = ?",
            [(new, trashed_at, number) for number, (_, new, _) in moved.items()],
        )
        try:
            folder = MarksFolder(library.places.marks)
            for _ in folder.write({new: marks for _, new, marks in moved.values()}):
                pass
            _drop_marks(library, [old for old, _, _ in moved.values()])
        except StorageError as error:  # a scan finds them again by the file's hash
            failures.append(error)
        return list(moved)

    done = library.write(work)
    if done:
        library.tell(Change(what="changed", ids=tuple(done)))
    if failures:
        raise failures[0]
    return done


def _drop_marks(library: Library, paths: Sequence[str]) -> None:
    for _ in MarksFolder(library.places.marks).write(dict.fromkeys(paths)):
        pass

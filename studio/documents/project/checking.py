"""Whether a project's content is what was written: SQLite checks its pages, not the bytes on them.

Every blob has its SHA-256, every delta its Adler-32, so each changed bit of content is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import DamagedFileError, StorageError
from studio.documents.project.blobs import unpacked
from studio.documents.project.journal import load_text, unpack_delta

if TYPE_CHECKING:
    from sqlite3 import Connection

MAX_PROBLEMS = 50


def content_problems(
    connection: Connection, path: Path, go_on: Callable[[], bool] = lambda: True
) -> tuple[str, ...]:
    """Return a phrase for each part that is not what was written, at most ``MAX_PROBLEMS``.

    Raises:
        StorageError: The file could not be read to its end.
    """
    found: list[str] = []
    for check in (_blobs, _deltas, _texts):
        for problem in check(connection, path):
            if problem:
                found.append(problem)
            if len(found) >= MAX_PROBLEMS or not go_on():
                return tuple(found)
    return tuple(found)


def _blobs(connection: Connection, path: Path) -> Iterator[str]:
    rows = connection.execute(
        "SELECT id, hash, size, codec, data FROM blobs LEFT JOIN blob_data USING (id)"
    )
    for number, *row in rows:
        try:
            unpacked((row[0], row[1], row[2], row[3]), path)
            yield ""
        except DamagedFileError:
            yield f"content number {number} is not what was written"


def _deltas(connection: Connection, path: Path) -> Iterator[str]:
    rows = connection.execute("SELECT sequence, delta FROM journal WHERE action = 'text'")
    for sequence, delta in rows:
        try:
            unpack_delta(delta, path)
            yield ""
        except DamagedFileError:
            yield f"entry {sequence} of the history is not what was written"


def _texts(connection: Connection, path: Path) -> Iterator[str]:
    rows = connection.execute("SELECT id, title FROM documents WHERE kind = 'text'").fetchall()
    for document_id, title in rows:
        try:
            load_text(connection, document_id, path)
            yield ""
        except StorageError:
            yield f"the text “{title}” cannot be put together"

"""What is on disk of a project: its rows, its history and every earlier state. Only reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.documents.project.blobs import read_blob
from studio.documents.project.changes import document_of
from studio.documents.project.journal import (
    Loaded,
    load_state,
    load_text,
    state_parts,
    unpack_delta,
)
from studio.documents.project.records import (
    DocumentInfo,
    HistoryEntry,
    SnapshotInfo,
    damaged,
)
from studio.documents.project.thinning import history_bytes
from studio.documents.spans import TextEdit

if TYPE_CHECKING:
    from studio.documents.project.readers import Readers

NEWEST = 2**62


class Past:
    """Reads a project file; every method may be called from any thread and may wait for the disk.

    All raise ``StorageError`` when the file cannot be read, ``DamagedFileError`` when something
    in it is not what was written.
    """

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def beginning(self) -> tuple[str, dict[str, DocumentInfo], int]:
        """Return the project's id, its documents, and the last sequence number ever used."""
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT id, kind, title, position, created_at, changed_at, deleted_at, meta "
                "FROM documents"
            ).fetchall()
            last = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
            ).fetchone()
            key = connection.execute("SELECT value FROM project WHERE key = 'id'").fetchone()
        try:
            documents = {row[0]: document_of(row) for row in rows}
        except (TypeError, ValueError) as error:  # an overwritten page still has rows at times
            raise damaged(self._readers.path, "the list of documents", str(error)) from error
        return key[0] if key is not None else "", documents, last[0] if last is not None else 0

    def text(self, document_id: str, upto: int | None = None) -> Loaded:
        """Return a text after the entry ``upto``, or the newest."""
        with self._readers.connection() as connection:
            return load_text(connection, document_id, self._readers.path, upto)

    def state(self, document_id: str, upto: int | None = None) -> bytes | None:
        """Return the content of a document that is no text."""
        with self._readers.connection() as connection:
            return load_state(connection, document_id, self._readers.path, upto)

    def whole_state(self, document_id: str, upto: int) -> tuple[bytes, list[bytes]]:
        """Return the content of a document that is no text, and the parts it refers to.

        Raises:
            BadInputError: It did not exist then.
        """
        with self._readers.connection() as connection:
            state, parts = state_parts(connection, document_id, upto)
            if state is None:
                raise BadInputError("There is nothing that far back.", id=document_id)
            numbers = (state, *parts)
            contents = [read_blob(connection, number, self._readers.path) for number in numbers]
        return contents[0], contents[1:]

    def blob(self, digest: bytes) -> bytes:
        """Return a part by its SHA-256.

        Raises:
            BadInputError: There is none.
        """
        with self._readers.connection() as connection:
            row = connection.execute("SELECT id FROM blobs WHERE hash = ?", (digest,)).fetchone()
            if row is None:
                raise BadInputError("This part is not in the project.", name=digest.hex())
            return read_blob(connection, row[0], self._readers.path)

    def kept_parts(self, document_id: str) -> frozenset[str]:
        """Return the names of the parts a document keeps whatever its states name."""
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT hash FROM blobs JOIN journal_blobs ON blob = id JOIN journal "
                "USING (sequence) WHERE action = 'part' AND document_id = ?",
                (document_id,),
            ).fetchall()
        return frozenset(digest.hex() for (digest,) in rows)

    def edits(self, sequence: int) -> tuple[TextEdit, ...]:
        """Return what a text entry changed; empty for other entries."""
        with self._readers.connection() as connection:
            row = connection.execute(
                "SELECT delta FROM journal WHERE sequence = ? AND action = 'text'", (sequence,)
            ).fetchone()
        return () if row is None else unpack_delta(row[0], self._readers.path).edits

    def history(
        self, document_id: str | None, limit: int | None, before: int | None
    ) -> tuple[HistoryEntry, ...]:
        """Return the newest ``limit`` entries before ``before``, oldest first."""
        where = "sequence < ? AND action <> 'part'" + (
            " AND document_id = ?" if document_id is not None else ""
        )
        values: tuple[Any, ...] = (before if before is not None else NEWEST,)
        values += (document_id,) if document_id is not None else ()
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT sequence, at, document_id, label, origin, action, request_id FROM journal "
                f"WHERE {where} ORDER BY sequence DESC LIMIT ?",
                (*values, -1 if limit is None else limit),
            ).fetchall()
        return tuple(_entry(row) for row in reversed(rows))

    def snapshots(self) -> tuple[SnapshotInfo, ...]:
        """Return the named moments, oldest first."""
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT sequence, label, at FROM journal WHERE action = 'snapshot' "
                "ORDER BY sequence"
            ).fetchall()
        return tuple(SnapshotInfo(sequence=s, name=n, at=at / 1000) for s, n, at in rows)

    def history_bytes(self) -> int:
        """Return how much room everything but the newest states takes."""
        with self._readers.connection() as connection:
            return history_bytes(connection)

    def request(self, request_id: str) -> tuple[str, dict[str, Any]]:
        """Return a request as JSON, and the facts of what came of it.

        Raises:
            BadInputError: There is none.
        """
        with self._readers.connection() as connection:
            row = connection.execute(
                "SELECT request, artifact FROM requests WHERE id = ?", (request_id,)
            ).fetchone()
        if row is None:
            raise BadInputError("This request is not in the project.", id=request_id)
        plain = json.loads(row[1])
        return row[0], plain if isinstance(plain, dict) else {}


def _entry(row: Sequence[Any]) -> HistoryEntry:
    return HistoryEntry(
        sequence=row[0],
        at=row[1] / 1000,
        document_id=row[2] or "",
        label=row[3],
        origin=row[4],
        action=row[5],
        request_id=row[6],
    )

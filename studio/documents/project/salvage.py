"""What can still be read of a damaged project, put into a new file. The old one is only copied.

Rows are read one by one around damaged pages. A damaged first page, which holds the table of
tables, is replaced by that of a fresh project: the tables of a project always lie in the same
places. Texts are put together again as far as their history leads; what then cannot be placed
becomes a document of pieces, so that every readable word is somewhere.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.errors import BadInputError, DamagedFileError, storage_errors
from studio.documents.project.blobs import unpacked
from studio.documents.project.database import create_file, database_errors
from studio.documents.project.journal import (
    Delta,
    Keyframe,
    pack_delta,
    read_keyframe,
    unpack_delta,
    write_keyframe,
)
from studio.documents.spans import TextEdit, TextState, difference

MAX_FAILED_READS = 3000
PAGE_BYTES = 4096

TABLES: dict[str, str] = {
    "project": "key, value",
    "documents": "id, kind, title, position, created_at, changed_at, deleted_at, meta",
    "requests": "id, at, request, artifact",
    "blobs": "id, hash, size, stored, codec",
    "blob_data": "id, data",
    "journal": "sequence, at, document_id, action, label, origin, request_id, delta, state",
    "journal_blobs": "sequence, blob",
    "keyframes": "document_id, sequence, text, spans",
}


@dataclass(frozen=True)
class Salvage:
    """What was saved.

    Attributes:
        path: The new project.
        documents: How many documents it has.
        rows: Rows read.
        lost: Parts known to be lost: rows that could not be read or were altered.
        notes: A sentence for each text that is not whole.
    """

    path: Path
    documents: int
    rows: int
    lost: int
    notes: tuple[str, ...] = field(default=())

    def sentence(self) -> str:
        """Return what was saved, in a sentence."""
        what = "1 document" if self.documents == 1 else f"{self.documents} documents"
        if not self.notes and not self.lost:
            return f"{what} could be read in full."
        return " ".join([f"{what} could be read, not all of it whole.", *self.notes])


def salvage(path: Path, target: Path) -> Salvage | None:
    """Read what can be read of ``path`` into a new project ``target``.

    Returns:
        What was saved; ``None`` when that is nothing, and then there is no new file.

    Raises:
        StorageError: The damaged file cannot be copied, or the new one not be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".salvage-") as folder,
        storage_errors(path, "reading the damaged project"),
    ):
        work = Path(folder) / "damaged"
        shutil.copyfile(path, work)
        log = path.with_name(path.name + "-wal")
        if log.exists():
            shutil.copyfile(log, work.with_name("damaged-wal"))
        found = _read_all(work)
        if not any(found[name] for name in ("documents", "journal", "keyframes")):
            found = _with_fresh_first_page(work, Path(folder))
    if not any(found[name] for name in ("documents", "journal", "keyframes")):
        return None
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    create_file(part)
    try:
        with database_errors(part, "saving what could be read"):
            result = _write_all(part, target, found)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return result


Rows = dict[str, list[tuple[Any, ...]]]


def _read_all(work: Path) -> Rows:
    found: Rows = {name: [] for name in TABLES}
    try:
        connection = sqlite3.connect(work, isolation_level=None)
    except sqlite3.Error:
        return found
    try:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.execute("PRAGMA cell_size_check = ON")
        for name, columns in TABLES.items():
            found[name] = list(_rows(connection, name, columns))
    except sqlite3.Error:
        return found  # even opening fails: what was read so far is all there is
    finally:
        connection.close()
    return found


def _rows(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table, around whatever cannot be read."""
    failed = 0
    gaps = [(-(2**62), _last_row(connection, table))]
    while gaps and failed < MAX_FAILED_READS:
        low, high = gaps.pop()
        last = low - 1
        try:
            for row in connection.execute(
                f"SELECT rowid, {columns} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid",
                (low, high),
            ):
                last = row[0]
                yield row[1:]
        except (sqlite3.Error, UnicodeError, OverflowError):
            failed += 1
            low = max(last + 1, 0)
            if low < high:
                middle = (low + high) // 2
                gaps += [(middle + 1, high), (low, middle)]


def _last_row(connection: sqlite3.Connection, table: str) -> int:
    try:
        row = connection.execute(
            f"SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 1"
        ).fetchone()
        return int(row[0]) if row is not None else 0
    except sqlite3.Error:
        return 1 << 24


def _with_fresh_first_page(work: Path, folder: Path) -> Rows:
    fresh = folder / "fresh"
    create_file(fresh)
    page = bytearray(fresh.read_bytes()[:PAGE_BYTES])
    size = work.stat().st_size
    if size <= PAGE_BYTES:
        return {name: [] for name in TABLES}
    page[28:32] = (size // PAGE_BYTES).to_bytes(4, "big")
    page[32:40] = bytes(8)  # the list of free pages, of no use for reading
    if work.with_name("damaged-wal").exists():
        page[18:20] = b"\x02\x02"
    with work.open("r+b") as file:
        file.write(page)
    return _read_all(work)


def _write_all(part: Path, target: Path, found: Rows) -> Salvage:
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        rows, lost = _insert(connection, found)
        notes, broken = _mend_texts(connection, part)
        lost += broken + _drop_dangling(connection)
        connection.execute("COMMIT")
        count = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    finally:
        connection.close()
    return Salvage(target, count, rows, lost, tuple(notes))


def _insert(connection: sqlite3.Connection, found: Rows) -> tuple[int, int]:
    good = lost = 0
    for name, rows in found.items():
        marks = ", ".join("?" * len(TABLES[name].split(",")))
        how = "REPLACE" if name == "project" else "IGNORE"
        for row in rows:
            try:
                connection.execute(
                    f"INSERT OR {how} INTO {name} ({TABLES[name]}) VALUES ({marks})", row
                )
                good += 1
            except (sqlite3.Error, OverflowError):
                lost += 1
    connection.execute(
        "INSERT OR IGNORE INTO documents SELECT document_id, "
        "CASE WHEN max(action = 'text') THEN 'text' ELSE 'unknown' END, 'Recovered document', "
        "1000 + min(sequence), min(at), max(at), NULL, '{}' FROM journal "
        "WHERE document_id IS NOT NULL GROUP BY document_id"
    )
    return good, lost


def _drop_dangling(connection: sqlite3.Connection) -> int:
    """Remove what refers to something lost, and content that is not what was written."""
    lost = 0
    for number, *row in connection.execute(
        "SELECT id, hash, size, codec, data FROM blobs LEFT JOIN blob_data USING (id)"
    ).fetchall():
        try:
            unpacked((row[0], row[1], row[2], row[3]), Path())
        except DamagedFileError:
            connection.execute("DELETE FROM blob_data WHERE id = ?", (number,))
            connection.execute("DELETE FROM blobs WHERE id = ?", (number,))
            lost += 1
    for statement in (
        "DELETE FROM blob_data WHERE id NOT IN (SELECT id FROM blobs)",
        "DELETE FROM keyframes WHERE text NOT IN (SELECT id FROM blobs)",
        "DELETE FROM keyframes WHERE sequence NOT IN (SELECT sequence FROM journal)",
        "DELETE FROM keyframes WHERE document_id NOT IN (SELECT id FROM documents)",
        "DELETE FROM journal WHERE state IS NOT NULL AND state NOT IN (SELECT id FROM blobs)",
        "DELETE FROM journal_blobs WHERE blob NOT IN (SELECT id FROM blobs)",
        "DELETE FROM journal_blobs WHERE sequence NOT IN (SELECT sequence FROM journal)",
    ):
        lost += connection.execute(statement).rowcount
    return lost


def _mend_texts(connection: sqlite3.Connection, path: Path) -> tuple[list[str], int]:
    notes: list[str] = []
    lost = 0
    for document_id, title in connection.execute(
        "SELECT id, title FROM documents WHERE kind = 'text'"
    ).fetchall():
        broken, pieces = _mend_text(connection, path, document_id)
        if broken:
            lost += broken
            notes.append(f"“{title}” is not whole.")
        if pieces:
            _add_pieces(connection, title, pieces)
    return notes, lost


def _mend_text(
    connection: sqlite3.Connection, path: Path, document_id: str
) -> tuple[int, list[str]]:
    """Make a text's history lead from start to end again.

    Returns:
        How many entries were altered or do not fit, and the words that could not be placed.
    """
    whole = _good_keyframes(connection, path, document_id)
    entries = connection.execute(
        "SELECT sequence, delta, origin, request_id FROM journal WHERE document_id = ? "
        "AND action = 'text' ORDER BY sequence",
        (document_id,),
    ).fetchall()
    state, broken, pieces = TextState(), 0, list[str]()
    seen = {row[0] for row in entries}
    lonely = [(number, b"", "typed", "") for number in whole if number not in seen]
    for sequence, data, origin, request_id in sorted([*entries, *lonely], key=lambda row: row[0]):
        after, words = _step(state, data, origin, request_id, path)
        known = whole.get(sequence)
        if after is None:
            broken += 1
            pieces += words
        if known is not None and known != after:
            pieces.clear()  # they stand in this keyframe
            _rewrite(connection, document_id, sequence, state, known)
            after = known
        elif after is None:
            connection.execute("DELETE FROM keyframes WHERE sequence = ?", (sequence,))
            connection.execute("DELETE FROM journal WHERE sequence = ?", (sequence,))
        state = after if after is not None else state
    return broken, pieces


def _step(
    state: TextState, data: object, origin: Any, request_id: str, path: Path
) -> tuple[TextState | None, list[str]]:
    try:
        delta = unpack_delta(data, path)
    except DamagedFileError:
        return None, []
    try:
        return delta.applied_to(state, origin, request_id), []
    except BadInputError:
        return None, [edit.inserted for edit in delta.edits if edit.inserted]


def _good_keyframes(
    connection: sqlite3.Connection, path: Path, document_id: str
) -> dict[int, TextState]:
    found: dict[int, TextState] = {}
    for sequence, number, spans in connection.execute(
        "SELECT sequence, text, spans FROM keyframes WHERE document_id = ?", (document_id,)
    ).fetchall():
        try:
            found[sequence] = read_keyframe(connection, (number, spans), path)
        except DamagedFileError:
            connection.execute("DELETE FROM keyframes WHERE sequence = ?", (sequence,))
    return found


def _rewrite(
    connection: sqlite3.Connection,
    document_id: str,
    sequence: int,
    before: TextState,
    after: TextState,
) -> None:
    delta = pack_delta(Delta(difference(before.text, after.text), after.spans))
    connection.execute(
        "INSERT INTO journal (sequence, at, document_id, action, label, origin, delta) "
        "VALUES (?, ?, ?, 'text', 'Recovered', 'typed', ?) "
        "ON CONFLICT (sequence) DO UPDATE SET delta = excluded.delta, action = 'text', "
        "document_id = excluded.document_id, state = NULL",
        (sequence, int(time.time() * 1000), document_id, delta),
    )


def _add_pieces(connection: sqlite3.Connection, title: str, pieces: Sequence[str]) -> None:
    text = "\n\n".join(pieces)
    now, new = int(time.time() * 1000), uuid.uuid4().hex
    connection.execute(
        "INSERT INTO documents SELECT ?, 'text', ?, 1 + coalesce(max(position), 0), ?, ?, NULL, "
        "'{}' FROM documents",
        (new, f"Pieces of “{title}”", now, now),
    )
    cursor = connection.execute(
        "INSERT INTO journal (at, document_id, action, label, origin, delta) "
        "VALUES (?, ?, 'text', 'Recovered', 'typed', ?)",
        (now, new, pack_delta(Delta((TextEdit(0, "", text),)))),
    )
    keyframe = Keyframe.of(TextState(text))
    write_keyframe(connection, new, cursor.lastrowid or 0, keyframe)

"""Rows of the index: writing what a file said, reading it back as an item.

Everything here runs inside a transaction or a reading block of :mod:`studio.library.index`.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from studio.library.items import KINDS, Item
from studio.library.marks import Marks
from studio.library.reading import FileFacts

EXCERPT_CHARACTERS = 600
_CHUNK = 500

_ITEM = f"""
SELECT i.id, i.path, i.kind, i.created_at, i.size_bytes, i.model, i.seed, i.stars, i.board,
       i.trashed_at, i.missing, i.is_foreign, i.content_hash, i.width_px, i.height_px,
       t.title, t.prompt, substr(t.text, 1, {EXCERPT_CHARACTERS}),
       (SELECT group_concat(tag, char(10)) FROM tags WHERE item_id = i.id)
FROM items i LEFT JOIN texts t ON t.id = i.id
"""


def items_by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Item]:
    """Return the items in the order of ``ids``; those that are gone are left out."""
    found: dict[int, Item] = {}
    for start in range(0, len(ids), _CHUNK):
        some = list(ids[start : start + _CHUNK])
        marks = ", ".join("?" * len(some))
        for row in connection.execute(f"{_ITEM} WHERE i.id IN ({marks})", some):
            found[row[0]] = _item(row)
    return [found[number] for number in ids if number in found]


def item_by_path(connection: sqlite3.Connection, path: str) -> Item | None:
    """Return the item with this relative path."""
    row = connection.execute(f"{_ITEM} WHERE i.path = ?", (path,)).fetchone()
    return None if row is None else _item(row)


def upsert(
    connection: sqlite3.Connection, facts: FileFacts, marks: Marks | None, *, old_id: int | None
) -> int:
    """Write one file's row, new or in place of an old one; returns its id.

    Args:
        connection: Inside a write transaction.
        facts: What the file says.
        marks: What the user said; ``None`` keeps what the old row has.
        old_id: The row it had, also under another path.
    """
    number = _free_id(connection, facts.created_at) if old_id is None else old_id
    columns = {
        "path": facts.path,
        "kind": facts.kind,
        "created_at": facts.created_at,
        "size_bytes": facts.size_bytes,
        "mtime_ns": facts.mtime_ns,
        "sha256": facts.sha256,
        "content_hash": facts.content_hash,
        "model": facts.model,
        "seed": facts.seed,
        "trashed_at": facts.trashed_at,
        "missing": 0,
        "is_foreign": int(facts.foreign),
        "unreadable": int(facts.unreadable),
        "width_px": facts.width_px,
        "height_px": facts.height_px,
    }
    if old_id is None:
        names = ", ".join(["id", *columns])
        slots = ", ".join("?" * (len(columns) + 1))
        values = [number, *columns.values()]
        connection.execute(f"INSERT INTO items ({names}) VALUES ({slots})", values)
    else:
        sets = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE items SET {sets} WHERE id = ?", [*columns.values(), number])
        if _drop_text(connection, number) != (facts.title, facts.prompt, facts.text):
            connection.execute("DELETE FROM vectors WHERE item_id = ?", (number,))
    _add_text(connection, number, facts)
    if marks is not None:
        set_marks(connection, number, marks)
    return number


def _add_text(connection: sqlite3.Connection, number: int, facts: FileFacts) -> None:
    words = (number, facts.title, facts.prompt, facts.text)
    connection.execute(
        "INSERT INTO texts (id, title, prompt, text, request, settings) VALUES (?, ?, ?, ?, ?, ?)",
        (*words, facts.request, facts.settings),
    )
    for table in ("words", "parts"):
        connection.execute(
            f"INSERT INTO {table} (rowid, title, prompt, text) VALUES (?, ?, ?, ?)", words
        )


def _drop_text(connection: sqlite3.Connection, number: int) -> tuple[str, ...]:
    """Remove a row's text from tables and text indexes; returns title, prompt and text."""
    row = connection.execute(
        "SELECT title, prompt, text FROM texts WHERE id = ?", (number,)
    ).fetchone()
    if row is None:
        return ()
    for table in ("words", "parts"):
        connection.execute(
            f"INSERT INTO {table} ({table}, rowid, title, prompt, text)"
            " VALUES ('delete', ?, ?, ?, ?)",
            (number, *row),
        )
    connection.execute("DELETE FROM texts WHERE id = ?", (number,))
    return tuple(row)


def set_marks(connection: sqlite3.Connection, number: int, marks: Marks) -> None:
    """Write what the user said into a row."""
    connection.execute(
        "UPDATE items SET stars = ?, board = ? WHERE id = ?", (marks.stars, marks.board, number)
    )
    connection.execute("DELETE FROM tags WHERE item_id = ?", (number,))
    connection.executemany(
        "INSERT OR IGNORE INTO tags (tag, item_id) VALUES (?, ?)",
        [(tag, number) for tag in marks.tags],
    )


def marks_of(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[str, Marks]]:
    """Return path and marks of the rows, by id."""
    found: dict[int, tuple[str, Marks]] = {}
    for start in range(0, len(ids), _CHUNK):
        some = list(ids[start : start + _CHUNK])
        slots = ", ".join("?" * len(some))
        rows = connection.execute(
            "SELECT id, path, sha256, stars, board,"
            " (SELECT group_concat(tag, char(10)) FROM tags WHERE item_id = items.id)"
            f" FROM items WHERE id IN ({slots})",
            some,
        )
        for number, path, sha256, stars, board, tags in rows:
            found[number] = (
                path,
                Marks(sha256=sha256.hex(), stars=stars, board=board, tags=_tags(tags)),
            )
    return found


def remove(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Take rows out of every table."""
    for number in ids:
        _drop_text(connection, number)
        for table, column in (("tags", "item_id"), ("vectors", "item_id"), ("items", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))


class KnownFile(NamedTuple):
    """What the index remembers of a file, to tell whether it is still the same."""

    id: int
    size_bytes: int
    mtime_ns: int
    missing: bool
    sha256: bytes


def known_files(connection: sqlite3.Connection) -> dict[str, KnownFile]:
    """Return what is remembered of every file, by path."""
    rows = connection.execute("SELECT path, id, size_bytes, mtime_ns, missing, sha256 FROM items")
    return {
        path: KnownFile(number, size, mtime, bool(gone), sha256)
        for path, number, size, mtime, gone, sha256 in rows
    }


def text_columns(connection: sqlite3.Connection, number: int) -> Mapping[str, str]:
    """Return title, prompt, text, request and settings of one row; empty when it is gone."""
    names = ("title", "prompt", "text", "request", "settings")
    row = connection.execute(
        f"SELECT {', '.join(names)} FROM texts WHERE id = ?", (number,)
    ).fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _free_id(connection: sqlite3.Connection, created_at: float) -> int:
    """Return the milliseconds of its making, moved on past rows made at the same one.

    A folder unpacked from an archive can hold thousands of files with one date, so after fifty
    tries in a row the steps become wider.
    """
    first = number = int(created_at * 1000)
    tries = 0
    while connection.execute("SELECT 1 FROM items WHERE id = ?", (number,)).fetchone():
        tries += 1
        number = first + tries if tries < 50 else first + secrets.randbelow(1000 * (tries - 49))
    return number


def _item(row: Sequence[Any]) -> Item:
    return Item(
        id=row[0],
        path=row[1],
        kind=row[2] if row[2] in KINDS else "text",
        created_at=row[3],
        size_bytes=row[4],
        model=row[5],
        seed=row[6],
        stars=row[7],
        board=row[8],
        trashed_at=row[9],
        missing=bool(row[10]),
        foreign=bool(row[11]),
        content_hash=row[12].hex(),
        width_px=row[13],
        height_px=row[14],
        title=row[15] or row[1],
        prompt=row[16] or "",
        excerpt=row[17] or "",
        tags=_tags(row[18]),
    )


def _tags(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split("\n"), key=str.casefold)) if joined else ()

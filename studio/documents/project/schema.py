"""The tables of a project file and how older ones are brought up to date.

One file serves every medium. Content lives in ``blobs`` (once per SHA-256), what happened in
``journal``; ``keyframes`` are whole texts every now and then, so that no state is far away.
The bytes of a blob stand in a table of their own: sums and look-ups then never touch them.

``MIGRATIONS[n]`` takes a file from version ``n`` to ``n + 1``, inside one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite3 import Connection

APPLICATION_ID = 0x54525059  # "TRPY"
SCHEMA_VERSION = 1

TABLES: Sequence[str] = (
    "CREATE TABLE project (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    """CREATE TABLE documents (
        id TEXT PRIMARY KEY NOT NULL,
        kind TEXT NOT NULL CHECK (kind <> ''),
        title TEXT NOT NULL,
        position INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        deleted_at INTEGER,
        meta TEXT NOT NULL DEFAULT '{}')""",
    """CREATE TABLE requests (
        id TEXT PRIMARY KEY NOT NULL,
        at INTEGER NOT NULL,
        request TEXT NOT NULL,
        artifact TEXT NOT NULL DEFAULT '{}')""",
    """CREATE TABLE blobs (
        id INTEGER PRIMARY KEY,
        hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
        size INTEGER NOT NULL CHECK (size >= 0),
        stored INTEGER NOT NULL CHECK (stored >= 0),
        codec TEXT NOT NULL CHECK (codec IN ('raw', 'zlib')))""",
    """CREATE TABLE blob_data (
        id INTEGER PRIMARY KEY REFERENCES blobs (id) ON DELETE CASCADE,
        data BLOB NOT NULL)""",
    """CREATE TABLE journal (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        document_id TEXT REFERENCES documents (id),
        action TEXT NOT NULL CHECK (action <> ''),
        label TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('typed', 'generated', 'pasted', 'imported')),
        request_id TEXT NOT NULL DEFAULT '',
        delta BLOB,
        state INTEGER REFERENCES blobs (id))""",
    "CREATE INDEX journal_of_document ON journal (document_id, sequence)",
    "CREATE INDEX journal_by_state ON journal (state) WHERE state IS NOT NULL",
    """CREATE TABLE journal_blobs (
        sequence INTEGER NOT NULL REFERENCES journal (sequence) ON DELETE CASCADE,
        blob INTEGER NOT NULL REFERENCES blobs (id),
        UNIQUE (sequence, blob))""",
    "CREATE INDEX journal_blobs_by_blob ON journal_blobs (blob)",
    """CREATE TABLE keyframes (
        document_id TEXT NOT NULL REFERENCES documents (id),
        sequence INTEGER NOT NULL REFERENCES journal (sequence) ON DELETE CASCADE,
        text INTEGER NOT NULL REFERENCES blobs (id),
        spans TEXT NOT NULL,
        UNIQUE (document_id, sequence))""",
    "CREATE INDEX keyframes_by_sequence ON keyframes (sequence)",
    "CREATE INDEX keyframes_by_text ON keyframes (text)",
)

Migration = Callable[["Connection"], None]
MIGRATIONS: Mapping[int, Migration] = {}


def create(connection: Connection, project_id: str, now_ms: int) -> None:
    """Make the tables in an empty database; the caller holds the transaction."""
    for statement in TABLES:
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO project VALUES (?, ?)",
        [("id", project_id), ("created_at", str(now_ms))],
    )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def migrate(
    connection: Connection,
    version: int,
    *,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    target: int = SCHEMA_VERSION,
) -> None:
    """Bring the tables from ``version`` to ``target``: all steps, or none of them."""
    if version == target:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version, target):
            migrations[step](connection)
        connection.execute(f"PRAGMA user_version = {target}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise

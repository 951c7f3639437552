"""Content kept once per SHA-256, compressed where that pays, checked whenever it is read."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import BadInputError
from studio.documents.project.records import damaged

if TYPE_CHECKING:
    from sqlite3 import Connection

MAX_BYTES = 900_000_000
"""SQLite holds at most 10^9 bytes in one value."""
SAMPLE_BYTES = 64 * 1024
PAYS_BELOW = 0.9

_REFERENCES = (
    "SELECT state FROM journal WHERE state IS NOT NULL "
    "UNION SELECT text FROM keyframes UNION SELECT blob FROM journal_blobs"
)


@dataclass(frozen=True)
class Blob:
    """Content ready to be written.

    Attributes:
        hash: SHA-256 of the content.
        size: Bytes of the content.
        codec: "raw" or "zlib".
        data: What is stored.
    """

    hash: bytes
    size: int
    codec: str
    data: bytes


def packed(content: bytes) -> Blob:
    """Return ``content`` ready to be written; the slow part, done before the transaction.

    Raises:
        BadInputError: More than ``MAX_BYTES``.
    """
    if len(content) > MAX_BYTES:
        raise BadInputError(
            f"This is too large for a project ({len(content) / 1e6:.0f} MB in one piece).",
            hint=f"At most {MAX_BYTES / 1e6:.0f} MB fit.",
        )
    digest = hashlib.sha256(content).digest()
    sample = content[:SAMPLE_BYTES]
    if len(sample) < 64 or len(zlib.compress(sample, 1)) > PAYS_BELOW * len(sample):
        return Blob(digest, len(content), "raw", content)
    return Blob(digest, len(content), "zlib", zlib.compress(content, 6))


def write_blob(connection: Connection, blob: Blob) -> int:
    """Store a blob unless it is there, and return its row."""
    row = connection.execute("SELECT id FROM blobs WHERE hash = ?", (blob.hash,)).fetchone()
    if row is not None:
        return int(row[0])
    cursor = connection.execute(
        "INSERT INTO blobs (hash, size, stored, codec) VALUES (?, ?, ?, ?)",
        (blob.hash, blob.size, len(blob.data), blob.codec),
    )
    number = cursor.lastrowid
    connection.execute("INSERT INTO blob_data VALUES (?, ?)", (number, blob.data))
    return int(number or 0)


def read_blob(connection: Connection, number: int, path: Path) -> bytes:
    """Return a blob's content.

    Raises:
        DamagedFileError: It is gone, or is not what was written.
    """
    row = connection.execute(
        "SELECT hash, size, codec, data FROM blobs JOIN blob_data USING (id) WHERE id = ?",
        (number,),
    ).fetchone()
    if row is None:
        raise damaged(path, "a part of a document", f"blob {number} is missing")
    return unpacked(row, path)


def unpacked(row: tuple[bytes, int, str, bytes], path: Path) -> bytes:
    """Return the content of a row of (hash, size, codec, data).

    Raises:
        DamagedFileError: It is not what was written.
    """
    digest, size, codec, data = row
    if codec == "zlib":
        try:
            inflater = zlib.decompressobj()
            data = inflater.decompress(data, int(size) + 1)
        except (zlib.error, TypeError) as error:
            raise damaged(path, "a part of a document", str(error)) from error
    if not isinstance(data, bytes) or hashlib.sha256(data).digest() != digest:
        raise damaged(path, "a part of a document", "its check sum is wrong")
    return data


def collect_garbage(connection: Connection) -> int:
    """Delete every blob that nothing refers to, and return how many."""
    return connection.execute(f"DELETE FROM blobs WHERE id NOT IN ({_REFERENCES})").rowcount

"""Put the record into files and read it back; reading takes what is there and never raises on it.

``embed`` and ``strip_prompt`` turn bytes into bytes, so that one ``atomic_write`` puts the
finished file down. Content credentials are signed last, over what these made:
see :mod:`studio.core.provenance.credentials`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from studio.core.errors import BadInputError, storage_errors
from studio.core.provenance.carriers import Carrier, Found, carrier_of
from studio.core.provenance.media_types import Bytes, media_type_of, sniff
from studio.core.provenance.record import ProvenanceRecord, record_from_json, record_to_json
from studio.core.provenance.xmp import Mark

MALFORMED = (
    ValueError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    ParseError,
)
"""What reading a damaged or hostile file can raise in the standard library's parsers."""


def embed(data: bytes, suffix: str, record: ProvenanceRecord, *, with_prompt: bool = True) -> bytes:
    """Return the file with the record and the mark inside.

    Args:
        data: The whole file.
        suffix: A suffix (".png"), a file name or a media type.
        record: What to say; its ``content_sha256`` is computed here.
        with_prompt: Whether the request goes along; the mark always does.

    Raises:
        BadInputError: The format can carry no record, or the bytes are no such file.
    """
    carrier, media_type = _carrier(suffix, data)
    with_hash = dataclasses.replace(record, content_sha256=content_sha256(data, media_type))
    told = with_hash if with_prompt else with_hash.without_prompt()
    try:
        return carrier.write(data, mark_of(told))
    except MALFORMED as error:
        raise _refusal(media_type, error) from error


def embed_pieces(
    data: Bytes, suffix: str, record: ProvenanceRecord, *, with_prompt: bool = True
) -> Iterator[Bytes]:
    """Yield a sound file with the record and the mark, piece by piece; see :func:`embed`.

    For files too long for memory: ``data`` may be a mapped file.

    Raises:
        BadInputError: No sound format that can carry a record, or the bytes are no such file.
    """
    from studio.core.provenance.carriers import sound_pieces_of

    media_type = sniff(data) or media_type_of(suffix)
    pieces = sound_pieces_of(media_type)
    if pieces is None:
        raise BadInputError("This is no sound that can hold where it came from.", suffix=suffix)
    with_hash = dataclasses.replace(record, content_sha256=content_sha256(data, media_type))
    told = with_hash if with_prompt else with_hash.without_prompt()
    try:
        yield from pieces(data, mark_of(told))
    except MALFORMED as error:
        raise _refusal(media_type, error) from error


def strip_prompt(data: bytes, suffix: str = "") -> bytes:
    """Return the file less every prompt in its metadata; what marks it as made by a model stays.

    A content credential in the file no longer matches afterwards: sign again.

    Args:
        data: The whole file.
        suffix: A suffix, file name or media type; needed for text only.

    Raises:
        BadInputError: The format can carry no record, or the bytes are no such file.
    """
    carrier, media_type = _carrier(suffix, data)
    try:
        stripped = carrier.strip(data)
        record = record_in(carrier.read(stripped))
        if record is None:
            return stripped
        told = record.without_prompt()
        return carrier.write(stripped, mark_of(told))
    except MALFORMED as error:
        raise _refusal(media_type, error) from error


def read(path: Path) -> ProvenanceRecord | None:
    """Return the record in a file; ``None`` when it has none, or none that can be read.

    Only the parts of the file that hold metadata are touched.

    Raises:
        StorageError: The system does not let us read the file.
    """
    with storage_errors(path, "reading where the file came from"), path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                return read_bytes(view, path.name)
            finally:
                view.release()


def read_bytes(data: Bytes, suffix: str = "") -> ProvenanceRecord | None:
    """Return the record in a file's bytes; ``None`` when it has none, or none to be read."""
    return record_in(look(data, suffix))


def look(data: Bytes, suffix: str = "") -> Found:
    """Return everything the metadata holds; nothing where the file cannot be read."""
    carrier = carrier_of(sniff(data) or media_type_of(suffix))
    if carrier is None:
        return Found()
    try:
        return carrier.read(data)
    except MALFORMED:
        return Found()


def record_in(found: Found) -> ProvenanceRecord | None:
    """Return the record among what was found, when it can be read."""
    if not found.record:
        return None
    try:
        return record_from_json(found.record)
    except BadInputError:
        return None


def content_sha256(data: Bytes, suffix: str = "") -> str:
    """Return the SHA-256 of the content without metadata; empty where that cannot be told."""
    carrier = carrier_of(sniff(data) or media_type_of(suffix))
    if carrier is None:
        return ""
    digest = hashlib.sha256()
    try:
        pieces = carrier.content(data)
    except MALFORMED:
        return ""
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest() if pieces else ""


def mark_of(record: ProvenanceRecord) -> Mark:
    """Return what the carriers write for a record."""
    model = record.model_title or record.model
    system = f"Triptych {record.app_version}" + (f", {model}" if model else "")
    return Mark(source_type=record.origin.source_type, record=record_to_json(record), system=system)


def can_carry(suffix: str) -> bool:
    """Whether files of this suffix, name or media type can hold a record."""
    return carrier_of(media_type_of(suffix)) is not None


def _carrier(suffix: str, data: bytes) -> tuple[Carrier, str]:
    media_type = sniff(data) or media_type_of(suffix)
    carrier = carrier_of(media_type)
    if carrier is None:
        raise BadInputError(
            f"Files like {suffix or 'this one'} cannot hold where they came from.",
            hint="Choose another format, such as Markdown, PNG, WAV, PDF or EPUB.",
            suffix=suffix,
        )
    return carrier, media_type


def _refusal(media_type: str, error: Exception) -> BadInputError:
    return BadInputError(
        f"This file ({media_type}) is damaged or built in an unusual way.",
        hint="Make or export the file again, then try once more.",
        reason=str(error),
    )

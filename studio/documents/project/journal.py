"""The journal's rows: how an action is written, and how a text is made again from them.

A text entry holds its edits, with what was removed as well as what was inserted; every so often
a keyframe holds the whole text. Deltas are zlib-packed: that checks them as well (Adler-32).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.documents.project.blobs import Blob, packed, read_blob, write_blob
from studio.documents.project.records import damaged
from studio.documents.spans import Origin, Span, TextEdit, TextState, apply_edits

if TYPE_CHECKING:
    from sqlite3 import Connection

Source = tuple[Origin, str]

KEYFRAME_ACTIONS = 200
KEYFRAME_MIN_BYTES = 64 * 1024


@dataclass(frozen=True)
class Delta:
    """What a text entry did.

    Attributes:
        edits: In order, each in positions of the text before it.
        spans: All spans afterwards, where they do not follow from the edits; else ``None``.
        sources: (origin, request id) of each edit, where they are not all those of the entry.
    """

    edits: tuple[TextEdit, ...]
    spans: tuple[Span, ...] | None = None
    sources: tuple[Source, ...] | None = None

    def applied_to(self, state: TextState, origin: Origin, request_id: str) -> TextState:
        """Return the state after this entry.

        Raises:
            BadInputError: It was made for another text.
        """
        after = state
        if self.sources is None:
            after = apply_edits(state, self.edits, origin=origin, request_id=request_id)
        for edit, (kind, made_by) in zip(self.edits, self.sources or (), strict=False):
            after = apply_edits(after, [edit], origin=kind, request_id=made_by)
        return after if self.spans is None else TextState(after.text, self.spans)

    def weight(self) -> int:
        """Return about how many bytes the entry takes."""
        return sum(len(edit.removed) + len(edit.inserted) for edit in self.edits)


@dataclass(frozen=True)
class Keyframe:
    """A whole text, ready to be written."""

    text: Blob
    spans: str

    @classmethod
    def of(cls, state: TextState) -> Keyframe:
        """Return the keyframe of a state."""
        return cls(packed(state.text.encode("utf-8", "surrogatepass")), _spans_to_json(state.spans))


@dataclass(frozen=True)
class Loaded:
    """A text read from the journal.

    Attributes:
        state: The text and its spans.
        actions: Entries since the keyframe it was read from.
        weight: Their bytes, about.
    """

    state: TextState
    actions: int
    weight: int


def keyframe_due(actions: int, weight: int, text_length: int) -> bool:
    """Return whether going back would take long enough for a new keyframe to pay."""
    return actions >= KEYFRAME_ACTIONS or weight > max(KEYFRAME_MIN_BYTES, text_length)


def pack_delta(delta: Delta) -> bytes:
    """Return the bytes of a text entry."""
    edits = [[edit.position, edit.removed, edit.inserted] for edit in delta.edits]
    plain: dict[str, Any] = {"edits": edits}
    if delta.sources is not None:
        plain["sources"] = delta.sources
    if delta.spans is not None:
        plain["spans"] = [[s.start, s.end, s.origin, s.request_id] for s in delta.spans]
    return pack_json(plain)


def pack_json(plain: Mapping[str, Any]) -> bytes:
    """Return the bytes of any entry's delta."""
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def unpack_delta(data: object, path: Path) -> Delta:
    """Read what :func:`pack_delta` wrote.

    Raises:
        DamagedFileError: It is not what was written.
    """
    try:
        if not isinstance(data, bytes):
            raise TypeError("no bytes")
        plain = json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
        edits = tuple(TextEdit(int(p), str(r), str(i)) for p, r, i in plain["edits"])
        spans, sources = plain.get("spans"), plain.get("sources")
        return Delta(
            edits,
            None if spans is None else _spans(spans),
            None if sources is None else tuple((kind, str(made_by)) for kind, made_by in sources),
        )
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path, "an entry of the history", str(error)) from error


def write_keyframe(
    connection: Connection, document_id: str, sequence: int, keyframe: Keyframe
) -> None:
    """Store a whole text beside the entry that led to it."""
    connection.execute(
        "INSERT OR REPLACE INTO keyframes VALUES (?, ?, ?, ?)",
        (document_id, sequence, write_blob(connection, keyframe.text), keyframe.spans),
    )


def load_text(
    connection: Connection, document_id: str, path: Path, upto: int | None = None
) -> Loaded:
    """Return a document's text after the entry ``upto``, or the newest one.

    Raises:
        DamagedFileError: The journal does not lead there any more.
    """
    last = upto if upto is not None else 2**62
    start, state = newest_keyframe(connection, document_id, path, last)
    actions = weight = 0
    for _, delta, origin, request_id in text_entries(connection, document_id, path, start, last):
        state = applied(delta, state, origin, request_id, path)
        actions += 1
        weight += delta.weight()
    return Loaded(state, actions, weight)


def newest_keyframe(
    connection: Connection, document_id: str, path: Path, upto: int
) -> tuple[int, TextState]:
    """Return sequence and state of the last keyframe up to ``upto``; (0, empty) without one.

    Raises:
        DamagedFileError: It is not what was written.
    """
    row = connection.execute(
        "SELECT sequence, text, spans FROM keyframes WHERE document_id = ? AND sequence <= ? "
        "ORDER BY sequence DESC LIMIT 1",
        (document_id, upto),
    ).fetchone()
    return (0, TextState()) if row is None else (row[0], read_keyframe(connection, row[1:], path))


def read_keyframe(connection: Connection, row: Sequence[Any], path: Path) -> TextState:
    """Return the state of a row of (text, spans) of ``keyframes``.

    Raises:
        DamagedFileError: It is not what was written.
    """
    number, spans = row
    try:
        text = read_blob(connection, number, path).decode("utf-8", "surrogatepass")
        return TextState(text, _spans(json.loads(spans)))
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(path, "a text", str(error)) from error


def text_entries(
    connection: Connection, document_id: str, path: Path, after: int, upto: int
) -> Iterator[tuple[int, Delta, Origin, str]]:
    """Yield (sequence, delta, origin, request id) of the text entries in between, in order.

    Raises:
        DamagedFileError: One is not what was written.
    """
    rows = connection.execute(
        "SELECT sequence, delta, origin, request_id FROM journal WHERE document_id = ? "
        "AND sequence > ? AND sequence <= ? AND action = 'text' ORDER BY sequence",
        (document_id, after, upto),
    )
    for sequence, data, origin, request_id in rows:
        yield sequence, unpack_delta(data, path), origin, request_id


def applied(
    delta: Delta, state: TextState, origin: Origin, request_id: str, path: Path
) -> TextState:
    """Return the state after a stored entry.

    Raises:
        DamagedFileError: An entry before it is missing or altered.
    """
    try:
        return delta.applied_to(state, origin, request_id)
    except BadInputError as error:
        raise damaged(path, "a text", "an entry of its history is missing") from error


def load_state(
    connection: Connection, document_id: str, path: Path, upto: int | None = None
) -> bytes | None:
    """Return the content of a document that is no text, after ``upto`` or the newest.

    Raises:
        DamagedFileError: It is not what was written.
    """
    row = connection.execute(
        "SELECT state FROM journal WHERE document_id = ? AND sequence <= ? AND state IS NOT NULL "
        "ORDER BY sequence DESC LIMIT 1",
        (document_id, upto if upto is not None else 2**62),
    ).fetchone()
    return None if row is None else read_blob(connection, row[0], path)


def state_parts(
    connection: Connection, document_id: str, upto: int
) -> tuple[int | None, list[int]]:
    """Return the blob of a document's content after ``upto`` and the blobs it refers to."""
    row = connection.execute(
        "SELECT state, sequence FROM journal WHERE document_id = ? AND sequence <= ? "
        "AND state IS NOT NULL ORDER BY sequence DESC LIMIT 1",
        (document_id, upto),
    ).fetchone()
    if row is None:
        return None, []
    parts = connection.execute("SELECT blob FROM journal_blobs WHERE sequence = ?", (row[1],))
    return row[0], [number for (number,) in parts]


def _spans_to_json(spans: Sequence[Span]) -> str:
    plain = [[span.start, span.end, span.origin, span.request_id] for span in spans]
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def _spans(plain: Sequence[Sequence[Any]]) -> tuple[Span, ...]:
    return tuple(Span(int(start), int(end), origin, str(rid)) for start, end, origin, rid in plain)

"""What the writer thread writes: one operation is one committed action.

An operation is *prepared* (slow: packing, hashing; outside the transaction) and then *written*.
Both may happen again when the disk refused, so neither changes the operation's meaning.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError, StudioError
from studio.documents.project.blobs import Blob, collect_garbage, packed, write_blob
from studio.documents.project.journal import (
    Delta,
    Keyframe,
    Loaded,
    keyframe_due,
    pack_delta,
    write_keyframe,
)
from studio.documents.spans import Origin, TextState

if TYPE_CHECKING:
    from sqlite3 import Connection

_AT_ONCE = 500
Statement = tuple[str, tuple[Any, ...]]


class Operation:
    """Statements that go into one transaction together with their journal entry.

    Attributes:
        future: Gets the journal's sequence number once the action is durable.
        sequence: That number.
    """

    def __init__(
        self,
        sequence: int,
        at_ms: int,
        *,
        action: str = "",
        document_id: str | None = None,
        label: str = "",
        origin: Origin = "typed",
        request_id: str = "",
        delta: bytes | None = None,
        statements: Sequence[Statement] = (),
    ) -> None:
        self.future: Future[int] = Future()
        self.sequence = sequence
        self.at_ms = at_ms
        self.action = action
        self.document_id = document_id
        self.label = label
        self.origin: Origin = origin
        self.request_id = request_id
        self.delta = delta
        self.statements = tuple(statements)

    def prepare(self) -> None:
        """Do what is slow.

        Raises:
            StudioError: The action cannot be carried out; only this one is refused.
        """

    def write(self, connection: Connection) -> None:
        """Write statements and journal entry; the caller holds the transaction.

        What leaves no entry may be written twice, and changes nothing the second time.
        """
        for statement, values in self.statements:
            connection.execute(statement, values)
        if self.action:
            self._write_entry(connection, None)

    def is_in(self, connection: Connection) -> bool:
        """Return whether the journal holds this action already."""
        query = "SELECT 1 FROM journal WHERE sequence = ?"
        return bool(self.action) and bool(connection.execute(query, (self.sequence,)).fetchone())

    def _write_entry(self, connection: Connection, state: int | None) -> None:
        connection.execute(
            "INSERT INTO journal (sequence, at, document_id, action, label, origin, request_id, "
            "delta, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.sequence,
                self.at_ms,
                self.document_id,
                self.action,
                self.label,
                self.origin,
                self.request_id,
                self.delta,
                state,
            ),
        )


class StateCommit(Operation):
    """The whole content of a document that is no text, with the blobs it refers to."""

    payload: bytes = b""
    attachments: Sequence[bytes] = ()
    #: SHA-256 of parts that are in the project already.
    kept: Sequence[bytes] = ()
    _blobs: tuple[Blob, ...] | None = None

    def prepare(self) -> None:
        """Hash and pack everything."""
        if self._blobs is None:
            self._blobs = tuple(packed(content) for content in (self.payload, *self.attachments))

    def write(self, connection: Connection) -> None:
        """Write blobs, entry and references."""
        state, *others = [write_blob(connection, blob) for blob in self._blobs or ()]
        others += _rows_of(connection, self.kept)
        self._write_entry(connection, state)
        connection.executemany(
            "INSERT OR IGNORE INTO journal_blobs VALUES (?, ?)",
            [(self.sequence, number) for number in others],
        )
        for statement, values in self.statements:
            connection.execute(statement, values)


class PartCommit(Operation):
    """A large part of a document that stays whichever states name it."""

    content: bytes = b""
    _blob: Blob | None = None

    def prepare(self) -> None:
        """Hash and pack it."""
        if self._blob is None:
            self._blob = packed(self.content)

    def write(self, connection: Connection) -> None:
        """Write the part and the entry that holds it."""
        assert self._blob is not None
        number = write_blob(connection, self._blob)
        self._write_entry(connection, None)
        connection.execute("INSERT INTO journal_blobs VALUES (?, ?)", (self.sequence, number))


def release_parts(document_id: str, digests: Sequence[bytes]) -> Callable[[Connection], int]:
    """Return what takes the entries away that hold these parts, and the parts with them."""

    def release(connection: Connection) -> int:
        connection.execute("BEGIN IMMEDIATE")
        gone = 0
        for digest in digests:
            gone += connection.execute(
                "DELETE FROM journal WHERE action = 'part' AND document_id = ? AND sequence IN "
                "(SELECT sequence FROM journal_blobs JOIN blobs ON blob = id WHERE hash = ?)",
                (document_id, digest),
            ).rowcount
        collect_garbage(connection)
        connection.execute("COMMIT")
        connection.executescript("PRAGMA incremental_vacuum")
        return gone

    return release


def _rows_of(connection: Connection, digests: Sequence[bytes]) -> list[int]:
    """Return the rows of parts; thousands are asked for in a few queries."""
    found: dict[bytes, int] = {}
    for start in range(0, len(digests), _AT_ONCE):
        some = digests[start : start + _AT_ONCE]
        places = ",".join("?" * len(some))
        query = f"SELECT hash, id FROM blobs WHERE hash IN ({places})"
        found.update(connection.execute(query, some).fetchall())
    missing = next((digest for digest in digests if digest not in found), None)
    if missing is not None:
        raise BadInputError("A part is not in the project.", name=missing.hex())
    return [found[digest] for digest in digests]


class TextCommit(Operation):
    """Edits of a text; applied in memory by :class:`LiveText`, then written."""

    change: Delta = Delta(())
    live: LiveText
    error: StudioError | None = None
    keyframe_of: TextState | None = None
    _keyframe: Keyframe | None = None

    def prepare(self) -> None:
        """Apply the edits and pack them.

        Raises:
            StudioError: The edits do not fit the text, or it could not be read.
        """
        self.live.state()
        if self.error is not None:
            raise self.error
        if self.delta is None:
            self.delta = pack_delta(self.change)
        if self.keyframe_of is not None and self._keyframe is None:
            self._keyframe = Keyframe.of(self.keyframe_of)

    def write(self, connection: Connection) -> None:
        """Write entry and, when one is due, the keyframe."""
        super().write(connection)
        if self._keyframe is not None and self.document_id is not None:
            write_keyframe(connection, self.document_id, self.sequence, self._keyframe)


class LiveText:
    """The newest text of a document: what is on disk and everything committed since.

    Committing only queues; the edits are applied by whoever asks first, mostly the writer.
    """

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._waiting: deque[TextCommit] = deque()

    def add(self, commit: TextCommit) -> None:
        """Queue edits; callers keep the order of sequence numbers."""
        commit.live = self
        self._waiting.append(commit)

    def state(self) -> TextState:
        """Return the text with every queued edit applied.

        Raises:
            StorageError: It could not be read from disk; queued edits wait on.
        """
        with self._lock:
            now = self._loaded or self._load()
            while self._waiting:
                now = self._with(now, self._waiting.popleft())
            self._loaded = now
            return now.state

    @staticmethod
    def _with(now: Loaded, commit: TextCommit) -> Loaded:
        try:
            state = commit.change.applied_to(now.state, commit.origin, commit.request_id)
        except StudioError as error:
            commit.error = error
            return now
        actions, weight = now.actions + 1, now.weight + commit.change.weight()
        if keyframe_due(actions, weight, len(state.text)):
            commit.keyframe_of = state
            return Loaded(state, 0, 0)
        return Loaded(state, actions, weight)

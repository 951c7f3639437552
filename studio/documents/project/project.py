"""A project: one file with documents of any kind and everything that ever happened to them.

Every committed action is one durable transaction, so there is no "save". Committing returns at
once and happens in memory; a writer thread makes it durable. All methods may be called from any
thread. See packaging/docs/decisions/0050-a-project-is-one-sqlite-file.md.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from studio.core.errors import BadInputError, ReadOnlyError, StorageError
from studio.core.requests import Request, from_json, to_json
from studio.documents.project.lock import ProjectLock
from studio.documents.project.places import warnings_about
from studio.documents.project.records import (
    DocumentInfo,
    HistoryEntry,
    SnapshotInfo,
    UnwrittenChangesError,
)
from studio.documents.spans import (
    ORIGINS,
    Origin,
    Span,
    TextEdit,
    TextState,
    difference,
    normalised,
)

if TYPE_CHECKING:
    from sqlite3 import Connection

    from studio.documents.project.journal import Loaded
    from studio.documents.project.operations import LiveText, Operation
    from studio.documents.project.readers import Readers
    from studio.documents.project.writer import Writer

SUFFIX = ".triptych"
TEXT = "text"

T = TypeVar("T")


class Project:
    """An open project; made by :meth:`open`.

    Attributes:
        id: Stays the same when the file is moved or renamed; a copy has the same one.
        read_only: Nothing can be committed.
        problems: Sentences about the file or its place the user should see.
        was_left: The last program that wrote it did not end cleanly.
    """

    def __init__(
        self, path: Path, readers: Readers, writer: Writer | None, lock: ProjectLock | None
    ) -> None:
        """Use :meth:`open`."""
        self._readers = readers
        self._writer = writer
        self._file_lock = lock
        self._path = path
        self._lock = threading.RLock()
        self._documents: dict[str, DocumentInfo] = {}
        self._texts: dict[str, LiveText] = {}
        self._states: dict[str, bytes] = {}
        self._requests: dict[str, str] = {}
        self._sequence = 0
        self._listeners: list[Callable[[StorageError | None], None]] = []
        self.id = ""
        self.problems: tuple[str, ...] = ()
        self.was_left = lock.was_left if lock is not None else False

    @classmethod
    def open(cls, path: Path, *, create: bool = False, read_only: bool = False) -> Project:
        """Open a project file.

        Args:
            path: The file; its suffix is ``.triptych`` by custom.
            create: Make it; it must not be there yet.
            read_only: Only look; works in read-only folders and beside another window.

        Raises:
            ProjectInUseError: Another window writes it.
            DamagedFileError: It is no project, or is damaged.
            NewerFormatError: A newer Triptych made it.
            ReadOnlyError: Its file or folder cannot be written.
            StorageError: The system refused.
        """
        from studio.documents.project import database
        from studio.documents.project.readers import Readers
        from studio.documents.project.writer import Writer

        path = path.absolute()
        if create:
            database.create_file(path)
        if read_only:
            project = cls(path, Readers(path), None, None)
            project._load()
            return project
        lock = ProjectLock(path)
        with database.database_errors(path, "opening the project"):
            database.refuse_non_project(path)
        lock.acquire()
        writer = Writer(path, lambda failure: project._tell(failure))
        project = cls(path, Readers(path), writer, lock)
        try:
            writer.start()
            project._load()
        except BaseException:
            writer.close()
            project._readers.close()
            lock.release()
            raise
        project.problems = (*writer.problems, *warnings_about(path))
        return project

    @property
    def path(self) -> Path:
        """The file it is kept in; changes when it is moved."""
        return self._path

    @property
    def read_only(self) -> bool:
        """Whether nothing can be committed."""
        return self._writer is None

    @property
    def failure(self) -> StorageError | None:
        """Why writing does not work just now; ``None`` when all is well."""
        return self._writer.failure if self._writer is not None else None

    @property
    def unwritten(self) -> int:
        """How many committed actions are not yet on disk."""
        return self._writer.unwritten if self._writer is not None else 0

    # --- documents -------------------------------------------------------------------------

    def documents(self, *, deleted: bool = False) -> tuple[DocumentInfo, ...]:
        """Return the documents in their order, or the deleted ones, last deleted first."""
        with self._lock:
            found = [d for d in self._documents.values() if (d.deleted_at is not None) == deleted]
        if deleted:
            return tuple(sorted(found, key=lambda item: -(item.deleted_at or 0)))
        return tuple(sorted(found, key=lambda item: (item.position, item.created_at)))

    def document(self, document_id: str) -> DocumentInfo:
        """Return one document, deleted or not.

        Raises:
            BadInputError: There is none with this id.
        """
        with self._lock:
            if document_id not in self._documents:
                raise BadInputError("This document is not in the project.", id=document_id)
            return self._documents[document_id]

    def create_document(
        self, kind: str, title: str, *, meta: Mapping[str, Any] | None = None
    ) -> str:
        """Make an empty document at the end and return its id."""
        return self._create(kind, title, meta or {}, f"New {kind}").id

    def rename_document(self, document_id: str, title: str) -> Future[int]:
        """Give a document another title."""
        with self._lock:
            before = self.document(document_id)
            return self._change(
                replace(before, title=title),
                "rename",
                f"Rename to “{title}”",
                {"before": before.title, "after": title},
                ("UPDATE documents SET title = ? WHERE id = ?", (title, document_id)),
            )

    def move_document(self, document_id: str, position: int) -> Future[int]:
        """Put a document at another place, 0 being the first."""
        with self._lock:
            before = self.document(document_id)
            others = [d for d in self.documents() if d.id != document_id]
            others.insert(max(0, min(position, len(others))), before)
            statements = []
            for place, info in enumerate(others):
                self._documents[info.id] = replace(info, position=place)
                statements.append(
                    ("UPDATE documents SET position = ? WHERE id = ?", (place, info.id))
                )
            return self._change(
                self._documents[document_id],
                "move",
                f"Move “{before.title}”",
                {"before": before.position, "after": position},
                *statements,
            )

    def set_meta(self, document_id: str, **values: Any) -> Future[int]:
        """Keep small values with a document; ``None`` takes one away. Leaves no history.

        Raises:
            BadInputError: A value is no plain data.
        """
        with self._lock:
            before = self.document(document_id)
            merged = {**before.meta, **values}
            kept = {name: value for name, value in merged.items() if value is not None}
            return self._change(
                replace(before, meta=MappingProxyType(kept)),
                "",
                "",
                {},
                ("UPDATE documents SET meta = ? WHERE id = ?", (_meta_json(kept), document_id)),
            )

    def delete_document(self, document_id: str) -> Future[int]:
        """Put a document away; :meth:`restore_document` brings it back."""
        with self._lock:
            before = self.document(document_id)
            now = self._now_ms()
            return self._change(
                replace(before, deleted_at=now / 1000),
                "delete",
                f"Delete “{before.title}”",
                {"title": before.title},
                ("UPDATE documents SET deleted_at = ? WHERE id = ?", (now, document_id)),
            )

    def restore_document(self, document_id: str) -> Future[int]:
        """Bring a deleted document back, at its old place."""
        with self._lock:
            before = self.document(document_id)
            return self._change(
                replace(before, deleted_at=None),
                "restore",
                f"Bring back “{before.title}”",
                {"title": before.title},
                ("UPDATE documents SET deleted_at = NULL WHERE id = ?", (document_id,)),
            )

    # --- text ------------------------------------------------------------------------------

    def text(self, document_id: str) -> TextState:
        """Return a document's text with everything committed so far.

        Raises:
            BadInputError: It is no text.
            DamagedFileError: It cannot be read.
        """
        return self._live(document_id).state()

    def commit_text(
        self,
        document_id: str,
        edits: Sequence[TextEdit],
        *,
        label: str,
        origin: Origin = "typed",
        request_id: str = "",
        spans: Sequence[Span] | None = None,
    ) -> Future[int]:
        """Commit edits as one action; returns at once.

        Args:
            document_id: A text.
            edits: In order, each in code points of the text before it.
            label: What the user did, for the history panel.
            origin: Where the inserted text came from.
            request_id: The request that made it, from :meth:`add_request`.
            spans: All spans afterwards, where they do not follow from ``edits`` and ``origin``
                (undo, redo, pasting one's own text); ``None`` lets them follow.

        Returns:
            A future of the journal's sequence number, done when the action is durable. It fails
            with ``BadInputError`` when the edits do not fit the text; the text is as before then.
        """
        from studio.documents.project.journal import Delta
        from studio.documents.project.operations import TextCommit

        if origin not in ORIGINS:
            raise BadInputError("Unknown origin of a text.", origin=origin)
        change = Delta(tuple(edits), None if spans is None else normalised(spans))
        with self._lock:
            live = self._live(document_id)
            commit = self._operation(
                TextCommit, "text", document_id, label, origin=origin, request_id=request_id
            )
            commit.change = change
            commit.statements = (self._touch(document_id, commit.at_ms),)
            live.add(commit)
            return self._submit(commit)

    def edits(self, sequence: int) -> tuple[TextEdit, ...]:
        """Return what a text entry of the history changed; empty for other entries.

        Raises:
            DamagedFileError: It cannot be read.
        """
        from studio.documents.project.journal import unpack_delta

        with self._readers.connection() as connection:
            row = connection.execute(
                "SELECT delta FROM journal WHERE sequence = ? AND action = 'text'", (sequence,)
            ).fetchone()
            return () if row is None else unpack_delta(row[0], self.path).edits

    # --- documents that are no text --------------------------------------------------------

    def state(self, document_id: str) -> bytes | None:
        """Return what was committed last with :meth:`commit_state`; ``None`` before that.

        Raises:
            DamagedFileError: It cannot be read.
        """
        from studio.documents.project.journal import load_state

        with self._lock:
            self.document(document_id)
            if document_id in self._states:
                return self._states[document_id]
        with self._readers.connection() as connection:
            found = load_state(connection, document_id, self.path)
        with self._lock:
            return self._states.get(document_id, found)

    def commit_state(
        self,
        document_id: str,
        payload: bytes,
        *,
        label: str,
        origin: Origin = "typed",
        request_id: str = "",
        blobs: Sequence[bytes] = (),
    ) -> Future[int]:
        """Commit the whole content of a document as one action; returns at once.

        Args:
            document_id: Not a text.
            payload: The content, in whatever form its pane reads.
            label: What the user did.
            origin: Where the change came from.
            request_id: The request that made it.
            blobs: Larger parts the payload names by :func:`blob_name`; equal ones are kept once.

        Returns:
            A future of the journal's sequence number, done when the action is durable.
        """
        from studio.documents.project.operations import StateCommit

        with self._lock:
            if self.document(document_id).kind == TEXT:
                raise BadInputError("A text is committed by its edits.", id=document_id)
            commit = self._operation(
                StateCommit, "state", document_id, label, origin=origin, request_id=request_id
            )
            commit.payload, commit.attachments = bytes(payload), tuple(blobs)
            commit.statements = (self._touch(document_id, commit.at_ms),)
            self._states[document_id] = commit.payload
            return self._submit(commit)

    def blob(self, name: str) -> bytes:
        """Return a part committed with :meth:`commit_state`, once it is durable.

        Args:
            name: What :func:`blob_name` said.

        Raises:
            BadInputError: There is none of this name.
            DamagedFileError: It cannot be read.
        """
        from studio.documents.project.blobs import read_blob

        with self._readers.connection() as connection:
            row = connection.execute(
                "SELECT id FROM blobs WHERE hash = ?", (bytes.fromhex(name),)
            ).fetchone()
            if row is None:
                raise BadInputError("This part is not in the project.", name=name)
            return read_blob(connection, row[0], self.path)

    # --- requests --------------------------------------------------------------------------

    def add_request(
        self, request: Request, artifact_summary: Mapping[str, Any] | None = None
    ) -> str:
        """Keep what was asked and what came of it; returns its id at once.

        Args:
            request: What was asked, with model and seed resolved.
            artifact_summary: Plain facts of the result (model, tokens, duration).
        """
        request_id = uuid.uuid4().hex
        text = to_json(request)
        with self._lock:
            operation = self._operation(_operation_class())
            operation.statements = (
                (
                    "INSERT INTO requests VALUES (?, ?, ?, ?)",
                    (request_id, operation.at_ms, text, _meta_json(artifact_summary or {})),
                ),
            )
            self._submit(operation)
            self._requests[request_id] = text
        return request_id

    def request(self, request_id: str) -> Request:
        """Return what was asked.

        Raises:
            BadInputError: Not in this project, or of a kind this version does not know.
        """
        with self._lock:
            text = self._requests.get(request_id)
        if text is None:
            text = self._request_row(request_id)[0]
        return from_json(text)

    def artifact_summary(self, request_id: str) -> dict[str, Any]:
        """Return the facts kept with a request, once it is durable.

        Raises:
            BadInputError: The request is not in this project.
        """
        plain = json.loads(self._request_row(request_id)[1])
        return plain if isinstance(plain, dict) else {}

    # --- history ---------------------------------------------------------------------------

    def history(
        self, document_id: str | None = None, *, limit: int | None = None, before: int | None = None
    ) -> Sequence[HistoryEntry]:
        """Return what happened, oldest first, as far as it is durable.

        Args:
            document_id: Only this document; ``None`` for the whole project.
            limit: At most this many, the newest ones.
            before: Only what came before this sequence number; pages backwards with ``limit``.
        """
        where = "sequence < ?" + (" AND document_id = ?" if document_id is not None else "")
        values: tuple[Any, ...] = (before if before is not None else 2**62,)
        values += (document_id,) if document_id is not None else ()
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT sequence, at, document_id, label, origin, action, request_id FROM journal "
                f"WHERE {where} ORDER BY sequence DESC LIMIT ?",
                (*values, -1 if limit is None else limit),
            ).fetchall()
        return tuple(
            HistoryEntry(
                sequence=row[0],
                at=row[1] / 1000,
                document_id=row[2] or "",
                label=row[3],
                origin=row[4],
                action=row[5],
                request_id=row[6],
            )
            for row in reversed(rows)
        )

    def text_at(self, document_id: str, sequence: int) -> TextState:
        """Return a text as it was after the action ``sequence``.

        Raises:
            BadInputError: It is no text.
            DamagedFileError: That state cannot be read.
        """
        from studio.documents.project.journal import load_text

        self._require_text(document_id)
        with self._readers.connection() as connection:
            return load_text(connection, document_id, self.path, sequence).state

    def state_at(self, document_id: str, sequence: int) -> bytes | None:
        """Return the content of a document that is no text, as it was after ``sequence``.

        Raises:
            DamagedFileError: That state cannot be read.
        """
        from studio.documents.project.journal import load_state

        self.document(document_id)
        with self._readers.connection() as connection:
            return load_state(connection, document_id, self.path, sequence)

    def restore_to(self, document_id: str, sequence: int) -> Future[int]:
        """Make a document what it was after ``sequence``: a new action, so nothing is lost.

        Raises:
            DamagedFileError: That state cannot be read.
        """
        info = self.document(document_id)
        label = f"Go back to an earlier state of “{info.title}”"
        if info.kind == TEXT:
            target = self.text_at(document_id, sequence)
            with self._lock:
                edits = difference(self.text(document_id).text, target.text)
                return self.commit_text(document_id, edits, label=label, spans=target.spans)
        with self._readers.connection() as connection:
            payload, parts = self._whole_state(connection, document_id, sequence)
        return self.commit_state(document_id, payload, label=label, blobs=parts)

    def branch(self, document_id: str, sequence: int, title: str) -> str:
        """Make a new document from an earlier state, and return its id.

        Raises:
            DamagedFileError: That state cannot be read.
        """
        info = self.document(document_id)
        label = f"Branch of “{info.title}”"
        meta = {"branch_of": document_id, "branch_at": sequence}
        if info.kind == TEXT:
            target = self.text_at(document_id, sequence)
            with self._lock:
                new = self._create(info.kind, title, meta, label)
                edits = (TextEdit(0, "", target.text),)
                self.commit_text(new.id, edits, label=label, spans=target.spans)
            return new.id
        with self._readers.connection() as connection:
            payload, parts = self._whole_state(connection, document_id, sequence)
        with self._lock:
            new = self._create(info.kind, title, meta, label)
            self.commit_state(new.id, payload, label=label, blobs=parts)
        return new.id

    def snapshot(self, name: str) -> Future[int]:
        """Give this moment of the whole project a name; thinning keeps it."""
        with self._lock:
            operation = self._operation(_operation_class(), "snapshot", None, name)
            return self._submit(operation)

    def snapshots(self) -> tuple[SnapshotInfo, ...]:
        """Return the named moments, oldest first, as far as they are durable."""
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT sequence, label, at FROM journal WHERE action = 'snapshot' "
                "ORDER BY sequence"
            ).fetchall()
        return tuple(SnapshotInfo(sequence=s, name=n, at=at / 1000) for s, n, at in rows)

    def delete_snapshot(self, sequence: int) -> Future[int]:
        """Take a moment's name away; its states may then be thinned out."""
        with self._lock:
            operation = self._operation(_operation_class())
            operation.statements = (
                ("DELETE FROM journal WHERE sequence = ? AND action = 'snapshot'", (sequence,)),
            )
            return self._submit(operation)

    def history_bytes(self) -> int:
        """Return how much room the history takes; what is shown now is not counted."""
        from studio.documents.project.thinning import history_bytes

        with self._readers.connection() as connection:
            return history_bytes(connection)

    def thin_history(self, budget_bytes: int) -> int:
        """Thin old history out until it takes at most ``budget_bytes``, where that is possible.

        Newest states, first and last ones of each document, and named moments stay. Slow; call
        it from a thread that may wait.

        Returns:
            How many entries went.

        Raises:
            StorageError: It could not be done; the file is whole.
        """
        from studio.documents.project.thinning import thin_out

        return thin_out(self._readers, self._require_writer(), budget_bytes, self._now_ms())

    def reading(self) -> AbstractContextManager[Connection]:
        """Lend a connection that only reads, for the modules beside this one."""
        return self._readers.connection()

    # --- durability ------------------------------------------------------------------------

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until everything committed is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer than ``timeout_s``. Everything
                stays in memory and writing is tried again.
        """
        if self._writer is None or self._writer.flush(timeout_s):
            return
        raise self._writer.failure or StorageError(
            "Saving the project takes long.", hint="It goes on in the background."
        )

    def on_failure(self, callback: Callable[[StorageError | None], None]) -> Callable[[], None]:
        """Be told, on the writer's thread, when the disk refuses, and with ``None`` when all is
        written again. Returns what ends it.
        """
        with self._lock:
            self._listeners.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return stop

    def move_to(self, path: Path, *, timeout_s: float = 600.0) -> None:
        """Copy the project to ``path``, replacing what stands there, and go on in that file.

        The old file stays as it is. Works while the old disk is full: what could not be written
        there is written here.

        Raises:
            ProjectInUseError: Another window has that file open.
            StorageError: The new place does not work; the project goes on in the old one.
        """
        from studio.documents.project.moving import move_project

        writer = self._require_writer()
        path = path.absolute()
        if path.exists() and path.samefile(self._path):
            return
        lock = ProjectLock(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        try:
            _result(move_project(writer, path), timeout_s)
        except BaseException:
            lock.release()
            raise
        with self._lock:
            old, self._file_lock, self._path = self._file_lock, lock, path
        self._readers.move_to(path)
        if old is not None:
            old.release()

    def copy_to(self, path: Path) -> None:
        """Write a copy of everything durable to ``path``; the project stays where it is.

        Raises:
            StorageError: It did not work; what stood at ``path`` is untouched.
        """
        from studio.documents.project.moving import copy_database

        with self._readers.connection() as connection:
            copy_database(connection, path)

    def close(self, *, timeout_s: float = 10.0, abandon: bool = False) -> None:
        """Write what is left and close; a second call does nothing.

        Args:
            timeout_s: How long to wait for the disk.
            abandon: Close even if that loses what the disk does not take.

        Raises:
            UnwrittenChangesError: The disk does not take what is left; the project stays open,
                so that it can be moved elsewhere.
        """
        if self._writer is not None and not self._writer.flush(timeout_s) and not abandon:
            reason = self._writer.failure
            raise UnwrittenChangesError(
                f"{self.path.name} cannot be closed yet: {self.unwritten} changes are not saved.",
                hint="Free some space, or save the project in another folder.",
                path=str(self.path),
                reason=str(reason) if reason is not None else "the disk is slow",
            )
        self._readers.close()  # first, so that the writer leaves last and takes the log with it
        if self._writer is not None:
            self._writer.close()
        if self._file_lock is not None:
            self._file_lock.release()

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ----------------------------------------------------------------------------

    def _load(self) -> None:
        with self._readers.connection() as connection:
            rows = connection.execute(
                "SELECT id, kind, title, position, created_at, changed_at, deleted_at, meta "
                "FROM documents"
            ).fetchall()
            last = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
            ).fetchone()
            key = connection.execute("SELECT value FROM project WHERE key = 'id'").fetchone()
        self._documents = {row[0]: _document(row) for row in rows}
        self._sequence = last[0] if last is not None else 0
        self.id = key[0] if key is not None else ""

    def _live(self, document_id: str) -> LiveText:
        from studio.documents.project.operations import LiveText

        with self._lock:
            self._require_text(document_id)
            if document_id not in self._texts:
                self._texts[document_id] = LiveText(lambda: self._load_text(document_id))
            return self._texts[document_id]

    def _load_text(self, document_id: str) -> Loaded:
        from studio.documents.project.journal import load_text

        with self._readers.connection() as connection:
            return load_text(connection, document_id, self.path)

    def _create(self, kind: str, title: str, meta: Mapping[str, Any], label: str) -> DocumentInfo:
        from studio.documents.project.journal import Loaded
        from studio.documents.project.operations import LiveText

        if not kind:
            raise BadInputError("A document needs a kind.")
        with self._lock:
            now = self._now_ms()
            info = DocumentInfo(
                id=uuid.uuid4().hex,
                kind=kind,
                title=title,
                position=max((d.position for d in self._documents.values()), default=-1) + 1,
                created_at=now / 1000,
                changed_at=now / 1000,
                meta=MappingProxyType(dict(meta)),
            )
            self._change(
                info,
                "create",
                label,
                {"kind": kind, "title": title},
                (
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
                    (info.id, kind, title, info.position, now, now, _meta_json(meta)),
                ),
            )
            if kind == TEXT:
                self._texts[info.id] = LiveText(lambda: Loaded(TextState(), 0, 0))
            return info

    def _change(
        self,
        info: DocumentInfo,
        action: str,
        label: str,
        delta: Mapping[str, Any],
        *statements: tuple[str, tuple[Any, ...]],
    ) -> Future[int]:
        """Queue a change of a document's row, and show it at once."""
        from studio.documents.project.journal import pack_json

        operation = self._operation(_operation_class(), action, info.id, label)
        operation.delta = pack_json(delta) if action else None
        operation.statements = statements
        future = self._submit(operation)
        self._documents[info.id] = info
        return future

    def _touch(self, document_id: str, at_ms: int) -> tuple[str, tuple[Any, ...]]:
        before = self._documents[document_id]
        self._documents[document_id] = replace(before, changed_at=at_ms / 1000)
        return "UPDATE documents SET changed_at = ? WHERE id = ?", (at_ms, document_id)

    def _operation(
        self,
        kind: type[T],
        action: str = "",
        document_id: str | None = None,
        label: str = "",
        **more: Any,
    ) -> T:
        """Return an operation with the next number; the caller holds the lock until it is sent."""
        self._require_writer()
        if action:
            self._sequence += 1
        make: Callable[..., T] = kind
        return make(
            self._sequence,
            self._now_ms(),
            action=action,
            document_id=document_id,
            label=label,
            **more,
        )

    def _submit(self, operation: Operation) -> Future[int]:
        self._require_writer().submit(operation)
        return operation.future

    def _require_writer(self) -> Writer:
        if self._writer is None:
            raise ReadOnlyError(
                f"{self.path.name} is open to read only.",
                hint="Save it under another name to change it.",
                path=str(self.path),
            )
        return self._writer

    def _require_text(self, document_id: str) -> None:
        if self.document(document_id).kind != TEXT:
            raise BadInputError("This document is not a text.", id=document_id)

    def _whole_state(
        self, connection: Connection, document_id: str, sequence: int
    ) -> tuple[bytes, list[bytes]]:
        from studio.documents.project.blobs import read_blob
        from studio.documents.project.journal import state_parts

        state, parts = state_parts(connection, document_id, sequence)
        if state is None:
            raise BadInputError("There is nothing that far back.", id=document_id)
        contents = [read_blob(connection, number, self.path) for number in (state, *parts)]
        return contents[0], contents[1:]

    def _request_row(self, request_id: str) -> tuple[str, str]:
        with self._readers.connection() as connection:
            row = connection.execute(
                "SELECT request, artifact FROM requests WHERE id = ?", (request_id,)
            ).fetchone()
        if row is None:
            raise BadInputError("This request is not in the project.", id=request_id)
        return row[0], row[1]

    def _tell(self, failure: StorageError | None) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(failure)

    @staticmethod
    def _now_ms() -> int:
        return int(time.time() * 1000)


def blob_name(content: bytes) -> str:
    """Return the name under which a project keeps ``content``: its SHA-256 as hex."""
    return hashlib.sha256(content).hexdigest()


def _document(row: Sequence[Any]) -> DocumentInfo:
    identifier, kind, title, position, created, changed, deleted, meta = row
    try:
        plain = json.loads(meta)
    except (ValueError, TypeError, RecursionError):
        plain = {}  # only how it was last looked at; the document itself is elsewhere
    return DocumentInfo(
        id=identifier,
        kind=kind,
        title=title,
        position=position,
        created_at=created / 1000,
        changed_at=changed / 1000,
        deleted_at=None if deleted is None else deleted / 1000,
        meta=MappingProxyType(plain if isinstance(plain, dict) else {}),
    )


def _meta_json(values: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(values), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise BadInputError("Only plain data can be kept here.", reason=str(error)) from error


def _operation_class() -> type[Operation]:
    from studio.documents.project.operations import Operation

    return Operation


def _result(future: Future[T], timeout_s: float) -> T:
    try:
        return future.result(timeout_s)
    except FutureTimeoutError as error:
        raise StorageError("This takes too long.", hint="Try another folder.") from error

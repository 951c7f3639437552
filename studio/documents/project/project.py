"""A project: one file with documents of any kind and everything that ever happened to them.

Every committed action is one durable transaction, so there is no "save". Committing returns at
once and happens in memory; a writer thread makes it durable. All methods may be called from any
thread. See packaging/docs/decisions/0050-a-project-is-one-sqlite-file.md.

Long because it is the whole public face of a project: half of it is signatures and what they
promise; the work is in the modules beside it (changes, past, writer, readers, care, salvage).
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from studio.core.errors import BadInputError, ReadOnlyError, StorageError
from studio.core.requests import Request, from_json, to_json
from studio.documents.project import changes
from studio.documents.project.lock import ProjectLock, remove_empty_log
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

    from studio.documents.project.operations import LiveText, Operation
    from studio.documents.project.readers import Readers
    from studio.documents.project.writer import Writer

SUFFIX = ".triptych"
TEXT = "text"
PART = "part"
"""Action of journal entries that only hold a part; no history shows them."""

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
        from studio.documents.project.past import Past

        self._readers = readers
        self._past = Past(readers)
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
        readers = Readers(path)
        writer = Writer(path, lambda failure: project._tell(failure), readers.close_idle)
        project = cls(path, readers, writer, lock)
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
            return self._change(changes.renamed(self.document(document_id), title))

    def move_document(self, document_id: str, position: int) -> Future[int]:
        """Put a document at another place, 0 being the first."""
        with self._lock:
            before = self.document(document_id)
            return self._change(changes.moved(self.documents(), before, position))

    def set_meta(self, document_id: str, **values: Any) -> Future[int]:
        """Keep small values with a document; ``None`` takes one away. Leaves no history.

        Raises:
            BadInputError: A value is no plain data.
        """
        with self._lock:
            return self._change(changes.with_meta(self.document(document_id), values))

    def delete_document(self, document_id: str) -> Future[int]:
        """Put a document away; :meth:`restore_document` brings it back."""
        with self._lock:
            return self._change(changes.deleted(self.document(document_id), self._now_ms()))

    def restore_document(self, document_id: str) -> Future[int]:
        """Bring a deleted document back, at its old place."""
        with self._lock:
            return self._change(changes.restored(self.document(document_id)))

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
        return self._past.edits(sequence)

    # --- documents that are no text --------------------------------------------------------

    def state(self, document_id: str) -> bytes | None:
        """Return what was committed last with :meth:`commit_state`; ``None`` before that.

        Raises:
            DamagedFileError: It cannot be read.
        """
        with self._lock:
            self.document(document_id)
            if document_id in self._states:
                return self._states[document_id]
        found = self._past.state(document_id)
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
        parts: Sequence[str] = (),
    ) -> Future[int]:
        """Commit the whole content of a document as one action; returns at once.

        Args:
            document_id: Not a text.
            payload: The content, in whatever form its pane reads.
            label: What the user did.
            origin: Where the change came from.
            request_id: The request that made it.
            blobs: Larger parts the payload names by :func:`blob_name`; equal ones are kept once.
            parts: Names of parts the payload still names and this document's newest state, or a
                commit before it that waits, brought along; saves giving their bytes again.

        Returns:
            A future of the journal's sequence number, done when the action is durable. It fails
            with ``BadInputError`` when one of ``parts`` is not in the project.
        """
        from studio.documents.project.operations import StateCommit

        with self._lock:
            if self.document(document_id).kind == TEXT:
                raise BadInputError("A text is committed by its edits.", id=document_id)
            commit = self._operation(
                StateCommit, "state", document_id, label, origin=origin, request_id=request_id
            )
            commit.payload, commit.attachments = bytes(payload), tuple(blobs)
            commit.kept = tuple(bytes.fromhex(name) for name in parts)
            commit.statements = (self._touch(document_id, commit.at_ms),)
            self._states[document_id] = commit.payload
            return self._submit(commit)

    def keep_part(self, document_id: str, content: bytes) -> Future[int]:
        """Keep a large part of a document, whichever of its states name it; returns at once.

        For what is too large to go along with each state, such as an hour of sound in pieces.
        It stays when history is thinned out, and leaves no line in it; what no state names any
        more goes with :meth:`release_parts`.

        Args:
            document_id: Whose part it is.
            content: At most about 900 MB; much less where it is read piece by piece.

        Returns:
            A future, done when the part is durable and :meth:`blob` can read it.
        """
        from studio.documents.project.operations import PartCommit

        with self._lock:
            self.document(document_id)
            commit = self._operation(PartCommit, PART, document_id)
            commit.content = content
            return self._submit(commit)

    def kept_parts(self, document_id: str) -> frozenset[str]:
        """Return the names of the parts kept with :meth:`keep_part`, as far as they are durable."""
        return self._past.kept_parts(document_id)

    def release_parts(self, document_id: str, names: Collection[str]) -> int:
        """Let go of parts kept with :meth:`keep_part`; returns how many. May wait for the disk.

        Raises:
            StorageError: It could not be done; all of them are still there.
        """
        from studio.documents.project.operations import release_parts

        digests = [bytes.fromhex(name) for name in names]
        return self._require_writer().run_task(release_parts(document_id, digests)).result()

    def blob(self, name: str) -> bytes:
        """Return a part committed with :meth:`commit_state` or :meth:`keep_part`, once durable.

        Args:
            name: What :func:`blob_name` said.

        Raises:
            BadInputError: There is none of this name.
            DamagedFileError: It cannot be read.
        """
        try:
            return self._past.blob(bytes.fromhex(name))
        except ValueError as error:
            raise BadInputError("This is no name of a part.", name=name) from error

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
                    "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?)",
                    (request_id, operation.at_ms, text, changes.plain_json(artifact_summary or {})),
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
        return from_json(text if text is not None else self._past.request(request_id)[0])

    def artifact_summary(self, request_id: str) -> dict[str, Any]:
        """Return the facts kept with a request, once it is durable.

        Raises:
            BadInputError: The request is not in this project.
        """
        return self._past.request(request_id)[1]

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
        return self._past.history(document_id, limit, before)

    def text_at(self, document_id: str, sequence: int) -> TextState:
        """Return a text as it was after the action ``sequence``.

        Raises:
            BadInputError: It is no text.
            DamagedFileError: That state cannot be read.
        """
        self._require_text(document_id)
        return self._past.text(document_id, sequence).state

    def state_at(self, document_id: str, sequence: int) -> bytes | None:
        """Return the content of a document that is no text, as it was after ``sequence``.

        Raises:
            DamagedFileError: That state cannot be read.
        """
        self.document(document_id)
        return self._past.state(document_id, sequence)

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
        payload, parts = self._past.whole_state(document_id, sequence)
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
        payload, parts = self._past.whole_state(document_id, sequence)
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
        return self._past.snapshots()

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
        return self._past.history_bytes()

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
        elif self._writer is None:
            remove_empty_log(self._path)

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ----------------------------------------------------------------------------

    def _load(self) -> None:
        self.id, self._documents, self._sequence = self._past.beginning()

    def _live(self, document_id: str) -> LiveText:
        from studio.documents.project.operations import LiveText

        with self._lock:
            self._require_text(document_id)
            if document_id not in self._texts:
                self._texts[document_id] = LiveText(lambda: self._past.text(document_id))
            return self._texts[document_id]

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
            self._change(changes.created(info, label))
            if kind == TEXT:
                self._texts[info.id] = LiveText(lambda: Loaded(TextState(), 0, 0))
            return info

    def _change(self, change: changes.Change) -> Future[int]:
        """Queue a change of documents' rows, and show it at once."""
        from studio.documents.project.journal import pack_json

        operation = self._operation(
            _operation_class(), change.action, change.document.id, change.label
        )
        operation.delta = pack_json(change.delta) if change.action else None
        operation.statements = tuple(change.statements)
        future = self._submit(operation)
        for info in (change.document, *change.others):
            self._documents[info.id] = info
        return future

    def _touch(self, document_id: str, at_ms: int) -> changes.Statement:
        info, statement = changes.touched(self._documents[document_id], at_ms)
        self._documents[document_id] = info
        return statement

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


def _operation_class() -> type[Operation]:
    from studio.documents.project.operations import Operation

    return Operation


def _result(future: Future[T], timeout_s: float) -> T:
    try:
        return future.result(timeout_s)
    except FutureTimeoutError as error:
        raise StorageError("This takes too long.", hint="Try another folder.") from error

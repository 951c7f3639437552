"""Sound documents in a project: loaded, and every action kept as it happens.

The project holds the kept files of sounds in pieces (:meth:`Project.keep_part`), which stay
whatever the history does, and each action as a small state that names its pages
(:mod:`~studio.documents.soundtrack.payload`).
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from studio.core.errors import BadInputError, StorageError, StudioError
from studio.core.requests import from_json
from studio.documents.project import Project, blob_name
from studio.documents.soundtrack.changes import Change, Origin
from studio.documents.soundtrack.model import Arrangement, Source, Take
from studio.documents.soundtrack.payload import read, source_parts, written
from studio.documents.soundtrack.soundtrack import Soundtrack

log = logging.getLogger(__name__)

KIND = "soundtrack"
"""Kind of a project's documents that hold sound."""
_LOOK_S = 0.2


def create(project: Project, title: str) -> str:
    """Make an empty sound document and return its id."""
    return project.create_document(KIND, title)


def load(project: Project, document_id: str) -> Soundtrack:
    """Return a sound document as it was left; may wait for the disk.

    Raises:
        DamagedFileError: It cannot be read.
        NewerFormatError: A newer Triptych wrote it.
    """
    if project.unwritten:
        project.flush()  # pages can be read once they are durable
    return loaded(project, project.state(document_id))


def load_at(project: Project, document_id: str, sequence: int) -> Soundtrack:
    """Return a sound document as it was after an entry of the history."""
    return loaded(project, project.state_at(document_id, sequence))


def loaded(project: Project, payload: bytes | None) -> Soundtrack:
    """Return the document of a kept state; an empty one for ``None``."""
    return Soundtrack() if payload is None else read(payload, project.blob)


class ProjectParts:
    """Pieces of sounds in a project.

    Args:
        project: Where.
        document_id: The sound document they belong to.
    """

    def __init__(self, project: Project, document_id: str) -> None:
        self._project = project
        self._document_id = document_id
        self._kept: set[str] | None = None
        self._lock = threading.Lock()

    def put(self, content: bytes) -> str:
        """Keep a piece and return its name, once it is durable.

        Raises:
            StorageError: The disk refuses.
        """
        name = blob_name(content)
        with self._lock:
            if self._kept is None:
                self._kept = set(self._project.kept_parts(self._document_id))
            if name in self._kept:
                return name
        self._wait(self._project.keep_part(self._document_id, content))
        with self._lock:
            self._kept.add(name)
        return name

    def get(self, name: str) -> bytes:
        """Return a piece.

        Raises:
            BadInputError: It is gone.
            DamagedFileError: It is not what was kept.
        """
        return self._project.blob(name)

    def _wait(self, future: Future[int]) -> None:
        while True:
            try:
                future.result(_LOOK_S)
                return
            except FutureTimeoutError:
                # The project tries again by itself; whoever takes a sound in hears of it now.
                if self._project.failure is not None:
                    raise self._project.failure from None


@dataclass(frozen=True)
class _Action:
    arrangement: Arrangement
    sources: tuple[Source, ...]
    label: str
    origin: Origin
    merge: str
    take: Take | None


class Keeper:
    """Keeps every action of a document in its project, on a thread of its own.

    Args:
        soundtrack: The document, as loaded.
        project: Open for writing.
        document_id: Which of its documents it is.
        on_problem: Told on the keeper's thread when an action could not be kept.
    """

    def __init__(
        self,
        soundtrack: Soundtrack,
        project: Project,
        document_id: str,
        on_problem: Callable[[StudioError], None] | None = None,
    ) -> None:
        self._soundtrack = soundtrack
        self._project = project
        self._document_id = document_id
        self._on_problem = on_problem
        self._condition = threading.Condition()
        self._waiting: deque[_Action] = deque()
        self._busy = False
        self._closing = False
        self._pages: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._run, name="sound-keeper", daemon=True)
        self._stop_listening = soundtrack.subscribe(self._changed)
        self._thread.start()

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until every action is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer.
        """
        with self._condition:
            idle = self._condition.wait_for(lambda: not self._waiting and not self._busy, timeout_s)
        if not idle:
            raise StorageError(
                "Saving the sound document takes long.", hint="It goes on in the background."
            )
        self._project.flush(timeout_s)

    def close(self) -> None:
        """Hand everything over to the project and end; the project makes it durable."""
        self._stop_listening()
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join()

    def _changed(self, change: Change) -> None:
        if change.kind == "source":
            return  # kept with the first clip that uses it
        action = _Action(
            self._soundtrack.arrangement,
            self._soundtrack.sources(),
            change.label,
            change.origin,
            change.merge,
            change.take,
        )
        with self._condition:
            last = self._waiting[-1] if self._waiting else None
            if last is not None and last.merge and last.merge == action.merge:
                self._waiting.pop()
            self._waiting.append(action)
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                action = self._waiting.popleft()
                self._busy = True
            try:
                self._keep(action)
            except StudioError as error:
                log.warning("A sound document could not be kept: %s", error)
                if self._on_problem is not None:
                    self._on_problem(error)

    def _keep(self, action: _Action) -> None:
        kept = written(action.arrangement, action.sources)
        known = self._pages & kept.pages.keys()
        self._project.commit_state(
            self._document_id,
            kept.payload,
            label=action.label,
            origin=action.origin,
            request_id=self._request_id(action.take),
            blobs=[page for name, page in kept.pages.items() if name not in known],
            parts=sorted(known),
        )
        self._pages = frozenset(kept.pages)

    def _request_id(self, take: Take | None) -> str:
        if take is None or not take.request:
            return ""
        try:
            return self._project.add_request(from_json(take.request), dict(take.facts))
        except BadInputError:  # made by a newer version: the take keeps it as it is
            return ""


def release_unused(
    project: Project, document_id: str, keep: Collection[Source] = ()
) -> tuple[int, int]:
    """Let go of a document's sounds that no state in the history needs any more. Slow.

    Args:
        project: Open for writing.
        document_id: A sound document.
        keep: Sounds that stay, such as all an open document knows, for its undo.

    Returns:
        How many pieces went, and how many stayed.

    Raises:
        StorageError: Something could not be read or written; every sound is still there.
    """
    project.flush()
    needed = {name for source in keep for name in source.parts}
    pages: dict[str, bytes] = {}

    def page(name: str) -> bytes:
        if name not in pages:
            pages[name] = project.blob(name)
        return pages[name]

    documents = (*project.documents(), *project.documents(deleted=True))
    sound = {each.id for each in documents if each.kind == KIND}  # a branch shares its sounds
    for entry in project.history():
        if entry.action == "state" and entry.document_id in sound:
            payload = project.state_at(entry.document_id, entry.sequence)
            needed |= source_parts(payload, page) if payload is not None else set()
    kept = project.kept_parts(document_id)
    gone = sorted(kept - needed)
    if gone:
        project.release_parts(document_id, gone)
    return len(gone), len(kept) - len(gone)

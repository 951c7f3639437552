"""Pictures in a project: loaded, and every action kept as it happens.

Follows packaging/docs/decisions/0123-pictures-in-projects.md.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from studio.core.errors import BadInputError, StorageError, StudioError
from studio.documents.picture.document import Action, Change, PictureDocument
from studio.documents.picture.geometry import Key, Rect
from studio.documents.picture.payload import Outline, Reader, Writer, read_outline
from studio.documents.picture.scene import Snapshot
from studio.documents.picture.tiles import Tile
from studio.documents.project import Project

log = logging.getLogger(__name__)

KIND = "picture"
"""Kind of a project's documents that hold pictures."""
_FRAME = "frame"
_READERS = 4


def create(project: Project, title: str) -> str:
    """Make an empty picture and return its id."""
    return project.create_document(KIND, title)


def load(
    project: Project, document_id: str, *, problems: list[str] | None = None
) -> PictureDocument:
    """Return a picture as it was left; waits for the disk.

    Args:
        project: Where it is.
        document_id: Which one.
        problems: Gets sentences about what could not be read, which is left out then; without it,
            such a picture is refused.

    Raises:
        DamagedFileError: It cannot be read.
        NewerFormatError: A newer Triptych wrote it.
    """
    payload = project.state(document_id)
    if project.unwritten:
        project.flush()  # parts can be read once they are durable
    document = PictureDocument()
    if payload is not None:
        document.become(read(project, payload, problems=problems))
        document.forget_undo()
    frame = project.document(document_id).meta.get(_FRAME)
    if (
        isinstance(frame, list | tuple)
        and len(frame) == 4
        and all(isinstance(value, int) for value in frame)
    ):
        document.frame = Rect(*frame)
    return document


def read(
    project: Project,
    payload: bytes,
    *,
    known: Snapshot | None = None,
    problems: list[str] | None = None,
) -> Snapshot:
    """Return a kept state, for ``PictureDocument.become``: to look at it, or to go back to it.

    Slow; for a thread that may wait.

    Args:
        project: Where it was kept.
        payload: The state, as ``Project.state_at`` gives it.
        known: A picture in memory, whose tiles are used again where they are the same.
        problems: As for :func:`load`.

    Raises:
        DamagedFileError: It cannot be read.
        NewerFormatError: A newer Triptych wrote it.
    """
    outline = read_outline(payload)
    reader = Reader(project.blob, _by_name(known), salvage=problems is not None)
    tiles = _read_tiles(reader, outline)
    selection = reader.selection(outline)
    if problems is not None and reader.problems:
        problems.append(
            f"{len(reader.problems)} parts of the picture could not be read and are left out: "
            + reader.problems[0]
        )
    return Snapshot(outline.layers, tiles, selection, outline.active, outline.frame, 0)


def parts_of(project: Project, payload: bytes) -> frozenset[str]:
    """Return the names of all parts a kept state needs.

    Raises:
        DamagedFileError: It cannot be read.
    """
    outline = read_outline(payload)
    reader = Reader(project.blob, {}, salvage=False)
    lists = {*outline.lists.values(), *(outline.selection or ())[:1]} - {""}
    tiles = (name for one in lists for name in reader.entries(one).values())
    return frozenset((*lists, *tiles))


def _read_tiles(reader: Reader, outline: Outline) -> dict[str, dict[Key, Tile]]:
    """Read all tiles, several at a time: inflating lets other threads run."""
    with ThreadPoolExecutor(min(_READERS, os.cpu_count() or 1)) as pool:
        wanted = {
            layer_id: {key: pool.submit(reader.tile, name) for key, name in entries.items()}
            for layer_id, entries in (
                (layer_id, reader.entries(name)) for layer_id, name in outline.lists.items()
            )
        }
        return {
            layer_id: {key: tile for key, future in futures.items() if (tile := future.result())}
            for layer_id, futures in wanted.items()
        }


def _by_name(known: Snapshot | None) -> dict[str, Tile]:
    if known is None:
        return {}
    return {
        tile.name: tile for tiles in known.tiles.values() for tile in tiles.values() if tile.name
    }


@dataclass(frozen=True)
class _Job:
    action: Action
    snapshot: Snapshot


class Keeper:
    """Keeps every action of a picture in its project, on a thread of its own.

    The thread that acts only takes a snapshot. What is acknowledged, by :meth:`flush` or the
    history, is on disk.
    """

    def __init__(
        self,
        document: PictureDocument,
        project: Project,
        document_id: str,
        on_problem: Callable[[StudioError], None] | None = None,
    ) -> None:
        """Begin keeping.

        Args:
            document: The picture, as loaded.
            project: Open for writing.
            document_id: Which of its documents it is.
            on_problem: Told on the keeper's thread when an action could not be kept.
        """
        self._document = document
        self._project = project
        self._document_id = document_id
        self._on_problem = on_problem
        self._condition = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._busy = False
        self._closing = False
        self._frame: Rect | None = None
        self._writer = Writer()
        self._thread = threading.Thread(target=self._run, name="picture-keeper", daemon=True)
        self._stop = [document.on_action(self._acted), document.subscribe(self._changed)]
        self._thread.start()

    def keep(self, action: Action) -> None:
        """Keep the picture as it is now: what was done before this keeper was there."""
        self._acted(action)

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until every action so far is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer.
        """
        with self._condition:
            if not self._condition.wait_for(self._is_idle, timeout_s):
                raise StorageError(
                    "Saving the picture takes long.", hint="It goes on in the background."
                )
        self._project.flush(timeout_s)

    def close(self) -> None:
        """Hand everything over to the project and end; the project makes it durable."""
        for stop in self._stop:
            stop()
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join()

    @property
    def unwritten(self) -> int:
        """How many actions wait to be handed to the project."""
        with self._condition:
            return len(self._waiting) + self._busy

    def _acted(self, action: Action) -> None:
        job = _Job(action, self._document.snapshot())
        with self._condition:
            last = self._waiting[-1].action if self._waiting else None
            if last is not None and last.merge and last.merge == action.merge:
                self._waiting.pop()
            self._waiting.append(job)
            self._condition.notify_all()

    def _changed(self, change: Change) -> None:
        if change.frame:
            with self._condition:
                self._frame = self._document.frame
                self._condition.notify_all()

    def _is_idle(self) -> bool:
        return not self._waiting and not self._busy and self._frame is None

    def _run(self) -> None:
        self._writer.there = self._parts_there()
        while True:
            with self._condition:
                self._busy = False
                self._condition.notify_all()
                self._condition.wait_for(lambda: self._closing or not self._is_idle())
                if self._is_idle():
                    return
                job = self._waiting.popleft() if self._waiting else None
                frame, self._frame = self._frame, None
                self._busy = True
            try:
                if frame is not None:
                    self._keep_frame(frame)
                if job is not None:
                    self._keep(job)
            except StudioError as error:
                self._say(error)

    def _parts_there(self) -> frozenset[str]:
        """Return the parts of the newest state, so that a loaded picture is not written again."""
        try:
            self._project.flush()
            payload = self._project.state(self._document_id)
            return parts_of(self._project, payload) if payload is not None else frozenset()
        except StudioError as error:  # all of it is written anew, then
            log.info("What the project has of a picture is not known: %s", error)
            return frozenset()

    def _keep_frame(self, frame: Rect) -> None:
        values = [frame.x, frame.y, frame.width, frame.height]
        self._project.set_meta(self._document_id, **{_FRAME: values})

    def _keep(self, job: _Job) -> None:
        written = self._writer.write(job.snapshot)
        future = self._project.commit_state(
            self._document_id,
            written.payload,
            label=job.action.label,
            origin=job.action.origin,
            request_id=job.action.request_id,
            blobs=tuple(written.contents.values()),
            parts=sorted(written.names - written.contents.keys()),
        )
        # The parts of the newest state stay whatever is thinned out.
        self._writer.there = frozenset(written.names)
        future.add_done_callback(lambda done: self._done(job, done))

    def _done(self, job: _Job, future: Future[int]) -> None:
        """Called on the project's thread."""
        error = future.exception()
        if isinstance(error, BadInputError):
            # A part it named was thinned out: another state had become the newest meanwhile.
            with self._condition:
                self._writer.there = frozenset()
                if not self._closing:
                    self._waiting.append(job)
                    self._condition.notify_all()
                    return
        if isinstance(error, StudioError):
            self._say(error)

    def _say(self, error: StudioError) -> None:
        log.warning("A picture could not be kept: %s", error)
        if self._on_problem is not None:
            self._on_problem(error)

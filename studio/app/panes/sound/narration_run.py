"""Speaks a text of the project line by line onto a track, only what changed since the last time."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import NARRATES
from studio.app.panes.sound.sound_job import SoundJob
from studio.app.panes.sound.sound_session import SoundSession
from studio.core.errors import BadInputError, StudioError
from studio.core.requests import AudioRequest, to_json
from studio.documents.soundtrack.narration import Cast, Line, lines_of, place, plan

if TYPE_CHECKING:
    from studio.app.panes.sound.sound_place import SoundPlace
    from studio.documents.project import Project
    from studio.documents.soundtrack import Source, Take

TRACK_NAME = "Narration"


class NarrationRun(QObject):
    """One run of a narration.

    Attributes:
        total: How many lines are to be spoken.
        done: How many are.
        job: The one that is being spoken.
    """

    changed = Signal()
    ended = Signal()

    def __init__(
        self,
        context: AppContext,
        session: SoundSession,
        worker: Background,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._session = session
        self._worker = worker
        self._waiting: deque[tuple[str, AudioRequest]] = deque()
        self._lines: tuple[Line, ...] = ()
        self._track = self._text_id = ""
        self._merge = secrets.token_hex(4)
        self.total = self.done = 0
        self.job: SoundJob | None = None
        self.running = False

    def start(self, text: str, cast: Cast, text_id: str = "") -> None:
        """Speak a text.

        Args:
            text: All of it.
            cast: Who speaks how.
            text_id: Of its document in the project; "" for a text that is none.

        Raises:
            StudioError: There is nothing to speak, or no place to keep it.
        """
        session = self._session
        self._lines = tuple(lines_of(text, cast))
        if not any(line.spoken for line in self._lines):
            raise BadInputError("There is nothing to speak in this text.")
        session.ready()
        self._text_id = text_id
        if text_id:
            session.place.set_meta(
                **{NARRATES: list(dict.fromkeys([*narrated_texts(session.place), text_id]))}
            )
        self._track = self._narration_track()
        todo = plan(self._lines, session.soundtrack.arrangement, self._track, seed=cast.seed)
        self._waiting.extend(todo.requests)
        self.total, self.running = len(self._waiting), True
        if not self._waiting:
            self._place({})
        self._next()

    def stop(self) -> None:
        """Stop after what is there; what was spoken stays."""
        self._waiting.clear()
        if self.job is not None and self.job.running:
            self.job.stop()

    def _narration_track(self) -> str:
        soundtrack = self._session.soundtrack
        for track in soundtrack.tracks:
            if track.kind == "speech" and track.name == self.tr(TRACK_NAME):
                return track.id
        return soundtrack.add_track(self.tr(TRACK_NAME), "speech")

    def _next(self) -> None:
        if not self._waiting:
            self.running = False
            self.changed.emit()
            self.ended.emit()
            return
        key, request = self._waiting.popleft()
        job = self.job = SoundJob(self._context.bridge, request, self)
        job.changed.connect(self.changed)
        job.ended.connect(partial(self._spoken, key, job))
        job.begin()
        self.changed.emit()

    def _spoken(self, key: str, job: SoundJob) -> None:
        artifact = job.artifact
        if artifact is None:
            self._waiting.clear()
            if job.failure is not None:
                error = StudioError(job.failure.message, hint=job.failure.hint)
                self._session.told.emit(error)
            self._next()
            return
        pool = self._session.place.ensure()
        self._worker.run(
            partial(pool.add_sound, artifact.sound, job.request.label or key),
            partial(self._lay, key, job),
            self._failed,
        )

    def _lay(self, key: str, job: SoundJob, source: Source) -> None:
        artifact, soundtrack = job.artifact, self._session.soundtrack
        assert artifact is not None
        soundtrack.add_source(source)
        take = soundtrack.take(
            source.sha256,
            name=source.title,
            origin="generated",
            request=to_json(artifact.request),
            facts={"model": artifact.model, "backend": artifact.backend, **artifact.facts},
            marks=artifact.marks,
        )
        self._place({key: take})
        self.done += 1
        self._session.changed.emit()
        self._next()

    def _place(self, takes: Mapping[str, Take]) -> None:
        """Lay out what is there, as one step of undo with the rest of the run."""
        place(
            self._session.soundtrack,
            self._track,
            self._lines,
            takes,
            text_id=self._text_id,
            merge=self._merge,
        )

    def _failed(self, error: StudioError) -> None:
        self._waiting.clear()
        self._session.told.emit(error)
        self._next()


def narrated_texts(place: SoundPlace) -> list[str]:
    """Return ids of the texts that were ever narrated in a document."""
    if place.project is None or not place.document_id:
        return []
    return list(place.project.document(place.document_id).meta.get(NARRATES, ()))


def texts_of(project: Project) -> list[tuple[str, str]]:
    """Return (id, title) of the texts a project holds."""
    return [(info.id, info.title) for info in project.documents() if info.kind == "text"]

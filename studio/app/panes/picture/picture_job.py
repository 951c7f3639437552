"""Pictures on their way: composed, asked for, seen while they form, and there at last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobFollower, JobState, failed_of
from studio.app.panes.picture.wish import Wish
from studio.core.artifacts import Artifact, ImageArtifact
from studio.core.errors import StudioError
from studio.core.events import Event, Preview
from studio.core.media import SEED_MAX, Picture
from studio.core.requests import ImageRequest, to_json
from studio.engine.jobs import Priority

if TYPE_CHECKING:
    from studio.app.panes.picture.composing import Composed


class PictureJob(JobFollower):
    """Follows one wish from the canvas to its pictures.

    Attributes:
        wish: What was wanted.
        composed: Where on the canvas it belongs; ``None`` until it was composed.
        request: What the engine was asked; ``None`` until it was composed.
        previews: The newest preview of each picture, by its place.
        artifact: What came out.
    """

    previewed = Signal(object, int)
    """This job, and the place of the picture that looks different."""

    def __init__(self, bridge: EngineBridge, wish: Wish, parent: QObject | None = None) -> None:
        super().__init__(bridge, parent)
        self.wish = wish
        self.composed: Composed | None = None
        self.request: ImageRequest | None = None
        self.previews: dict[int, Picture] = {}
        self.artifact: ImageArtifact | None = None
        self._dropped = False
        self.state = JobState.QUEUED

    def begin(self, composed: Composed, request: ImageRequest) -> None:
        """Hand over to the engine what was composed; nothing when it was stopped before."""
        if self._dropped or self.state is not JobState.QUEUED:
            return
        self.composed, self.request = composed, request
        self.follow(request, priority=Priority.INTERACTIVE)

    def refuse(self, error: StudioError) -> None:
        """End because it could not be composed."""
        if self.running:
            self._leave(JobState.FAILED)
            self.failure = failed_of(error)
            self.changed.emit()
            self.ended.emit()

    def stop(self) -> None:
        """Stop; what came stays."""
        if self.running and not self._job_id:
            self._leave(JobState.STOPPED)
            self.changed.emit()
            self.ended.emit()
        else:
            super().stop()

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        if self._job_id:
            super().abandon()
        self._dropped = True
        if self.running:
            self.state = JobState.STOPPED

    @property
    def count(self) -> int:
        """How many pictures it makes."""
        return self.wish.count if self.artifact is None else len(self.artifact.pictures)

    def picture(self, index: int) -> Picture | None:
        """Return a picture, or what can be seen of it so far."""
        if self.artifact is not None and index < len(self.artifact.pictures):
            return self.artifact.pictures[index]
        return self.previews.get(index)

    def seed(self, index: int) -> int:
        """Return the seed of a picture."""
        if self.artifact is not None and index < len(self.artifact.seeds):
            return self.artifact.seeds[index]
        return (self.wish.seed + index) % (SEED_MAX + 1)

    def meta(self, index: int) -> dict[str, Any]:
        """Return what is kept with the layer a picture becomes: all that made it."""
        artifact = self.artifact
        assert artifact is not None
        return {
            "request": json.loads(to_json(artifact.request)),
            "seed": self.seed(index),
            "index": index,
            "model": artifact.model,
            "backend": artifact.backend,
            "duration_s": artifact.duration_s,
            "facts": dict(artifact.facts),
            "intent": self.wish.intent.value,
            "prompt": self.wish.prompt,
            "negative_prompt": self.wish.negative_prompt,
        }

    def facts(self, index: int) -> dict[str, Any]:
        """Return what came of the request, to be kept with it in the project."""
        artifact = self.artifact
        assert artifact is not None
        return {
            "model": artifact.model,
            "backend": artifact.backend,
            "duration_s": artifact.duration_s,
            "energy_j": artifact.energy_j,
            "seed": self.seed(index),
            **artifact.facts,
        }

    def _leave(self, state: JobState) -> None:
        self._dropped = True
        self.state, self.remaining_s = state, None

    def _heard(self, event: Event) -> None:
        if isinstance(event, Preview):
            self.state = JobState.RUNNING
            self.previews[event.index] = event.picture
            self.previewed.emit(self, event.index)

    def _finish(self, artifact: Artifact) -> None:
        if isinstance(artifact, ImageArtifact):
            self.artifact = artifact
            self.previews.clear()

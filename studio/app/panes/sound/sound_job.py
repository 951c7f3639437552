"""A sound on its way: asked for, heard while it is made, and there at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobFollower, JobState
from studio.core.artifacts import Artifact, AudioArtifact
from studio.core.events import AudioChunk, Event
from studio.core.requests import AudioRequest

if TYPE_CHECKING:
    from studio.core.media import Sound


class SoundJob(JobFollower):
    """Follows one request.

    Attributes:
        request: What was asked.
        artifact: What came out.
        heard_s: How much has been made so far, in seconds.
    """

    sounded = Signal(object)
    """A piece of :class:`~studio.core.media.Sound` was made."""

    def __init__(
        self, bridge: EngineBridge, request: AudioRequest, parent: QObject | None = None
    ) -> None:
        super().__init__(bridge, parent)
        self.request = request
        self.artifact: AudioArtifact | None = None
        self.heard_s = 0.0

    def begin(self) -> None:
        """Hand the request to the engine."""
        self.follow(self.request)

    def _heard(self, event: Event) -> None:
        if isinstance(event, AudioChunk):
            self.state = JobState.RUNNING
            sound: Sound = event.sound
            self.heard_s += sound.duration_s
            self.sounded.emit(sound)

    def _finish(self, artifact: Artifact) -> None:
        if isinstance(artifact, AudioArtifact):
            self.artifact = artifact

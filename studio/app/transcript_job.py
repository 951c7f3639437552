"""Speech on its way to text: the sound read in the back, the model asked, the answer kept."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from studio.app.background import Background
from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobFollower, JobState, failed_of, waiting_words
from studio.app.widgets.words import duration, fill_in
from studio.core.artifacts import Artifact, TranscriptArtifact
from studio.core.errors import StudioError, storage_errors
from studio.core.inputs import InputRef, InputStore
from studio.core.requests import Capability, TranscribeRequest, replaced

_NO_SOUND = InputRef(sha256="0" * 64, media_type="audio/wav")
"""Stands in a request until its sound is read."""
HELD_BYTES = 48_000_000
"""A larger sound goes through the disk, since the store holds only so much in memory."""


def can_listen(bridge: EngineBridge) -> bool:
    """Return whether a listening model is here."""
    return any(Capability.AUDIO_TRANSCRIBE in each.capabilities for each in bridge.models())


class TranscriptJob(JobFollower):
    """Writes down one sound file.

    Attributes:
        artifact: What was heard; ``None`` until it is done.
        audio: The sound as the request names it; ``None`` until it is read.
    """

    def __init__(
        self, bridge: EngineBridge, worker: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(bridge, parent)
        self.artifact: TranscriptArtifact | None = None
        self.audio: InputRef | None = None
        self._worker = worker
        self._wanted = True

    def listen(self, file: Path, label: str, *, word_times: bool) -> None:
        """Read the sound and hand it to the engine; ``ended`` comes once, whatever happens."""
        bridge = self._bridge
        asked = TranscribeRequest(audio=_NO_SOUND, word_times=word_times, label=label, seed=0)
        self._listen(lambda: _taken_in(bridge.inputs, file), asked)

    def listen_to(self, data: bytes, media_type: str, label: str, *, language: str) -> None:
        """Listen to a sound that is in memory, and leave no trace of it; see :meth:`listen`."""
        bridge = self._bridge
        asked = TranscribeRequest(
            audio=_NO_SOUND,
            word_times=False,
            label=label,
            language=language,
            seed=0,
            transient=True,
        )
        self._listen(lambda: bridge.inputs.put(data, media_type, keep=False), asked)

    def _listen(self, read: Callable[[], InputRef], asked: TranscribeRequest) -> None:
        self.state = JobState.QUEUED

        def ask(audio: InputRef) -> None:
            self.audio = audio
            if self._wanted:
                self.follow(replaced(asked, audio=audio))

        def refused(error: StudioError) -> None:
            if self._wanted:
                self.state, self.failure = JobState.FAILED, failed_of(error)
                self.ended.emit()

        self._worker.run(read, ask, refused)
        self.changed.emit()

    def stop(self) -> None:
        """Stop, also while the sound is still being read."""
        if self._job_id:
            super().stop()
        elif self.running:
            self._wanted = False
            self.state = JobState.STOPPED
            self.ended.emit()

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        self._wanted = False
        if self._job_id:
            super().abandon()

    @property
    def fraction(self) -> float | None:
        """How far it is, 0..1; ``None`` before anything tells."""
        return self.step / self.total if self.total and self.step else None

    @property
    def words(self) -> str:
        """What is being done, and how long it still takes."""
        waiting = waiting_words(self) if self._job_id else self.tr("Reading the sound")
        if waiting:
            return waiting
        if self.remaining_s is None:
            return self.tr("Writing down what was said")
        return fill_in(
            self.tr("Writing down what was said · about %1 left"), duration(self.remaining_s)
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What came of the request, to be kept with it."""
        artifact = self.artifact
        if artifact is None:
            return {"stopped": True}
        return {
            "model": artifact.model,
            "backend": artifact.backend,
            "duration_s": artifact.duration_s,
            "energy_j": artifact.energy_j,
            "language": artifact.language,
        }

    def _finish(self, artifact: Artifact) -> None:
        if isinstance(artifact, TranscriptArtifact):
            self.artifact = artifact


def _taken_in(store: InputStore, file: Path) -> InputRef:
    """Put a file where a request may name it; slow."""
    with storage_errors(file, "reading the sound"):
        data = file.read_bytes()
    media_type = mimetypes.guess_type(file.name)[0] or "audio/wav"
    return store.put(data, media_type, keep=len(data) > HELD_BYTES)

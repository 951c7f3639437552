"""One answer of a model on its way: a job followed from its request to its end."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobFollower, JobState
from studio.core.artifacts import Artifact, TextArtifact
from studio.core.events import Event, TextDelta
from studio.core.requests import TextRequest

TakeState = JobState
#: A rate over less than this says nothing.
SHORTEST_MEASURED_S = 0.25


class Accepted(NamedTuple):
    """What was taken: the text, the request that made it, a label for history, and facts."""

    text: str
    request: TextRequest
    label: str
    facts: dict[str, Any]


class Take(JobFollower):
    """Follows one request. The text grows until ``ended``, which comes exactly once.

    Attributes:
        request: What was asked.
        text: What was written so far.
        artifact: What came out at the end.
    """

    text_added = Signal(str)

    def __init__(
        self, bridge: EngineBridge, request: TextRequest, parent: QObject | None = None
    ) -> None:
        super().__init__(bridge, parent)
        self.request = request
        self.text = ""
        self.artifact: TextArtifact | None = None
        self._first_at_s: float | None = None
        self._last_at_s = 0.0

    @property
    def tokens_per_s(self) -> float:
        """Tokens per second since the first one; 0 while unknown."""
        if self.artifact is not None and self.artifact.tokens_per_s:
            return self.artifact.tokens_per_s
        if self._first_at_s is None or self.step < 2:
            return 0.0
        passed = self._last_at_s - self._first_at_s
        return (self.step - 1) / passed if passed > SHORTEST_MEASURED_S else 0.0

    @property
    def answered(self) -> TextRequest:
        """The request as the engine answered it; as it was asked while that is not known."""
        request = self.artifact.request if self.artifact is not None else self.request
        assert isinstance(request, TextRequest)
        return request

    @property
    def facts(self) -> dict[str, Any]:
        """What came of the request, to be kept with it; what nobody measured is ``None``."""
        artifact = self.artifact
        if artifact is None:
            return {"stopped": True}
        return {
            "model": artifact.model,
            "backend": artifact.backend,
            "duration_s": artifact.duration_s,
            "energy_j": artifact.energy_j,
            "new_tokens": artifact.new_tokens,
            "finish_reason": artifact.finish_reason,
        }

    def start(self) -> None:
        """Hand the request to the engine; a refusal ends the take with words."""
        self.follow(self.request)

    def _heard(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._write(event.text)

    def _write(self, text: str) -> None:
        self.state = TakeState.RUNNING
        self.text += text
        self._progressed()
        self.text_added.emit(text)

    def _progressed(self) -> None:
        self._last_at_s = time.monotonic()
        if self._first_at_s is None:
            self._first_at_s = self._last_at_s

    def _finish(self, artifact: Artifact) -> None:
        if isinstance(artifact, TextArtifact):
            self.artifact = artifact
            self.step = artifact.new_tokens or self.step
            if artifact.text.startswith(self.text) and artifact.text != self.text:
                self._write(artifact.text[len(self.text) :])
            self.text = artifact.text

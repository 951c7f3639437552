"""One answer of a model on its way: a job followed from its request to its end."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.core.artifacts import TextArtifact
from studio.core.errors import StudioError
from studio.core.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    ModelLoading,
    Notice,
    Progress,
    Started,
    TextDelta,
)
from studio.core.requests import TextRequest

#: A rate over less than this says nothing.
SHORTEST_MEASURED_S = 0.25


class TakeState(StrEnum):
    """Where a take stands."""

    IDLE = "idle"
    QUEUED = "queued"
    LOADING = "loading"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = (TakeState.DONE, TakeState.STOPPED, TakeState.FAILED)


class Accepted(NamedTuple):
    """What was taken: the text, the request that made it, a label for history, and facts."""

    text: str
    request: TextRequest
    label: str
    facts: dict[str, Any]


class Take(QObject):
    """Follows one request. The text grows until ``ended``, which comes exactly once.

    Attributes:
        request: What was asked.
        state: Where it stands.
        text: What was written so far.
        message: What happens while the model loads.
        notices: What the backend wants the user to know.
        failure: Why it failed.
        step: Tokens written.
        total: Tokens there will be at most.
        remaining_s: Estimate of the time left in seconds.
    """

    changed = Signal()
    text_added = Signal(str)
    ended = Signal()

    def __init__(
        self, bridge: EngineBridge, request: TextRequest, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.request = request
        self.state = TakeState.IDLE
        self.text = ""
        self.message = ""
        self.notices: list[Notice] = []
        self.failure: Failed | None = None
        self.artifact: TextArtifact | None = None
        self.step = 0
        self.total = 0
        self.remaining_s: float | None = None
        self._bridge = bridge
        self._job_id = ""
        self._first_at_s: float | None = None
        self._last_at_s = 0.0

    @property
    def running(self) -> bool:
        """Whether the engine still has it."""
        return self.state is not TakeState.IDLE and self.state not in ENDED

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
        self.state = TakeState.QUEUED
        self._bridge.engine_event.connect(self._on_event)
        try:
            self._job_id = self._bridge.submit(self.request)
        except StudioError as error:
            facts = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
            self._end(
                TakeState.FAILED,
                Failed(
                    job_id="",
                    message=error.user_message,
                    hint=error.hint,
                    details=facts,
                    code=type(error).__name__,
                ),
            )
            return
        self.changed.emit()

    def stop(self) -> None:
        """Ask the engine to stop; what was written stays."""
        if self.running and self._job_id:
            self._bridge.cancel(self._job_id)

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        if self.running:
            self._bridge.engine_event.disconnect(self._on_event)
            self.state = TakeState.STOPPED
            if self._job_id:
                self._bridge.cancel(self._job_id)

    def _on_event(self, event: Event) -> None:
        if event.job_id != self._job_id:
            return
        match event:
            case TextDelta(text=text):
                self._write(text)
            case Progress(step=step, total=total, remaining_s=remaining_s):
                self.state = TakeState.RUNNING
                self.step, self.total, self.remaining_s = step, total, remaining_s
                self._tick()
                self.changed.emit()
            case ModelLoading(message=message):
                self.state, self.message = TakeState.LOADING, message
                self.changed.emit()
            case Started():
                self.state = TakeState.RUNNING
                self.changed.emit()
            case Notice():
                self.notices.append(event)
                self.changed.emit()
            case Finished(artifact=artifact):
                self._finish(artifact)
            case Failed():
                self._end(TakeState.FAILED, event)
            case Cancelled():
                self._end(TakeState.STOPPED)
            case _:
                pass

    def _write(self, text: str) -> None:
        self.state = TakeState.RUNNING
        self.text += text
        self._tick()
        self.text_added.emit(text)

    def _tick(self) -> None:
        self._last_at_s = time.monotonic()
        if self._first_at_s is None:
            self._first_at_s = self._last_at_s

    def _finish(self, artifact: object) -> None:
        if isinstance(artifact, TextArtifact):
            self.artifact = artifact
            self.step = artifact.new_tokens or self.step
            if artifact.text.startswith(self.text) and artifact.text != self.text:
                self._write(artifact.text[len(self.text) :])
            self.text = artifact.text
        self._end(TakeState.DONE)

    def _end(self, state: TakeState, failure: Failed | None = None) -> None:
        self._bridge.engine_event.disconnect(self._on_event)
        self.state, self.failure, self.remaining_s = state, failure, None
        self.changed.emit()
        self.ended.emit()

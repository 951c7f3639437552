"""One request on its way through the engine: followed from its submission to its end.

Every pane follows its jobs with one of these; what is made on the way (text, pictures, sound) is
the subclass's. GUI thread only.
"""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QCoreApplication, QObject, Signal

from studio.app.bridge import EngineBridge
from studio.core.artifacts import Artifact
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
)
from studio.core.requests import Request
from studio.engine.jobs import Priority


class JobState(StrEnum):
    """Where a job stands."""

    IDLE = "idle"
    QUEUED = "queued"
    LOADING = "loading"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = (JobState.DONE, JobState.STOPPED, JobState.FAILED)


class JobFollower(QObject):
    """Follows one job until ``ended``, which comes exactly once.

    Attributes:
        state: Where it stands.
        message: What happens while the model loads.
        notices: What the backend wants the user to know.
        failure: Why it failed.
        step: Steps done.
        total: Steps there will be at most.
        remaining_s: Estimate of the time left in seconds.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = JobState.IDLE
        self.message = ""
        self.notices: list[Notice] = []
        self.failure: Failed | None = None
        self.step = 0
        self.total = 0
        self.remaining_s: float | None = None
        self._bridge = bridge
        self._job_id = ""

    @property
    def running(self) -> bool:
        """Whether the engine still has it."""
        return self.state is not JobState.IDLE and self.state not in ENDED

    def follow(self, request: Request, *, priority: Priority = Priority.INTERACTIVE) -> None:
        """Hand the request to the engine; a refusal ends the job with words."""
        self.state = JobState.QUEUED
        self._bridge.engine_event.connect(self._on_event)
        try:
            self._job_id = self._bridge.submit(request, priority=priority)
        except StudioError as error:
            self._end(JobState.FAILED, failed_of(error))
            return
        self.changed.emit()

    def stop(self) -> None:
        """Ask the engine to stop; what came stays."""
        if self.running and self._job_id:
            self._bridge.cancel(self._job_id)

    def abandon(self) -> None:
        """Stop, and tell nobody any more."""
        if self.running:
            self._bridge.engine_event.disconnect(self._on_event)
            self.state = JobState.STOPPED
            if self._job_id:
                self._bridge.cancel(self._job_id)

    def _heard(self, event: Event) -> None:
        """Take an event that not every kind of job has."""

    def _finish(self, artifact: Artifact) -> None:
        """Take what came out, before ``ended``."""

    def _progressed(self) -> None:
        """Take the new ``step``."""

    def _on_event(self, event: Event) -> None:
        if event.job_id != self._job_id:
            return
        match event:
            case Progress(step=step, total=total, remaining_s=remaining_s):
                self.state = JobState.RUNNING
                self.step, self.total, self.remaining_s = step, total, remaining_s
                self._progressed()
                self.changed.emit()
            case ModelLoading(message=message):
                self.state, self.message = JobState.LOADING, message
                self.changed.emit()
            case Started():
                self.state = JobState.RUNNING
                self.changed.emit()
            case Notice():
                self.notices.append(event)
                self.changed.emit()
            case Finished(artifact=artifact):
                self._finish(artifact)
                self._end(JobState.DONE)
            case Failed():
                self._end(JobState.FAILED, event)
            case Cancelled():
                self._end(JobState.STOPPED)
            case _:
                self._heard(event)

    def _end(self, state: JobState, failure: Failed | None = None) -> None:
        self._bridge.engine_event.disconnect(self._on_event)
        self.state, self.failure, self.remaining_s = state, failure, None
        self.changed.emit()
        self.ended.emit()


def failed_of(error: StudioError) -> Failed:
    """Return an error as the event that a job would have ended with."""
    facts = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
    return Failed(
        job_id="",
        message=error.user_message,
        hint=error.hint,
        details=facts,
        code=type(error).__name__,
    )


def waiting_words(job: JobFollower) -> str:
    """Return what a job waits for before it makes anything; "" once it does."""
    if job.state is JobState.QUEUED:
        return QCoreApplication.translate("JobFollower", "Waiting for its turn")
    if job.state is JobState.LOADING:
        return job.message or QCoreApplication.translate("JobFollower", "Loading the model")
    return ""

"""Lets the engine compute vectors of texts: as jobs, behind everything a person waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from studio.core.artifacts import VectorArtifact
from studio.core.errors import BackendError
from studio.core.events import TERMINAL, Event, Failed, Finished
from studio.core.requests import Capability, EmbedRequest

INTERACTIVE, BATCH = 0, 2  # values of the engine's Priority, which the library must not import
MOST_EARLY = 64
LABEL = "Reading the library for search by meaning"
MISSING = (
    "Search by meaning needs the model all-MiniLM-L6-v2, which is not installed; "
    "run the set-up again to get it."
)


class JobEngine(Protocol):
    """What is needed of the engine."""

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back with every event."""

    def submit(self, request: Any, *, priority: Any) -> str:
        """Take a request and return its job's id."""

    def cancel(self, job_id: str) -> None:
        """Stop a job."""

    def dismiss(self, job_id: str) -> None:
        """Take an ended job off the list."""

    def jobs(self) -> Sequence[Any]:
        """Return all jobs."""

    def default_model(self, capability: Capability) -> Any:
        """Return the model for a capability, or ``None``."""


class EngineEmbedder:
    """An :class:`studio.library.meaning.Embedder` that asks the engine. Thread-safe."""

    def __init__(self, engine: JobEngine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._waiting: dict[str, threading.Event] = {}
        self._ended: dict[str, Event] = {}
        self._early: dict[str, Event] = {}
        self._unsubscribe = engine.subscribe(self._on_event)

    @property
    def model(self) -> str:
        """Id of the engine's model for embedding; "" when there is none."""
        found = self._engine.default_model(Capability.TEXT_EMBED)
        return "" if found is None else str(found.id)

    @property
    def why_not(self) -> str:
        """What is missing, for the user."""
        return "" if self.model else MISSING

    def close(self) -> None:
        """Stop waiting: jobs under way count as failed."""
        self._unsubscribe()
        with self._guard:
            for done in self._waiting.values():
                done.set()

    def forget_old_jobs(self) -> None:
        """Dismiss jobs of ours that a run before this one left waiting: they are made anew."""
        for job in self._engine.jobs():
            if isinstance(job.request, EmbedRequest) and (job.held or job.state == "interrupted"):
                self._engine.dismiss(job.id)

    def vectors(self, texts: Sequence[str], *, urgent: bool) -> tuple[bytes, int]:
        """Run one job and wait for it; see ``Embedder.vectors``."""
        request = EmbedRequest(
            capability=Capability.TEXT_EMBED, seed=0, texts=tuple(texts), label=LABEL
        )
        job_id = self._engine.submit(request, priority=INTERACTIVE if urgent else BATCH)
        ended = self._wait(job_id)
        self._engine.dismiss(job_id)
        if isinstance(ended, Finished) and isinstance(ended.artifact, VectorArtifact):
            return ended.artifact.vectors, ended.artifact.dimensions
        if isinstance(ended, Failed):
            raise BackendError(ended.message, hint=ended.hint)
        raise BackendError("Reading texts for their meaning was stopped.")

    def _wait(self, job_id: str) -> Event | None:
        done = threading.Event()
        with self._guard:
            if job_id in self._early:
                return self._early.pop(job_id)
            self._waiting[job_id] = done
        done.wait()
        with self._guard:
            self._waiting.pop(job_id, None)
            return self._ended.pop(job_id, None)

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, TERMINAL):
            return
        with self._guard:
            if event.job_id in self._waiting:
                self._ended[event.job_id] = event
                self._waiting[event.job_id].set()
                return
            self._early[event.job_id] = event  # perhaps ours, ended before submit() returned
            while len(self._early) > MOST_EARLY:
                del self._early[next(iter(self._early))]

"""Every job, where it stands and what is told about it; the only place that ends one.

Events of one job go out in order and nothing follows its terminal event, from whichever thread
they come. Subscribers are called without the board's lock held, so they may call back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from studio.core.errors import BadInputError
from studio.core.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    ModelLoading,
    Progress,
    Started,
    Terminal,
)
from studio.engine.jobs import Job, JobInfo, JobState

_log = logging.getLogger(__name__)

#: This many ended jobs stay on the list; older ones go by themselves.
KEPT = 50

_STATES: dict[type[Event], JobState] = {
    Finished: "finished",
    Failed: "failed",
    Cancelled: "cancelled",
}


class JobBoard:
    """The jobs of one engine. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._subscribers: tuple[Callable[[Event], None], ...] = ()
        self._watchers: tuple[Callable[[], None], ...] = ()

    # Listening

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` with every event from now on; returns what ends that."""
        with self._lock:
            self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = _without(self._subscribers, callback)

        return unsubscribe

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when a list or state may have changed; returns what ends that."""
        with self._lock:
            self._watchers = (*self._watchers, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._watchers = _without(self._watchers, callback)

        return unsubscribe

    def changed(self) -> None:
        """Tell the watchers."""
        for callback in self._watchers:
            try:
                callback()
            except BaseException:  # noqa: BLE001 - a listener's defect must not end a worker
                _log.exception("a watcher of the engine failed")

    # The list

    def add(self, job: Job) -> None:
        """Put a new job on the list."""
        with self._lock:
            self._jobs[job.id] = job

    def find(self, job_id: str) -> Job | None:
        """Return the job, if it is on the list."""
        with self._lock:
            return self._jobs.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return the job.

        Raises:
            BadInputError: There is none with this id.
        """
        job = self.find(job_id)
        if job is None:
            raise BadInputError("This job is not on the list any more.", job=str(job_id)[:80])
        return job

    def remove(self, job: Job) -> None:
        """Take the job off the list."""
        with self._lock:
            self._jobs.pop(job.id, None)

    def all(self) -> tuple[Job, ...]:
        """Return every job, oldest first."""
        with self._lock:
            return tuple(self._jobs.values())

    def infos(self, line: Iterable[str]) -> tuple[JobInfo, ...]:
        """Return what runs, then what waits in the order of ``line``, then the rest.

        Args:
            line: Ids of waiting jobs in the order in which they will be served.
        """
        place = {job_id: number for number, job_id in enumerate(line)}
        found = [job.info() for job in self.all()]
        ranks = {"running": 0, "queued": 1, "interrupted": 2}

        def key(info: JobInfo) -> tuple[int, int, float]:
            rank = ranks.get(info.state, 3)
            newest_first = -info.created_at if rank == 3 else info.created_at
            return rank, place.get(info.id, len(place)), newest_first

        return tuple(sorted(found, key=key))

    # Telling

    def emit(self, job: Job, event: Event) -> None:
        """Tell an event that is not terminal; nothing once the job has ended."""
        with job.emitting:
            if job.ended:
                return
            _note(job, event)
            self._deliver(event)
        if isinstance(event, Started):
            self.changed()

    def end(self, job: Job, event: Terminal) -> bool:
        """Tell a job's terminal event, unless one was told already; say whether it was this."""
        with job.emitting:
            if job.ended:
                return False
            job.state = _STATES[type(event)]
            job.held = False
            job.remaining_s = None
            job.message = event.message if isinstance(event, Failed) else ""
            self._deliver(event)
        self._forget_oldest()
        self.changed()
        return True

    def _deliver(self, event: Event) -> None:
        for callback in self._subscribers:
            try:
                callback(event)
            except BaseException:  # noqa: BLE001 - a listener's defect must not end a worker
                _log.exception("a subscriber failed on %s", type(event).__name__)

    def _forget_oldest(self) -> None:
        with self._lock:
            ended = [job for job in self._jobs.values() if job.ended]
            for job in ended[:-KEPT]:
                del self._jobs[job.id]


def _note(job: Job, event: Event) -> None:
    match event:
        case Started():
            job.state, job.model = "running", event.model
        case ModelLoading():
            job.message = event.message
        case Progress():
            job.message = ""
            job.step, job.total, job.remaining_s = event.step, event.total, event.remaining_s
        case _:
            pass


def _without(
    callbacks: tuple[Callable[..., None], ...], gone: Callable[..., None]
) -> tuple[Callable[..., None], ...]:
    kept = list(callbacks)
    if gone in kept:
        kept.remove(gone)
    return tuple(kept)

"""The jobs that wait: those nobody can answer yet, those in line for a device, those held."""

from __future__ import annotations

import threading
from collections.abc import Callable

from studio.engine.jobs import Job
from studio.engine.lanes import Lane
from studio.engine.lease import Ticket
from studio.engine.runner import Run


class Line:
    """Waiting jobs, in the order in which they will be served. Thread-safe.

    Args:
        begin: Called with a run when the device is its; from whichever thread let go.
    """

    def __init__(self, begin: Callable[[Run], None]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._waiting: list[Job] = []
        self._runs: dict[str, Run] = {}

    def add(self, job: Job) -> None:
        """Put a job at the end; it stays out of any device's line until :meth:`enter`."""
        with self._lock:
            self._waiting.append(job)

    def unresolved(self) -> tuple[Job, ...]:
        """Return the jobs that may go and are in no device's line yet, most urgent first."""
        with self._lock:
            found = [j for j in self._waiting if not j.held and j.id not in self._runs]
        return tuple(sorted(found, key=lambda job: job.priority))

    def enter(self, job: Job, run: Run) -> None:
        """Put the job in its device's line; ``begin`` may be called before this returns."""
        ticket = run.make_ticket(lambda: self._granted(run))
        with self._lock:
            if job not in self._waiting:
                return
            self._runs[job.id] = run
        run.lane.lease.request(ticket)

    def leave(self, job: Job) -> bool:
        """Take a waiting job out; ``False`` when it has begun or left, so its worker ends it."""
        with self._lock:
            run = self._runs.get(job.id)
            if job not in self._waiting:
                return False
        if run is not None and not run.lane.lease.withdraw(_ticket(run)):
            return False
        with self._lock:
            if job not in self._waiting:
                return False
            self._waiting.remove(job)
            self._runs.pop(job.id, None)
        return True

    def leave_lane(self, lane: Lane) -> None:
        """Take every job that has not begun out of this device's line, to enter another's."""
        with self._lock:
            runs = [run for run in self._runs.values() if run.lane.lease is lane.lease]
        for run in runs:
            if run.lane.lease.withdraw(_ticket(run)):
                with self._lock:
                    self._runs.pop(run.job.id, None)

    def over(self, job: Job) -> None:
        """Forget a job that ended."""
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
            self._runs.pop(job.id, None)

    def jobs(self) -> tuple[Job, ...]:
        """Return the waiting jobs in the order of their turn; held ones last."""
        with self._lock:
            waiting = tuple(self._waiting)
            runs = dict(self._runs)
        place: dict[Ticket, int] = {}
        for lease in {id(run.lane.lease): run.lane.lease for run in runs.values()}.values():
            for ticket in lease.waiting():
                place[ticket] = len(place)

        def key(job: Job) -> tuple[int, int, int]:
            run = runs.get(job.id)
            if run is None:
                return (2 if job.held else 1), job.priority, 0
            return 0, 0, place.get(_ticket(run), len(place))

        return tuple(sorted(waiting, key=key))

    def move(self, job: Job, before: str | None) -> list[tuple[str, int]]:
        """Put a waiting job before another, or at the end, with its new neighbour's priority.

        Returns:
            Ids and priorities of all waiting jobs in their new order.
        """
        line = [other for other in self.jobs() if other is not job]
        at = next((i for i, other in enumerate(line) if other.id == before), len(line))
        neighbour = line[at] if at < len(line) else (line[-1] if line else None)
        if neighbour is not None:
            job.priority = neighbour.priority
        line.insert(at, job)
        with self._lock:
            self._waiting.sort(key=lambda j: line.index(j) if j in line else len(line))
            runs = [(j, self._runs[j.id]) for j in line if j.id in self._runs]
        for lease in {id(run.lane.lease): run.lane.lease for _, run in runs}.values():
            lease.arrange([(_ticket(r), j.priority) for j, r in runs if r.lane.lease is lease])
        return [(each.id, int(each.priority)) for each in line]

    def _granted(self, run: Run) -> None:
        with self._lock:
            if run.job in self._waiting:
                self._waiting.remove(run.job)
        self._begin(run)


def _ticket(run: Run) -> Ticket:
    assert run.ticket is not None
    return run.ticket

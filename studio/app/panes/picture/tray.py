"""Alternatives on the table: every picture that was asked for and not yet taken or put away.

Results stay until they are discarded, whatever is done meanwhile; what is old beyond a budget of
memory leaves first, and lies in the library anyhow. Knows no widget.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from studio.app.job_follower import JobState
from studio.app.panes.picture.picture_job import PictureJob
from studio.core.events import Failed
from studio.core.media import Picture

BUDGET_BYTES = 384 * 2**20


@dataclass(eq=False)
class Candidate:
    """One picture of a job."""

    job: PictureJob
    index: int

    @property
    def picture(self) -> Picture | None:
        """The picture, or what can be seen of it so far."""
        return self.job.picture(self.index)

    @property
    def ready(self) -> bool:
        """Whether it is finished and can be taken."""
        artifact = self.job.artifact
        return artifact is not None and self.index < len(artifact.pictures)

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.job.seed(self.index)


class Tray(QObject):
    """Candidates, oldest first, one of them chosen.

    Attributes:
        items: The candidates.
        chosen: Place of the one that is shown.
        aside: They are put aside: kept, and not shown over the canvas.
    """

    listed = Signal()
    """Candidates came or went."""
    pictured = Signal(int)
    """The candidate at this place looks different."""
    chosen_changed = Signal()
    """Another one is shown, or none."""
    progressed = Signal()
    """A job got on, or began, or ended."""
    failed = Signal(object)
    """A :class:`Failed`: why nothing came of a job."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: list[Candidate] = []
        self.jobs: list[PictureJob] = []
        self.chosen = 0
        self.aside = False

    # -- looking ------------------------------------------------------------------------------

    @property
    def current(self) -> Candidate | None:
        """The candidate that is shown; ``None`` when they are put aside or there are none."""
        return None if self.aside else self.candidate

    @property
    def candidate(self) -> Candidate | None:
        """The chosen candidate, shown or put aside."""
        return self.items[self.chosen] if self.items else None

    @property
    def running(self) -> bool:
        """Whether anything is still being made or waits for its turn."""
        return bool(self.jobs)

    @property
    def busy_job(self) -> PictureJob | None:
        """The job that is being worked on, or else the first that waits."""
        working = (job for job in self.jobs if job.state in (JobState.RUNNING, JobState.LOADING))
        return next(working, self.jobs[0] if self.jobs else None)

    # -- doing --------------------------------------------------------------------------------

    def add(self, job: PictureJob) -> None:
        """Show what a job will make; it becomes the chosen one."""
        job.setParent(self)
        self.jobs.append(job)
        first = len(self.items)
        self.items += [Candidate(job, index) for index in range(job.wish.count)]
        # Bound methods: a function that holds the job would keep it alive past Qt's own object.
        job.previewed.connect(self._pictured)
        job.changed.connect(self.progressed)
        job.ended.connect(self._some_ended)
        self._trim(job)
        self.aside = False
        self.chosen = min(first, len(self.items) - 1)
        self.listed.emit()
        self.chosen_changed.emit()
        self.progressed.emit()

    def choose(self, place: int) -> None:
        """Show a candidate; after the last comes the first."""
        if self.items:
            self.chosen, self.aside = place % len(self.items), False
            self.chosen_changed.emit()

    def step(self, by: int) -> None:
        """Show the candidate ``by`` places further."""
        self.choose(self.chosen + by)

    def stop(self) -> None:
        """Stop everything that runs or waits; what is finished stays."""
        for job in tuple(self.jobs):
            job.stop()

    def put_aside(self) -> None:
        """Show none; they stay."""
        if not self.aside:
            self.aside = True
            self.chosen_changed.emit()

    def bring_back(self) -> None:
        """Show them again."""
        if self.items and self.aside:
            self.aside = False
            self.chosen_changed.emit()

    def take(self) -> Candidate | None:
        """Return the chosen one and take it off the table; ``None`` while it is not finished.

        The others are put aside.
        """
        candidate = self.current
        if candidate is None or not candidate.ready:
            return None
        self._remove([candidate])
        self.aside = True
        self.chosen_changed.emit()
        return candidate

    def discard(self) -> None:
        """Put the chosen one away; one that is not finished takes its job with it."""
        candidate = self.current
        if candidate is None:
            return
        if candidate.ready:
            self._remove([candidate])
        else:
            candidate.job.stop()

    def discard_all(self) -> None:
        """Put everything away, and stop what runs."""
        for job in tuple(self.jobs):
            job.abandon()
            job.deleteLater()
        self.jobs = []
        self._remove(list(self.items))
        self.progressed.emit()

    # -- inside -------------------------------------------------------------------------------

    def _pictured(self, job: PictureJob, index: int) -> None:
        for place, candidate in enumerate(self.items):
            if candidate.job is job and candidate.index == index:
                self.pictured.emit(place)

    def _some_ended(self) -> None:
        for job in [each for each in self.jobs if not each.running]:
            self.jobs.remove(job)
            self._ended(job)

    def _ended(self, job: PictureJob) -> None:
        if job.artifact is None:
            self._remove([each for each in self.items if each.job is job])
        else:
            self._settle(job)
        self.progressed.emit()
        if job.failure is not None:
            self.failed.emit(job.failure)
        if job.artifact is None:
            job.deleteLater()

    def _settle(self, job: PictureJob) -> None:
        """Have one candidate for each picture that came, which may be others than asked for."""
        places = [p for p, each in enumerate(self.items) if each.job is job]
        first = places[0] if places else len(self.items)
        shown = self.items[self.chosen] if self.items else None
        own = {each.index: each for each in self.items if each.job is job}
        others = [each for each in self.items if each.job is not job]
        came = [own.get(n) or Candidate(job, n) for n in range(job.count)]
        self.items = [*others[:first], *came, *others[first:]]
        self.chosen = self.items.index(shown) if shown in self.items else first
        self.listed.emit()
        for place in range(first, first + len(came)):
            self.pictured.emit(place)

    def _remove(self, gone: list[Candidate]) -> None:
        if not gone:
            return
        shown = self.candidate
        before = self.chosen
        self.items = [each for each in self.items if each not in gone]
        if shown in self.items:
            self.chosen = self.items.index(shown)
        else:
            self.chosen = max(0, min(before, len(self.items) - 1))
        self.listed.emit()
        if shown not in self.items:
            self.chosen_changed.emit()

    def _trim(self, newest: PictureJob) -> None:
        """Let go of the oldest pictures beyond the budget."""
        held = 0
        kept: list[Candidate] = []
        for candidate in reversed(self.items):
            picture = candidate.picture if candidate.ready else None
            held += len(picture.rgba) if picture is not None else 0
            if held <= BUDGET_BYTES or candidate.job is newest or not candidate.ready:
                kept.append(candidate)
        self.items = kept[::-1]


__all__ = ["Candidate", "Failed", "Tray"]

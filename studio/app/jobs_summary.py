"""The jobs in one line, and one job in words; Qt only for the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from studio.app.widgets.words import duration, fill_in
from studio.engine.jobs import JobInfo

translate = QCoreApplication.translate


@dataclass(frozen=True)
class JobsSummary:
    """What the status bar says about all jobs.

    Attributes:
        busy: Something runs or waits.
        fraction: How far what runs is, 0..1; ``None`` when nothing tells.
        words: One short line.
    """

    busy: bool
    fraction: float | None
    words: str


def summarise(jobs: Sequence[JobInfo]) -> JobsSummary:
    """Return all jobs as one line."""
    running = [job for job in jobs if job.state == "running"]
    waiting = [job for job in jobs if job.state == "queued" and not job.held]
    held = [job for job in jobs if job.state == "interrupted" or job.held]
    count = len(running) + len(waiting)
    if not count:
        if held:
            return JobsSummary(False, None, _counted("%n job(s) to go on with", len(held)))
        return JobsSummary(False, None, translate("jobs", "No jobs"))
    words = _counted("%n job(s)", count)
    known = [job for job in running if job.total > 0]
    fraction = sum(min(1.0, j.step / j.total) for j in known) / len(known) if known else None
    left = [job.remaining_s for job in running if job.remaining_s is not None]
    if left:
        words += " · " + fill_in(translate("jobs", "%1 left"), duration(max(left)))
    return JobsSummary(True, fraction, words)


def state_words(job: JobInfo) -> str:
    """Return where one job stands, in a few words."""
    if job.held or job.state == "interrupted":
        return (
            translate("jobs", "interrupted")
            if job.state == "interrupted"
            else translate("jobs", "on hold")
        )
    if job.state == "running":
        if job.remaining_s is not None:
            return fill_in(translate("jobs", "%1 left"), duration(job.remaining_s))
        if job.total:
            return (
                translate("jobs", "%1 of %2")
                .replace("%1", str(job.step))
                .replace("%2", str(job.total))
            )
        return translate("jobs", "running")
    return {
        "queued": translate("jobs", "waiting"),
        "finished": translate("jobs", "done"),
        "failed": translate("jobs", "failed"),
        "cancelled": translate("jobs", "stopped"),
    }[job.state]


def _counted(text: str, count: int) -> str:
    """Return a sentence with a number in it; without a translation, "(s)" is resolved here."""
    shown = translate("jobs", text, "", count)
    return shown.replace("(s)", "" if count == 1 else "s")

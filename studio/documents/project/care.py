"""What is done for open projects in the background: checks, rolling backups, thinning.

One thread for all projects of a session. It begins when a project is opened, and begins again a
day later, so that a project that stays open for days has daily backups too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import DamagedFileError, StorageError
from studio.documents.project.backups import back_up_if_due
from studio.documents.project.database import database_errors
from studio.documents.project.records import damaged

if TYPE_CHECKING:
    from sqlite3 import Connection

    from studio.documents.project.project import Project

logger = logging.getLogger(__name__)

SMALL_BYTES = 8 * 1024 * 1024
"""Files up to this size are checked before they are shown: it takes some 50 ms."""
EVERY_S = 3600.0
"""How often it looks whether something is due again."""
DAY_S = 86400.0
ENDED_CHECK_S = 1.0
"""How often who waits for the thread looks whether it is still there."""


class Care:
    """The background thread of a session."""

    def __init__(
        self,
        backups: Path,
        report: Callable[[Project, StorageError], None],
        history_budget_bytes: Callable[[], int],
    ) -> None:
        self._backups = backups
        self._report = report
        self._budget = history_budget_bytes
        self._condition = threading.Condition()
        self._projects: list[Project] = []
        self._new: deque[Project] = deque()
        self._at_work: Project | None = None
        self._done_at: dict[Project, float] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="project-care", daemon=True)
        self._thread.start()

    def add(self, project: Project) -> None:
        """Look after a project from now on."""
        with self._condition:
            self._projects.append(project)
            self._new.append(project)
            self._condition.notify_all()

    def forget(self, project: Project) -> None:
        """Stop looking after a project, before it is closed; waits for a step to end."""
        with self._condition:
            if project in self._projects:
                self._projects.remove(project)
            if project in self._new:
                self._new.remove(project)
            self._done_at.pop(project, None)
            while self._at_work is project and self._thread.is_alive():
                self._condition.wait(ENDED_CHECK_S)

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is due."""
        with self._condition:
            self._condition.wait_for(self._idle_or_ended, timeout_s)
            return not self._new and self._at_work is None

    def _idle_or_ended(self) -> bool:
        return not (self._new or self._at_work) or not self._thread.is_alive()

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._closing = True
            self._projects.clear()
            self._new.clear()
            self._condition.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._at_work = None
                self._condition.notify_all()
                if not self._condition.wait_for(lambda: self._new or self._closing, EVERY_S):
                    self._new.extend(self._due())
                if self._closing:
                    return
                if not self._new:
                    continue
                project = self._at_work = self._new.popleft()
                self._done_at[project] = time.monotonic()
            self._look_after(project)

    def _due(self) -> list[Project]:
        now = time.monotonic()
        return [p for p in self._projects if now - self._done_at.get(p, -DAY_S) >= DAY_S]

    def _wanted(self, project: Project) -> bool:
        with self._condition:
            return project in self._projects

    def _look_after(self, project: Project) -> None:
        def go_on() -> bool:
            return self._wanted(project)

        try:
            sound = check_thoroughly(project, go_on)
            if sound and go_on():
                back_up_if_due(project, self._backups, go_on)
            if sound and go_on() and project.history_bytes() > self._budget():
                project.thin_history(self._budget())
        except StorageError as error:
            if go_on():
                logger.warning("Looking after %s: %s", project.path.name, error.facts)
                self._report(project, error)


def check_quickly(project: Project) -> None:
    """Look through a project's pages and indexes.

    Raises:
        DamagedFileError: Something is wrong with them.
    """
    with project.reading() as connection:
        quick_check(connection, project.path)


def check_thoroughly(project: Project, go_on: Callable[[], bool]) -> bool:
    """Look through pages and content; return whether it ended, that is, was not stopped.

    Raises:
        DamagedFileError: Something is not what was written.
    """
    from studio.documents.project.checking import content_problems

    with project.reading() as connection:
        connection.set_progress_handler(lambda: 0 if go_on() else 1, 20_000)
        try:
            quick_check(connection, project.path)
            problems = content_problems(connection, project.path, go_on)
        except StorageError:
            if not go_on():
                return False
            raise
        finally:
            connection.set_progress_handler(None, 0)
    if problems:
        raise DamagedFileError(
            f"{project.path.name} is damaged: {problems[0]}.",
            hint="Go on in a backup, or save what can still be read under another name.",
            path=str(project.path),
            problems=problems,
        )
    return go_on()


def quick_check(connection: Connection, path: Path) -> None:
    """Run SQLite's own check.

    Raises:
        DamagedFileError: It found something.
    """
    with database_errors(path, "checking the project"):
        rows = connection.execute("PRAGMA quick_check(5)").fetchall()
    if rows != [("ok",)]:
        raise damaged(path, "part of it", "; ".join(str(row[0]) for row in rows))

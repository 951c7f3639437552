"""Brings what happens to a manuscript into the project, at most a second after it was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.errors import StorageError, StudioError
from studio.core.requests import Request
from studio.documents.manuscript.manuscript import Manuscript

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.documents.project import Project


#: A burst of typing is handed over this long after its first letter.
BURST_MS = 500
#: Where no project can be made (a full disk), it is tried again after this.
RETRY_MS = 3000

Target = Callable[[], "tuple[Project, str]"]
"""Returns project and document id, making both when they are not there yet."""


class ManuscriptJournal(QObject):
    """Commits a manuscript's edits to its document; the disk is waited for elsewhere."""

    refused = Signal(object)
    """A :class:`StudioError`: an edit could not be kept, or there is no place for it yet."""

    def __init__(
        self, target: Target, manuscript: Manuscript, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._target = target
        self._manuscript = manuscript
        self._refused_before = False
        self._begun = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.commit)

    def touched(self) -> None:
        """Say that the manuscript changed; the first change of a burst starts the clock."""
        if self._manuscript.has_commits and not self._timer.isActive():
            # making a project takes a moment, so the first letter does not wait for others
            self._timer.start(BURST_MS if self._begun else 0)

    def commit(self) -> bool:
        """Hand everything over now; say whether it was taken."""
        self._timer.stop()
        if not self._manuscript.has_commits:
            return True
        try:
            project, document_id = self._target()
        except StorageError as error:
            if not self._refused_before:
                self.refused.emit(error)
            self._refused_before = True
            self._timer.start(RETRY_MS)
            return False
        self._refused_before, self._begun = False, True
        if project.read_only:
            return False
        for commit in self._manuscript.take_commits():
            try:
                future = project.commit_text(
                    document_id,
                    commit.edits,
                    label=commit.label,
                    origin=commit.origin,
                    request_id=commit.request_id,
                )
            except StudioError as error:
                self.refused.emit(error)
                continue
            future.add_done_callback(self._done)
        return True

    def keep_request(self, request: Request, facts: Mapping[str, Any]) -> str:
        """Keep a request in the project and return its id.

        Without a project the text is kept all the same, and the id is "".
        """
        try:
            project, _ = self._target()
            return project.add_request(request, facts) if not project.read_only else ""
        except StudioError as error:
            self.refused.emit(error)
            return ""

    def kept_here(self, project: Project | None, request_id: str) -> str:
        """Return the id of a request if it is kept in this manuscript's project, else ""."""
        try:
            return request_id if project is not None and self._target()[0] is project else ""
        except StudioError:
            return ""  # the commit that follows says so

    def _done(self, future: Future[int]) -> None:
        """Pass an error on; called on the writer's thread."""
        error = None if future.cancelled() else future.exception()
        if isinstance(error, StudioError):
            self.refused.emit(error)

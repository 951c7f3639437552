"""Where a sound document is kept: its project, its sounds, and the keeper of every action.

Sounds live in the project, so project and document are made before the first sound comes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.project_document import ProjectDocument
from studio.core.errors import StudioError
from studio.core.paths import Folders
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.storage import KIND, Keeper, ProjectParts

if TYPE_CHECKING:
    from studio.documents.project import DocumentInfo, Project

SOUNDS_FOLDER = "sounds"


class SoundPlace(ProjectDocument):
    """One tab's sound document.

    Attributes:
        soundtrack: What is on its time line.
        pool: Its sounds; ``None`` before there is a project to keep them in.
    """

    ready = Signal()
    """The pool is there."""
    refused = Signal(object)
    """A :class:`StudioError`: an action could not be kept."""

    def __init__(
        self,
        title: str,
        soundtrack: Soundtrack,
        find_project: Callable[[], Project],
        folders: Folders,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(KIND, title, find_project, parent)
        self.soundtrack = soundtrack
        self.pool: SourcePool | None = None
        self._folders = folders
        self._keeper: Keeper | None = None

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it."""
        return not self.document_id and not self.soundtrack.tracks

    def adopt(self, project: Project, document_id: str) -> DocumentInfo:
        """Say that it is in a project already, as it was read from there."""
        info = super().adopt(project, document_id)
        self._open(project, document_id)
        return info

    def ensure(self) -> SourcePool:
        """Return the pool, making project and document when they are not there yet.

        Raises:
            StorageError: The project cannot be made.
        """
        if self.pool is None:
            self._open(*self.target())
            self.changed.emit()
        assert self.pool is not None
        return self.pool

    def flush(self, timeout_s: float) -> None:
        """Wait until everything done is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer.
        """
        if self._keeper is not None:
            self._keeper.flush(timeout_s)

    def close(self) -> None:
        """End; nothing that was kept is lost."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.close()
        if self.pool is not None:
            self.pool.close()

    def _open(self, project: Project, document_id: str) -> None:
        if self.pool is not None:
            return
        folder = self._folders.cache / SOUNDS_FOLDER
        parts = ProjectParts(project, document_id)
        self.pool = SourcePool(folder, parts, self.soundtrack.sampling_rate)
        self.pool.know(self.soundtrack.sources())
        if not project.read_only:
            self._keeper = Keeper(self.soundtrack, project, document_id, self._problem)
        self.ready.emit()

    def _problem(self, error: StudioError) -> None:
        """Pass an error on; called on the keeper's thread."""
        self.refused.emit(error)

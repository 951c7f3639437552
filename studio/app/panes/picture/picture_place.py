"""Where a picture is kept: its project from the first stroke on, and the file it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.app.project_document import ProjectDocument
from studio.core.errors import StorageError, StudioError

if TYPE_CHECKING:
    from studio.documents.picture.document import Action, PictureDocument
    from studio.documents.picture.storage import Keeper
    from studio.documents.project import DocumentInfo, Project

PICTURE = "picture"
TITLE_LENGTH = 32
#: Where no project can be made (a full disk), it is tried again after this.
RETRY_MS = 3000


class PicturePlace(ProjectDocument):
    """One tab's picture. Every action is kept from the first one on.

    Attributes:
        picture: The picture.
        file: The file it was opened from or saved to last.
    """

    refused = Signal(object)
    """A :class:`StudioError`: the picture could not be kept, or has no place yet."""
    _acted = Signal(object)

    def __init__(
        self,
        title: str,
        picture: PictureDocument,
        find_project: Callable[[], Project],
        parent: QObject | None = None,
        *,
        file: Path | None = None,
    ) -> None:
        super().__init__(PICTURE, title, find_project, parent)
        self.picture = picture
        self.file = file
        self.named = file is not None
        self._saved_revision = picture.revision
        self._keeper: Keeper | None = None
        self._closed = False
        self._refused_before = False
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self._keep_first)
        self._first: Action | None = None
        self._acted.connect(self._on_action)
        self._unsubscribe = picture.on_action(self._acted.emit)

    @property
    def modified(self) -> bool:
        """Whether the file on disk lacks something; false for a picture without a file."""
        return self.file is not None and self.picture.revision != self._saved_revision

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it, so that another can take its tab."""
        return not self.document_id and self.file is None and not self.picture.layers

    @property
    def kept(self) -> bool:
        """Whether its actions are being kept."""
        return self._keeper is not None

    def adopt(self, project: Project, document_id: str) -> DocumentInfo:
        """Say that the picture is in a project already, as it was read from there."""
        info = super().adopt(project, document_id)
        file = info.meta.get("file")
        self.file = Path(file) if isinstance(file, str) and file else None
        self._saved_revision = -1 if info.meta.get("unsaved") else self.picture.revision
        if not project.read_only:
            self._follow()
        return info

    def keep(self, action: Action) -> bool:
        """Begin to keep what is done, with everything done so far; say whether it is kept."""
        if self._keeper is not None:
            return True
        self._first = action
        return self._keep_first()

    def _on_action(self, action: Action) -> None:
        if self._keeper is None and not self._closed:
            self.keep(action)

    def _keep_first(self) -> bool:
        self._retry.stop()
        try:
            project, _ = self.target()
            if project.read_only:
                return False
            self._follow()
        except StorageError as error:
            if not self._refused_before:
                self.refused.emit(error)
            self._refused_before = True
            self._retry.start()
            return False
        self._refused_before = False
        if self._keeper is not None and self._first is not None:
            self._keeper.keep(self._first)
        self.changed.emit()
        return True

    def saved(self, file: Path, revision: int) -> None:
        """Say that a file holds the picture as it was at ``revision``."""
        self.file, self._saved_revision = file, revision
        self.rename(file.name)
        try:
            self.target()
        except StudioError:
            return  # keeping the picture says so and tries again
        self.set_meta(file=str(file), unsaved=None)
        self.changed.emit()

    def name_from(self, words: str) -> None:
        """Call an untitled picture by the first words that made something in it."""
        words = " ".join(words.split())
        if self.named or not words:
            return
        if len(words) > TITLE_LENGTH:
            words = words[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
        self.rename(words)

    def end(self) -> Callable[[], None]:
        """Stop listening; return what hands everything over, for a thread that may wait."""
        self._unsubscribe()
        self._retry.stop()
        self._closed = True
        keeper, self._keeper = self._keeper, None
        return keeper.close if keeper is not None else lambda: None

    def flush(self, timeout_s: float) -> None:
        """Wait until everything done so far is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer.
        """
        if self._keeper is not None:
            self._keeper.flush(timeout_s)

    def _follow(self) -> None:
        from studio.documents.picture.storage import Keeper

        assert self.project is not None
        self._keeper = Keeper(self.picture, self.project, self.document_id, self.refused.emit)

    def _first_meta(self) -> dict[str, Any]:
        return {"file": str(self.file)} if self.file is not None else {}

    def _closing_meta(self) -> dict[str, Any]:
        return {"unsaved": True if self.modified else None}

"""A document that has a tab: what it is called and where in a project it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.core.requests import Request
    from studio.documents.project import DocumentInfo, Project


class ProjectDocument(QObject):
    """One tab's document. Project and document are made when there is something to keep.

    Attributes:
        kind: What projects call it: "text", "chat", "picture", …
        title: What its tab shows.
        project: Where it is kept; ``None`` before there is anything to keep.
        document_id: Its id there; "" likewise.
        named: The title was chosen and is not made from the content.
    """

    changed = Signal()

    def __init__(
        self,
        kind: str,
        title: str,
        find_project: Callable[[], Project],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.title = title
        self.named = False
        self.project: Project | None = None
        self.document_id = ""
        self._find_project = find_project

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it, so that another can take its tab."""
        return not self.document_id

    def adopt(self, project: Project, document_id: str) -> DocumentInfo:
        """Say that the document is in a project already; return what is known of it there."""
        self.project, self.document_id = project, document_id
        info = project.document(document_id)
        self.title = info.title
        self.named = True
        return info

    def target(self) -> tuple[Project, str]:
        """Return project and document id, making both when they are not there yet.

        Raises:
            StorageError: The project cannot be made.
        """
        if self.project is None:
            self.project = self._find_project()
        if not self.document_id:
            self.document_id = self.project.create_document(
                self.kind, self.title, meta=self._first_meta()
            )
        return self.project, self.document_id

    def keep_request(self, request: Request, facts: Mapping[str, Any]) -> str:
        """Keep what made something in the project; returns its id, "" where it cannot be kept."""
        try:
            project, _ = self.target()
            return project.add_request(request, facts) if not project.read_only else ""
        except StudioError:
            return ""  # whoever keeps the content says so

    def rename(self, title: str) -> None:
        """Give it another title."""
        self.named = True
        if title == self.title:
            return
        self.title = title
        if self.project is not None and self.document_id and not self.project.read_only:
            self.project.rename_document(self.document_id, title)
        self.changed.emit()

    def set_open(self, is_open: bool) -> None:
        """Remember whether the document has a tab."""
        self.set_meta(closed=None if is_open else True, **self._closing_meta())

    def set_meta(self, **values: Any) -> None:
        """Keep small values with it, once it is in a project."""
        if self.project is not None and self.document_id and not self.project.read_only:
            self.project.set_meta(self.document_id, **values)

    def _first_meta(self) -> dict[str, Any]:
        """Return what is kept with it from the beginning."""
        return {}

    def _closing_meta(self) -> dict[str, Any]:
        """Return what is kept with it when its tab opens or closes."""
        return {}

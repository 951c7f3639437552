"""A document that has a tab: where it is kept, what it is called, which file it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.app.panes.text.file_link import FileLink
from studio.core.errors import StudioError
from studio.documents.manuscript.manuscript import Manuscript

if TYPE_CHECKING:
    from studio.core.requests import Request
    from studio.documents.project import Project


#: A title made from the text has at most so many characters.
TITLE_LENGTH = 32
#: The first line is long enough for a title at this many characters, even unfinished.
ENOUGH_FOR_TITLE = 40

CHAT = "chat"
TEXT = "text"


class OpenDocument(QObject):
    """One tab's document. Project and document are made at the first keystroke."""

    changed = Signal()

    def __init__(
        self,
        kind: str,
        title: str,
        find_project: Callable[[], Project],
        parent: QObject | None = None,
        *,
        manuscript: Manuscript | None = None,
        link: FileLink | None = None,
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        self.title = title
        self.manuscript = manuscript
        self.link = link
        self.project: Project | None = None
        self.document_id = ""
        self._find_project = find_project
        self._named = link is not None
        self._saved_revision = manuscript.revision if manuscript is not None else 0

    def adopt(self, project: Project, document_id: str) -> None:
        """Say that the document is in a project already."""
        self.project, self.document_id = project, document_id
        info = project.document(document_id)
        self.title = info.title
        self._named = True
        self.link = FileLink.from_meta(info.meta)
        if self.manuscript is not None and info.meta.get("unsaved"):
            self._saved_revision = -1

    def target(self) -> tuple[Project, str]:
        """Return project and document id, making both when they are not there yet.

        Raises:
            StorageError: The project cannot be made.
        """
        if self.project is None:
            self.project = self._find_project()
        if not self.document_id:
            meta = {"file": self.link.to_meta()} if self.link is not None else {}
            self.document_id = self.project.create_document(self.kind, self.title, meta=meta)
        return self.project, self.document_id

    def keep_request(self, request: Request, facts: Mapping[str, Any]) -> str:
        """Keep what made the text in its project; returns its id, "" where it cannot be kept."""
        try:
            project, _ = self.target()
            return project.add_request(request, facts) if not project.read_only else ""
        except StudioError:
            return ""  # the journal says so when it keeps the text

    @property
    def modified(self) -> bool:
        """Whether the file on disk lacks something; false for a document without a file."""
        if self.link is None or self.manuscript is None:
            return False
        return self.manuscript.revision != self._saved_revision

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it, so that another can take its tab."""
        empty = self.manuscript is not None and not self.manuscript.text
        return empty and not self.document_id and self.link is None

    def linked(self, link: FileLink, revision: int) -> None:
        """Say that the file holds the text as it was at ``revision``."""
        self.link, self._saved_revision = link, revision
        self.rename(link.path.name)
        self._remember_link()
        self.changed.emit()

    def rename(self, title: str) -> None:
        """Give it another title."""
        self._named = True
        if title == self.title:
            return
        self.title = title
        if self.project is not None and self.document_id and not self.project.read_only:
            self.project.rename_document(self.document_id, title)
        self.changed.emit()

    def name_from_text(self) -> None:
        """Call an untitled manuscript by its first line, once there is enough of it."""
        if self._named or self.manuscript is None:
            return
        text = self.manuscript.text.lstrip()
        line, ended, _ = text.partition("\n")
        words = line.strip("#*_> \t")
        if words and (ended or len(words) >= ENOUGH_FOR_TITLE):
            self.rename(_shortened(words))

    def set_open(self, is_open: bool) -> None:
        """Remember whether the document has a tab, and whether its file lacks something."""
        if self.project is None or not self.document_id or self.project.read_only:
            return
        unsaved = True if self.modified else None
        self.project.set_meta(self.document_id, closed=None if is_open else True, unsaved=unsaved)

    def _remember_link(self) -> None:
        try:
            project, document_id = self.target()
        except StudioError:
            return  # the journal says so and tries again; the link comes with the document
        if self.link is not None and not project.read_only:
            project.set_meta(document_id, file=self.link.to_meta(), unsaved=None)


def _shortened(words: str) -> str:
    if len(words) <= TITLE_LENGTH:
        return words
    cut = words[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",.;:")
    return f"{cut}…"

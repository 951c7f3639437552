"""A text or chat that has a tab: where it is kept, what it is called, which file it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from studio.app.panes.text.file_link import FileLink
from studio.app.project_document import ProjectDocument
from studio.core.errors import StudioError
from studio.documents.manuscript.manuscript import Manuscript

if TYPE_CHECKING:
    from studio.documents.project import DocumentInfo, Project


#: A title made from the text has at most so many characters.
TITLE_LENGTH = 32
#: The first line is long enough for a title at this many characters, even unfinished.
ENOUGH_FOR_TITLE = 40

CHAT = "chat"
TEXT = "text"


class OpenDocument(ProjectDocument):
    """One tab's text or chat; it is in a project from the first keystroke."""

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
        super().__init__(kind, title, find_project, parent)
        self.manuscript = manuscript
        self.link = link
        self.named = link is not None
        self._saved_revision = manuscript.revision if manuscript is not None else 0

    def adopt(self, project: Project, document_id: str) -> DocumentInfo:
        """Say that the document is in a project already."""
        info = super().adopt(project, document_id)
        self.link = FileLink.from_meta(info.meta)
        if self.manuscript is not None and info.meta.get("unsaved"):
            self._saved_revision = -1
        return info

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

    def name_from_text(self) -> None:
        """Call an untitled manuscript by its first line, once there is enough of it."""
        if self.named or self.manuscript is None:
            return
        text = self.manuscript.text.lstrip()
        line, ended, _ = text.partition("\n")
        words = line.strip("#*_> \t")
        if words and (ended or len(words) >= ENOUGH_FOR_TITLE):
            self.rename(_shortened(words))

    def _first_meta(self) -> dict[str, Any]:
        return {"file": self.link.to_meta()} if self.link is not None else {}

    def _closing_meta(self) -> dict[str, Any]:
        return {"unsaved": True if self.modified else None}

    def _remember_link(self) -> None:
        try:
            self.target()
        except StudioError:
            return  # the journal says so and tries again; the link comes with the document
        if self.link is not None:
            self.set_meta(file=self.link.to_meta(), unsaved=None)


def _shortened(words: str) -> str:
    if len(words) <= TITLE_LENGTH:
        return words
    cut = words[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",.;:")
    return f"{cut}…"

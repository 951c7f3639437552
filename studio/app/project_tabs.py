"""The projects behind a pane's tabs: what a crash left, opening, leaving, the document in front."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from studio.app.context import AppContext
from studio.app.documents_pane import Front
from studio.app.widgets.document_tabs import Entry
from studio.app.widgets.notice_strip import Choice, NoticeStrip
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.documents.project import Leftover, Project


class TabDocument(Protocol):
    """A document that has a tab."""

    kind: str
    title: str
    project: Project | None
    document_id: str

    @property
    def untouched(self) -> bool:
        """Whether nothing was ever done with it, so that another can take its tab."""


class TabsPane(Protocol):
    """What is asked of a pane with tabs."""

    strip: NoticeStrip

    @property
    def front_changed(self) -> SignalInstance:
        """Another document is in front, or its title or project is another."""

    @property
    def documents(self) -> Sequence[TabDocument]:
        """Every document that has a tab."""

    @property
    def document(self) -> TabDocument | None:
        """The document in front."""

    def new_document(self) -> object:
        """Open an empty document."""

    def open_document(self, project: Project, document_id: str) -> None:
        """Give a document of a project a tab, or show the one it has."""

    def close_tab(self, index: int, *, forget: bool = True) -> None:
        """Close a tab; ``forget``: it stays closed when the project is opened again."""


class ProjectTabs(QObject):
    """Brings the documents of projects into the tabs of a pane and out of them again."""

    _refused = Signal(object)

    def __init__(self, pane: TabsPane, context: AppContext, kinds: Sequence[str]) -> None:
        """Make it.

        Args:
            pane: A ``QObject`` with tabs, whose child this becomes.
            context: The window's services.
            kinds: The kinds of documents the pane holds, the usual one first.
        """
        assert isinstance(pane, QObject)
        super().__init__(pane)
        self._tabs: TabsPane = pane
        self._context = context
        self._kinds = tuple(kinds)
        self._ended = False
        self._refused.connect(context.notify.error)

    @property
    def front(self) -> Front:
        """The document in front."""
        document = self._tabs.document
        if document is None:
            return Front(None, "", "", self._kinds[0])
        return Front(document.project, document.document_id, document.title, document.kind)

    def end(self) -> None:
        """Bring nothing back any more: the pane closes."""
        self._ended = True

    def restore(self) -> None:
        """Show the project that is open, offer what a crash left, or go on where one stopped."""
        if self._ended:
            return
        session = self._context.projects
        try:
            if session.current is not None:  # another pane brought it back already
                self.show(session.current)
                return
            left = session.recoverable()
            if left:
                self._adopt(left[0])
                words = self.tr("Triptych closed unexpectedly. Restored: %1")
                self._tabs.strip.say(
                    words.replace("%1", f"“{left[0].title}”"),
                    [self._offer(item) for item in left[1:4]],
                )
                return
            unfinished = session.unfinished()
            if unfinished:
                self._adopt(unfinished[0])
        except StudioError as error:
            self._context.notify.error(error)

    def show(self, project: Project) -> None:
        """Give every document that was open last a tab, and a new one when there is none."""
        self._context.projects.set_current(project)
        documents = [info for info in project.documents() if info.kind in self._kinds]
        wanted = [info for info in documents if not info.meta.get("closed")] or documents[:1]
        for info in wanted:
            self._tabs.open_document(project, info.id)
        first = self._tabs.documents[0]
        if first.untouched and len(self._tabs.documents) > 1:
            self._tabs.close_tab(0)
        front = self._tabs.document
        if not wanted and (front is None or not front.untouched):
            self._tabs.new_document()
        self._tabs.front_changed.emit()

    def leave(self, project: Project) -> None:
        """Close the tabs of a project; they come back when it is opened again."""
        for index in reversed(range(len(self._tabs.documents))):
            if self._tabs.documents[index].project is project:
                self._tabs.close_tab(index, forget=False)

    def index_of(self, project: Project, document_id: str) -> int | None:
        """Return the tab of a document; ``None`` when it has none."""
        for index, document in enumerate(self._tabs.documents):
            if document.project is project and document.document_id == document_id:
                return index
        return None

    def ensure(self) -> Project:
        """Return the project in front, made when there is none, for what is to be kept there.

        Raises:
            StorageError: It cannot be made.
        """
        project = self._context.projects.ensure()
        # once the document has its place there
        QTimer.singleShot(0, self, self._tabs.front_changed.emit)
        return project

    def closed_entries(self) -> list[Entry]:
        """Return the documents of the project in front that have no tab, for a menu."""
        if "projects" not in self._context.__dict__ or self._context.projects.current is None:
            return []
        project = self._context.projects.current
        opened = {(each.project, each.document_id) for each in self._tabs.documents}
        return [
            (info.title, partial(self._tabs.open_document, project, info.id))
            for info in project.documents()
            if info.kind in self._kinds and (project, info.id) not in opened
        ]

    def watch(self, future: Future[int]) -> None:
        """Tell the user when a commit fails."""
        future.add_done_callback(self._done)

    def _offer(self, item: Leftover) -> Choice:
        words = self.tr("Restore %1, too").replace("%1", f"“{item.title}”")
        return words, lambda: self._adopt(item)

    def _adopt(self, item: Leftover) -> None:
        try:
            self.show(self._context.projects.adopt(item))
        except StudioError as error:
            self._context.notify.error(error)

    def _done(self, future: Future[int]) -> None:
        """Pass an error on; called on the writer's thread."""
        error = None if future.cancelled() else future.exception()
        if isinstance(error, StudioError):
            self._refused.emit(error)

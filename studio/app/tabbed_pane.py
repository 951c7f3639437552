"""A pane whose documents have tabs: which are open, which is in front, how they come and go.

What projects have to do with it stands in :mod:`studio.app.project_tabs`, the row of tabs in
:mod:`studio.app.widgets.document_tabs`. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QInputDialog, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.documents_pane import Front
from studio.app.project_document import ProjectDocument
from studio.app.project_tabs import ProjectTabs
from studio.app.widgets.document_tabs import DocumentTabs, Entry, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import StorageError, StudioError

if TYPE_CHECKING:
    from studio.documents.project import Project

PROJECT_SUFFIX = ".triptych"
"""The same as ``studio.documents.project.SUFFIX``, which brings SQLite and so waits for the
first paint."""
#: Closing waits so long, for each document or project, until everything is on disk.
FLUSH_S = 5.0
#: What can be done now is looked at this long after something changed.
ACTIONS_MS = 60

DocumentT = TypeVar("DocumentT", bound=ProjectDocument)
WorkT = TypeVar("WorkT")


class Flushes(Protocol):
    """Something that writes in the background."""

    def flush(self, timeout_s: float) -> None:
        """Wait until everything done so far is durable.

        Raises:
            StorageError: The disk refuses, or it takes longer.
        """


class TabbedPane(QWidget, Generic[DocumentT, WorkT]):
    """Holds the open documents, each with what works at it: a session or a view.

    A pane makes ``tabs``, ``strip`` and ``projects`` before its first document, and says in
    :meth:`new_document`, :meth:`_to_front`, :meth:`_let_go`, :meth:`_read`, :meth:`_open_path` and
    :meth:`_look` what is different with its documents.

    Attributes:
        tabs: The row of tabs.
        strip: Where the pane says what it found.
        projects: Brings the documents of projects into the tabs.
    """

    front_changed = Signal()
    """Another document is in front, or its title or project is another."""

    tabs: DocumentTabs
    strip: NoticeStrip
    projects: ProjectTabs

    def __init__(self, context: AppContext, name: str, parent: QWidget | None = None) -> None:
        """Make it without tabs.

        Args:
            context: The window's services.
            name: What the ids of the pane's actions begin with.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._context = context
        self._open: list[tuple[DocumentT, WorkT]] = []
        self._current = -1
        self._started = False
        self._name = name
        self._actions_timer = QTimer(self)
        self._actions_timer.setSingleShot(True)
        self._actions_timer.timeout.connect(self._refresh_actions)

    def _lay_out(self, *bars: QWidget, work: QWidget) -> None:
        """Stack the bars above the work, which gets all the room."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for bar in bars:
            layout.addWidget(bar)
        layout.addWidget(work, 1)

    def _follow_tabs(self, recent: Callable[[], list[Entry]] = list) -> None:
        """Do what is done with the row of tabs; ``recent`` lists files that were open."""
        self.tabs.chosen.connect(self.show_tab)
        self.tabs.close_wanted.connect(self.close_tab)
        self.tabs.moved.connect(self._move_tab)
        self.tabs.rename_wanted.connect(self.rename)
        self.tabs.set_sources(self.projects.closed_entries, recent)

    # -- what a pane says of its documents ----------------------------------------------------

    def new_document(self) -> object:
        """Open an empty document of the usual kind."""
        raise NotImplementedError

    def _to_front(self, work: WorkT) -> None:
        """Show what works at the document that came to the front."""
        raise NotImplementedError

    def _let_go(self, document: DocumentT, work: WorkT, *, forget: bool) -> None:
        """End the work at a document whose tab closes; it has left the list already."""
        raise NotImplementedError

    def _read(self, project: Project, document_id: str) -> None:
        """Give a document of a project that has no tab one."""
        raise NotImplementedError

    def _open_path(self, path: Path) -> None:
        """Open a file that is no project."""
        raise NotImplementedError

    def _look(self, document: DocumentT) -> TabLook:
        """Return what a document's tab shows."""
        raise NotImplementedError

    # -- what the window asks -----------------------------------------------------------------

    def activated(self) -> None:
        """Bring back what was open, the first time."""
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self, self.projects.restore)

    def open_file(self, path: Path) -> None:
        """Open a file, or a project with its documents."""
        if path.suffix != PROJECT_SUFFIX:
            self._open_path(path)
            return
        try:
            self.show_project(self._context.projects.open(path))
        except StudioError as error:
            self._context.notify.error(error)

    # -- tabs ---------------------------------------------------------------------------------

    @property
    def documents(self) -> tuple[DocumentT, ...]:
        """Every document that has a tab."""
        return tuple(document for document, _ in self._open)

    @property
    def document(self) -> DocumentT | None:
        """The document in front."""
        front = self._in_front()
        return front[0] if front is not None else None

    def show_tab(self, index: int) -> None:
        """Bring a document to the front."""
        if not 0 <= index < len(self._open):
            return
        self._current = index
        self.tabs.set_current(index)
        self._to_front(self._open[index][1])
        self.front_changed.emit()

    def close_tab(self, index: int, *, forget: bool = True) -> None:
        """Close a tab; the document stays in the project, and is closed there unless not told."""
        if not 0 <= index < len(self._open):
            return
        front = self._current
        document, work = self._open.pop(index)
        self._let_go(document, work, forget=forget)
        self.tabs.remove(index)
        if not self._open:
            self.new_document()
        behind = index != front
        self.show_tab(front - (index < front) if behind else min(index, len(self._open) - 1))

    def rename(self, index: int = -1) -> None:
        """Ask for another title of a tab's document; of the one in front without a tab."""
        document = self._open[index][0] if index >= 0 else self.document
        if document is None:
            return
        title, agreed = QInputDialog.getText(
            self, self.tr("Rename"), self.tr("Title"), text=document.title
        )
        if agreed and title.strip():
            document.rename(title.strip())

    def delete_document(self) -> None:
        """Put the document in front away, with a way back."""
        index, document = self._current, self.document
        if document is None or document.project is None or not document.document_id:
            self.close_tab(index)
            return
        project, document_id, title = document.project, document.document_id, document.title
        self.close_tab(index)
        project.delete_document(document_id)

        def bring_back() -> None:
            project.restore_document(document_id)
            self.open_document(project, document_id)

        words = self.tr("“%1” was deleted.").replace("%1", title)
        self._context.notify.info(words, actions=[(self.tr("Undo"), bring_back)])

    # -- projects -----------------------------------------------------------------------------

    @property
    def front(self) -> Front:
        """The document in front."""
        return self.projects.front

    def show_project(self, project: Project) -> None:
        """Give every document of a project that was open last a tab."""
        self.projects.show(project)

    def leave_project(self, project: Project) -> None:
        """Close the tabs of a project's documents; they stay in the project."""
        self.projects.leave(project)

    def open_document(self, project: Project, document_id: str) -> None:
        """Give a document of a project a tab, or show the one it has."""
        index = self.projects.index_of(project, document_id)
        if index is not None:
            self.show_tab(index)
        else:
            self._read(project, document_id)

    # -- inside -------------------------------------------------------------------------------

    def _in_front(self) -> tuple[DocumentT, WorkT] | None:
        return self._open[self._current] if 0 <= self._current < len(self._open) else None

    def _add(self, document: DocumentT, work: WorkT, *, from_file: bool = False) -> None:
        """Give a document a tab and bring it to the front.

        Args:
            document: What is open now.
            work: What works at it.
            from_file: It comes from a file and takes the place of an only tab with nothing in it.
        """
        self._open.append((document, work))
        self.tabs.add(self._look(document))
        document.changed.connect(lambda: self._refresh_tab(document))
        document.changed.connect(self.front_changed)
        if from_file and len(self._open) == 2:
            self._close_untouched()
        self.show_tab(len(self._open) - 1)

    def _close_untouched(self) -> None:
        """Close the first tab when nothing was done in it and there are others."""
        if len(self._open) > 1 and self._open[0][0].untouched:
            self.close_tab(0)

    def _move_tab(self, source: int, target: int) -> None:
        front = self._in_front()
        self._open.insert(target, self._open.pop(source))
        document = self._open[target][0]
        if document.project is not None and document.document_id:
            document.project.move_document(document.document_id, target)
        if front is not None:
            self._current = self._open.index(front)

    def _refresh_tab(self, document: DocumentT) -> None:
        for index, (other, _) in enumerate(self._open):
            if other is document:
                self.tabs.refresh(index, self._look(document))

    def _refresh_actions_soon(self) -> None:
        if not self._actions_timer.isActive():
            self._actions_timer.start(ACTIONS_MS)

    def _refresh_actions(self) -> None:
        actions = self._context.actions
        ids = (spec.id for spec in actions.all())
        actions.refresh(*(each for each in ids if each.startswith(f"{self._name}.")))

    def _wait_for(self, kept: Flushes) -> bool:
        """Wait until what was done is on disk; where that fails, say so and return false."""
        try:
            kept.flush(FLUSH_S)
        except StorageError as error:
            self._context.notify.error(error)
            return False
        return True

    def _wait_for_projects(self) -> bool:
        """Wait for the projects of all tabs; where one fails, say so and return false."""
        projects = {each.project for each in self.documents if each.project is not None}
        return all(self._wait_for(project) for project in projects if not project.read_only)

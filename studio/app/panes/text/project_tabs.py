"""The projects behind the tabs: what a crash left, opening, leaving, and going back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.context import AppContext
from studio.app.documents_pane import Front
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.open_document import CHAT, TEXT
from studio.app.widgets.notice_strip import Choice
from studio.core.errors import StorageError, StudioError
from studio.documents.spans import TextState, difference

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.app.panes.text.pane import TextPane
    from studio.documents.project import Leftover, Project


class ProjectTabs(QObject):
    """Brings the documents of projects into the tabs of a text pane and out of them again."""

    _refused = Signal(object)

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self._refused.connect(context.notify.error)

    @property
    def front(self) -> Front:
        """The document in front."""
        document = self._pane.document
        if document is None:
            return Front(None, "", "", TEXT)
        return Front(document.project, document.document_id, document.title, document.kind)

    def restore(self) -> None:
        """Offer what a crash left, or go on where the writer stopped."""
        session = self._context.projects
        try:
            left = session.recoverable()
            if left:
                self._adopt(left[0])
                words = self.tr("Triptych closed unexpectedly. Restored: %1")
                self._pane.strip.say(
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
        documents = [info for info in project.documents() if info.kind in (TEXT, CHAT)]
        wanted = [info for info in documents if not info.meta.get("closed")] or documents[:1]
        for info in wanted:
            self._pane.open_document(project, info.id)
        first = self._pane.documents[0]
        if first.untouched and len(self._pane.documents) > 1:
            self._pane.close_tab(0)
        front = self._pane.document
        if not wanted and (front is None or not front.untouched):
            self._pane.new_text()
        self._pane.front_changed.emit()

    def leave(self, project: Project) -> None:
        """Close the tabs of a project; they come back when it is opened again."""
        for index in reversed(range(len(self._pane.documents))):
            if self._pane.documents[index].project is project:
                self._pane.close_tab(index, forget=False)

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a document what it was: one action of the journal, one step of undo.

        Raises:
            StudioError: The project cannot be written.
        """
        index = self._index(project, document_id)
        view = self._pane.view_at(index) if index is not None else None
        if isinstance(state, bytes):
            future = project.commit_state(document_id, state, label=label)
            if index is not None:
                self._pane.reopen(index)
        elif isinstance(view, ManuscriptView):
            future = self._rewind(view, project, document_id, state, label)
        else:
            edits = difference(project.text(document_id).text, state.text)
            future = project.commit_text(document_id, edits, label=label, spans=state.spans)
        future.add_done_callback(self._done)

    def _rewind(
        self,
        view: ManuscriptView,
        project: Project,
        document_id: str,
        state: TextState,
        label: str,
    ) -> Future[int]:
        if not view.journal.commit():
            raise StorageError(
                self.tr("What was typed last could not be kept, so nothing was changed."),
                hint=self.tr("Free some space, or save the project in another folder."),
            )
        before = view.manuscript.text
        view.editor.go_back(state, label=label)
        now = view.manuscript
        return project.commit_text(
            document_id, difference(before, now.text), label=label, spans=now.spans
        )

    def _index(self, project: Project, document_id: str) -> int | None:
        for index, document in enumerate(self._pane.documents):
            if document.project is project and document.document_id == document_id:
                return index
        return None

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

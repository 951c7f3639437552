"""The projects behind the tabs of texts and chats, and going back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.app.context import AppContext
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.open_document import CHAT, TEXT
from studio.app.project_tabs import ProjectTabs
from studio.core.errors import StorageError
from studio.documents.spans import TextState, difference

if TYPE_CHECKING:
    from concurrent.futures import Future

    from studio.app.panes.text.pane import TextPane
    from studio.documents.project import Project


class TextProjectTabs(ProjectTabs):
    """Brings texts and chats of projects into the tabs of a text pane and out of them again."""

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane, context, (TEXT, CHAT))
        self._pane = pane

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a document what it was: one action of the journal, one step of undo.

        Raises:
            StudioError: The project cannot be written.
        """
        index = self.index_of(project, document_id)
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
        self.watch(future)

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

"""Shows the sentence that is heard while the narration of a manuscript plays.

Nothing of the manuscript is touched: the sentence is marked over the text, and found again by
its words after every edit. The view follows as long as the reader does not look elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QContextMenuEvent, QTextCursor

from studio.app.context import AppContext
from studio.app.documents_pane import NARRATES, SOUNDTRACK, Heard, ReadAloud
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.open_document import OpenDocument
from studio.app.theme.tokens import Space
from studio.app.widgets.notice_strip import NoticeStrip
from studio.documents.reading import place_of

if TYPE_CHECKING:
    from studio.app.panes.text.pane import TextPane
    from studio.documents.manuscript.manuscript import Manuscript

ACTION = "text.read_aloud"
_KEPT_CLEAR = Space.XXL * 3
"""Of the view's lower end: a sentence that reaches into it is brought up."""


class ReadingAlong(QObject):
    """One reading at a time, for the pane's manuscripts.

    Attributes:
        bar: Says that it is read aloud, with a way to stop it.
    """

    #: A :class:`ReadAloud`.
    wanted = Signal(object)
    stopped = Signal()

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self.bar = NoticeStrip(pane)
        self._heard: Heard | None = None
        self._view: ManuscriptView | None = None
        self._lost = False
        self._clicked: tuple[ManuscriptView, int] | None = None

    def attach(self, view: ManuscriptView) -> None:
        """Give a manuscript's menu its entry, and follow its edits."""
        view.editor.addAction(self._context.actions.get(ACTION))
        view.editor.installEventFilter(self)
        view.editor.viewport().installEventFilter(self)
        view.editor.edited.connect(lambda: self._on_edited(view))

    def leave(self, view: ManuscriptView) -> None:
        """Forget a manuscript whose tab closes."""
        if view is self._view:
            self._view = None
        self._clicked = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Remember where the menu was asked for; keys mean the caret."""
        if isinstance(event, QContextMenuEvent):
            self._context.actions.refresh(ACTION)
            view = self._pane.view
            self._clicked = None
            if event.reason() == QContextMenuEvent.Reason.Mouse and view is not None:
                assert isinstance(view, ManuscriptView)
                editor = view.editor
                at = editor.viewport().mapFromGlobal(event.globalPos())
                self._clicked = (view, editor.cursorForPosition(at).position())
        elif event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            self._clicked = None
        return super().eventFilter(watched, event)

    # -- what the user does -------------------------------------------------------------------

    def toggle(self) -> None:
        """Let the narration be heard from the click or the caret on; or stop it."""
        if self._heard is not None and self._clicked is None:
            self.stopped.emit()
            return
        view, document = self._pane.view, self._pane.document
        clicked, self._clicked = self._clicked, None
        if not isinstance(view, ManuscriptView) or document is None or document.project is None:
            return
        editor = view.editor
        at_click = clicked is not None and clicked[0] is view
        place = clicked[1] if at_click and clicked else editor.textCursor().selectionStart()
        offset, text = editor.position(place), view.manuscript.text
        self.wanted.emit(ReadAloud(document.project, document.document_id, text, offset))

    def why_not(self) -> bool | str:
        """Whether the manuscript in front was narrated; a sentence where it was not."""
        view, document = self._pane.view, self._pane.document
        if not isinstance(view, ManuscriptView) or document is None:
            return self.tr("A manuscript is read aloud, not a chat.")
        return _narrated(document) or self.tr("Narrate this text in the sound pane first.")

    # -- what is heard ------------------------------------------------------------------------

    def show(self, heard: Heard | None) -> None:
        """Mark the sentence that is heard, where its text is open; ``None`` marks none."""
        begins = self._heard is None
        self._heard = heard
        view = self._view_of(heard)
        seen = view is self._view and view is not None and _is_seen(view)
        if self._view is not None and self._view is not view:
            _mark(self._view, None)
        self._view = view
        if view is None or heard is None:
            self._lost = False
            self.bar.hide()
            return
        place = place_of(heard.line, view.manuscript.text)
        _mark(view, place)
        self._say(lost=place is None, anew=begins)
        # Under the reader's eyes nothing moves that was not followed before.
        if place is not None and (seen or (begins and not view.isVisible())):
            _bring_into_view(view)

    def _on_edited(self, view: ManuscriptView) -> None:
        """Keep the mark true to the text: its words, or nothing."""
        if self._heard is None or view is not self._view:
            return
        words, cursor = self._heard.line.text, view.editor.marks.heard
        if cursor is not None and _words(view.manuscript, view, cursor) == words:
            return
        place = place_of(self._heard.line, view.manuscript.text)
        _mark(view, place)
        self._say(lost=place is None, anew=False)

    def _view_of(self, heard: Heard | None) -> ManuscriptView | None:
        for document in self._pane.documents if heard is not None else ():
            assert heard is not None
            if (document.project, document.document_id) == (heard.project, heard.document_id):
                view = self._pane.view_of(document)
                return view if isinstance(view, ManuscriptView) else None
        return None

    def _say(self, *, lost: bool, anew: bool) -> None:
        if not anew and lost == self._lost:
            return
        self._lost = lost
        words = (
            self.tr("Reading aloud. What is heard now was changed in the text since it was spoken.")
            if lost
            else self.tr("Reading aloud. The sentence that is heard is marked.")
        )
        if anew or self.bar.isVisibleTo(self._pane):  # who closed it does not want it again
            self.bar.say(words, [(self.tr("Stop"), self.stopped.emit)])


def _narrated(document: OpenDocument) -> bool:
    project = document.project
    if project is None or not document.document_id:
        return False
    return any(
        info.kind == SOUNDTRACK and document.document_id in info.meta.get(NARRATES, ())
        for info in project.documents()
    )


def _mark(view: ManuscriptView, place: tuple[int, int] | None) -> None:
    editor = view.editor
    editor.marks.set_heard(
        None if place is None else (editor.place(place[0]), editor.place(place[1]))
    )
    editor.refresh_marks()


def _words(manuscript: Manuscript, view: ManuscriptView, cursor: QTextCursor) -> str:
    editor = view.editor
    start, end = editor.position(cursor.selectionStart()), editor.position(cursor.selectionEnd())
    return manuscript.text[start:end]


def _is_seen(view: ManuscriptView) -> bool:
    """Whether some of the marked sentence is in the view."""
    editor, cursor = view.editor, view.editor.marks.heard
    if cursor is None:
        return True  # it was lost, not left
    top = editor.rect_at(cursor.selectionStart()).top()
    bottom = editor.rect_at(cursor.selectionEnd()).bottom()
    return bottom > 0 and top < editor.viewport().height()


def _bring_into_view(view: ManuscriptView) -> None:
    """Scroll so that the whole sentence can be read, with what follows it."""
    editor, cursor = view.editor, view.editor.marks.heard
    if cursor is None:
        return
    top = editor.rect_at(cursor.selectionStart()).top()
    bottom = editor.rect_at(cursor.selectionEnd()).bottom()
    height = editor.viewport().height()
    if top < 0 or bottom > height - min(_KEPT_CLEAR, height // 4):
        bar = editor.verticalScrollBar()
        bar.setValue(bar.value() + top - height // 4)

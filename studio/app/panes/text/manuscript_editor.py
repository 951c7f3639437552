"""Where the writer writes: a column of plain text, with what a model wrote shown in gold.

The manuscript (``studio.documents.manuscript``) is the truth; this shows it and tells it what was
typed. Text that waits for a yes stands in the editor but not in the manuscript. Nothing foreign
is ever rendered or fetched. Qt's own undo is off: see
packaging/docs/decisions/0040-own-undo-for-manuscripts.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QRect, Qt, QUrl, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QTextEdit, QWidget

from studio.app.panes.text.text_column import TextColumn
from studio.app.panes.text.text_marks import TextMarks
from studio.app.theme import Theme
from studio.app.theme.tokens import Space, Type
from studio.documents.manuscript.fragment import Fragment
from studio.documents.manuscript.manuscript import Change, Manuscript
from studio.documents.manuscript.pending import Pending, Splice
from studio.documents.manuscript.text_units import (
    common_ends,
    for_editor,
    from_editor,
    part_of,
    utf16_length,
)
from studio.documents.spans import Origin, TextState


class ManuscriptEditor(QTextEdit):
    """Shows one manuscript and keeps it true to what is typed."""

    edited = Signal()
    """The manuscript changed."""
    generate_wanted = Signal()
    accept_wanted = Signal()
    reject_wanted = Signal()
    step_wanted = Signal(int)
    files_dropped = Signal(list)
    moved = Signal()
    """Something over the text may have to follow: scrolled, resized or laid out anew."""

    def __init__(self, theme: Theme, font_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = TextColumn(self, font_px)
        self.marks = TextMarks(self, theme)
        self._manuscript = Manuscript()
        self._pending: Pending | None = None
        self._lead = 0
        self._several = False
        self._quiet = False
        self._origin: Origin = "typed"
        self._follow = False
        self.setAcceptRichText(False)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(self.tr("Manuscript"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QTextEdit.Shape.NoFrame)
        self.setCursorWidth(2)
        self.document().setDocumentMargin(0)
        self.document().contentsChange.connect(self._on_contents_change)
        self.verticalScrollBar().valueChanged.connect(self.moved)
        self.document().documentLayout().documentSizeChanged.connect(self.moved)
        theme.changed.connect(self.refresh_marks)
        self.set_font_px(font_px)

    # -- the manuscript -----------------------------------------------------------------------

    @property
    def manuscript(self) -> Manuscript:
        """What is shown and edited."""
        return self._manuscript

    def set_manuscript(self, manuscript: Manuscript) -> None:
        """Show another manuscript, from its beginning."""
        clean = for_editor(manuscript.text)
        if clean != manuscript.text:
            manuscript.edit(0, len(manuscript.text), clean, origin="imported")
        self._manuscript = manuscript
        self._pending = None
        with self._unheard():
            self.document().clear()
            self.set_font_px(self._column.size_px)
            QTextCursor(self.document()).insertText(manuscript.text)
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.refresh_marks()
        self.edited.emit()

    def selection(self) -> tuple[int, int]:
        """Return the selection in the manuscript's positions; both the same when there is none."""
        cursor = self.textCursor()
        return self.position(cursor.selectionStart()), self.position(cursor.selectionEnd())

    def select(self, start: int, end: int) -> None:
        """Select a part of the manuscript and bring it into view."""
        self.setTextCursor(self._cursor(self.place(start), self.place(end)))
        self.ensureCursorVisible()

    def replace(
        self,
        start: int,
        end: int,
        text: str,
        *,
        label: str,
        origin: Origin = "typed",
        request_id: str = "",
    ) -> None:
        """Replace a part of the manuscript as one undo step; the caret goes after it."""
        if self.isReadOnly():
            return
        self.refuse_pending()
        text = for_editor(text)
        self._manuscript.end_step()
        change = self._manuscript.edit(
            start, end - start, text, label=label, origin=origin, request_id=request_id
        )
        if change is not None:
            self._show_change(change)

    def go_back(self, state: TextState, *, label: str) -> bool:
        """Show an earlier state as one undo step; the journal is the caller's. Whether it did."""
        self.refuse_pending()
        change = self._manuscript.go_back(for_editor(state.text), state.spans, label=label)
        if change is not None:
            self._show_change(change)
        return change is not None

    def refuse_pending(self) -> None:
        """Take waiting text away before something else happens to the manuscript."""
        if self._pending is not None:
            self.reject_wanted.emit()
            self.clear_pending()

    def undo_step(self) -> None:
        """Take the newest step back; waiting text counts as the newest."""
        if self._pending is not None:
            self.reject_wanted.emit()
            return
        change = self._manuscript.undo()
        if change is not None:
            self._show_change(change)

    def redo_step(self) -> None:
        """Bring the step taken back last again."""
        if self._pending is None and (change := self._manuscript.redo()) is not None:
            self._show_change(change)

    def _show_change(self, change: Change) -> None:
        """Make the editor show a change the manuscript already has."""
        start = self._manuscript.to_units(change.position)
        with self._unheard():
            cursor = self._cursor(start, start + utf16_length(change.removed.text))
            cursor.insertText(change.inserted.text)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        self.refresh_marks()
        self.edited.emit()

    # -- waiting text -------------------------------------------------------------------------

    @property
    def pending(self) -> Pending | None:
        """Where text waits for a yes."""
        return self._pending

    def begin_pending(self, start: int, end: int) -> None:
        """Make room after ``end`` for text that will replace ``start``..``end`` on a yes."""
        self.clear_pending()
        first, last = self._manuscript.to_units(start), self._manuscript.to_units(end)
        replaced = self._manuscript.text[start:end]
        self._pending = Pending(last, 0, last - first)
        self._lead = 0
        self._follow = True
        if start != end:
            caret = self.textCursor()
            caret.setPosition(last)
            self.setTextCursor(caret)
        if "\n" in replaced.strip("\n") or len(replaced) > Type.MANUSCRIPT_CHARACTERS * 2:
            self.add_pending("\n")
            self._lead = 1
        self.refresh_marks()

    def add_pending(self, text: str) -> None:
        """Write on at the end of the waiting text; caret and view stay."""
        pending = self._pending
        if pending is None or not text:
            return
        caret = self.textCursor()
        at_end = not caret.hasSelection() and caret.position() == pending.end
        scrolled = self.verticalScrollBar().value()
        text = for_editor(text)
        with self._unheard():
            self._cursor(pending.end).insertText(text)
        self._pending = pending.grown(utf16_length(text))
        if at_end:  # the caret went along with what was written; it belongs before it
            caret = self.textCursor()
            caret.setPosition(pending.end if pending.length else pending.start)
            self.setTextCursor(caret)
            self.verticalScrollBar().setValue(scrolled)
        self.refresh_marks()
        self._follow_pending()

    def show_pending(self, text: str) -> None:
        """Put another text in place of the waiting one."""
        pending = self._pending
        if pending is None:
            return
        self._pending = Pending(pending.start, self._lead, pending.replaces)
        self._remove(pending.start + self._lead, pending.end)
        self.add_pending(text)
        self.refresh_marks()

    def pending_text(self) -> str:
        """Return the waiting text as it stands, changes of the writer included."""
        if self._pending is None:
            return ""
        return self._raw(self._pending.start + self._lead, self._pending.end)

    def clear_pending(self) -> None:
        """Take the waiting text away; the manuscript and its undo stay as they are."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        self._remove(pending.start, pending.end)
        self._lead = 0
        self.refresh_marks()

    def accept_pending(self, *, label: str, request_id: str = "") -> None:
        """Make the waiting text part of the manuscript: one undo step, one journal entry."""
        pending = self._pending
        if pending is None:
            return
        text = self.pending_text()
        first = self._manuscript.to_position(pending.replaced_start)
        last = self._manuscript.to_position(pending.start)
        caret = self.textCursor()
        at_place = pending.replaced_start <= caret.position() <= pending.end
        self._pending = None
        self._remove(pending.replaced_start, pending.start + self._lead)
        self._lead = 0
        self._manuscript.end_step()
        self._manuscript.edit(
            first, last - first, Fragment.of(text, "generated", request_id), label=label
        )
        if at_place:
            caret = self.textCursor()
            caret.setPosition(pending.replaced_start + utf16_length(text))
            self.setTextCursor(caret)
        self.refresh_marks()
        self.edited.emit()

    def set_several(self, several: bool) -> None:
        """Say whether arrow keys at the place go through alternatives."""
        self._several = several

    def pending_rect(self) -> QRect | None:
        """Return the caret's place after the waiting text, in the viewport's coordinates."""
        if self._pending is None:
            return None
        return self.rect_at(self._pending.end)

    def text_follows_pending(self) -> bool:
        """Return whether there is text after the waiting text."""
        pending = self._pending
        return pending is not None and self.document().characterCount() - 1 > pending.end

    def rect_at(self, place: int) -> QRect:
        """Return the caret's rectangle at one of the editor's positions."""
        return self.cursorRect(self._cursor(place))

    def _follow_pending(self) -> None:
        """Scroll so that new text shows, until its beginning would leave the view."""
        if not self._follow or self._pending is None:
            return
        below = self.viewport().height() - Space.XXL * 3
        past = self.rect_at(self._pending.end).bottom() - below
        room = self.rect_at(self._pending.replaced_start).top() - Space.XXL
        by = min(past, room)
        if by > 0:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + by)

    # -- what was typed -----------------------------------------------------------------------

    def _on_contents_change(self, position: int, removed: int, added: int) -> None:
        if self._quiet:
            return
        pending = self._pending or Pending(self._manuscript.units + 1, 0)
        old_length = self._manuscript.units + pending.length
        new_length = self.document().characterCount() - 1
        removed = max(0, min(removed, old_length - position))
        added = max(0, min(added, new_length - position))
        if old_length - removed + added != new_length:  # Qt counts its last paragraph mark at times
            position, removed, added = 0, old_length, new_length
        while position and self.place(self.position(position)) != position:
            position, removed, added = position - 1, removed + 1, added + 1
        old = self._before(pending, position, position + removed)
        if utf16_length(old) != removed:  # half a pair at the end: look at everything
            position, removed, added = 0, old_length, new_length
            old = self._before(pending, 0, old_length)
        new = self._raw(position, position + added)
        self._take_in(pending, position, old, new)

    def _take_in(self, pending: Pending, position: int, old: str, new: str) -> None:
        """Tell the manuscript that ``old`` became ``new``; what is the same at the ends stays."""
        first, last = common_ends(old, new)
        if first:
            position += utf16_length(old[:first])
        old, new = old[first : len(old) - last], new[first : len(new) - last]
        if old == new:
            return
        splice = Splice(position, utf16_length(old), utf16_length(new))
        edit, after = pending.split(splice)
        if edit is not None:
            start = self._manuscript.to_position(edit.position)
            end = self._manuscript.to_position(edit.position + edit.removed)
            self._manuscript.edit(
                start,
                end - start,
                new if edit.added else "",
                label=self.tr("Paste") if self._origin == "pasted" else self.tr("Typing"),
                origin=self._origin,
                at_s=time.monotonic(),
            )
        if self._pending is not None:
            self._pending = after
            self.refresh_marks()
            if after.length <= self._lead and pending.length > self._lead:
                self.reject_wanted.emit()  # the writer removed all of it
        self.edited.emit()

    def _before(self, pending: Pending, start: int, end: int) -> str:
        """Return what the editor held in ``start``..``end`` before this change."""
        text = self._manuscript.text
        shown = self._shown_pending if pending.length else ""
        if not shown:
            return text[self.position(start, pending) : self.position(end, pending)]
        middle = self._manuscript.to_position(pending.start)
        return part_of(text[:middle] + shown + text[middle:], start, end)

    def position(self, place: int, pending: Pending | None = None) -> int:
        """Return which of the manuscript's positions one of the editor's is."""
        pending = pending or self._pending
        units = pending.to_manuscript(place) if pending is not None else place
        return self._manuscript.to_position(units)

    def place(self, position: int) -> int:
        """Return which of the editor's positions one of the manuscript's is."""
        units = self._manuscript.to_units(position)
        return self._pending.to_editor(units) if self._pending is not None else units

    def _raw(self, start: int, end: int) -> str:
        """Return the editor's text from ``start`` to ``end`` as plain text."""
        return from_editor(self._cursor(start, end).selectedText())

    def _remove(self, start: int, end: int) -> None:
        with self._unheard():
            self._cursor(start, end).removeSelectedText()

    def _cursor(self, start: int, end: int | None = None) -> QTextCursor:
        """Return a cursor over a range in the editor's positions, apart from the writer's."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        if end is not None:
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    # -- looks --------------------------------------------------------------------------------

    def set_font_px(self, size_px: int) -> None:
        """Set the size of the text; lines and column follow."""
        self._column.size_px = size_px
        with self._unheard():
            self._column.set_type()
        self._fit_column()
        self.moved.emit()

    def mark_found(self, found: list[tuple[int, int]]) -> None:
        """Mark places that a search found, in the manuscript's positions."""
        self.marks.set_found([(self.place(start), self.place(end)) for start, end in found])
        self.refresh_marks()

    def refresh_marks(self) -> None:
        """Draw gold, struck and found ranges anew."""
        pending = self._pending
        self._shown_pending = "" if pending is None else self._raw(pending.start, pending.end)
        self.marks.draw(pending)
        self.moved.emit()

    def _fit_column(self) -> None:
        margins = self.viewportMargins()
        side = self._column.centre((margins.left(), margins.right()))
        if side is not None:
            self.setViewportMargins(side, 0, side, 0)
        with self._unheard():
            self._column.leave_room()

    # -- Qt's hooks ---------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column in the middle."""
        self._fit_column()  # first, so that Qt lays the text out once, in its final width
        super().resizeEvent(event)
        self.moved.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Let the reader go elsewhere while a model writes."""
        self._follow = False
        super().wheelEvent(event)

    def loadResource(self, type: int, name: QUrl | str) -> Any:
        """Load nothing, whatever a text asks for."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy plain text."""
        data = QMimeData()
        data.setText(from_editor(self.textCursor().selectedText()))
        return data

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Take text and files."""
        return source.hasText() or source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Insert plain text; files are opened instead."""
        files = [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]
        if files:
            self.files_dropped.emit(files)
            return
        self._manuscript.end_step()
        before, self._origin = self._origin, "pasted"
        try:
            self.textCursor().insertText(for_editor(source.text()))
        finally:
            self._origin = before
        self._manuscript.end_step()
        self.ensureCursorVisible()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tab accepts, Esc rejects, arrows at the place go through takes; the rest is typing."""
        if not self._pending_key(event) and not self._own_key(event):
            super().keyPressEvent(event)

    def _pending_key(self, event: QKeyEvent) -> bool:
        if self._pending is None:
            return False
        key, plain = event.key(), event.modifiers() == Qt.KeyboardModifier.NoModifier
        if key == Qt.Key.Key_Tab and plain:
            self.accept_wanted.emit()
            return True
        if key == Qt.Key.Key_Escape:
            self.reject_wanted.emit()
            return True
        at_place = self.textCursor().position() == self._pending.start
        arrows = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if plain and self._several and at_place and key in arrows:
            self.step_wanted.emit(arrows[Qt.Key(key)])
            return True
        return False

    def _own_key(self, event: QKeyEvent) -> bool:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if enter and modifiers == Qt.KeyboardModifier.ControlModifier:
            self.generate_wanted.emit()
        elif enter and modifiers == Qt.KeyboardModifier.ShiftModifier:
            self.textCursor().insertText("\n")
            self.ensureCursorVisible()
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_step()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo_step()
        else:
            return False
        return True

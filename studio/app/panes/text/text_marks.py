"""What is marked in a manuscript: waiting text, what it replaces, what was found, what is heard."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from studio.app.theme import Theme
from studio.documents.manuscript.pending import Pending


class TextMarks:
    """Draws the marks of one editor; the text itself is not touched.

    Attributes:
        heard: The sentence that is read aloud now; moves along with edits.
    """

    def __init__(self, editor: QTextEdit, theme: Theme) -> None:
        self._editor = editor
        self._theme = theme
        self._found: list[QTextCursor] = []
        self.heard: QTextCursor | None = None

    def set_found(self, places: list[tuple[int, int]]) -> None:
        """Mark places that a search found, in the editor's positions."""
        self._found = [self._cursor(start, end) for start, end in places]

    def set_heard(self, place: tuple[int, int] | None) -> None:
        """Mark the sentence that is read aloud, in the editor's positions; ``None`` for none."""
        self.heard = self._cursor(*place) if place is not None else None

    def draw(self, pending: Pending | None) -> None:
        """Draw everything anew."""
        marks = [_mark(self.heard, self._heard_format())] if self.heard is not None else []
        marks += [_mark(cursor, self._found_format()) for cursor in self._found]
        if pending is not None:
            if pending.replaces:
                old = self._cursor(pending.replaced_start, pending.start)
                marks.append(_mark(old, self._old_format()))
            new = self._cursor(pending.start, pending.end)
            marks.append(_mark(new, self._gold_format()))
        self._editor.setExtraSelections(marks)

    def _cursor(self, start: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self._editor.document())
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _gold_format(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setBackground(QColor(self._theme.palette.gold_wash))
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
        look.setUnderlineColor(QColor(self._theme.palette.gold))
        return look

    def _old_format(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setForeground(QColor(self._theme.palette.off))
        look.setFontStrikeOut(True)
        return look

    def _heard_format(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setBackground(QColor(self._theme.palette.heard_wash))
        return look

    def _found_format(self) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setBackground(QColor(self._theme.palette.hover))
        look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
        return look


def _mark(cursor: QTextCursor, look: QTextCharFormat) -> Any:
    mark = QTextEdit.ExtraSelection()
    mark.cursor = cursor
    mark.format = look
    return mark

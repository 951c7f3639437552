"""An earlier state of a text beside what is there now: what would come back, and what would go."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit, QWidget

from studio.app.theme import Theme
from studio.app.theme.manuscript_font import line_height_px, manuscript_font
from studio.app.theme.tokens import Space, Type
from studio.app.widgets.words import fill_in
from studio.documents.comparing import Comparison, Piece

THIN_SPACE = "\N{THIN SPACE}"
SAMPLE = "the quick brown fox jumps over the lazy dog, and then it rests. "


class HistoryPreview(QTextEdit):
    """Plain text in the manuscript's look; nothing foreign in it is rendered or fetched."""

    def __init__(self, theme: Theme, font_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font_px = font_px
        self._comparison = Comparison(())
        self._marked = True
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QTextEdit.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName(self.tr("The document at that time"))
        self.document().setDocumentMargin(0)
        self.setFont(manuscript_font(font_px))
        theme.changed.connect(self._show_again)

    @property
    def marked(self) -> bool:
        """Whether what differs from now is marked."""
        return self._marked

    def set_marked(self, marked: bool) -> None:
        """Mark what differs from now, or show the state alone."""
        self._marked = marked
        self._show_again()

    def show_comparison(self, comparison: Comparison) -> None:
        """Show a state; the first difference comes into view."""
        self._comparison = comparison
        self._show_again()

    def _show_again(self) -> None:
        self.setUpdatesEnabled(False)
        self.clear()
        first = self._fill()
        self._fit_column()
        caret = self.textCursor()
        caret.setPosition(first)
        self.setTextCursor(caret)
        self.setUpdatesEnabled(True)
        self.ensureCursorVisible()
        bar = self.verticalScrollBar()
        if self.cursorRect().top() > self.viewport().height() // 2:
            bar.setValue(bar.value() + self.cursorRect().top() - self.viewport().height() // 3)

    def _fill(self) -> int:
        """Write the pieces; return where the first difference stands."""
        cursor = QTextCursor(self.document())
        block = QTextBlockFormat()
        fixed = QTextBlockFormat.LineHeightTypes.FixedHeight.value
        block.setLineHeight(line_height_px(self._font_px), fixed)
        cursor.setBlockFormat(block)
        first, before = -1, ""
        cursor.beginEditBlock()
        for piece in self._comparison.pieces:
            if piece.kind == "now" and not self._marked:
                continue
            if first < 0 and piece.kind in ("then", "now"):
                first = cursor.position()
            if before == "then" and piece.kind == "now" and self._marked:
                cursor.insertText(THIN_SPACE, QTextCharFormat())
            cursor.insertText(_words(piece), self._format(piece))
            before = piece.kind
        cursor.endEditBlock()
        return max(0, first)

    def _format(self, piece: Piece) -> QTextCharFormat:
        colours = self._theme.palette
        form = QTextCharFormat()
        if piece.kind == "gap":
            form.setForeground(QColor(colours.quiet))
            form.setFontItalic(True)
        elif piece.kind == "then" and self._marked:
            form.setForeground(QColor(colours.good))
            form.setFontUnderline(True)
        elif piece.kind == "now":
            form.setForeground(QColor(colours.bad))
            form.setFontStrikeOut(True)
        else:
            form.setForeground(QColor(colours.text))
        return form

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the column."""
        super().resizeEvent(event)
        self._fit_column()

    def loadResource(self, type: int, name: QUrl | str) -> Any:
        """Load nothing, whatever a text asks for."""
        return None

    def _fit_column(self) -> None:
        metrics = QFontMetricsF(self.font())
        per_letter = metrics.horizontalAdvance(SAMPLE) / len(SAMPLE)
        column = per_letter * Type.MANUSCRIPT_CHARACTERS
        side = max(float(Space.XXL), (self.viewport().width() - column) / 2)
        frame = self.document().rootFrame()
        form = frame.frameFormat()
        if form.leftMargin() != side:
            form.setLeftMargin(side)
            form.setRightMargin(side)
            form.setTopMargin(Space.XL)
            form.setBottomMargin(Space.XXL)
            frame.setFrameFormat(form)


def _words(piece: Piece) -> str:
    if piece.kind != "gap":
        return piece.text
    words = QCoreApplication.translate("history", "%1 words that are the same now")
    return f"\n…  {fill_in(words, QLocale().toString(piece.words))}  …\n"

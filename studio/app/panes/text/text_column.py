"""The column a manuscript stands in: its typeface, its width in characters, its lines."""

from __future__ import annotations

from PySide6.QtGui import (
    QFontMetricsF,
    QTextBlockFormat,
    QTextCursor,
    QTextFrameFormat,
)
from PySide6.QtWidgets import QTextEdit

from studio.app.theme.manuscript_font import line_height_px, manuscript_font
from studio.app.theme.tokens import Space, Type

#: Part of the height left free below the last line, so that one does not write at the edge.
ROOM_BELOW = 0.4
SAMPLE = "the quick brown fox jumps over the lazy dog, and then it rests. "


class TextColumn:
    """Measures one editor. Its changes are of looks only; the editor must not hear them as edits.

    Attributes:
        size_px: Size of the text; lines and column follow.
    """

    def __init__(self, editor: QTextEdit, size_px: int) -> None:
        self._editor = editor
        self.size_px = size_px

    def set_type(self) -> None:
        """Give the text its typeface and lines."""
        font = manuscript_font(self.size_px)
        self._editor.setFont(font)
        self._editor.document().setDefaultFont(font)
        block = QTextBlockFormat()
        fixed = QTextBlockFormat.LineHeightTypes.FixedHeight.value
        block.setLineHeight(line_height_px(self.size_px), fixed)
        cursor = QTextCursor(self._editor.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.setBlockFormat(block)

    def centre(self, margins: tuple[int, int]) -> int | None:
        """Return the side margin that centres the column; ``None`` when ``margins`` are right."""
        editor = self._editor
        advance = QFontMetricsF(editor.font()).horizontalAdvance(SAMPLE) / len(SAMPLE)
        wanted = round(advance * Type.MANUSCRIPT_CHARACTERS)
        free = editor.width() - editor.verticalScrollBar().sizeHint().width() - wanted
        side = max(Space.XL, free // 2)
        return side if margins != (side, side) else None

    def leave_room(self) -> None:
        """Leave room above the first and below the last line."""
        frame = self._editor.document().rootFrame()
        look = QTextFrameFormat(frame.frameFormat())
        below = round(self._editor.height() * ROOM_BELOW)
        if (look.topMargin(), look.bottomMargin()) != (Space.XXL, below):
            look.setTopMargin(Space.XXL)
            look.setBottomMargin(below)
            frame.setFrameFormat(look)

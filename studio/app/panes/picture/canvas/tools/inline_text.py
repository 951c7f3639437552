"""A field on the canvas to write in, as large as the letters will be in the picture."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from studio.app.panes.picture.canvas.tools.text_drawing import (
    ANCHOR_SHARES,
    TextOptions,
    align,
)
from studio.app.theme.tokens import Space
from studio.app.widgets.words import translate

POINTS_PER_INCH = 72.0
PLAIN_SHEET = "background: transparent; border: none; padding: 0;"
ROOM = Space.XL
"""Free width after the last letter, for the text cursor."""


class InlineText(QTextEdit):
    """Plain text, laid out as it will be drawn; Ctrl+Enter is done, Esc gives up."""

    done = Signal()
    given_up = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._anchor, self._zoom, self._options = QPointF(), 1.0, TextOptions()
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet(PLAIN_SHEET)
        self.document().setDocumentMargin(0)
        self.setAccessibleName(translate("tools", "Text on the canvas"))
        self.setAccessibleDescription(
            translate("tools", "Ctrl+Enter puts the text into the picture, Esc gives it up.")
        )
        self.textChanged.connect(self._fit)

    def show_as(self, options: TextOptions, colour: QColor, zoom: float, anchor: QPointF) -> None:
        """Look as the picture will.

        Args:
            options: The letters.
            colour: Their colour.
            zoom: Pixels of the window per pixel of the picture.
            anchor: Where the lines meet, at the upper edge, in the canvas's own measure.
        """
        self._anchor, self._zoom, self._options = anchor, zoom, options
        font = options.font()
        size_pt = options.size_px * zoom * POINTS_PER_INCH / self.logicalDpiY()
        font.setPointSizeF(max(1.0, size_pt))
        self.document().setDefaultFont(font)
        self.setFont(font)
        align(self.document(), options.align)
        self.setStyleSheet(f"{PLAIN_SHEET} color: {colour.name()};")
        self._fit()

    def _fit(self) -> None:
        """Be as large as the text, and stay where its lines meet."""
        document = self.document()
        wide = max(document.idealWidth(), self._options.size_px * self._zoom / 2)
        size = QSizeF(wide + ROOM, document.size().height() + Space.XS).toSize()
        left = self._anchor.x() - ANCHOR_SHARES[self._options.align] * size.width()
        self.setGeometry(round(left), round(self._anchor.y()), size.width(), size.height())

    def event(self, event: QEvent) -> bool:
        """Keep Esc and Ctrl+Enter from the window's shortcuts."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and _ends(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """End with Esc or Ctrl+Enter."""
        if not _ends(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            self.done.emit()


def _ends(event: QKeyEvent) -> bool:
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
    return event.key() == Qt.Key.Key_Escape or bool(enter and control)

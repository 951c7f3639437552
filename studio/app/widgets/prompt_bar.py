"""Where the user says what is wanted: a field that grows to six lines, and the one button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space

MAX_LINES = 6


class PromptEdit(QPlainTextEdit):
    """Plain text that is as high as its lines, up to six. Tab leaves it."""

    submitted = Signal()
    escaped = Signal()

    def __init__(self, parent: QWidget | None = None, *, enter_submits: bool = False) -> None:
        super().__init__(parent)
        self.enter_submits = enter_submits
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Leave files to the window: their addresses are not what one wants to say."""
        return source.hasText() and not any(url.isLocalFile() for url in source.urls())

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Take text only: nothing foreign is rendered."""
        self.insertPlainText(source.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Submit on Ctrl+Enter (and on Enter where asked for); Shift+Enter is a new line."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            plain = modifiers == Qt.KeyboardModifier.NoModifier and self.enter_submits
            if plain or modifiers == Qt.KeyboardModifier.ControlModifier:
                self.submitted.emit()
                return
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            event.ignore()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: object) -> None:
        """Keep the height right when lines wrap anew."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _fit(self) -> None:
        lines = max(1, min(MAX_LINES, round(self.document().size().height())))
        margin = round(self.document().documentMargin()) * 2
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + margin + 2)


class PromptBar(QFrame):
    """The prompt, room for small controls, and the primary button that becomes "Stop".

    ``leading`` is an empty row at the lower left for a pane's own small controls, ``trailing`` one
    beside the button, and ``below`` a column under the field for more fields.
    """

    submitted = Signal(str)
    """The text, when the button was pressed or Ctrl+Enter came and it can be done."""
    stop_requested = Signal()
    text_changed = Signal()

    def __init__(
        self,
        button: str,
        placeholder: str = "",
        parent: QWidget | None = None,
        *,
        enter_submits: bool = False,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(parent)
        set_role(self, "prompt")
        self._button_text = button
        self._busy = False
        self._reason = ""
        self._allow_empty = allow_empty
        self.edit = PromptEdit(self, enter_submits=enter_submits)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setAccessibleName(placeholder or self.tr("Prompt"))
        self.edit.installEventFilter(self)
        self.button = QPushButton(button, self)
        self.button.setIconSize(QSize(*Size.ICON_AND_GAP))
        set_role(self.button, "primary")
        self.leading = QHBoxLayout()
        self.leading.setSpacing(Space.XS)
        self.trailing = QHBoxLayout()
        self.trailing.setSpacing(Space.XS)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addLayout(self.leading)
        row.addStretch()
        row.addLayout(self.trailing)
        row.addWidget(self.button)
        self.below = QVBoxLayout()
        self.below.setSpacing(Space.XS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.S, Space.S)
        layout.setSpacing(Space.S)
        layout.addWidget(self.edit)
        layout.addLayout(self.below)
        layout.addLayout(row)
        self.setFocusProxy(self.edit)
        self.edit.textChanged.connect(self._changed)
        self.edit.submitted.connect(self.submit)
        self.edit.escaped.connect(self._escape)
        self.button.clicked.connect(self._pressed)
        self._refresh()

    def text(self) -> str:
        """Return what stands in the field."""
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace what stands in the field."""
        self.edit.setPlainText(text)

    def clear(self) -> None:
        """Empty the field, as an edit that can be undone."""
        cursor = self.edit.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.removeSelectedText()

    @property
    def busy(self) -> bool:
        """Whether the button says "Stop"."""
        return self._busy

    def set_busy(self, busy: bool) -> None:
        """Turn the button into "Stop" while something runs, and back."""
        self._busy = busy
        self._refresh()

    def set_button_text(self, text: str) -> None:
        """Say what the button will do, such as "Continue" or "Rewrite"."""
        self._button_text = text
        self._refresh()

    def set_placeholder(self, text: str) -> None:
        """Say what belongs into the field."""
        self.edit.setPlaceholderText(text)
        self.edit.setAccessibleName(text)

    def set_reason(self, reason: str) -> None:
        """Grey the button with the reason why it cannot be done now; "" makes it usable."""
        self._reason = reason
        self._refresh()

    def submit(self) -> None:
        """Do what the button says, when it can be done."""
        if self.can_submit():
            self.submitted.emit(self.text())

    def can_submit(self) -> bool:
        """Return whether there is something to do and nothing in the way."""
        has_words = self._allow_empty or bool(self.text().strip())
        return has_words and not self._busy and not self._reason

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the focus of the field as the ring of the whole bar."""
        if watched is self.edit and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("focused", event.type() == QEvent.Type.FocusIn)
            self.style().unpolish(self)
            self.style().polish(self)
        return super().eventFilter(watched, event)

    def _pressed(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            self.submit()

    def _escape(self) -> None:
        if self._busy:
            self.stop_requested.emit()

    def _changed(self) -> None:
        self._refresh()
        self.text_changed.emit()

    def _refresh(self) -> None:
        set_role(self.button, "" if self._busy else "primary")
        if self._busy:
            self.button.setText(self.tr("Stop"))
            self.button.setIcon(icon("square", "text"))
            self.button.setToolTip(self.tr("Stop (Esc)"))
            self.button.setEnabled(True)
            return
        self.button.setText(self._button_text)
        self.button.setIcon(icon("corner-down-left", "on_gold" if self.can_submit() else "quiet"))
        keys = self.tr("Ctrl+Enter")
        self.button.setToolTip(self._reason or f"{self._button_text} ({keys})")
        self.button.setEnabled(self.can_submit())

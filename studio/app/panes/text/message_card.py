"""One message of a chat: plain text, its versions, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.core.requests import Role
from studio.documents.chat.tree import Node
from studio.documents.manuscript.text_units import for_editor


class MessageText(QPlainTextEdit):
    """Plain text as high as it is; nothing in it is rendered."""

    submitted = Signal()
    escaped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(Space.XS)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.set_editing(False)

    @property
    def editing(self) -> bool:
        """Whether it can be changed now."""
        return not self.isReadOnly()

    def set_editing(self, editing: bool) -> None:
        """Let the text be changed, or only read and selected."""
        self.setReadOnly(not editing)
        self.setProperty("editing", editing)
        self.style().unpolish(self)
        self.style().polish(self)
        self._fit()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Take text only."""
        self.insertPlainText(for_editor(source.text()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter keeps an edit, Esc leaves it."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if self.editing and enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.submitted.emit()
        elif self.editing and event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the height right when lines wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: object) -> None:
        """Leave the wheel to the list of messages."""
        event.ignore()  # type: ignore[attr-defined]

    def _fit(self) -> None:
        lines = max(1, round(self.document().size().height()))
        spacing = self.fontMetrics().lineSpacing()
        frame = 2 * self.frameWidth() + 2 * round(self.document().documentMargin())
        self.setFixedHeight(lines * spacing + frame + 2)


class MessageCard(QFrame):
    """One message, by a person or a model, or the answer that is being written."""

    edit_kept = Signal(int, str)
    branch_wanted = Signal(int, str)
    regenerate_wanted = Signal(int)
    delete_wanted = Signal(int)
    step_wanted = Signal(int, int)
    send_to_cursor_wanted = Signal(int)

    def __init__(self, node: Node | None, place: int, count: int, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "message")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.node = node
        self.key = (node, place, count)
        by_user = node is not None and node.role is Role.USER
        self.setProperty("speaker", "user" if by_user else "model")
        self.setProperty("writing", node is None)
        speaker = self.tr("You") if by_user else self.tr("Model")
        self._speaker = QLabel(speaker)
        set_role(self._speaker, "caption")
        self.note = QLabel()
        self.note.setFont(tabular(self.note.font()))
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.note, "caption")
        self.note.setWordWrap(True)
        self.tell("")
        self.text = MessageText()
        self.text.setAccessibleName(speaker)
        self.text.setPlainText(for_editor(node.content) if node is not None else "")
        self.text.submitted.connect(self.keep)
        self.text.escaped.connect(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        layout.setSpacing(Space.XS)
        layout.addLayout(self._make_head(place, count))
        layout.addWidget(self.text)
        self._foot = self._make_foot(by_user)
        layout.addWidget(self._foot)

    def tell(self, words: str) -> None:
        """Show beside the name what the user should know about how the message was made."""
        edited = self.tr("edited by you") if self.node is not None and self.node.edited else ""
        self.note.setText(" · ".join(part for part in (edited, words) if part))
        self.note.setVisible(bool(self.note.text()))  # an empty one would make the card higher

    def append(self, text: str) -> None:
        """Write on."""
        cursor = self.text.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        cursor.insertText(for_editor(text))

    def start_editing(self) -> None:
        """Let the message be changed in place."""
        self.text.set_editing(True)
        self._foot.show()
        self.text.setFocus()

    def keep(self) -> None:
        """Keep the change."""
        if self.node is not None:
            self.leave_quietly()
            self.edit_kept.emit(self.node.id, self.text.toPlainText())

    def ask_again(self) -> None:
        """Keep the old message and ask in the new words beside it."""
        if self.node is not None:
            words = self.text.toPlainText()
            self.leave()
            self.branch_wanted.emit(self.node.id, words)

    def leave(self) -> None:
        """Leave the message as it was."""
        if self.node is not None:
            self.text.setPlainText(self.node.content)
        self.leave_quietly()

    def leave_quietly(self) -> None:
        """Stop changing it."""
        self.text.set_editing(False)
        self._foot.hide()

    def _make_head(self, place: int, count: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self._speaker)
        row.addSpacing(Space.S)
        row.addWidget(self.note, 1)
        row.addStretch()
        node = self.node
        if node is None:
            return row
        if count > 1:
            back = self._tool("chevron-left", self.tr("Version before"))
            back.clicked.connect(lambda: self.step_wanted.emit(node.id, -1))
            back.setEnabled(place > 1)
            label = QLabel(f"{place}/{count}")
            label.setFont(tabular(label.font()))
            set_role(label, "caption")
            forth = self._tool("chevron-right", self.tr("Next version"))
            forth.clicked.connect(lambda: self.step_wanted.emit(node.id, 1))
            forth.setEnabled(place < count)
            for widget in (back, label, forth):
                row.addWidget(widget)
            row.addSpacing(Space.S)
        if node.role is Role.ASSISTANT:
            send = self._tool("text-cursor-input", self.tr("Send to the cursor in the manuscript"))
            send.clicked.connect(lambda: self.send_to_cursor_wanted.emit(node.id))
            row.addWidget(send)
        again = self._tool("refresh-cw", self.tr("Answer again, as another version"))
        again.clicked.connect(lambda: self.regenerate_wanted.emit(node.id))
        edit = self._tool("pencil", self.tr("Edit"))
        edit.clicked.connect(self.start_editing)
        copy = self._tool("copy", self.tr("Copy"))
        copy.clicked.connect(self._copy)
        delete = self._tool("trash-2", self.tr("Delete, with what follows; can be undone"))
        delete.clicked.connect(lambda: self.delete_wanted.emit(node.id))
        for widget in (again, edit, copy, delete):
            row.addWidget(widget)
        return row

    def _make_foot(self, by_user: bool) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        keep = QPushButton(self.tr("Keep (Ctrl+Enter)"))
        keep.clicked.connect(self.keep)
        buttons = [keep]
        if by_user:
            ask = QPushButton(self.tr("Ask this way instead"))
            ask.setToolTip(self.tr("A new branch: what was said before stays, one click away"))
            ask.clicked.connect(self.ask_again)
            buttons.append(ask)
        leave = QPushButton(self.tr("Leave (Esc)"))
        leave.clicked.connect(self.leave)
        for button in (*buttons, leave):
            set_role(button, "flat")
            row.addWidget(button)
        row.addStretch()
        foot.hide()
        return foot

    def _tool(self, name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

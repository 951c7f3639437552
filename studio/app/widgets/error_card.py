"""An error beside its cause: what happened, what to do, and the rest to unfold and copy."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.words import copied_text

DETAILS_HEIGHT = 120


class ErrorCard(QFrame):
    """Two lines of words, "Details" with "Copy details", and a cross."""

    dismissed = Signal()

    def __init__(
        self, message: str = "", hint: str = "", details: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_role(self, "error")
        self._message = _words("heading")
        self._hint = _words("quiet")
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(Space.XS)
        self._details_button = QPushButton(self.tr("Details"))
        self._details_button.setCheckable(True)
        self._copy_button = QPushButton(self.tr("Copy details"))
        for button in (self._details_button, self._copy_button):
            set_role(button, "flat")
            self.buttons.addWidget(button)
        self.buttons.addStretch()
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFixedHeight(DETAILS_HEIGHT)
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setTabChangesFocus(True)
        set_role(self._details, "field")
        close = IconButton("x", self.tr("Dismiss"), self.dismiss, icon_px=Size.SMALL_ICON)
        column = QVBoxLayout()
        column.setSpacing(Space.XS)
        for widget in (self._message, self._hint):
            column.addWidget(widget)
        column.addLayout(self.buttons)
        column.addWidget(self._details)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.S, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(IconLabel("circle-alert", "bad"), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._details_button.toggled.connect(self._details.setVisible)
        self._copy_button.clicked.connect(self.copy)
        self.show_error(message, hint, details)

    def show_error(self, message: str, hint: str = "", details: str = "") -> None:
        """Show other words; the card appears when it was dismissed."""
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._details.setPlainText(details)
        self._details.setVisible(False)
        self._details_button.setChecked(False)
        self._details_button.setVisible(bool(details))
        self._copy_button.setVisible(bool(details))
        self.setAccessibleName(f"{message} {hint}".strip())
        if message:
            self.show()

    def dismiss(self) -> None:
        """Hide the card."""
        self.hide()
        self.dismissed.emit()

    def copy(self) -> None:
        """Put message, hint and details on the clipboard."""
        QGuiApplication.clipboard().setText(
            copied_text(self._message.text(), self._hint.text(), self._details.toPlainText())
        )


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    set_role(label, role)
    return label

"""A bar above the work that says what is the matter with a project and what can be done now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.app.theme.icons import Role
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel

Choice = tuple[str, Callable[[], object]]


class ProjectBar(QFrame):
    """What happened, what to do, and a button for each way out; the first one is the best."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "notice")
        self.about: object = None
        self.buttons: list[QPushButton] = []
        self._icon = IconLabel("info")
        self.words, self.hint = _words("heading"), _words("quiet")
        column = QVBoxLayout()
        column.setSpacing(Space.XS)
        column.addWidget(self.words)
        column.addWidget(self.hint)
        self._row = QHBoxLayout()
        self._row.setSpacing(Space.S)
        column.addLayout(self._row)
        self._row.addStretch()
        close = IconButton("x", self.tr("Dismiss"), self.hide, icon_px=Size.SMALL_ICON)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.M, Space.S, Space.M)
        layout.setSpacing(Space.M)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(column, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(
        self,
        about: object,
        words: str,
        hint: str = "",
        choices: Sequence[Choice] = (),
        *,
        icon_name: str = "info",
        role: Role = "quiet",
    ) -> None:
        """Show this in place of what was said before.

        Args:
            about: What it is about, usually a project, so that it can be taken back.
            words: What happened.
            hint: What to do.
            choices: Buttons.
            icon_name: Lucide icon.
            role: Its colour.
        """
        self.about = about
        self._icon.set_icon(icon_name, role)
        self.words.setText(words)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.setAccessibleName(f"{words} {hint}".strip())
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(*choice) for choice in choices]
        self.show()

    def take_back(self, about: object) -> None:
        """Hide what was said about something."""
        if self.about is about:
            self.about = None
            self.hide()

    def _button(self, words: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.clicked.connect(lambda: then())
        self._row.insertWidget(self._row.count() - 1, button)
        return button


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label

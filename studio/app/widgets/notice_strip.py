"""A quiet bar above the work: one sentence, a few buttons, a cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel

Choice = tuple[str, Callable[[], object]]


class NoticeStrip(QFrame):
    """Shows the newest notice; any choice closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "strip")
        self.words = ElidedLabel()
        self.buttons: list[QPushButton] = []
        self._choices = QHBoxLayout()
        self._choices.setSpacing(Space.XS)
        close = QToolButton()
        close.setIcon(icon("x"))
        close.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        close.setToolTip(self.tr("Close"))
        close.setAccessibleName(self.tr("Close"))
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self.words, 1)
        row.addLayout(self._choices)
        row.addWidget(close)
        self.hide()

    def say(self, words: str, choices: Sequence[Choice] = ()) -> None:
        """Show a sentence and what can be done about it."""
        self.words.setText(words)
        self.setAccessibleName(words)
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [self._button(*choice) for choice in choices]
        self.show()

    def _button(self, words: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        set_role(button, "flat")

        def chosen() -> None:
            self.hide()
            then()

        button.clicked.connect(chosen)
        self._choices.addWidget(button)
        return button

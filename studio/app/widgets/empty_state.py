"""What an empty place says: one sentence, one example that runs, one way to bring own work."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.icon_label import IconLabel

Choice = tuple[str, Callable[[], object]]
"""A button: what it says and what it does."""

SENTENCE_WIDTH = 420
ICON_SIZE = 32


class EmptyState(QWidget):
    """Centred words for a place where nothing is yet."""

    def __init__(
        self,
        title: str,
        sentence: str,
        example: Choice | None = None,
        own_work: Choice | None = None,
        parent: QWidget | None = None,
        *,
        icon_name: str = "",
    ) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.XL)
        layout.setSpacing(Space.S)
        layout.addStretch(2)
        if icon_name:
            layout.addWidget(
                IconLabel(icon_name, icon_px=ICON_SIZE), 0, Qt.AlignmentFlag.AlignHCenter
            )
            layout.addSpacing(Space.S)
        self.title = QLabel(title)
        self.sentence = QLabel(sentence)
        self.sentence.setWordWrap(True)
        self.sentence.setMaximumWidth(SENTENCE_WIDTH)
        for label, role in ((self.title, "title"), (self.sentence, "quiet")):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            set_role(label, role)
            line = QHBoxLayout()
            line.addStretch(1)
            line.addWidget(label, 100)
            line.addStretch(1)
            layout.addLayout(line)
        self.example_button = self._button(example)
        self.own_work_button = self._button(own_work)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch()
        for button in (self.example_button, self.own_work_button):
            if button is not None:
                row.addWidget(button)
        row.addStretch()
        layout.addSpacing(Space.S)
        layout.addLayout(row)
        layout.addStretch(3)

    def _button(self, choice: Choice | None) -> QPushButton | None:
        if choice is None:
            return None
        button = QPushButton(choice[0], self)
        button.clicked.connect(lambda: choice[1]())
        return button

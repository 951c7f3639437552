"""The card over an empty canvas: what one can do here, or why no model paints yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel

CARD_WIDTH = 420
AROUND_WORDS = 2 * Size.CONTROL + Size.ICON + 2 * Space.L
"""What margins, icon and cross take of the width."""
Choice = tuple[str, Callable[[], object]]
"""What a button says and does."""


class CanvasCard(QFrame):
    """A title, a few sentences and buttons; what lies beside it can be painted on."""

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.title = _words("section")
        self.sentence = _words("quiet")
        self.buttons: list[QPushButton] = []
        self._icon = IconLabel("image", "quiet")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(Space.S)
        close = IconButton("x", self.tr("Put this card away"), self._dismiss,
                           icon_px=Size.SMALL_ICON)  # fmt: skip
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self.title)
        words.addWidget(self.sentence)
        words.addSpacing(Space.S)
        words.addLayout(self._row)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.M, Space.S, Space.L)
        row.setSpacing(Space.M)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def say(self, title: str, sentence: str, choices: Sequence[Choice]) -> None:
        """Show other words; the same ones change nothing."""
        if (title, sentence) == (self.title.text(), self.sentence.text()):
            return
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.setAccessibleName(f"{title}. {sentence}")
        for button in self.buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        while (item := self._row.takeAt(0)) is not None:
            del item
        self.buttons = [self._button(*choice) for choice in choices]
        self._row.addStretch()

    def fit(self, room_px: int) -> None:
        """Take the size the words need, at most ``room_px`` wide."""
        width = max(Size.INSPECTOR_MIN, min(CARD_WIDTH, room_px))
        self.setFixedWidth(width)
        layout = self.layout()
        wanted = sum(button.sizeHint().width() for button in self.buttons) + 2 * Space.S
        beside = wanted <= width - AROUND_WORDS
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        if layout is not None:
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(width))

    def _button(self, words: str, then: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.clicked.connect(lambda: then())
        self._row.addWidget(button)
        return button

    def _dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label

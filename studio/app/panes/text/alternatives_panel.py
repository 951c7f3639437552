"""Takes side by side under the cursor: look, choose with the arrows, take with Tab or Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.text.alternatives import Alternatives
from studio.app.panes.text.fact_note import FactNote
from studio.app.panes.text.float_bar import status_words
from studio.app.panes.text.take import TakeState
from studio.app.settings_model import SettingsModel
from studio.app.theme.manuscript_font import manuscript_font
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space, Type
from studio.documents.manuscript.counting import count_words

CARD_WIDTH = 240


class TakeCard(QFrame):
    """One take as plain text."""

    chosen = Signal()
    taken = Signal()

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "take")
        self.setMinimumWidth(CARD_WIDTH)
        self._number = number
        self._title = QLabel(str(number))
        self._title.setFont(tabular(self._title.font()))
        set_role(self._title, "caption")
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.body.setFont(manuscript_font(Type.SECTION))
        self.body.viewport().installEventFilter(self)
        set_role(self.body, "take")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.XS, Space.XS)
        layout.setSpacing(Space.XS)
        layout.addWidget(self._title)
        layout.addWidget(self.body, 1)

    def show_text(self, text: str, status: str) -> None:
        """Show the text so far and what happens."""
        before = self.body.toPlainText()
        if text.startswith(before) and before:
            cursor = self.body.textCursor()
            cursor.movePosition(cursor.MoveOperation.End)
            cursor.insertText(text[len(before) :])
        elif text != before:
            self.body.setPlainText(text)
        self._title.setText(f"{self._number}  {status}")
        self.setAccessibleName(f"{self._number}: {text}")

    def set_chosen(self, chosen: bool) -> None:
        """Draw the edge in gold, or not."""
        self.setProperty("chosen", chosen)
        self.style().unpolish(self)
        self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses."""
        self.chosen.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click takes."""
        self.taken.emit()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Clicks on the text are clicks on the card."""
        if event.type() == QEvent.Type.MouseButtonPress:
            self.chosen.emit()
            return True
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.taken.emit()
            return True
        return False


class AlternativesPanel(QFrame):
    """All takes of :class:`Alternatives` and their keys."""

    taken = Signal()
    dropped = Signal()

    def __init__(
        self, alternatives: Alternatives, settings: SettingsModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self.note = FactNote(settings)
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.hide()
        set_role(self._notice, "caption")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Alternatives"))
        self._alternatives = alternatives
        self.cards: list[TakeCard] = []
        self._strip = QWidget()
        set_role(self._strip, "page")
        self._row = QHBoxLayout(self._strip)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.S)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._strip)
        self._take = self._button(self.tr("Take (Tab)"), self.taken)
        set_role(self._take, "link")
        self._like = self._button(self.tr("More like this"), alternatives.more_like_chosen)
        self._another = self._button(self.tr("Another"), alternatives.another)
        self._drop = self._button(self.tr("Drop all (Esc)"), self.dropped)
        self._keys = QLabel(self.tr("← → choose"))
        set_role(self._keys, "caption")
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.XS)
        for button in (self._take, self._like, self._another, self._drop):
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self._keys)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.S)
        layout.setSpacing(Space.S)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(buttons)
        layout.addWidget(self._notice)
        layout.addWidget(self.note)
        alternatives.listed.connect(self._rebuild)
        alternatives.written.connect(self._show)
        alternatives.chosen_changed.connect(self._choose)
        self.hide()

    def _button(self, words: str, then: object) -> QPushButton:
        button = QPushButton(words)
        set_role(button, "flat")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(then)
        return button

    def _rebuild(self) -> None:
        count = len(self._alternatives.items)
        while len(self.cards) > count:
            card = self.cards.pop()
            self._row.removeWidget(card)
            card.hide()
            card.deleteLater()
        while len(self.cards) < count:
            number = len(self.cards)
            card = TakeCard(number + 1)
            card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            card.chosen.connect(lambda n=number: self._alternatives.choose(n))
            card.taken.connect(self.taken)
            self.cards.append(card)
            self._row.addWidget(card)
        for index in range(count):
            self._show(index)
        self._choose(self._alternatives.chosen)

    def _show(self, index: int) -> None:
        take = self._alternatives.items[index].take
        text = self._alternatives.text(index)
        if take.running:
            status = status_words(take)
        elif take.state is TakeState.FAILED and take.failure is not None:
            status = take.failure.message
            text = text or take.failure.hint
        else:
            status = self.tr("%1 words").replace("%1", str(count_words(text)))
        wish = self._alternatives.wish
        self._notice.setText(wish.notices(take) if wish is not None else "")
        self._notice.setVisible(bool(self._notice.text()))
        self.note.set_useful(bool(text))
        self.cards[index].show_text(text.strip(), status)
        self._refresh_buttons()

    def _choose(self, index: int) -> None:
        for number, card in enumerate(self.cards):
            card.set_chosen(number == index)
        if self.cards:
            self._scroll.ensureWidgetVisible(self.cards[min(index, len(self.cards) - 1)])
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        alternatives = self._alternatives
        has_text = alternatives.active and bool(alternatives.text(alternatives.chosen))
        self._take.setEnabled(has_text)
        self._like.setEnabled(has_text and not alternatives.items[alternatives.chosen].take.running)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose, Tab and Enter take, Esc drops."""
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self._alternatives.choose(self._alternatives.chosen - 1)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self._alternatives.choose(self._alternatives.chosen + 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit()
        elif key == Qt.Key.Key_Escape:
            self.dropped.emit()
        elif Qt.Key.Key_1 <= key < Qt.Key.Key_1 + len(self.cards):
            self._alternatives.choose(key - Qt.Key.Key_1)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tab takes before it would move the focus."""
        pressed = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if pressed and event.key() == Qt.Key.Key_Tab and self._take.isEnabled():  # type: ignore[attr-defined]
            self.taken.emit()
            return True
        return super().event(event)

    def wanted_height(self) -> int:
        """Return the height at which a few sentences fit."""
        return Size.STRIP * 6

"""A chat on screen: messages as plain cards, the prompt below, and the system prompt on top."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.panes.text.chat_model import ChatModel
from studio.app.panes.text.fact_note import FactNote
from studio.app.panes.text.float_bar import status_words
from studio.app.panes.text.message_card import MessageCard
from studio.app.panes.text.writing_options import WritingOptions
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.collapsible import Collapsible
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.prompt_bar import PromptBar, PromptEdit
from studio.core.errors import StudioError
from studio.core.events import Failed
from studio.core.requests import Role

CHAT_WIDTH = 760
EXAMPLE = "Give me three unusual occupations for the main character of a novel."


class ChatView(QWidget):
    """Binds one chat model to its cards."""

    changed = Signal()
    send_to_cursor = Signal(str, str)
    """Text of an answer, and the id of the request that made it."""

    def __init__(
        self,
        context: AppContext,
        options: WritingOptions,
        model: ChatModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._options = options
        self.model = model
        self._cards: list[MessageCard] = []
        self._writing: MessageCard | None = None
        self.system = PromptEdit()
        self.system.setPlainText(model.tree.system)
        self.system.setPlaceholderText(
            self.tr("What the model should keep in mind, such as who it is and how it answers")
        )
        self.system.setAccessibleName(self.tr("System prompt"))
        set_role(self.system, "field")
        self._system_timer = QTimer(self)
        self._system_timer.setSingleShot(True)
        self._system_timer.setInterval(800)
        self._system_timer.timeout.connect(self._keep_system)
        self.system.textChanged.connect(self._system_timer.start)
        self.error_card = ErrorCard(parent=self)
        self.error_card.hide()
        self.prompt = PromptBar(self.tr("Send"), self.tr("Say something to the model"), self)
        self.empty = EmptyState(
            self.tr("Talk it over"),
            self.tr(
                "Ask, brainstorm, let a character answer. Any answer can be changed, "
                "asked for again, or sent to the cursor in your manuscript."
            ),
            (self.tr("Try an example"), self.run_example),
            icon_name="messages-square",
        )
        self._lay_out()
        self._connect()
        self.rebuild()

    def _lay_out(self) -> None:
        self._list = QVBoxLayout()
        self._list.setSpacing(Space.S)
        page = QWidget()
        set_role(page, "page")
        column = QWidget()
        column.setMaximumWidth(CHAT_WIDTH)
        inner = QVBoxLayout(column)
        inner.setContentsMargins(0, Space.L, 0, Space.XL)
        inner.addWidget(Collapsible(self.tr("System prompt"), self.system))
        inner.addLayout(self._list)
        inner.addStretch()
        row = QHBoxLayout(page)
        row.setContentsMargins(Space.XL, 0, Space.XL, 0)
        row.addStretch(1)
        row.addWidget(column, 20)
        row.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(page)
        self._list.addWidget(self.empty)
        below = QWidget()
        below.setMaximumWidth(CHAT_WIDTH)
        stack = QVBoxLayout(below)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.setSpacing(Space.XS)
        self.note = FactNote(self._context.settings)
        stack.addWidget(self.note)
        stack.addWidget(self.error_card)
        stack.addWidget(self.prompt)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        foot.addStretch(1)
        foot.addWidget(below, 20)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll, 1)
        layout.addLayout(foot)
        self.setFocusProxy(self.prompt)

    def _connect(self) -> None:
        model = self.model
        model.changed.connect(self.rebuild)
        model.written.connect(self._on_written)
        model.state_changed.connect(self.refresh)
        model.failed.connect(self._on_failed)
        model.refused.connect(self._context.notify.error)
        self.prompt.submitted.connect(self.send)
        self.prompt.stop_requested.connect(model.stop)
        self.prompt.text_changed.connect(self.changed)
        self._options.changed.connect(self.refresh)

    # -- what can be done ---------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Say something and ask for an answer."""
        if self._guarded(lambda: self.model.send(text)):
            self.prompt.clear()

    def generate(self) -> None:
        """Do what the primary button says."""
        self.prompt.submit()

    def reject(self) -> None:
        """Stop the answer."""
        self.model.stop()

    def run_example(self) -> None:
        """Show what a chat does."""
        self.send(self.tr(EXAMPLE))

    def delete(self, node_id: int) -> None:
        """Remove a message and what follows it, with a way back."""
        count = self.model.delete(node_id)
        if count:
            words = self.tr("Message deleted.") if count == 1 else self.tr("%1 messages deleted.")
            undo = (self.tr("Undo"), self.model.undo)
            self._context.notify.info(words.replace("%1", str(count)), actions=[undo])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undo and redo; Esc stops."""
        if event.matches(QKeySequence.StandardKey.Undo):
            self.model.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.model.redo()
        else:
            super().keyPressEvent(event)

    # -- keeping up ---------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Show the messages of the branch anew; cards that still fit are kept."""
        tree = self.model.tree
        path = tree.path()
        if self.model.take is not None:
            shown = [n.id for n in path]
            if self.model.answers in shown:
                path = path[: shown.index(self.model.answers) + 1]
        wanted = [(node, *tree.versions(node.id)) for node in path]
        keep = 0
        while keep < min(len(wanted), len(self._cards)):
            card = self._cards[keep]
            if card.key != wanted[keep]:
                break
            keep += 1
        for card in self._cards[keep:]:
            self._drop(card)
        del self._cards[keep:]
        if self._writing is not None:
            self._drop(self._writing)
            self._writing = None
        for node, place, count in wanted[keep:]:
            card = MessageCard(node, place, count, self)
            self._wire(card)
            self._cards.append(card)
            self._list.addWidget(card)
        if self.model.take is not None:
            self._writing = MessageCard(None, 1, 1, self)
            self._writing.append(self.model.take.text)
            self._list.addWidget(self._writing)
        self.empty.setVisible(not wanted and self._writing is None)
        if not self.system.hasFocus() and self.system.toPlainText() != tree.system:
            self.system.setPlainText(tree.system)
        self.refresh()
        QTimer.singleShot(0, self, self._to_end)

    def refresh(self) -> None:
        """Say what the button does and how the answer gets on."""
        self.prompt.set_busy(self.model.running)
        self.prompt.set_reason(self._options.why_not())
        take = self.model.take
        if self._writing is not None and take is not None:
            notices = [notice.message for notice in take.notices]
            self._writing.tell(" · ".join([status_words(take), *notices]))
        answers = [c for c in self._cards if c.node and c.node.role is Role.ASSISTANT]
        for card in answers:
            card.tell(self.model.told.get(card.node.id, "") if card.node else "")
        self.note.set_useful(bool(answers))
        self.changed.emit()

    def _wire(self, card: MessageCard) -> None:
        model = self.model
        card.edit_kept.connect(model.edit)
        card.branch_wanted.connect(lambda n, w: self._guarded(lambda: model.branch(n, w)))
        card.regenerate_wanted.connect(lambda n: self._guarded(lambda: model.regenerate(n)))
        card.delete_wanted.connect(self.delete)
        card.step_wanted.connect(model.step)
        card.send_to_cursor_wanted.connect(self._send_to_cursor)

    def _send_to_cursor(self, node_id: int) -> None:
        node = self.model.tree.get(node_id)
        self.send_to_cursor.emit(node.content, node.request_id)

    def _drop(self, card: MessageCard) -> None:
        self._list.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _on_written(self, text: str) -> None:
        if self._writing is None:
            return
        bar = self._scroll.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - Space.XXL
        self._writing.append(text)
        if at_end:
            QTimer.singleShot(0, self, self._to_end)

    def _to_end(self) -> None:
        bar = self._scroll.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _on_failed(self, failure: Failed) -> None:
        self.error_card.show_error(failure.message, failure.hint, failure.details)

    def _keep_system(self) -> None:
        self.model.set_system(self.system.toPlainText())

    def _guarded(self, action: Callable[[], object]) -> bool:
        self.error_card.hide()
        try:
            action()
        except StudioError as error:
            self.error_card.show_error(error.user_message, error.hint)
            return False
        return True

    def close_view(self) -> None:
        """Keep everything and stop."""
        self._system_timer.stop()
        self._keep_system()
        self.model.close()

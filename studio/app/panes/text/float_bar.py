"""The small bar at waiting text: what happens, yes, no, another. It follows the text."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.job_follower import waiting_words
from studio.app.panes.text.fact_note import FactNote
from studio.app.panes.text.generation import Generation, Phase
from studio.app.panes.text.take import Take
from studio.app.settings_model import SettingsModel
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.words import duration


class FloatBar(QFrame):
    """Shows one generation's state and offers its keys as buttons."""

    accept_wanted = Signal()
    reject_wanted = Signal()
    another_wanted = Signal()
    step_wanted = Signal(int)
    resized = Signal()

    def __init__(
        self, generation: Generation, settings: SettingsModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self._generation = generation
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Written text"))
        self._status = QLabel()
        self._status.setFont(tabular(self._status.font()))
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self._status, "quiet")
        self._back = self._tool("chevron-left", self.tr("Take before (←)"), -1)
        self._forth = self._tool("chevron-right", self.tr("Next take (→)"), 1)
        self._accept = self._button(self.tr("Accept"), "Tab", self.accept_wanted)
        set_role(self._accept, "link")
        self._another = self._button(self.tr("Another"), "", self.another_wanted)
        self._reject = self._button(self.tr("Reject"), "Esc", self.reject_wanted)
        self.note = FactNote(settings)
        self.note.toggled.connect(self._fit)
        self._notice = QLabel()
        self._notice.setWordWrap(True)
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self._notice, "caption")
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        for widget in (
            self._accept,
            self._reject,
            self._another,
            self._back,
            self._status,
            self._forth,
        ):
            row.addWidget(widget)
        row.addStretch()
        self._layout = layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        layout.setSpacing(Space.XS)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        layout.addLayout(row)
        layout.addWidget(self._notice)
        layout.addWidget(self.note)
        generation.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say what the generation does now."""
        generation = self._generation
        phase, take = generation.phase, generation.take
        runs = phase in (Phase.QUEUED, Phase.RUNNING)
        several = len(generation.takes) > 1
        self._accept.setVisible(phase is Phase.PENDING)
        self._another.setVisible(phase is Phase.PENDING)
        self._reject.setText(self._words(self.tr("Stop") if runs else self.tr("Reject"), "Esc"))
        for button in (self._back, self._forth):
            button.setVisible(several and not runs)
        self._status.setText(self._status_text(take, runs, several))
        self._status.setVisible(bool(self._status.text()))
        notices = generation.wish.notices(take) if generation.wish and take else ""
        self._notice.setText(notices)
        self._notice.setVisible(bool(notices))
        self.note.set_useful(phase is Phase.PENDING)
        self._fit()

    def _fit(self) -> None:
        self._layout.activate()
        self.adjustSize()
        self.resized.emit()

    def _status_text(self, take: Take | None, runs: bool, several: bool) -> str:
        if take is None:
            return ""
        if not runs:
            place = f"{self._generation.index + 1}/{len(self._generation.takes)}"
            return place if several else ""
        return status_words(take)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Tab accept, Esc rejects, arrows go through takes."""
        key = event.key()
        pending = self._generation.phase is Phase.PENDING
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and pending:
            self.accept_wanted.emit()
        elif key == Qt.Key.Key_Escape:
            self.reject_wanted.emit()
        elif key == Qt.Key.Key_Left:
            self.step_wanted.emit(-1)
        elif key == Qt.Key.Key_Right:
            self.step_wanted.emit(1)
        else:
            super().keyPressEvent(event)

    def _button(self, text: str, keys: str, signal: object) -> QPushButton:
        button = QPushButton(self._words(text, keys))
        set_role(button, "flat")
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(signal)
        return button

    @staticmethod
    def _words(text: str, keys: str) -> str:
        return f"{text} ({keys})" if keys else text

    def _tool(self, name: str, words: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.clicked.connect(lambda: self.step_wanted.emit(by))
        return button


def status_words(take: Take) -> str:
    """Return what a running take does: how far, how fast, how long still."""
    waiting = waiting_words(take)
    if waiting:
        return waiting
    if not take.step:
        return _tr("Reading the text")
    count = _tr("1 token") if take.step == 1 else _tr("%1 tokens")
    parts = [count.replace("%1", str(take.step))]
    if take.tokens_per_s:
        parts.append(_tr("%1 per second").replace("%1", f"{take.tokens_per_s:.0f}"))
    if take.remaining_s is not None:
        parts.append(_tr("at most %1 left").replace("%1", duration(take.remaining_s)))
    return " · ".join(parts)


def _tr(text: str) -> str:
    return QCoreApplication.translate("FloatBar", text)

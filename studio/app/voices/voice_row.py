"""One lent voice in the list: who speaks, since when, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QLocale, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.words import duration, fill_in

if TYPE_CHECKING:
    from studio.voices.store import LentVoice


class VoiceRow(QFrame):
    """Shows a voice; taking it back is asked once more in the row itself."""

    listen_wanted = Signal(str)
    revoke_wanted = Signal(str)

    def __init__(self, voice: LentVoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.voice = voice
        self.title = ElidedLabel()
        self.title.setText(voice.title)
        set_role(self.title, "heading")
        self.about = QLabel()
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setWordWrap(True)
        self.listen = self._button(self.tr("Listen"), "play")
        self.listen.setToolTip(self.tr("Hear how the consent was read"))
        self.listen.clicked.connect(lambda: self.listen_wanted.emit(voice.id))
        self.revoke = self._button(self.tr("Take back…"), "trash-2")
        self.revoke.setToolTip(self.tr("Delete this voice and its consent"))
        self.revoke.clicked.connect(lambda: self._ask(asking=True))
        self.sure = self._button(self.tr("Delete for good"), "trash-2")
        self.sure.clicked.connect(lambda: self.revoke_wanted.emit(voice.id))
        self.keep = self._button(self.tr("Keep it"), "")
        self.keep.clicked.connect(lambda: self._ask(asking=False))
        for button in (self.listen, self.revoke, self.sure, self.keep):
            button.setAccessibleName(f"{button.text()} · {voice.title}")
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self.title)
        words.addWidget(self.about)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.S, Space.S, Space.S)
        row.setSpacing(Space.XS)
        row.addLayout(words, 1)
        for button in (self.listen, self.revoke, self.sure, self.keep):
            row.addWidget(button)
        self._ask(asking=False)

    def show_playing(self, playing: bool) -> None:
        """Say whether it is heard now."""
        self.listen.setText(self.tr("Stop") if playing else self.tr("Listen"))
        self.listen.setIcon(icon("square" if playing else "play"))

    def _ask(self, *, asking: bool) -> None:
        had_focus = any(button.hasFocus() for button in (self.revoke, self.keep))
        for button, shown in ((self.listen, not asking), (self.revoke, not asking)):
            button.setVisible(shown)
        for button in (self.sure, self.keep):
            button.setVisible(asking)
        self.listen.setEnabled(self.voice.record is not None)
        words, role = self._words(), "bad" if self.voice.problem else "caption"
        if asking:
            words = self.tr(
                "Sound and consent are deleted for good. What was made with the voice stays."
            )
            role = "caption"
        self.about.setText(words)
        set_role(self.about, role)
        if had_focus:
            (self.keep if asking else self.revoke).setFocus()

    def _words(self) -> str:
        record, problem = self.voice.record, self.voice.problem
        if problem or record is None:
            return fill_in(self.tr("Cannot be used: %1"), problem)
        day = QDate.fromString(record.day, Qt.DateFormat.ISODate)
        lent = QLocale().toString(day, QLocale.FormatType.LongFormat)
        words = self.tr("Lent on %1 · consent of %2, checked by %3")
        return fill_in(words, lent, duration(record.duration_s), record.listener)

    def _button(self, words: str, icon_name: str) -> QPushButton:
        button = QPushButton(words)
        set_role(button, "flat")
        button.setAutoDefault(False)
        if icon_name:
            button.setIcon(icon(icon_name))
            button.setIconSize(QSize(*Size.ICON_AND_GAP))
        return button

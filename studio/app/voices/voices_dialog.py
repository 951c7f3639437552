"""“Voices…”: every lent voice, to be listened to and taken back, and the way to lend one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.voices.lend_dialog import LendDialog
from studio.app.voices.listening import ReadingPlayer
from studio.app.voices.voice_row import VoiceRow
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError
from studio.core.requests import Capability

DIALOG_SIZE = (640, 480)


class VoicesDialog(QDialog):
    """Shows the lent voices.

    Attributes:
        rows: One for each voice, in the order shown.
        lending: The dialog in which a voice is being lent.
    """

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._voices = context.voices
        self.rows: list[VoiceRow] = []
        self.lending: LendDialog | None = None
        self._shown: object = None
        self.setWindowTitle(self.tr("Voices"))
        self.resize(*DIALOG_SIZE)
        self.player = ReadingPlayer(self._voices, self)
        self.error = ErrorCard()
        self.error.hide()
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        set_role(self.note, "caption")
        self._build()
        self._voices.changed.connect(self.refresh)
        context.bridge.engine_changed.connect(self._show_note)
        self.player.changed.connect(self._show_playing)
        self.player.failed.connect(self._show_error)
        self._voices.look()
        self.refresh()

    def lend(self) -> None:
        """Let somebody lend a voice."""
        self.player.stop()
        dialog = self.lending = LendDialog(self._context, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.destroyed.connect(self._lending_is_over)
        dialog.open()

    def done(self, result: int) -> None:
        """Close, and fall silent."""
        self.player.stop()
        super().done(result)

    def refresh(self) -> None:
        """Show what is kept now."""
        voices = self._voices
        if voices.failure is not None:
            self._show_error(voices.failure)
        if self._shown != voices.voices:
            self._shown = voices.voices
            self._fill()
        self._pages.setCurrentIndex(0 if self.rows or not voices.loaded else 1)
        self._show_note()

    def _fill(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = [VoiceRow(voice) for voice in self._voices.voices]
        for at, row in enumerate(self.rows):
            row.listen_wanted.connect(self.player.toggle)
            row.revoke_wanted.connect(self._revoke)
            self._list.insertWidget(at, row)
        self._show_playing()

    def _revoke(self, voice_id: str) -> None:
        self.player.stop()
        self.error.hide()
        self._voices.revoke(voice_id, self._show_error)
        self.lend_button.setFocus()

    def _show_playing(self) -> None:
        for row in self.rows:
            row.show_playing(row.voice.id == self.player.voice)

    def _show_error(self, error: StudioError) -> None:
        self.error.show_error(error.user_message, error.hint)

    def _show_note(self) -> None:
        self.note.setText(self._note())

    def _note(self) -> str:
        bridge = self._context.bridge
        speaking = [m.info for m in bridge.models() if Capability.AUDIO_SPEECH in m.capabilities]
        cloning = [info.title for info in speaking if bridge.clones(info.id)]
        if cloning:
            return fill_in(
                self.tr("Models here that speak in lent voices: %1."), ", ".join(cloning)
            )
        return self.tr(
            "No model here speaks in lent voices yet. Pocket TTS, CSM, Dia and VibeVoice do: put "
            "the folder of one into a model folder. A voice can be lent already."
        )

    def _lending_is_over(self) -> None:
        self.lending = None

    def _build(self) -> None:
        about = QLabel(
            self.tr(
                "A lent voice speaks your texts, with models that clone. It is cloned from its "
                "speaker's own reading of a consent, and from nothing else."
            )
        )
        about.setWordWrap(True)
        set_role(about, "quiet")
        page = QWidget()
        set_role(page, "page")
        self._list = QVBoxLayout(page)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(Space.S)
        self._list.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.empty = EmptyState(
            self.tr("No voice yet"),
            self.tr("Whoever lends one reads a few sentences aloud. It takes a minute."),
            icon_name="mic",
        )
        self._pages = QStackedWidget()
        self._pages.addWidget(scroll)
        self._pages.addWidget(self.empty)
        self.lend_button = QPushButton(self.tr("Lend a voice…"))
        set_role(self.lend_button, "primary")
        self.lend_button.clicked.connect(self.lend)
        close = QPushButton(self.tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.lend_button)
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(about)
        column.addWidget(self.error)
        column.addWidget(self._pages, 1)
        column.addWidget(self.note)
        column.addLayout(buttons)

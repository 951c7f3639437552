"""“Narrate a text…”: which text of the project, and who speaks in which voice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.sound.sound_options import SoundOptions
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.voices.voice_chooser import VoiceChooser
from studio.app.widgets.elided_label import ElidedLabel
from studio.documents.soundtrack.narration import Cast, SpeakerVoice, speakers_in

if TYPE_CHECKING:
    from studio.core.requests import KeptVoice

DIALOG_SIZE = (460, 360)
MOST_SPEAKERS = 24
Voices = Mapping[str, tuple[str, str]]
"""By speaker: the model's own voice and the lent one; both "" to speak as the narrator does."""


class NarrateDialog(QDialog):
    """Asks for the text and its voices; the narrator's is the one chosen in the inspector.

    Args:
        texts: (id, title) of the texts.
        read: Returns a text by its id.
        options: The voices there are, and the narrator's.
        voices: What was chosen for speakers the last time.
        parent: The window it stands before.
    """

    def __init__(
        self,
        texts: Sequence[tuple[str, str]],
        read: Callable[[str], str],
        options: SoundOptions,
        voices: Voices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._read = read
        self._options = options
        self._known = dict(voices)
        self.text = ""
        self.choosers: dict[str, VoiceChooser] = {}
        self.setWindowTitle(self.tr("Narrate a text"))
        self.resize(*DIALOG_SIZE)
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("Text"))
        for text_id, title in texts:
            self.box.addItem(title, text_id)
        self.box.currentIndexChanged.connect(self._show_text)
        self.note = QLabel()
        self.note.setWordWrap(True)
        set_role(self.note, "caption")
        self._build()
        self._show_text()

    @property
    def document_id(self) -> str:
        """Which text was chosen."""
        return str(self.box.currentData())

    @property
    def voices(self) -> dict[str, tuple[str, str]]:
        """What was chosen, this time and before."""
        return {**self._known, **{name: each.choice for name, each in self.choosers.items()}}

    def cast(self) -> Cast:
        """Return who speaks how."""
        options = self._options
        speakers = {name: self._voice(*each.choice) for name, each in self.choosers.items()}
        return Cast(narrator=narrator_of(options), speakers=speakers)

    def _voice(self, voice: str, lent: str) -> SpeakerVoice:
        if not voice and not lent:
            return narrator_of(self._options)
        found = next((each for each in self._options.lent_voices() if each.id == lent), None)
        return _speaker(self._options, voice, found)

    def _show_text(self) -> None:
        self._known = self.voices
        self.text = self._read(self.document_id)
        for chooser in self.choosers.values():
            self._rows.removeRow(chooser)
        names = speakers_in(self.text)[:MOST_SPEAKERS]
        self.choosers = {name: self._chooser(name) for name in names}
        for name, chooser in self.choosers.items():
            label = ElidedLabel(name)
            label.setFixedHeight(Size.CONTROL)
            label.setBuddy(chooser.box)
            self._rows.addRow(label, chooser)
        self.note.setText(
            self.tr("Everything else is spoken in the voice that is chosen in the inspector.")
            if names
            else self.tr(
                "The voice that is chosen in the inspector speaks. For several, write the "
                "speaker's name and a colon at the beginning of what is said."
            )
        )

    def _chooser(self, name: str) -> VoiceChooser:
        options = self._options
        chooser = VoiceChooser(with_button=False)
        chooser.box.setAccessibleName(self.tr("Voice of %1").replace("%1", name))
        own = [(voice.title, voice.id) for voice in options.voices()]
        lent = [(voice.title, voice.id) for voice in options.lent_voices()]
        voice, lent_voice = self._known.get(name, ("", ""))
        chooser.show_voices(
            [(self.tr("As the narrator"), ""), *own],
            lent,
            voice=voice,
            lent_voice=lent_voice,
            why_not="" if options.clones else self.tr("The chosen model cannot speak in it."),
        )
        return chooser

    def _build(self) -> None:
        page = QWidget()
        set_role(page, "page")
        self._rows = QFormLayout(page)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(Space.M)
        self._rows.setVerticalSpacing(Space.XS)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        speak = QPushButton(self.tr("Narrate"))
        set_role(speak, "primary")
        speak.setDefault(True)
        speak.clicked.connect(self.accept)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(speak)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self.box)
        column.addWidget(scroll, 1)
        column.addWidget(self.note)
        column.addLayout(buttons)


def narrator_of(options: SoundOptions) -> SpeakerVoice:
    """Return the voice that is chosen now."""
    lent = options.lent_voice
    return _speaker(options, options.voice if lent is None else "", lent)


def _speaker(options: SoundOptions, voice: str, lent: KeptVoice | None) -> SpeakerVoice:
    return SpeakerVoice(
        model=options.model,
        voice=voice if lent is None else "",
        kept_voice=lent,
        speed=options.speed,
    )

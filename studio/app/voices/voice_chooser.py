"""Choosing a voice: the model's own, and below a line those that people lent."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space

Choice = tuple[str, str]
"""What it is called, and its id."""
_LENT = "lent:"


class VoiceChooser(QWidget):
    """A list of voices and the way to the lent ones.

    Attributes:
        box: The list; lent voices that the model cannot speak in are greyed and say why.
    """

    chosen = Signal(str, str)
    """Id of the model's own voice, and of the lent one; at most one is not ""."""
    voices_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, with_button: bool = True) -> None:
        super().__init__(parent)
        self._shown: object = None
        self.box = QComboBox()
        self.box.setAccessibleName(self.tr("Voice"))
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.activated.connect(self._on_activated)
        self.button = QPushButton(self.tr("Voices…"))
        self.button.setToolTip(self.tr("Voices that people lent, and lending one"))
        set_role(self.button, "flat")
        self.button.clicked.connect(self.voices_wanted)
        self.button.setVisible(with_button)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        row.addWidget(self.box, 1)
        if with_button:
            row.addWidget(self.button)

    def show_voices(
        self,
        own: Sequence[Choice],
        lent: Sequence[Choice],
        *,
        voice: str,
        lent_voice: str,
        why_not: str,
    ) -> None:
        """Offer voices.

        Args:
            own: The model's own; empty where it has no choice.
            lent: Those that people lent.
            voice: Which of its own is chosen; "" for the first.
            lent_voice: Which lent one is chosen instead; "" for none.
            why_not: Why the model cannot speak in lent voices; "" when it can.
        """
        wanted = (tuple(own), tuple(lent), why_not)
        if wanted != self._shown:
            self._shown = wanted
            self._fill(own or [(self.tr("Its own voice"), "")], lent, why_not)
        chosen = self.box.findData(_LENT + lent_voice) if lent_voice and not why_not else -1
        if chosen < 0:
            chosen = max(0, self.box.findData(voice))
        self.box.setCurrentIndex(chosen)

    @property
    def choice(self) -> tuple[str, str]:
        """The chosen voice, as :attr:`chosen` tells it."""
        data = str(self.box.currentData() or "")
        return ("", data.removeprefix(_LENT)) if data.startswith(_LENT) else (data, "")

    def _fill(self, own: Sequence[Choice], lent: Sequence[Choice], why_not: str) -> None:
        self.box.clear()
        for title, voice_id in own:
            self.box.addItem(title, voice_id)
        if lent:
            self.box.insertSeparator(self.box.count())
        model = self.box.model()
        for title, voice_id in lent:
            self.box.addItem(title, _LENT + voice_id)
            at = self.box.count() - 1
            words = why_not or self.tr("Lent by %1; every file names the consent")
            self.box.setItemData(at, words.replace("%1", title), Qt.ItemDataRole.ToolTipRole)
            if why_not and isinstance(model, QStandardItemModel):
                model.item(at).setEnabled(False)

    def _on_activated(self) -> None:
        self.chosen.emit(*self.choice)

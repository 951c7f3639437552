"""The quiet note at generated text that small models invent facts; it can be hidden for good."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from studio.app.settings_model import SettingsModel
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space

GROUP, NAME = "writing", "show_fact_note"


class FactNote(QWidget):
    """Shows itself where there is generated text, unless the user wants it nowhere."""

    toggled = Signal()
    """It came or went because the setting changed."""

    def __init__(self, settings: SettingsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._useful = False
        words = QLabel(self.tr("A small model invents facts. Check names, dates and numbers."))
        set_role(words, "caption")
        self.hide_button = QPushButton(self.tr("Hide this note"))
        set_role(self.hide_button, "link")
        self.hide_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide_button.clicked.connect(lambda: settings.set(GROUP, NAME, False))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.XS, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(words)
        row.addWidget(self.hide_button)
        row.addStretch()
        settings.changed.connect(self._on_setting)
        self.hide()

    def set_useful(self, useful: bool) -> None:
        """Say whether there is generated text here."""
        self._useful = useful
        self.setVisible(useful and self._settings.value.writing.show_fact_note)

    def _on_setting(self, group: str, name: str) -> None:
        if (group, name) == (GROUP, NAME):
            self.set_useful(self._useful)
            self.toggled.emit()

"""“Export…”: which kind of file, and what it says about where its words came from."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.switch import Switch
from studio.app.widgets.words import fill_in
from studio.core.provenance import can_carry

WIDTH = 460
FORMATS = (
    (".docx", "Word"),
    (".odt", "OpenDocument"),
    (".pdf", "PDF"),
    (".epub", "EPUB"),
    (".html", "Web page"),
    (".md", "Markdown"),
    (".txt", "Plain text"),
)


class ExportDialog(QDialog):
    """Asks for the format; the place is asked for afterwards, by the system's own dialog."""

    chosen = Signal(str, bool)
    """Suffix, and whether what was asked of models goes along."""

    def __init__(self, title: str, share: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = share
        self.setWindowTitle(self.tr("Export"))
        self.setFixedWidth(WIDTH)
        head = _words("section", fill_in(self.tr("Export “%1”"), title))
        self.formats = QButtonGroup(self)
        self.origin = _words("quiet")
        self._icon = IconLabel("sparkles" if share else "pen-line", "gold" if share else "quiet")
        self.without = Switch(self.tr("Without prompts"))
        self.without.setToolTip(
            self.tr("Leaves out what you asked for; that a model wrote in it is still said")
        )
        self.without.setVisible(bool(share))
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        column.addWidget(head)
        column.addLayout(self._make_formats())
        column.addWidget(self._make_origin())
        column.addLayout(self._make_buttons())
        self.formats.idToggled.connect(lambda *_: self._refresh())
        self._refresh()

    @property
    def suffix(self) -> str:
        """The chosen format's suffix."""
        return FORMATS[self.formats.checkedId()][0]

    def choose(self, suffix: str) -> None:
        """Choose a format."""
        number = [known for known, _ in FORMATS].index(suffix)
        self.formats.button(number).setChecked(True)

    def _make_formats(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(0)
        for number, (suffix, words) in enumerate(FORMATS):
            button = QRadioButton(f"{self.tr(words)}  ({suffix})")
            button.setChecked(number == 0)
            button.setMinimumHeight(Space.XL)
            self.formats.addButton(button, number)
            column.addWidget(button)
        return column

    def _make_origin(self) -> QFrame:
        card = QFrame()
        set_role(card, "card")
        column = QVBoxLayout()
        column.setSpacing(Space.S)
        column.addWidget(self.origin)
        column.addWidget(self.without)
        row = QHBoxLayout(card)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        return card

    def _make_buttons(self) -> QHBoxLayout:
        self.export_button = QPushButton()
        set_role(self.export_button, "primary")
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._export)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addStretch()
        row.addWidget(cancel)
        row.addWidget(self.export_button)
        return row

    def _refresh(self) -> None:
        kind = self.tr(FORMATS[self.formats.checkedId()][1])
        self.export_button.setText(fill_in(self.tr("Export %1…"), kind))
        holds = can_carry(self.suffix)
        self.without.setEnabled(holds)
        self.origin.setText(self._said(kind, holds))

    def _said(self, kind: str, holds: bool) -> str:
        from studio.core.provenance.credentials import can_sign

        if not self._share:
            return self.tr("No model wrote in this text, so the file says nothing about models.")
        percent = max(1, round(self._share * 100))
        words = fill_in(self.tr("Models wrote %1 % of this text."), percent)
        if not holds:
            return f"{words} " + fill_in(self.tr("%1 has no place to say so."), kind)
        if can_sign(self.suffix):
            return f"{words} " + self.tr("The file says so, and is signed so that changes show.")
        return f"{words} " + self.tr("The file says so.")

    def _export(self) -> None:
        self.accept()
        self.chosen.emit(self.suffix, not self.without.isChecked())


def _words(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label

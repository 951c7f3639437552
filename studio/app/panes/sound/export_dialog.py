"""Asks how sound shall be written, and writes it in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.options_form import OptionsForm
from studio.core.options import describe, validate
from studio.documents.soundtrack.formats import FORMATS, ExportOptions

WHOLE, SPAN, CHAPTERS = "whole", "span", "chapters"
_WIDTH = 460
_TEXTS = frozenset({"title", "comment", "with_prompt"})


class SoundExportDialog(QDialog):
    """What to write and how.

    Attributes:
        what: WHOLE, SPAN or CHAPTERS.
    """

    def __init__(
        self, title: str, *, span: bool, chapters: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export sound"))
        self.setMinimumWidth(_WIDTH)
        self.what = WHOLE
        infos = [info for info in describe(ExportOptions) if info.name not in _TEXTS]
        self.form = OptionsForm(infos)
        self.title_edit = QLineEdit(title)
        self.title_edit.setAccessibleName(self.tr("Title"))
        self.comment = QLineEdit()
        self.comment.setAccessibleName(self.tr("Comment"))
        self.comment.setPlaceholderText(self.tr("Comment in the file"))
        note = QLabel(
            self.tr("The file says which parts a model made, and is signed where it can be.")
        )
        note.setWordWrap(True)
        set_role(note, "caption")
        buttons = QDialogButtonBox()
        save = QPushButton(self.tr("Export…"))
        set_role(save, "primary")
        buttons.addButton(save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(self._choices(span, chapters))
        column.addWidget(self.title_edit)
        column.addWidget(self.comment)
        column.addWidget(self.form)
        column.addWidget(note)
        column.addWidget(buttons)

    def options(self) -> ExportOptions:
        """Return how to write.

        Raises:
            BadInputError: What was chosen does not go together.
        """
        values: dict[str, Any] = self.form.values()
        chosen = validate(ExportOptions, values)
        assert isinstance(chosen, ExportOptions)
        from dataclasses import replace

        return replace(chosen, title=self.title_edit.text(), comment=self.comment.text())

    def suffix(self) -> str:
        """Return the suffix of the chosen format."""
        chosen = str(self.form.values()["format"])
        return next(each.suffix for each in FORMATS if each.id == chosen)

    def _choices(self, span: bool, chapters: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        group = QButtonGroup(self)
        for what, words, possible in (
            (WHOLE, self.tr("Everything"), True),
            (SPAN, self.tr("Selected time"), span),
            (CHAPTERS, self.tr("A file for each chapter"), chapters),
        ):
            button = QPushButton(words)
            set_role(button, "chip")
            button.setCheckable(True)
            button.setChecked(what == WHOLE)
            button.setEnabled(possible)
            button.clicked.connect(lambda _=False, w=what: setattr(self, "what", w))
            group.addButton(button)
            row.addWidget(button)
        row.addStretch()
        return row


def with_suffix(path: Path, suffix: str) -> Path:
    """Return the path with the format's suffix, whatever the user typed."""
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)

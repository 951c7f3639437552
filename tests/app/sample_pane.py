"""A small pane for tests and pictures of the window, with the interface panes keep."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.theme.style import set_role
from studio.app.widgets import EmptyState, OptionsForm, PromptBar
from studio.core.options import describe
from tests.fakes.fake_engine import FakeOptions


class SamplePane(QWidget):
    title = "Text"
    icon_name = "feather"

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.activations = 0
        self.files: list[Path] = []
        self.may_close = True
        self.inspector = QWidget()
        self.form = OptionsForm(describe(FakeOptions))
        column = QVBoxLayout(self.inspector)
        column.setContentsMargins(16, 16, 16, 16)
        heading = QLabel("Writing")
        set_role(heading, "section")
        column.addWidget(heading)
        column.addWidget(self.form)
        column.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName("Manuscript")
        self.edit.setTabChangesFocus(True)
        self.empty = EmptyState(
            "Write here",
            "Type, or open a text, and let the model go on where you stop.",
            ("Try an example", lambda: self.edit.setPlainText("Once upon a time")),
            ("Open a text…", lambda: None),
            icon_name="feather",
        )
        self.prompt = PromptBar("Continue", "What shall happen next?")
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.edit)
        self.edit.setFixedHeight(60)
        layout.addWidget(self.prompt)

    def activated(self) -> None:
        self.activations += 1
        self.edit.setFocus()

    def close_requested(self) -> bool:
        return self.may_close

    def open_file(self, path: Path) -> None:
        self.files.append(path)

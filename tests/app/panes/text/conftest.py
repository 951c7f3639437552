"""The text pane with the scripted engine, shown offscreen, with shorthands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGridLayout, QWidget
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.panes.text.chat_view import ChatView
from studio.app.panes.text.generation import Phase
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from tests.fakes.fake_engine import FakeEngine, Finish, Step, Steps, Text

LONG_MS = 5000


@dataclass
class Desk:
    """The pane and everything a test does with it."""

    qtbot: QtBot
    pane: TextPane
    engine: FakeEngine
    context: AppContext

    @property
    def view(self) -> ManuscriptView:
        view = self.pane.view
        assert isinstance(view, ManuscriptView)
        return view

    @property
    def chat(self) -> ChatView:
        view = self.pane.view
        assert isinstance(view, ChatView)
        return view

    @property
    def text(self) -> str:
        """The manuscript's text."""
        return self.view.manuscript.text

    @property
    def shown(self) -> str:
        """What the editor shows, waiting text included."""
        return self.view.editor.toPlainText()

    def type(self, text: str) -> None:
        """Type with the keyboard."""
        QTest.keyClicks(self.view.editor, text)

    def press(
        self,
        key: Qt.Key,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        widget: QWidget | None = None,
    ) -> None:
        """Press one key, in the editor unless said otherwise."""
        QTest.keyClick(widget or self.view.editor, key, modifiers)

    def undo(self) -> None:
        self.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)

    def redo(self) -> None:
        self.press(Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)

    def generate(self, *texts: str, end: Step | None = None) -> None:
        """Press Ctrl+Enter and let the engine answer with these pieces."""
        self.engine.script(Steps(1, 64), *(Text(text) for text in texts), end or Finish())
        self.press(Qt.Key.Key_Return, CTRL)
        self.engine.play()
        self.wait_for(Phase.PENDING)

    def wait_for(self, phase: Phase) -> None:
        self.qtbot.waitUntil(lambda: self.view.generation.phase is phase, timeout=LONG_MS)

    def until(self, condition: object) -> None:
        self.qtbot.waitUntil(condition, timeout=LONG_MS)

    def kept(self) -> str:
        """The text as the project has it on disk."""
        self.view.journal.commit()
        document = self.pane.document
        assert document is not None and document.project is not None
        document.project.flush(5)
        return document.project.text(document.document_id).text


CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def desk(qtbot: QtBot, app_context: AppContext, engine: FakeEngine) -> Iterator[Desk]:
    pane = TextPane(app_context)
    window = QWidget()
    layout = QGridLayout(window)
    layout.addWidget(pane.header, 0, 0)
    layout.addWidget(pane, 1, 0)
    layout.addWidget(pane.inspector, 1, 1)
    qtbot.addWidget(window)
    window.resize(1200, 760)
    with qtbot.waitExposed(window):
        window.show()
    pane.activated()
    qtbot.wait(1)
    yield Desk(qtbot, pane, engine, app_context)
    assert pane.close_requested()
    window.hide()

"""The picture pane with the scripted engine, shown offscreen, with shorthands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGridLayout, QWidget
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.pane import PicturePane
from studio.app.panes.picture.picture_session import PictureSession
from studio.app.panes.picture.picture_view import PictureView
from studio.app.panes.picture.prompt_history import Prompt
from studio.app.panes.picture.tray import Tray
from studio.app.theme.tokens import Size
from studio.core.requests import ImageRequest
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL, FakeEngine, Finish, Step, Steps

LONG_MS = 10_000


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(models=(CHAT_MODEL, IMAGE_MODEL))


@dataclass
class Studio:
    """The pane and everything a test does with it."""

    qtbot: QtBot
    pane: PicturePane
    engine: FakeEngine
    context: AppContext

    @property
    def view(self) -> PictureView:
        return self.pane.view

    @property
    def session(self) -> PictureSession:
        session = self.pane.session
        assert session is not None
        return session

    @property
    def picture(self) -> PictureDocument:
        return self.session.picture

    @property
    def tray(self) -> Tray:
        return self.session.tray

    @property
    def asked(self) -> list[ImageRequest]:
        return [r for r in self.engine.submitted if isinstance(r, ImageRequest)]

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG_MS)

    def looked(self) -> None:
        """Wait until the situation is known as it is now."""

        def done() -> bool:
            survey, picture = self.session.survey, self.picture
            return survey is not None and survey.revision == picture.revision

        self.session._look()
        self.until(lambda: done() and not self.pane.workers.looking.pending)

    def paint(self, rect: Rect, colour: tuple[int, int, int, int] = (200, 30, 30, 255)) -> str:
        """Put a plain rectangle on the canvas as a layer."""
        pixels = np.zeros((rect.height, rect.width, 4), np.uint8)
        pixels[:] = colour
        layer = self.picture.add_layer(pixels=pixels, at=(rect.x, rect.y))
        self.looked()
        return layer

    def type(self, text: str, negative: str = "") -> None:
        self.view.prompt.set_text(Prompt(text, negative))

    def press(
        self,
        key: Qt.Key,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        widget: QWidget | None = None,
    ) -> None:
        """Press one key, on the canvas unless said otherwise."""
        QTest.keyClick(widget or self.view.canvas, key, modifiers)

    def ask(self, *steps: Step, intent: Intent | None = None) -> ImageRequest:
        """Press the button and wait until the engine was asked; ``steps`` is what it will do."""
        before = len(self.asked)
        self.engine.script(*(steps or (Steps(1, 8, 7.0), Finish())))
        self.view.generate(intent)
        self.until(lambda: len(self.asked) > before)
        return self.asked[-1]

    def generate(self, *steps: Step, intent: Intent | None = None) -> ImageRequest:
        """Press the button and let the engine answer."""
        request = self.ask(*steps, intent=intent)
        self.engine.play()
        self.until(lambda: not self.tray.running)
        return request

    def accept(self) -> None:
        before = len(self.picture.layers)
        self.view.accept()
        self.until(lambda: len(self.picture.layers) > before and not self.session.accepting)
        self.looked()


CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def studio(qtbot: QtBot, app_context: AppContext, engine: FakeEngine) -> Iterator[Studio]:
    pane = PicturePane(app_context)
    window = QWidget()
    layout = QGridLayout(window)
    layout.addWidget(pane.header, 0, 0)
    layout.addWidget(pane, 1, 0)
    layout.addWidget(pane.inspector, 1, 1)
    pane.inspector.setFixedWidth(Size.INSPECTOR)
    qtbot.addWidget(window)
    window.resize(1200, 760)
    with qtbot.waitExposed(window):
        window.show()
    pane.activated()
    qtbot.wait(1)
    studio = Studio(qtbot, pane, engine, app_context)
    studio.looked()
    yield studio
    if not pane.closed:
        assert pane.close_requested()
    window.hide()

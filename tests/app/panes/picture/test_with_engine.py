"""One full path with the real engine and a real diffusion model of toy size."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget
from pytestqt.qtbot import QtBot

from studio.app.actions import ActionRegistry
from studio.app.bridge import EngineBridge
from studio.app.context import AppContext
from studio.app.notify import Notifier
from studio.app.panes.picture.pane import PicturePane
from studio.app.panes.picture.prompt_history import Prompt
from studio.app.settings_model import SettingsModel
from studio.app.theme import Theme
from studio.core.paths import Folders
from studio.core.settings import SettingsFile
from studio.documents.picture.geometry import Rect
from studio.documents.project.session import ProjectSession
from studio.engine.build import build_engine
from studio.library.service import LibraryService
from tests.app.conftest import delete_now
from tests.fakes.toy_pictures import picture_folder

LONG_MS = 120_000
SIDE = 64


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication, folders: Folders) -> Iterator[PicturePane]:
    """The pane with the real engine and the toy where a user would have put it."""
    shutil.copytree(picture_folder("sd-1"), folders.models / "toy-sd-1")
    settings = SettingsModel(SettingsFile(folders.settings_file))
    context = AppContext(
        folders=folders,
        settings=settings,
        bridge=EngineBridge(),
        actions=ActionRegistry(settings),
        notify=Notifier(),
        theme=Theme(qapp, "dark", reduce_motion=True),
        library=LibraryService(folders, lambda: settings.value),
        open_projects=lambda: ProjectSession(folders.projects),
    )
    engine = build_engine(folders, settings.value, queue_file=None)
    engine.start()
    context.bridge.attach(engine)
    pane = PicturePane(context)
    window = QWidget()
    layout = QGridLayout(window)
    layout.addWidget(pane, 0, 0)
    layout.addWidget(pane.inspector, 0, 1)
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    pane.activated()
    qtbot.waitUntil(lambda: bool(pane.options.models()), timeout=LONG_MS)
    pane.options.choose_model("toy-sd-1")
    yield pane
    assert pane.close_requested()
    context.bridge.close()
    engine.close()
    context.library.close()
    context.projects.close_all(abandon=True)
    settings.close()
    context.theme.deleteLater()
    delete_now()


def draw(qtbot: QtBot, pane: PicturePane) -> list[int]:
    """Press the button and wait; return how many previews there were of each picture."""
    session = pane.session
    assert session is not None
    seen: list[int] = []
    session.tray.pictured.connect(seen.append)
    before = len(session.tray.items)
    pane.view.generate()
    assert len(session.tray.items) > before
    qtbot.waitUntil(lambda: not session.tray.running, timeout=LONG_MS)
    assert not pane.view.error_card.isVisible(), pane.view.error_card._message.text()
    return seen


@pytest.mark.slow
def test_from_a_prompt_to_a_repainted_selection(qtbot: QtBot, pane: PicturePane) -> None:
    session = pane.session
    assert session is not None
    qtbot.waitUntil(lambda: session.picture.frame == Rect(0, 0, SIDE, SIDE), timeout=LONG_MS)
    pane.options.set_values({"num_inference_steps": 4})
    pane.view.prompt.set_text(Prompt("a (red:1.2) fox"))
    pane.options.set_seed(11, locked=True)
    seen = draw(qtbot, pane)
    assert len(seen) > 1, "it was seen while it formed"
    first = session.tray.current
    assert first is not None and first.ready and first.picture is not None
    pane.view.accept()
    qtbot.waitUntil(lambda: len(session.picture.layers) == 1, timeout=LONG_MS)
    whole = session.picture.composite(Rect(0, 0, SIDE, SIDE))
    assert (whole == first.picture.pixels()).all()

    session.picture.select_rect(Rect(8, 8, 16, 16))
    qtbot.waitUntil(lambda: session.offer.intent.value == "fill", timeout=LONG_MS)
    draw(qtbot, pane)
    pane.view.accept()
    qtbot.waitUntil(lambda: len(session.picture.layers) == 2, timeout=LONG_MS)
    after = session.picture.composite(Rect(0, 0, SIDE, SIDE))
    changed = (after != whole).any(axis=2)
    assert changed[8:24, 8:24].mean() > 0.9
    assert not changed[48:].any() and not changed[:, 48:].any()

    session.picture.clear_selection()
    session.picture.undo()
    session.picture.undo()
    session.picture.undo()
    session.picture.undo()
    assert not session.picture.layers
    qtbot.waitUntil(lambda: session.offer.intent.value == "generate", timeout=LONG_MS)
    draw(qtbot, pane)
    again = session.tray.current
    assert again is not None and again.picture is not None
    assert again.picture.rgba == first.picture.rgba, "the same seed paints the same picture"


@pytest.mark.slow
def test_haste_and_closing_with_the_real_engine(qtbot: QtBot, pane: PicturePane) -> None:
    session = pane.session
    assert session is not None
    qtbot.waitUntil(lambda: session.picture.frame == Rect(0, 0, SIDE, SIDE), timeout=LONG_MS)
    pane.options.set_values({"num_inference_steps": 4})
    pane.view.prompt.set_text(Prompt("a fox"))
    for number in range(100):
        pane.view.generate()
        if number % 7 == 0:
            qtbot.wait(1)
        pane.view.escape()
    qtbot.waitUntil(lambda: not session.tray.running, timeout=LONG_MS)
    draw(qtbot, pane)
    assert session.tray.current is not None and session.tray.current.ready
    for _ in range(3):
        pane.view.generate()
    qtbot.wait(1)
    assert pane.close_requested()
    assert threading.active_count() < 60

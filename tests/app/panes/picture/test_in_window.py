"""Pictures among the other panes: files find their pane, projects open in both, history works."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from studio.app.main import pane_sources
from studio.app.panes.picture.pane import PicturePane
from studio.app.panes.sound.pane import SoundPane
from studio.app.panes.text.pane import TextPane
from studio.documents.picture.geometry import Rect
from studio.documents.project import Project
from tests.app.conftest import MakeWindow, OpenWindow
from tests.app.panes.sound.conftest import wav
from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL, FakeEngine

LONG_MS = 10_000


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(models=(CHAT_MODEL, IMAGE_MODEL))


@pytest.fixture
def opened(make_window: MakeWindow) -> OpenWindow:
    return make_window(panes=pane_sources())


def pictures(opened: OpenWindow) -> PicturePane:
    pane = opened.view.panes["picture"]
    assert isinstance(pane, PicturePane)
    return pane


def texts(opened: OpenWindow) -> TextPane:
    pane = opened.view.panes["text"]
    assert isinstance(pane, TextPane)
    return pane


def test_a_picture_goes_to_the_pictures_and_a_text_to_the_texts(
    qtbot: QtBot, opened: OpenWindow, tmp_path: Path
) -> None:
    picture, text, other = tmp_path / "red.png", tmp_path / "a.md", tmp_path / "b.py"
    Image.new("RGB", (20, 20), "red").save(picture)
    text.write_text("# A", "utf-8")
    other.write_text("print()", "utf-8")
    assert opened.view.current_pane == "text"
    opened.view.open_files([picture])
    assert opened.view.current_pane == "picture"
    qtbot.waitUntil(lambda: pictures(opened).documents[0].title == "red", timeout=LONG_MS)
    opened.view.open_files([text])
    assert opened.view.current_pane == "text"
    qtbot.waitUntil(lambda: texts(opened).documents[0].title == "a.md", timeout=LONG_MS)
    opened.view.open_files([other])
    assert opened.view.current_pane == "text", "what nobody claims goes to the pane in front"
    opened.view.show_pane("library")
    opened.view.open_files([text])
    assert opened.view.current_pane == "library", "the library takes every file"


def test_a_project_opens_in_every_pane_that_has_documents_in_it(
    qtbot: QtBot, opened: OpenWindow
) -> None:
    texts(opened).view.editor.insertPlainText("Once upon a time")  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: texts(opened).front.project is not None, timeout=LONG_MS)
    opened.view.show_pane("picture")
    qtbot.wait(1)  # for what is brought back when a pane is first shown
    session = pictures(opened).session
    assert session is not None
    session.picture.add_layer(pixels=np.full((8, 8, 4), 255, np.uint8))
    qtbot.waitUntil(lambda: session.place.kept, timeout=LONG_MS)
    project = session.place.project
    assert project is texts(opened).front.project, "both are in one project"
    actions = opened.app.project_actions
    assert actions is not None
    assert project is not None
    path = project.path
    actions.close_project()
    qtbot.waitUntil(lambda: project not in opened.app.context.projects.projects, timeout=LONG_MS)
    assert all(p.project is not project for p in pictures(opened).documents)
    actions.open_project(path)

    def shown() -> bool:
        session = pictures(opened).session
        return session is not None and bool(session.picture.layers)

    qtbot.waitUntil(shown, timeout=LONG_MS)
    assert opened.view.current_pane == "picture", "the pane in front has something to show"
    assert any("Once upon" in (d.manuscript.text if d.manuscript else "")
               for d in texts(opened).documents)  # fmt: skip


def test_the_same_keys_do_what_the_pane_in_front_means(opened: OpenWindow) -> None:
    actions = opened.app.context.actions
    opened.view.show_pane("picture")
    assert actions.get("text.generate").shortcut().isEmpty()
    assert actions.get("picture.generate").shortcut().toString() == "Ctrl+Return"
    opened.view.show_pane("text")
    assert actions.get("picture.generate").shortcut().isEmpty()
    assert actions.get("text.generate").shortcut().toString() == "Ctrl+Return"


def test_the_time_machine_goes_back_in_a_picture(qtbot: QtBot, opened: OpenWindow) -> None:
    opened.view.show_pane("picture")
    session = pictures(opened).session
    assert session is not None
    red, blue = np.zeros((40, 40, 4), np.uint8), np.zeros((40, 40, 4), np.uint8)
    red[:], blue[:] = (255, 0, 0, 255), (0, 0, 255, 255)
    session.picture.add_layer("raster", "First", pixels=red)
    qtbot.waitUntil(lambda: session.place.kept, timeout=LONG_MS)
    session.place.flush(10)
    session.picture.add_layer("raster", "Second", pixels=blue, at=(40, 0))
    session.place.flush(10)
    actions = opened.app.project_actions
    assert actions is not None
    actions.open_history()
    panel = actions.panel
    assert panel is not None
    qtbot.waitUntil(lambda: panel.strip.maximum() >= 1, timeout=LONG_MS)
    panel.step(-1)
    qtbot.waitUntil(
        lambda: panel.moment is not None and panel.moment.sequence
        == panel.past.entries[panel.strip.value()].sequence,
        timeout=LONG_MS,
    )  # fmt: skip
    qtbot.waitUntil(lambda: panel.restore_button.isEnabled(), timeout=LONG_MS)
    assert panel.picture.isVisible() and not panel.picture.image.isNull()
    assert panel.picture.image.width() == 40, "the picture as it was then is seen"
    panel.restore()
    qtbot.waitUntil(lambda: len(session.picture.layers) == 1, timeout=LONG_MS)
    assert session.picture.extent() == Rect(0, 0, 40, 40)


def test_a_sound_goes_to_the_sounds_and_a_project_of_sounds_opens_there(
    qtbot: QtBot, opened: OpenWindow, tmp_path: Path
) -> None:
    assert opened.view.current_pane == "text"
    opened.view.open_files([wav(tmp_path / "bell.wav")])
    assert opened.view.current_pane == "sound"
    sounds = opened.view.panes["sound"]
    assert isinstance(sounds, SoundPane) and sounds.session is not None
    soundtrack = sounds.session.soundtrack
    qtbot.waitUntil(lambda: bool(soundtrack.tracks), timeout=LONG_MS)
    with closing(Project.open(tmp_path / "sounds.triptych", create=True)) as project:
        project.create_document("soundtrack", "Waves")
    opened.view.show_pane("text")
    actions = opened.app.project_actions
    assert actions is not None
    actions.open_project(tmp_path / "sounds.triptych")
    qtbot.waitUntil(lambda: opened.view.current_pane == "sound", timeout=LONG_MS)
    qtbot.waitUntil(lambda: "Waves" in [each.title for each in sounds.documents], timeout=LONG_MS)

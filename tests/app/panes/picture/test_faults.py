"""Haste, interruptions and sudden ends."""

from __future__ import annotations

import random
import threading

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.app.main import pane_sources
from studio.app.panes.picture.pane import PicturePane
from studio.core.events import Cancelled
from studio.documents.picture import storage
from studio.documents.picture.geometry import Rect
from tests.app.conftest import MakeWindow
from tests.app.panes.picture.conftest import Studio
from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL, FakeEngine, Finish, Show, Steps

PRESSES = 100


def test_a_hundred_quick_presses_of_generate_and_cancel(studio: Studio) -> None:
    chance = random.Random(7)
    studio.type("a fox")
    for number in range(PRESSES):
        studio.engine.script(Steps(1, 8), Show(), Finish())
        studio.view.generate()
        if chance.random() < 0.5:
            studio.qtbot.wait(chance.randrange(3))
        if chance.random() < 0.3:
            studio.engine.play()
        studio.press(Qt.Key.Key_Escape)
        if number % 10 == 0:
            studio.tray.discard()
    studio.until(lambda: not studio.tray.running and not studio.pane.workers.making.pending)
    ended = [job.state for job in studio.engine.jobs()]
    assert all(state in ("cancelled", "finished") for state in ended)
    assert all(item.ready for item in studio.tray.items)
    studio.tray.discard_all()
    studio.generate()
    assert len(studio.tray.items) == 1, "it works as before"


def test_a_job_that_was_stopped_before_it_was_composed_never_reaches_the_engine(
    studio: Studio,
) -> None:
    hold = threading.Event()
    studio.pane.workers.making.run(hold.wait, lambda _: None, lambda _: None)
    studio.type("a fox")
    studio.view.generate()
    assert studio.tray.running
    studio.press(Qt.Key.Key_Escape)
    assert not studio.tray.running and not studio.tray.items
    hold.set()
    studio.until(lambda: not studio.pane.workers.making.pending)
    assert not studio.asked


def test_closing_a_tab_in_the_middle_stops_its_jobs(studio: Studio) -> None:
    studio.type("a fox")
    studio.ask(Steps(1, 8), Show(), Finish())
    studio.engine.step(count=2)
    studio.pane.close_tab(0)
    assert studio.engine.cancelled == ["job-1"]
    assert len(studio.pane.documents) == 1 and not studio.tray.items
    studio.engine.emit(Cancelled(job_id="job-1"))


def test_closing_a_tab_while_a_result_is_being_laid_down_keeps_it(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 64, 64))
    studio.until(lambda: studio.pane.document is not None and studio.pane.document.kept)
    place = studio.pane.document
    assert place is not None and place.project is not None
    project, document_id = place.project, place.document_id
    studio.type("a fox")
    studio.generate()
    hold = threading.Event()
    studio.pane.workers.making.run(hold.wait, lambda _: None, lambda _: None)
    studio.view.accept()
    studio.pane.close_tab(0)
    hold.set()
    studio.until(lambda: not studio.pane.workers.making.pending)
    assert len(storage.load(project, document_id).layers) == 2


def test_what_waits_to_be_accepted_is_kept_when_the_pane_closes(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.paint(Rect(0, 0, 128, 128))
    studio.type("a fox")
    studio.generate()
    hold, end = threading.Event(), studio.pane.projects.end
    monkeypatch.setattr(studio.pane.projects, "end", lambda: (end(), hold.set()))
    studio.pane.workers.making.run(hold.wait, lambda _: None, lambda _: None)
    studio.view.accept()
    place = studio.pane.document
    assert place is not None and studio.pane.close_requested() and hold.is_set()
    assert place.project is not None
    assert len(storage.load(place.project, place.document_id).layers) == 2


@pytest.mark.parametrize("when", ["composing", "running", "finished", "accepting", "live"])
def test_closing_the_pane_in_the_middle(studio: Studio, when: str) -> None:
    studio.paint(Rect(0, 0, 128, 128))
    studio.type("a fox")
    if when == "composing":
        studio.view.generate()
    elif when == "running":
        studio.ask(Steps(1, 8), Show(), Finish())
        studio.engine.step(count=2)
    elif when == "live":
        studio.view.prompt.live_chip.click()
    else:
        studio.generate()
        if when == "accepting":
            studio.view.accept()
    place = studio.pane.document
    assert place is not None
    assert studio.pane.close_requested()
    assert place.project is not None
    found = storage.load(place.project, place.document_id)
    assert len(found.layers) == (2 if when == "accepting" else 1)
    assert all(job.state in ("cancelled", "finished") for job in studio.engine.jobs())


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(models=(CHAT_MODEL, IMAGE_MODEL))


def test_closing_the_window_in_the_middle_and_coming_back(
    qtbot: QtBot, make_window: MakeWindow, engine: FakeEngine
) -> None:
    def picture_pane(opened: object) -> PicturePane:
        view = opened.view  # type: ignore[attr-defined]
        view.show_pane("picture")
        pane = view.panes["picture"]
        assert isinstance(pane, PicturePane)
        return pane

    first = make_window(panes=pane_sources())
    pane = picture_pane(first)
    session = pane.session
    assert session is not None
    session.picture.add_layer()
    from studio.app.panes.picture.prompt_history import Prompt

    pane.view.prompt.set_text(Prompt("a fox"))
    engine.script(Steps(1, 8), Show(), Finish())
    qtbot.waitUntil(lambda: pane.view.prompt.bar.can_submit())
    pane.view.generate()
    qtbot.waitUntil(lambda: bool(engine.submitted))
    engine.step(count=2)
    first.view.close()
    first.app.close()
    engine.closed = False

    second = make_window(panes=pane_sources())
    again = picture_pane(second)
    qtbot.waitUntil(lambda: bool(again.session and again.session.picture.layers), timeout=10_000)
    assert again.view.prompt.edit.toPlainText() == "a fox"
    assert len(again.documents) == 1

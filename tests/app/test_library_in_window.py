"""From a finished job to a document made of it: the real panes in the real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from studio.app.main import pane_sources
from studio.app.panes.library.pane import LibraryPane
from studio.app.panes.text.pane import TextPane
from studio.app.theme.tokens import Size
from studio.core.requests import TextRequest
from studio.documents.project import Project
from studio.library.library import Library
from tests.app.conftest import MakeWindow, OpenWindow
from tests.fakes.fake_engine import Fail, Finish, Text
from tests.library.conftest import text_result


class Studio:
    """A window with both panes, and shorthands."""

    def __init__(self, window: OpenWindow, qtbot: QtBot) -> None:
        self.window = window
        self.qtbot = qtbot
        self.engine = window.engine
        self.wait(lambda: "text" in window.view.panes)
        text = window.view.panes["text"]
        assert isinstance(text, TextPane)
        self.text: TextPane = text

    @property
    def library(self) -> Library:
        return self.window.app.library.library

    @property
    def pane(self) -> LibraryPane:
        pane = self.window.view.panes["library"]
        assert isinstance(pane, LibraryPane)
        return pane

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition)

    def settled(self) -> bool:
        pane = self.pane
        return pane._library is not None and pane.worker.idle and not pane._timer.isActive()

    def show_library(self, items: int) -> None:
        self.window.view.show_pane("library")
        self.wait(lambda: self.settled() and self.pane.model.rowCount() == items)

    def choose(self, row: int) -> None:
        self.pane.grid.setCurrentIndex(self.pane.model.index(row))
        number = self.pane.model.ids[row]
        self.wait(
            lambda: (
                self.settled()
                and self.pane.preview.item is not None
                and self.pane.preview.item.id == number
            )
        )

    def make(self, text: str, *, instruction: str = "A storm", seed: int = 7) -> None:
        self.engine.script(Text(text), Finish())
        request = text_result(instruction=instruction, seed=seed, model="").request
        self.engine.play(self.window.app.bridge.submit(request))


@pytest.fixture
def studio(make_window: MakeWindow, qtbot: QtBot) -> Studio:
    return Studio(make_window(panes=pane_sources()), qtbot)


def _project(studio: Studio) -> tuple[Project, str]:
    document = studio.text.document
    assert document is not None and document.project is not None
    return document.project, document.document_id


def test_a_result_becomes_a_file_an_item_and_a_document_that_knows_its_model(
    studio: Studio,
) -> None:
    studio.make("The lamp went out.")
    studio.show_library(1)
    item = studio.library.item(studio.pane.model.ids[0])
    assert item is not None
    assert "The lamp went out." in studio.library.path(item).read_text("utf-8")
    studio.choose(0)
    studio.pane.preview.buttons["open"].click()
    studio.wait(lambda: studio.window.view.current_pane == "text")
    view = studio.text.manuscript_view
    assert view is not None and view.manuscript.text == "The lamp went out.\n"
    project, document_id = _project(studio)
    project.flush()
    (span,) = project.text(document_id).spans
    assert span.origin == "generated"
    assert project.request(span.request_id) == studio.library.request(item.id)
    assert project.artifact_summary(span.request_id)["model"] == item.model


def test_a_result_is_in_the_library_before_the_window_hears_that_it_is_done(
    studio: Studio,
) -> None:
    found: list[int] = []
    studio.window.app.bridge.engine_event.connect(
        lambda event: (
            found.append(studio.library.search("").total)
            if type(event).__name__ == "Finished"
            else None
        )
    )
    studio.make("One.")
    studio.wait(lambda: found == [1])


def test_what_failed_was_stopped_or_is_empty_is_not_filed(studio: Studio) -> None:
    bridge = studio.window.app.bridge
    request = text_result(model="").request
    studio.engine.script(Text("Half a sen"), Fail("No memory."))
    studio.engine.play(bridge.submit(request))
    studio.engine.script(Text("  \n"), Finish())
    studio.engine.play(bridge.submit(request))
    bridge.cancel(bridge.submit(request))
    assert studio.library.search("").total == 0
    studio.make("Whole.")
    studio.make("Whole.")  # made twice is kept twice, and can be found as such
    assert studio.library.search("").total == 2
    assert studio.library.search("is:duplicate").total == 2
    names = {item.path for item in studio.library.items(studio.library.search("").ids)}
    assert len(names) == 2


def test_make_again_from_the_window_makes_a_new_item_of_the_same_request(studio: Studio) -> None:
    studio.make("First.", seed=11)
    studio.show_library(1)
    studio.choose(0)
    studio.engine.script(Text("Second."), Finish())
    studio.pane.preview.buttons["again"].click()
    studio.wait(lambda: len(studio.engine.jobs()) == 2)
    studio.engine.play(studio.engine.jobs()[-1].id)
    studio.wait(lambda: studio.settled() and studio.pane.model.rowCount() == 2)
    one, two = (studio.library.request(number) for number in studio.pane.model.ids)
    assert one == two
    studio.pane.preview.buttons["again_new_seed"].click()
    studio.wait(lambda: len(studio.engine.jobs()) == 3)
    other = studio.engine.jobs()[-1].request
    assert isinstance(other, TextRequest) and other.seed != 11


def test_files_dropped_on_the_window_s_library_are_copied_in(
    studio: Studio, tmp_path: Path
) -> None:
    studio.show_library(0)
    source = tmp_path / "letter.md"
    source.write_text("Dear sister.\n", "utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(source))])
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    entering = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    studio.pane.dragEnterEvent(entering)
    assert entering.isAccepted()
    studio.pane.dropEvent(QDropEvent(QPointF(50, 50), copy, data, left, none))
    studio.wait(lambda: studio.settled() and studio.pane.model.rowCount() == 1)
    assert source.exists()
    studio.choose(0)
    studio.pane.do("open")
    studio.wait(lambda: studio.window.view.current_pane == "text")
    project, document_id = _project(studio)
    (span,) = project.text(document_id).spans
    assert (span.origin, span.request_id) == ("imported", "")


def test_a_library_that_cannot_be_reached_says_so_and_the_window_goes_on(
    make_window: MakeWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    studio = Studio(make_window(panes=pane_sources()), qtbot)
    studio.make("Kept.")
    folder = studio.library.folder
    moved = folder.with_name("elsewhere")
    folder.rename(moved)
    folder.write_text("in the way", "utf-8")
    studio.make("Not kept.")
    studio.wait(lambda: bool(studio.window.app.notify.messages))
    assert studio.window.app.notify.messages[-1].hint
    folder.unlink()
    moved.rename(folder)
    studio.make("Kept again.")
    studio.show_library(2)


def test_a_long_title_leaves_room_for_other_tabs(studio: Studio) -> None:
    studio.text.add_text("A very long title that would fill the whole strip " * 3, "Text.")
    bar = studio.text.tabs.bar
    assert bar.count() == 2
    assert bar.tabSizeHint(1).width() == Size.TAB_MAX
    assert "whole strip" in bar.tabToolTip(1)

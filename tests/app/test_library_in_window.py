"""From a finished job to a document made of it: the real panes in the real window."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from studio.app.main import pane_sources
from studio.app.panes.library.pane import LibraryPane
from studio.app.panes.picture.pane import PicturePane
from studio.app.panes.picture.picture_export import record_of
from studio.app.panes.sound.pane import SoundPane
from studio.app.panes.text.pane import TextPane
from studio.app.theme.tokens import Size
from studio.core.artifacts import AudioArtifact, ImageArtifact
from studio.core.media import Picture, Sound
from studio.core.provenance import credentials
from studio.core.provenance.credentials import prepare
from studio.core.requests import AudioRequest, Capability, ImageRequest, TextRequest, from_json
from studio.documents.project import Project
from studio.documents.soundtrack.outputs import NullOutput
from studio.library.items import Item
from studio.library.library import Library
from tests.app.conftest import MakeWindow, OpenWindow
from tests.fakes.fake_engine import Fail, Finish, Text
from tests.fakes.sounds import babble
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


@pytest.fixture
def all_panes(make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setattr(SoundPane, "output", staticmethod(lambda: NullOutput()))
    return Studio(make_window(panes=pane_sources()), qtbot)


def _make_picture(studio: Studio, *, seed: int = 11) -> Item:
    request = ImageRequest(
        capability=Capability.IMAGE_TXT2IMG,
        seed=seed,
        model="fake-picture",
        prompt="A lighthouse at dusk",
        negative_prompt="people",
        width=96,
        height=64,
    )
    picture = Picture(width=96, height=64, rgba=bytes((200, 120, 30, 255)) * 96 * 64)
    return studio.library.add_result(
        ImageArtifact(
            request=request, model="fake-picture", backend="f", pictures=(picture,), seeds=(seed,)
        )
    )


def _make_speech(studio: Studio) -> Item:
    request = AudioRequest(
        capability=Capability.AUDIO_SPEECH, seed=5, model="fake-voice", prompt="The lamp is lit."
    )
    sound = Sound.of(babble(1.0), 16_000)
    return studio.library.add_result(
        AudioArtifact(request=request, model="fake-voice", backend="f", sound=sound)
    )


def _open(studio: Studio, item: Item) -> None:
    studio.wait(lambda: studio.settled() and studio.pane.model.row_of(item.id) >= 0)
    studio.choose(studio.pane.model.row_of(item.id))
    studio.qtbot.keyClick(studio.pane.grid, Qt.Key.Key_Return)


def _picture_pane(studio: Studio) -> PicturePane:
    pane = studio.window.view.panes["picture"]
    assert isinstance(pane, PicturePane)
    return pane


def _sound_pane(studio: Studio) -> SoundPane:
    pane = studio.window.view.panes["sound"]
    assert isinstance(pane, SoundPane)
    return pane


def test_a_picture_opens_as_a_layer_that_knows_its_request(all_panes: Studio) -> None:
    studio = all_panes
    item = _make_picture(studio)
    before = studio.library.path(item).read_bytes()
    studio.show_library(1)
    _open(studio, item)
    studio.wait(lambda: studio.window.view.current_pane == "picture")
    pane = _picture_pane(studio)
    studio.wait(lambda: pane.document is not None and pane.document.title == item.title)
    (place,) = pane.documents  # the empty one made room
    picture = place.picture
    (layer,) = picture.layers
    request = studio.library.request(item.id)
    assert isinstance(request, ImageRequest)
    assert from_json(json.dumps(layer.meta["request"])) == request
    assert (layer.meta["seed"], layer.meta["model"]) == (11, "fake-picture")
    assert (layer.meta["prompt"], layer.name) == (request.prompt, "A lighthouse at dusk")
    assert (picture.frame.width, picture.frame.height) == (96, 64)
    assert tuple(picture.composite(picture.frame)[30, 40]) == (200, 120, 30, 255)
    assert not picture.can_undo
    record, _ = record_of(picture.snapshot(), {})
    assert record is not None and record.origin.value == "generated"
    # Saving asks for a place: the library's file is not the document's.
    assert place.file is None and not place.modified
    assert studio.library.path(item).read_bytes() == before
    # It is in the project from the beginning, with what made it.
    assert place.project is not None
    place.flush(10)
    place.project.flush()
    entries = place.project.history(place.document_id)
    assert [(e.label, e.origin) for e in entries][-1] == ("From library", "generated")
    assert place.project.request(entries[-1].request_id) == request
    studio.wait(lambda: bool(studio.window.app.notify.messages))
    offered = studio.window.app.notify.messages[-1]
    assert offered.actions[0][0] == "Recall settings"


def test_a_picture_of_someone_else_opens_as_imported(all_panes: Studio, tmp_path: Path) -> None:
    studio = all_panes
    Image.new("RGB", (40, 30), (10, 20, 30)).save(tmp_path / "photo.jpg")
    item = studio.library.add_file(tmp_path / "photo.jpg")
    studio.show_library(1)
    _open(studio, item)
    studio.wait(lambda: studio.window.view.current_pane == "picture")
    pane = _picture_pane(studio)
    studio.wait(lambda: pane.document is not None and pane.document.title == "photo")
    assert pane.document is not None
    assert "request" not in pane.document.picture.layers[0].meta
    assert record_of(pane.document.picture.snapshot(), {}) == (None, "")


def test_a_sound_opens_as_a_clip_that_knows_its_request(all_panes: Studio) -> None:
    studio = all_panes
    item = _make_speech(studio)
    studio.show_library(1)
    _open(studio, item)
    studio.wait(lambda: studio.window.view.current_pane == "sound")
    pane = _sound_pane(studio)
    studio.wait(lambda: pane.session is not None and not pane.session.busy)
    studio.wait(lambda: bool(pane.session and pane.session.soundtrack.tracks))
    (place,) = pane.documents
    assert place.title == item.title == "The lamp is lit."
    (track,) = place.soundtrack.tracks
    (clip,) = track.clips
    assert (track.kind, clip.start, clip.name) == ("speech", 0, "The lamp is lit.")
    assert clip.take.origin == "generated"
    assert from_json(clip.take.request) == studio.library.request(item.id)
    assert dict(clip.take.facts) == {"model": "fake-voice", "seed": "5"}
    assert clip.duration == place.soundtrack.sampling_rate


def test_a_sound_that_cannot_be_read_opens_nothing_and_says_why(
    all_panes: Studio, tmp_path: Path
) -> None:
    studio = all_panes
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x10\x00\x00\x00nothing")
    item = studio.library.add_file(tmp_path / "broken.wav")
    studio.show_library(1)
    _open(studio, item)
    notify = studio.window.app.notify
    studio.wait(lambda: any("broken.wav" in message.text for message in notify.messages))
    (place,) = _sound_pane(studio).documents
    assert place.untouched and place.title == "Untitled"


def _dragged(studio: Studio, monkeypatch: pytest.MonkeyPatch, item: Item) -> QMimeData:
    """Return what a drag of an item's card holds."""
    urls: list[QUrl] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, _: urls.extend(drag.mimeData().urls()))
    studio.wait(lambda: studio.settled() and studio.pane.model.row_of(item.id) >= 0)
    studio.choose(studio.pane.model.row_of(item.id))
    studio.pane.grid.startDrag(Qt.DropAction.CopyAction)
    data = QMimeData()
    data.setUrls(urls)
    return data


def _drop(widget: QWidget, data: QMimeData) -> bool:
    """Drag onto a widget and let go, as the system does; say whether anything took it."""
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    middle = widget.rect().center()
    entering = QDragEnterEvent(middle, copy, data, left, none)
    QApplication.sendEvent(widget, entering)
    if entering.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(middle), copy, data, left, none))
    return entering.isAccepted()


def test_cards_are_carried_over_the_rail_onto_canvas_time_line_and_manuscript(
    all_panes: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, view = all_panes, all_panes.window.view
    picture, sound = _make_picture(studio), _make_speech(studio)
    studio.make("The lamp went out.")
    studio.show_library(3)
    (text,) = (i for i in studio.library.items(studio.pane.model.ids) if i.kind == "text")
    held = {item.kind: _dragged(studio, monkeypatch, item) for item in (picture, sound, text)}

    def carry(kind: str, pane: str) -> QMimeData:
        button = view.rail._buttons[pane]
        at = button.rect().center()
        copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
        data, left = held[kind], Qt.MouseButton.LeftButton
        QApplication.sendEvent(button, QDragEnterEvent(at, copy, data, left, none))
        studio.wait(lambda: view.current_pane == pane)
        return data

    data = carry("image", "picture")
    canvas = _picture_pane(studio)
    assert _drop(canvas.view.canvas, data)
    studio.wait(lambda: canvas.session is not None and len(canvas.session.picture.layers) == 1)
    data = carry("audio", "sound")
    sounds = _sound_pane(studio)
    assert sounds.session is not None
    sounds.session.soundtrack.add_track("Voice", "speech")
    assert _drop(sounds.view.timeline.viewport(), data)
    studio.wait(lambda: any(True for _ in sounds.session.soundtrack.arrangement.clips()))
    data = carry("text", "text")
    editor = studio.text.manuscript_view
    assert editor is not None
    before = len(studio.text.documents)
    assert _drop(editor.editor.viewport(), data)
    studio.wait(
        lambda: "The lamp went out." in (studio.text.manuscript_view or editor).manuscript.text
    )
    assert len(studio.text.documents) >= before


def test_what_passes_over_the_rail_changes_nothing(
    all_panes: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, view = all_panes, all_panes.window.view
    item = _make_picture(studio)
    studio.show_library(1)
    data = _dragged(studio, monkeypatch, item)
    button = view.rail._buttons["picture"]
    at, copy = button.rect().center(), Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(button, QDragEnterEvent(at, copy, data, left, none))
    assert button._held.isActive()
    QApplication.sendEvent(button, QDragLeaveEvent())
    assert not button._held.isActive()
    words = QMimeData()  # kept: the event does not
    words.setText("words")
    QApplication.sendEvent(button, QDragEnterEvent(at, copy, words, left, none))
    assert not button._held.isActive()
    assert view.current_pane == "library"
    assert _drop(button, data)  # let fall on the button itself, it opens there
    studio.wait(lambda: view.current_pane == "picture")
    pane = _picture_pane(studio)
    studio.wait(lambda: pane.document is not None and pane.document.file is not None)


def test_a_card_let_fall_where_it_came_from_is_not_taken_in_again(
    all_panes: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = all_panes
    item = _make_picture(studio)
    studio.show_library(1)
    data = _dragged(studio, monkeypatch, item)
    grid = studio.pane.grid
    monkeypatch.setattr(QDragEnterEvent, "source", lambda event: grid)
    monkeypatch.setattr(QDropEvent, "source", lambda event: grid)
    assert _drop(grid.viewport(), data)  # taken, or the window would take it for a new file
    studio.wait(studio.settled)
    assert studio.library.search("").total == 1
    monkeypatch.setattr(QDragEnterEvent, "source", lambda event: studio.text)
    monkeypatch.setattr(QDropEvent, "source", lambda event: studio.text)
    assert _drop(grid.viewport(), data)  # from another pane it is a new file
    studio.wait(lambda: studio.settled() and studio.library.search("").total == 2)


def test_a_long_title_leaves_room_for_other_tabs(studio: Studio) -> None:
    studio.text.add_text("A very long title that would fill the whole strip " * 3, "Text.")
    bar = studio.text.tabs.bar
    assert bar.count() == 2
    assert bar.tabSizeHint(1).width() == Size.TAB_MAX
    assert "whole strip" in bar.tabToolTip(1)


def test_signing_is_prepared_where_results_are_signed(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    monkeypatch.setattr(
        "studio.core.provenance.credentials.prepare",
        lambda: prepared.append(threading.current_thread().name),
    )
    studio.show_library(0)
    studio.library.upkeep.settle(10.0)
    assert not prepared, "texts are not signed"
    studio.window.view.show_pane("picture")
    studio.library.upkeep.settle(10.0)
    (thread,) = prepared
    assert thread.startswith("library-upkeep")


def test_preparing_finds_everything_it_names() -> None:
    prepare()
    assert set(credentials._NEEDED) <= set(sys.modules)

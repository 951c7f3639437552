"""Sounds in the library: drawn, heard and opened."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QColor, QFont, QHideEvent, QImage
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.documents_pane import NewFile
from studio.app.panes.library import sound_drawing
from studio.app.panes.library.cards import CARD, PICTURE_HEIGHT, Cards
from studio.app.panes.library.pane import LibraryPane
from studio.app.panes.library.sound_drawing import as_mask, draw_sound, duration_of
from studio.app.panes.library.thumbnail_loader import ThumbnailLoader
from studio.app.panes.library.wording import length
from studio.app.theme.tokens import DARK, LIGHT, Size
from studio.core.artifacts import AudioArtifact
from studio.core.media import Sound
from studio.core.requests import AudioRequest, Capability
from studio.documents.soundtrack.outputs import NullOutput, SoundDeviceError
from studio.library.items import Item
from studio.library.library import Library
from studio.library.thumbnails import Thumbnails
from tests.app.panes.library.conftest import choose, fill, open_pane, settled
from tests.fakes.sounds import babble

RATE = 16_000


def speech(library: Library, seconds: float = 1.0, *, seed: int = 5) -> Item:
    """File what a model said."""
    request = AudioRequest(
        capability=Capability.AUDIO_SPEECH, seed=seed, model="voice", prompt="The lamp is lit."
    )
    sound = Sound.of(babble(seconds, RATE), RATE)
    return library.add_result(
        AudioArtifact(request=request, model="voice", backend="fake", sound=sound)
    )


def recording(folder: Path, library: Library, name: str = "surf.wav", seconds: float = 7) -> Item:
    """Add a sound of another program."""
    soundfile.write(folder / name, babble(seconds, RATE), RATE)
    return library.add_file(folder / name)


def show(pane: LibraryPane, qtbot: QtBot, row: int = 0) -> None:
    """Choose a sound and wait until it is drawn."""
    choose(pane, qtbot, row)
    pane.grid.setCurrentIndex(pane.model.index(row))
    qtbot.waitUntil(lambda: settled(pane) and pane.preview.unpictured is None)


def heard(output: NullOutput) -> bool:
    return any(stream.delay > 0 for stream in output.streams)


# ---- drawing -----------------------------------------------------------------------------------


def test_a_sound_s_card_shows_its_shape_and_length(
    pane: LibraryPane, library: Library, qtbot: QtBot, app_context: AppContext, tmp_path: Path
) -> None:
    item = recording(tmp_path, library)
    open_pane(pane, qtbot, 1)
    qtbot.waitUntil(lambda: pane.thumbnails.get(item) is not None)
    mask = pane.thumbnails.get(item)
    assert mask is not None and mask.format() == QImage.Format.Format_Alpha8
    assert duration_of(mask) == pytest.approx(7.0)
    kept = Thumbnails(app_context.folders.cache / "thumbnails").file(item)
    assert kept.exists() and item.content_hash in kept.name
    show(pane, qtbot)
    assert pane.preview.sound.isVisible() and not pane.preview.picture.isVisible()
    assert pane.preview.sound.time.text() == "0:00 / 0:07"


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_a_card_s_drawing_has_the_colour_of_the_theme(
    qtbot: QtBot, library: Library, tmp_path: Path, palette
) -> None:
    item = recording(tmp_path, library)
    drawn = draw_sound(library.path(item), lambda: False)
    assert drawn is not None
    grey = QImage(
        drawn.mask, drawn.width, drawn.height, drawn.width, QImage.Format.Format_Grayscale8
    )
    cards = Cards(palette, QFont())
    with_drawing = cards.card(item, CARD, 1.0, as_mask(grey)).toImage()
    without = cards.card(item, CARD, 1.0, None).toImage()
    middle = PICTURE_HEIGHT // 2
    line = [with_drawing.pixelColor(x, middle) for x in range(20, CARD.width() - 20)]
    assert line.count(QColor(palette.quiet)) > len(line) // 3  # the rest is silence
    assert without.pixelColor(30, middle) == QColor(palette.raised)


def test_a_drawing_is_made_once_and_off_the_gui_thread(
    qtbot: QtBot, library: Library, tmp_path: Path
) -> None:
    item = recording(tmp_path, library)
    threads: list[threading.Thread] = []

    def drawing(path: Path, cancelled):
        threads.append(threading.current_thread())
        return draw_sound(path, cancelled)

    for _ in range(2):
        loader = ThumbnailLoader(Thumbnails(tmp_path / "cache", drawing))
        loader.set_source(library.path)
        loader.get(item)
        qtbot.waitUntil(lambda loader=loader: loader.get(item) is not None)
        loader.close()
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_a_long_sound_lets_pictures_pass_and_the_window_close(
    qtbot: QtBot, library: Library, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), (200, 40, 40)).save(tmp_path / "red.png")
    picture = library.add_file(tmp_path / "red.png")
    sound = recording(tmp_path, library)
    begun = threading.Event()

    def drawing(path: Path, cancelled):
        begun.set()
        while not cancelled():
            threading.Event().wait(0.005)

    loader = ThumbnailLoader(Thumbnails(tmp_path / "cache", drawing))
    loader.set_source(library.path)
    loader.get(sound)
    assert begun.wait(5)
    loader.get(picture)
    qtbot.waitUntil(lambda: loader.get(picture) is not None)
    assert loader.get(sound) is None
    loader.close()
    assert not any(t.name.startswith("library-thumbnails") for t in threading.enumerate())
    assert not Thumbnails(tmp_path / "cache").file(sound).exists()


def test_what_cannot_be_read_keeps_its_icon_and_says_why_when_it_is_played(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x10\x00\x00\x00nothing")
    soundfile.write(tmp_path / "empty.flac", np.zeros((0, 1), np.float32), RATE)
    (tmp_path / "nothing.wav").write_bytes(b"")
    items = [library.add_file(tmp_path / n) for n in ("broken.wav", "empty.flac", "nothing.wav")]
    open_pane(pane, qtbot, 3)
    for item in items:
        with qtbot.waitSignal(pane.thumbnails.ready):
            pane.thumbnails._images.clear()
            pane.thumbnails.get(item)
        assert pane.thumbnails.get(item) is None
    for row in range(3):
        choose(pane, qtbot, row)
        qtbot.waitUntil(lambda row=row: pane.preview.item.id == pane.model.ids[row])
        assert pane.preview.sound.time.text() == ""
        assert not pane.preview.sound.error.isVisible()
        pane.preview.sound.button.click()
        qtbot.waitUntil(pane.preview.sound.error.isVisible)
        assert pane.preview.sound.button.text() == "Play"


def test_lengths_are_said_as_players_do() -> None:
    assert [length(s) for s in (0, 0.4, 7, 59.6, 750, 3723)] == [
        "0:00",
        "0:00",
        "0:07",
        "1:00",
        "12:30",
        "1:02:03",
    ]


def test_a_kept_drawing_that_is_no_longer_one_has_no_length() -> None:
    assert duration_of(None) is None
    assert duration_of(QImage(2, 2, QImage.Format.Format_Alpha8)) is None


# ---- listening ---------------------------------------------------------------------------------


def test_play_and_stop_with_the_button_and_with_space(
    pane: LibraryPane, library: Library, qtbot: QtBot, output: NullOutput, tmp_path: Path
) -> None:
    recording(tmp_path, library, seconds=60)
    open_pane(pane, qtbot, 1)
    show(pane, qtbot)
    strip = pane.preview.sound
    assert (strip.button.text(), strip.button.isEnabled()) == ("Play", True)
    strip.button.click()
    assert strip.button.text() == "Stop"
    qtbot.waitUntil(lambda: strip.time.text() == "0:01 / 1:00")
    assert strip.wave._share > 0
    qtbot.keyClick(pane.grid, Qt.Key.Key_Space)
    assert (strip.button.text(), strip.time.text()) == ("Play", "0:00 / 1:00")
    qtbot.waitUntil(lambda: not heard(output))
    qtbot.keyClick(pane.grid, Qt.Key.Key_Space)
    assert strip.button.text() == "Stop"
    qtbot.waitUntil(lambda: heard(output))


def test_it_ends_by_itself(
    pane: LibraryPane, library: Library, qtbot: QtBot, output: NullOutput
) -> None:
    frames: list[int] = []
    output.heard = lambda samples: frames.append(len(samples))
    speech(library, 0.5)
    open_pane(pane, qtbot, 1)
    show(pane, qtbot)
    pane.do("listen")
    qtbot.waitUntil(lambda: pane.listening.item_id is None)
    assert pane.preview.sound.button.text() == "Play"
    assert sum(frames) >= RATE // 2


@pytest.mark.parametrize("how", ["another", "none", "left", "trashed", "closed"])
def test_it_falls_silent_when_one_turns_away(
    how: str,
    pane: LibraryPane,
    library: Library,
    qtbot: QtBot,
    output: NullOutput,
    tmp_path: Path,
) -> None:
    recording(tmp_path, library, seconds=60)
    speech(library)
    open_pane(pane, qtbot, 2)
    show(pane, qtbot, 1)
    pane.do("listen")
    qtbot.waitUntil(lambda: heard(output))
    {
        "another": lambda: pane.grid.setCurrentIndex(pane.model.index(0)),
        "none": pane.grid.selectionModel().clear,
        "left": pane.hide,
        "trashed": lambda: pane.do("trash"),
        "closed": pane.close_requested,
    }[how]()
    qtbot.waitUntil(lambda: pane.listening.item_id is None)
    qtbot.waitUntil(lambda: not heard(output))
    if how == "closed":
        assert not any(thread.name == "sound-file" for thread in threading.enumerate())


def test_it_goes_on_while_the_window_is_minimised_and_things_are_marked(
    pane: LibraryPane, library: Library, qtbot: QtBot, output: NullOutput, tmp_path: Path
) -> None:
    recording(tmp_path, library, seconds=60)
    open_pane(pane, qtbot, 1)
    show(pane, qtbot)
    pane.do("listen")

    class Minimised(QHideEvent):
        def spontaneous(self) -> bool:
            return True

    pane.hideEvent(Minimised())
    qtbot.keyClick(pane.grid, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: settled(pane) and pane.preview.stars.stars == 4)
    assert pane.listening.item_id is not None
    assert pane.preview.sound.button.text() == "Stop"


def test_without_a_device_it_says_so_in_the_panel(
    pane: LibraryPane, library: Library, qtbot: QtBot, output: NullOutput
) -> None:
    output.unplug(SoundDeviceError("There is no sound device to play on.", hint="Connect one."))
    speech(library)
    open_pane(pane, qtbot, 1)
    show(pane, qtbot)
    pane.do("listen")
    error = pane.preview.sound.error
    qtbot.waitUntil(error.isVisible)
    assert error.accessibleName() == "There is no sound device to play on. Connect one."
    assert pane.preview.sound.button.text() == "Play"
    output.plug_in()
    pane.do("listen")
    assert not error.isVisible()
    qtbot.waitUntil(lambda: heard(output))


def test_space_still_chooses_what_is_no_sound(
    pane: LibraryPane, library: Library, qtbot: QtBot, output: NullOutput
) -> None:
    fill(library, 2)
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 0)
    pane.grid.setCurrentIndex(pane.model.index(0))
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(pane.grid, Qt.Key.Key_Right, control)
    assert pane.chosen_ids() == [pane.model.ids[0]]
    qtbot.keyClick(pane.grid, Qt.Key.Key_Space)
    assert pane.model.ids[1] in pane.chosen_ids()
    assert output.streams == [] and pane.listening.item_id is None


def test_the_action_says_what_it_needs(
    pane: LibraryPane, library: Library, qtbot: QtBot, app_context: AppContext
) -> None:
    fill(library, 1)
    speech(library)
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 1)
    assert "Choose a sound" in app_context.actions.why_not("library.listen")
    show(pane, qtbot, 0)
    assert app_context.actions.why_not("library.listen") == ""


def test_a_missing_sound_cannot_be_played(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path
) -> None:
    item = recording(tmp_path, library)
    library.path(item).unlink()
    library.scan()
    open_pane(pane, qtbot, 1)
    choose(pane, qtbot, 0)
    assert not pane.preview.sound.button.isEnabled()
    assert pane.preview.sound.button.toolTip() == "The file is missing."
    pane.do("listen")
    assert pane.listening.item_id is None


# ---- opening -----------------------------------------------------------------------------------


def test_what_is_opened_says_what_it_becomes(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path
) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), (200, 40, 40)).save(tmp_path / "red.png")
    picture = library.add_file(tmp_path / "red.png")
    fill(library, 1)
    sound = speech(library)
    opened: list[object] = []
    pane.document_wanted.connect(opened.append)
    open_pane(pane, qtbot, 3)
    button = pane.preview.buttons["open"]
    said = set()
    for row in range(3):
        choose(pane, qtbot, row)
        qtbot.waitUntil(lambda row=row: pane.preview.item.id == pane.model.ids[row])
        assert button.isEnabled() and button.toolTip().endswith("the file stays as it is.")
        said.add((pane.preview.item.kind, button.text()))
    assert said == {
        ("text", "Open as new document"),
        ("image", "Open as new picture"),
        ("audio", "Open as new sound document"),
    }
    for item in (sound, picture):
        pane.grid.setCurrentIndex(pane.model.index(pane.model.row_of(item.id)))
        qtbot.waitUntil(lambda item=item: settled(pane) and pane.preview.item.id == item.id)
        before = len(opened)
        qtbot.keyClick(pane.grid, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda before=before: len(opened) > before)
    request, facts = library.request(sound.id), {"model": "voice"}
    made = NewFile("audio", "The lamp is lit.", library.path(sound), "generated", request, facts)
    found = NewFile("image", picture.title, library.path(picture), "imported")
    assert opened == [made, found]


def test_sounds_are_named_for_what_was_asked(library: Library) -> None:
    assert "the-lamp-is-lit" in speech(library).path


def test_the_panel_fits_the_inspector(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    speech(library)
    open_pane(pane, qtbot, 1)
    show(pane, qtbot)
    pane.preview.sound.show_error(SoundDeviceError("A long sentence that says why. " * 4))
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    assert pane.preview.minimumSizeHint().width() <= Size.INSPECTOR
    assert sound_drawing.COLUMNS >= 2 * Size.INSPECTOR

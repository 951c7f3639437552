from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

from studio.app.main import Options, pane_sources, parse
from studio.app.main_window import PaneSource
from studio.app.panes import PANES
from studio.app.theme.tokens import Size
from studio.core.errors import ModelNotFoundError
from tests.app.conftest import SAMPLE
from tests.app.sample_pane import SamplePane


def test_panes_come_from_their_entries():
    sources = pane_sources()
    assert list(sources) == [entry.name for entry in PANES]
    for source in sources.values():
        assert source.title and source.icon_name and callable(source.load())


def test_the_pane_is_made_after_the_first_paint_and_told_so(window):
    assert window.pane.activations == 1
    assert window.view.current_pane == "text"


def test_files_of_the_command_line_reach_the_pane(make_window):
    files = (Path("a.txt"), Path("b.md"))
    window = make_window(options=Options(files=files))
    assert window.pane.files == list(files)


def test_the_engine_starts_after_the_first_paint_and_stops_with_the_window(
    qtbot, make_window, engine
):
    painted = []

    def make_engine():
        painted.append(bool(window_seen) and window_seen[0].view._painted)
        return engine

    window_seen = []
    window_seen.append(make_window(make_engine=make_engine, wait=False))
    window = window_seen[0]
    qtbot.waitUntil(lambda: engine.started)
    window.view.close()
    window.app.close()
    assert painted == [True] and engine.closed


def test_an_engine_that_cannot_be_made_is_said_where_one_looks(qtbot, make_window):
    def broken():
        raise ModelNotFoundError("torch is damaged.", hint="Install it again.")

    window = make_window(make_engine=broken, wait=False)
    qtbot.waitUntil(lambda: bool(window.app.bridge.failure))
    qtbot.waitUntil(lambda: window.view.status.model_words() == "The engine did not start")
    qtbot.waitUntil(lambda: bool(window.view.toasts.toasts))
    (toast,) = window.view.toasts.toasts
    assert "torch is damaged." in toast.message.text


def test_closing_while_the_engine_is_being_made_waits_for_it(make_window, engine):
    window = make_window(wait=False)
    window.view.close()
    window.app.close()
    window.app.close()  # a second time does nothing
    assert engine.closed or not engine.started


def test_a_pane_can_keep_the_window_open(window):
    window.pane.may_close = False
    window.view.close()
    assert window.view.isVisible()
    window.pane.may_close = True
    window.view.close()
    assert not window.view.isVisible()


def test_the_inspector_collapses_with_one_key_and_the_work_takes_the_room(qtbot, window):
    view = window.view
    view.resize(1280, 800)
    assert view.inspector.isVisible()
    before = window.pane.width()
    with qtbot.waitActive(view):
        view.activateWindow()
    qtbot.keyClick(view, Qt.Key.Key_F9)
    assert not view.inspector.isVisible()
    qtbot.waitUntil(lambda: window.pane.width() > before)
    qtbot.keyClick(view, Qt.Key.Key_F9)
    assert view.inspector.isVisible()


def test_a_click_on_the_rail_shows_its_pane(qtbot, make_window):
    other = PaneSource("Library", "library", lambda: SamplePane)
    view = make_window(panes={"text": SAMPLE, "library": other}).view
    qtbot.waitUntil(lambda: view.current_pane == "text")
    first, second = (view.rail._buttons[name] for name in ("text", "library"))
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert view.current_pane == "library"
    assert (first.isChecked(), second.isChecked()) == (False, True)
    second.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Space)
    assert view.current_pane == "text"


@pytest.mark.parametrize("width", [800, 1000, 1280, 1440, 2560])
def test_the_work_is_never_under_sixty_per_cent_of_the_width(qtbot, window, width):
    window.view.resize(width, 800)
    window.view._splitter.moveSplitter(1, 1)
    room = width - Size.RAIL
    qtbot.waitUntil(lambda: window.pane.width() >= 0.6 * room - 4)
    if window.view.inspector.isVisible():
        inspector = window.view.inspector.width()
        assert Size.INSPECTOR_MIN <= inspector <= Size.INSPECTOR_MAX


def test_at_1280_by_800_everything_primary_is_inside(window):
    view = window.view
    view.resize(1280, 800)
    button = window.pane.prompt.button
    for widget in (button, view.menu_button, view.status, view.rail):
        area = widget.rect().translated(widget.mapTo(view, widget.rect().topLeft()))
        assert view.rect().contains(area), widget


def test_the_layout_is_remembered(qtbot, make_window, folders):
    first = make_window()
    first.view.resize(800, 610)
    first.view.toggle_inspector()
    first.view.close()
    first.app.close()
    stored = json.loads((folders.state / "window.json").read_text("utf-8"))
    assert stored["inspector"] is False and stored["pane"] == "text"
    second = make_window()
    assert second.view.height() == 610 and not second.view.inspector.isVisible()


def test_a_change_of_theme_in_the_settings_holds_at_once(qtbot, window):
    window.app.settings.set("appearance", "theme", "light")
    assert not window.app.theme.is_dark
    assert window.app.actions.run("view.other_theme")
    assert window.app.settings.value.appearance.theme == "dark"


def test_the_text_model_is_loaded_early_once_unless_the_user_says_no(
    qtbot, make_window, engine, folders
):
    make_window()
    qtbot.waitUntil(lambda: engine.warmed_up == ["fake-chat"])
    engine.set_state(used_bytes=5)
    engine.set_state(used_bytes=6)
    folders.settings_file.parent.mkdir(parents=True, exist_ok=True)
    folders.settings_file.write_text('{"computing": {"warm_up": false}}', "utf-8")
    second = make_window()
    with qtbot.waitSignal(second.app.bridge.engine_changed):
        engine.set_state(used_bytes=7)
    assert engine.warmed_up == ["fake-chat"]


def test_what_the_engine_cannot_use_is_said_once(qtbot, window):
    window.engine.problem_list.append("The plugin Echo could not be loaded.")
    for used in (1, 2):
        with qtbot.waitSignal(window.app.bridge.engine_changed):
            window.engine.set_state(used_bytes=used)
    said = [message.text for message in window.app.notify.messages]
    assert said == ["The plugin Echo could not be loaded."]


def test_settings_for_computing_reach_the_engine(window):
    window.app.settings.set("computing", "cpu_threads", 3)
    assert window.engine.settings.cpu_threads == 3


def test_bad_stored_settings_are_told_once_the_window_is_there(qtbot, make_window, folders):
    folders.settings_file.parent.mkdir(parents=True)
    folders.settings_file.write_text('{"appearance": {"theme": "pink"}}', "utf-8")
    window = make_window()
    messages = [toast.message for toast in window.view.toasts.toasts]
    assert len(messages) == 1 and "Theme" in messages[0].text


def test_a_later_start_brings_its_files_and_the_window_to_the_front(window):
    window.view.showMinimized()
    window.app._on_files([Path("late.md")])
    assert window.pane.files == [Path("late.md")]
    assert not window.view.isMinimized()


def test_f6_goes_round_the_parts_of_the_window(qtbot, window):
    view = window.view
    with qtbot.waitActive(view):
        view.activateWindow()
    regions: list[QWidget] = [view.rail, view._strip, view._stack, view.inspector, view.status]
    seen = []
    for _ in regions:
        view.focus_next_region()
        focus = view.focusWidget()
        seen.append(next(r for r in regions if r.isAncestorOf(focus)))
    assert sorted(map(id, seen)) == sorted(map(id, regions))


def test_panes_are_made_only_when_they_are_shown(qtbot, make_window):
    made = []

    def load(name):
        def take(context):
            made.append(name)
            return SamplePane(context)

        return lambda: take

    window = make_window(
        panes={name: PaneSource(name.title(), "feather", load(name)) for name in ("one", "two")}
    )
    qtbot.waitUntil(lambda: made == ["one"])
    assert window.app.actions.run("pane.two")
    assert made == ["one", "two"] and window.view.current_pane == "two"
    window.view.show_pane("one")
    assert made == ["one", "two"]
    assert window.view.panes["one"].activations == 2


def test_the_words_of_the_command_line():
    assert parse([]) == Options()
    assert parse(["a.txt", "--safe-mode", "--new-window"]) == Options(
        files=(Path("a.txt"),), safe_mode=True, new_window=True
    )
    with pytest.raises(SystemExit) as ended:
        parse(["--no-such-thing"])
    assert ended.value.code == 2


def test_every_category_has_its_menu_with_its_actions(window):
    menu = window.view.menu_button.menu()
    menus = {action.text(): action.menu() for action in menu.actions()}
    assert list(menus) == ["File", "Edit", "View", "Generate", "Help"]
    for child in menus.values():
        child.aboutToShow.emit()  # each is filled when it opens, with what was added since
    for spec in window.app.actions.all():
        if spec.category:
            assert window.app.actions.get(spec.id) in menus[spec.category].actions(), spec.id


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Drag onto a widget and let go, as the system does; say whether anything took it."""
    action, button, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    entering = QDragEnterEvent(QPoint(4, 4), action, mime, button, none)
    QApplication.sendEvent(widget, entering)
    if entering.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(4, 4), action, mime, button, none))
    return entering.isAccepted()


@pytest.mark.parametrize("where", ["rail", "status", "prompt", "inspector"])
def test_files_may_be_dropped_anywhere(window, tmp_path, where):
    mime = QMimeData()
    files = [tmp_path / "a.txt", tmp_path / "b.md"]
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    places = {"prompt": window.pane.prompt.edit.viewport()}
    assert drop(places.get(where) or getattr(window.view, where), mime)
    assert window.pane.files == files
    assert window.pane.prompt.text() == ""


def test_what_is_no_file_of_this_computer_is_not_taken(window):
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/a.txt")])
    assert not drop(window.view.rail, mime)
    assert window.pane.files == []

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from studio.app.actions import ActionSpec
from studio.app.palette import SPEC


@pytest.fixture
def palette(qtbot, window):
    with qtbot.waitActive(window.view):
        window.view.activateWindow()
    window.view.open_palette()
    return window.view.palette_popup


def titles(palette):
    return [palette.model.entry(row).spec.title for row in range(palette.model.rowCount())]


def type_in(qtbot, palette, text):
    qtbot.keyClicks(palette._field, text)


def test_ctrl_k_opens_it_and_again_closes_it_and_the_focus_comes_back(qtbot, window):
    view = window.view
    with qtbot.waitActive(view):
        view.activateWindow()
    window.pane.prompt.setFocus()
    before = QApplication.focusWidget()
    qtbot.keyClick(before, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert view.palette_popup.isVisible()
    assert QApplication.focusWidget() is view.palette_popup._field
    qtbot.keyClick(view.palette_popup._field, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert not view.palette_popup.isVisible() and QApplication.focusWidget() is before


def test_every_action_but_itself_is_there_with_its_keys(window, palette):
    listed = set(titles(palette))
    assert listed == {s.title for s in window.app.actions.all() if s.id != "view.palette"}
    row = titles(palette).index("Settings")
    assert palette.model.entry(row).keys == "Ctrl+,"


def test_typing_filters_and_enter_runs_the_best(qtbot, window, palette):
    ran = []
    window.app.actions.add(
        ActionSpec(id="text.dance", title="Dance a little", callback=lambda: ran.append(1))
    )
    type_in(qtbot, palette, "dali")
    assert titles(palette)[0] == "Dance a little"
    qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    assert ran == [1] and not palette.isVisible()


def test_arrows_choose_and_wrap(qtbot, palette):
    count = palette.model.rowCount()
    qtbot.keyClick(palette._field, Qt.Key.Key_Up)
    assert palette._list.currentIndex().row() == count - 1
    qtbot.keyClick(palette._field, Qt.Key.Key_Down)
    qtbot.keyClick(palette._field, Qt.Key.Key_Down)
    assert palette._list.currentIndex().row() == 1
    qtbot.keyClick(palette._field, Qt.Key.Key_PageDown)
    assert palette._list.currentIndex().row() == min(count - 1, 10)


def test_what_cannot_be_done_comes_last_says_why_and_does_not_run(qtbot, window, palette):
    last = palette.model.entry(palette.model.rowCount() - 1)
    assert not last.enabled
    type_in(qtbot, palette, "stop all")
    entry = palette.model.entry(0)
    assert entry.reason == "Nothing is running."
    index = palette.model.index(0)
    assert palette.model.data(index, Qt.ItemDataRole.ToolTipRole) == "Nothing is running."
    assert palette.model.data(index, SPEC) is entry
    qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_nothing_that_fits_is_said(qtbot, palette):
    type_in(qtbot, palette, "zzzqqq")
    assert palette.model.rowCount() == 0 and palette._nothing.isVisible()
    qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    qtbot.keyClick(palette._field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_it_closes_when_one_goes_elsewhere(qtbot, window, palette):
    window.pane.edit.setFocus()
    assert not palette.isVisible()


def test_a_click_runs_and_it_stays_inside_a_small_window(qtbot, window, palette):
    window.view.resize(800, 520)
    assert window.view.centralWidget().rect().contains(palette.geometry())
    row = titles(palette).index("Inspector")
    index = palette.model.index(row)
    place = palette._list.visualRect(index).center()
    was = window.view.inspector.isVisible()
    qtbot.mouseClick(palette._list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.view.inspector.isVisible() is not was

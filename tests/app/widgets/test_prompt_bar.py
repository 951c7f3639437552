from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt

from studio.app.widgets import PromptBar


@pytest.fixture
def bar(qtbot):
    bar = PromptBar("Continue", "What shall happen next?")
    qtbot.addWidget(bar)
    bar.resize(600, bar.sizeHint().height())
    bar.show()
    return bar


def test_ctrl_enter_and_the_button_submit_and_enter_is_a_new_line(qtbot, bar):
    said = []
    bar.submitted.connect(said.append)
    qtbot.keyClicks(bar.edit, "go on")
    qtbot.keyClick(bar.edit, Qt.Key.Key_Return)
    assert said == []
    qtbot.keyClick(bar.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    bar.button.click()
    assert said == ["go on\n", "go on\n"]


def test_enter_submits_where_asked_for_and_shift_enter_does_not(qtbot):
    bar = PromptBar("Send", enter_submits=True)
    qtbot.addWidget(bar)
    said = []
    bar.submitted.connect(said.append)
    qtbot.keyClicks(bar.edit, "hello")
    qtbot.keyClick(bar.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert said == []
    qtbot.keyClick(bar.edit, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert said == ["hello\n"]


def test_nothing_said_is_nothing_to_do(qtbot, bar):
    assert not bar.button.isEnabled() and not bar.can_submit()
    bar.set_text("  \n ")
    assert not bar.button.isEnabled()
    bar.set_text("now")
    assert bar.button.isEnabled()


def test_a_reason_greys_the_button_and_is_said(bar):
    bar.set_text("now")
    bar.set_reason("No model is installed.")
    assert not bar.button.isEnabled() and bar.button.toolTip() == "No model is installed."
    bar.set_reason("")
    assert bar.button.isEnabled()


def test_while_busy_the_button_and_esc_stop(qtbot, bar):
    stops, said = [], []
    bar.stop_requested.connect(lambda: stops.append(1))
    bar.submitted.connect(said.append)
    bar.set_text("go")
    bar.set_busy(True)
    assert bar.button.text() == "Stop" and bar.button.isEnabled()
    bar.button.click()
    qtbot.keyClick(bar.edit, Qt.Key.Key_Escape)
    qtbot.keyClick(bar.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert stops == [1, 1] and said == []
    bar.set_busy(False)
    assert bar.button.text() == "Continue"


def test_it_grows_with_its_lines_up_to_six(bar):
    heights = []
    for lines in range(1, 10):
        bar.set_text("\n".join("x" * lines))
        heights.append(bar.edit.height())
    assert heights[:6] == sorted(set(heights[:6])) and len(set(heights[5:])) == 1


def test_long_lines_wrap_and_make_it_higher(qtbot, bar):
    low = bar.edit.height()
    bar.set_text("word " * 100)
    qtbot.waitUntil(lambda: bar.edit.height() > low)


def test_tab_leaves_the_field(qtbot, bar):
    bar.set_text("x")
    bar.edit.setFocus()
    qtbot.keyClick(bar.edit, Qt.Key.Key_Tab)
    assert bar.text() == "x"


def test_foreign_text_is_plain_text(bar):
    mime = QMimeData()
    mime.setHtml("<b>bold</b><img src='http://example.org/x.png'>")
    mime.setText("bold")
    bar.edit.insertFromMimeData(mime)
    assert bar.text() == "bold"


def test_clearing_can_be_undone(bar):
    bar.set_text("precious")
    bar.clear()
    assert bar.text() == ""
    bar.edit.undo()
    assert bar.text() == "precious"

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.canvas.colour_picker import ColourButton, ColourPicker
from studio.app.panes.picture.canvas.hand_colours import RECENT_MOST, HandColours


@pytest.fixture
def hand(qapp) -> HandColours:
    return HandColours()


@pytest.fixture
def picker(qtbot: QtBot, theme, hand: HandColours) -> ColourPicker:
    picker = ColourPicker(hand)
    qtbot.addWidget(picker)
    picker.show()
    return picker


@pytest.mark.parametrize("name", ["#000000", "#ffffff", "#e2ae57", "#0a141e", "#00ff7f", "#808080"])
def test_a_colour_stands_in_the_square_and_comes_back(picker: ColourPicker, name: str):
    picker.set_colour(QColor("#123456"))
    picker.set_colour(QColor(name))
    assert picker.colour.name() == name == picker.hex.text()
    shown = QColor.fromHsvF(picker.strip.across, picker.field.across, 1 - picker.field.down)
    assert all(
        abs(one - other) <= 2
        for one, other in zip(shown.getRgb(), QColor(name).getRgb(), strict=True)
    )


def test_the_square_and_the_strip_change_it(qtbot: QtBot, picker: ColourPicker):
    picker.set_colour(QColor("red"))
    area = picker.field.area()
    with qtbot.waitSignal(picker.colour_changed) as told:
        QTest.mouseClick(picker.field, Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert told.args[0].saturation() == pytest.approx(128, abs=3)
    assert told.args[0].value() == pytest.approx(128, abs=3)
    third = picker.strip.area()
    at = QPointF(third.x() + third.width() / 3, third.center().y()).toPoint()
    QTest.mouseClick(picker.strip, Qt.MouseButton.LeftButton, pos=at)
    assert picker.colour.hue() == pytest.approx(120, abs=3)


def test_keys_change_it_as_well_and_it_says_so(picker: ColourPicker):
    picker.set_colour(QColor("red"))
    before = picker.field.accessibleDescription()
    QTest.keyClick(picker.field, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert picker.colour.saturationF() == pytest.approx(0.9, abs=0.01)
    assert picker.field.accessibleDescription() != before
    QTest.keyClick(picker.strip, Qt.Key.Key_Right)
    assert picker.colour.hue() in (3, 4)


def test_the_hue_stays_while_a_colour_is_grey(picker: ColourPicker):
    picker.set_colour(QColor.fromHsv(200, 255, 255))
    picker.field._take(0.0, 0.0)
    assert picker.colour.name() == "#ffffff"
    picker.field._take(1.0, 0.0)
    assert picker.colour.hue() == pytest.approx(200, abs=1)


@pytest.mark.parametrize(("typed", "taken"), [("#10Ff20", "#10ff20"), ("10ff20", "#10ff20")])
def test_a_number_is_typed(picker: ColourPicker, typed: str, taken: str):
    picker.hex.clear()
    QTest.keyClicks(picker.hex, typed)
    assert picker.colour.name() == taken


@pytest.mark.parametrize("typed", ["", "#12", "red", "#gg0000"])
def test_half_a_number_changes_nothing(picker: ColourPicker, typed: str):
    picker.set_colour(QColor("#123456"))
    picker.hex.clear()
    QTest.keyClicks(picker.hex, typed)
    assert picker.colour.name() == "#123456"
    picker.hex.clearFocus()
    picker.hex.editingFinished.emit()
    assert picker.hex.text() == "#123456"


def test_what_was_used_last_comes_first_and_is_chosen_again(
    qtbot: QtBot, picker: ColourPicker, hand: HandColours
):
    for n in range(RECENT_MOST + 5):
        hand.use(QColor(n * 10, 0, 0))
    hand.use(QColor(100, 0, 0))
    assert len(hand.recent) == RECENT_MOST and hand.recent[0] == QColor(100, 0, 0)
    assert len({colour.name() for colour in hand.recent}) == RECENT_MOST
    picker.show_recent()
    QApplication.processEvents()
    buttons = [b for b in picker.findChildren(ColourButton) if not b.isHidden()]
    assert [button.colour for button in buttons] == list(hand.recent)
    with qtbot.waitSignal(picker.colour_changed) as told:
        buttons[3].click()
    assert told.args[0] == hand.recent[3]

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas import ToolBar
from studio.app.panes.picture.canvas.canvas_view import TOOLS
from studio.app.theme.tokens import Size
from tests.app.panes.picture.canvas.driving import Driver


@pytest.fixture
def bar(driver: Driver) -> ToolBar:
    bar = ToolBar(driver.canvas)
    driver.bot.addWidget(bar)
    bar.resize(Size.STRIP, 700)
    bar.show()
    return bar


def checked(bar: ToolBar) -> list[str]:
    return [name for name, button in bar.buttons.items() if button.isChecked()]


def test_every_tool_has_a_button_with_words_and_keys(bar: ToolBar):
    assert list(bar.buttons) == [tool.name for tool in TOOLS]
    for tool in TOOLS:
        button = bar.buttons[tool.name]
        assert button.accessibleName() and button.accessibleName() in button.toolTip()
        assert tool.keys.split("+")[-1] in button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_a_click_takes_the_tool_and_the_canvas_tells_the_bar(driver: Driver, bar: ToolBar):
    bar.buttons["fill"].click()
    assert driver.canvas.tool == "fill" and checked(bar) == ["fill"]
    driver.canvas.set_tool("move")
    assert checked(bar) == ["move"]
    bar.buttons["move"].click()
    assert checked(bar) == ["move"]


def test_arrows_go_from_tool_to_tool(driver: Driver, bar: ToolBar):
    with driver.bot.waitActive(bar):
        bar.activateWindow()
    bar.buttons["brush"].setFocus()
    QTest.keyClick(bar.buttons["brush"], Qt.Key.Key_Down)
    assert bar.buttons["eraser"].hasFocus()
    QTest.keyClick(bar.buttons["eraser"], Qt.Key.Key_Up)
    assert bar.buttons["brush"].hasFocus()


def overlap(bar: ToolBar) -> bool:
    places = [button.geometry() for button in bar.buttons.values()] + [bar.swatches.geometry()]
    return any(one.intersects(other) for n, one in enumerate(places) for other in places[n + 1 :])


@pytest.mark.parametrize(("height", "columns"), [(900, 1), (616, 1), (430, 2), (340, 2)])
def test_a_low_window_has_two_columns(driver: Driver, bar: ToolBar, height: int, columns: int):
    for other in (700, 400, height):  # whatever it was before
        bar.resize(bar.width(), other)
        driver.bot.wait(1)
    lefts = {button.x() for button in bar.buttons.values()}
    assert len(lefts) == columns and not overlap(bar)
    assert bar.swatches.geometry().bottom() <= height


def test_the_swatches_show_both_colours_and_swap_them(driver: Driver, bar: ToolBar):
    driver.canvas.set_colour(QColor("teal"))
    assert bar.swatches.front.colour == QColor("teal")
    assert "#008080" in bar.swatches.front.accessibleName()
    bar.swatches.swap.click()
    assert bar.swatches.back.colour == QColor("teal") == driver.canvas.background


def test_a_swatch_opens_a_picker_for_its_colour(driver: Driver, bar: ToolBar):
    bar.swatches.back.click()
    picker = bar.swatches.popover.picker
    assert picker.colour == QColor("white")
    picker.hex.setText("#123456")
    picker.hex.textEdited.emit("#123456")
    assert driver.canvas.background == QColor("#123456")
    assert driver.canvas.colour == QColor("black")
    bar.swatches.popover.hide()
    assert driver.canvas.colours_in_hand.recent[0] == QColor("#123456")


def test_all_of_it_has_names(bar: ToolBar):
    for widget in bar.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert widget.accessibleName(), widget

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.app.panes.picture.canvas import ToolOptions
from studio.app.panes.picture.canvas.canvas_view import TOOLS
from studio.app.panes.picture.canvas.tool_fields import ScrubLabel
from studio.app.theme.tokens import Size
from studio.core.options import describe
from tests.app.panes.picture.canvas.driving import Driver


@pytest.fixture
def strip(driver: Driver) -> ToolOptions:
    strip = ToolOptions(driver.canvas)
    driver.bot.addWidget(strip)
    strip.resize(1100, Size.STRIP)
    strip.show()
    return strip


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS])
def test_every_option_of_every_tool_has_a_named_field(driver: Driver, strip: ToolOptions, name):
    driver.canvas.set_tool(name)
    tool = driver.canvas.current_tool
    infos = () if tool.options is None else describe(type(tool.options))
    for info in infos:
        field = strip.field(info.name)
        assert field.main.accessibleName() and info.help in field.main.toolTip()


def test_a_field_changes_the_tool_and_the_tool_its_field(driver: Driver, strip: ToolOptions):
    strip.field("size_px").main.setValue(77)
    assert driver.canvas.brush.size_px == 77
    driver.canvas.set_tool_options(size_px=12, pressure_size=False, symmetry="both")
    assert strip.field("size_px").main.value() == 12
    assert not strip.field("pressure_size").main.isChecked()
    assert strip.field("symmetry").main.currentData() == "both"
    driver.key(Qt.Key.Key_BracketRight)
    assert strip.field("size_px").main.value() == 13


def test_every_tool_keeps_its_own(driver: Driver, strip: ToolOptions):
    strip.field("size_px").main.setValue(50)
    driver.canvas.set_tool("eraser")
    assert strip.field("size_px").main.value() == 24
    strip.field("size_px").main.setValue(99)
    driver.canvas.set_tool("brush")
    assert strip.field("size_px").main.value() == 50


def test_what_means_nothing_is_greyed_and_says_why(driver: Driver, strip: ToolOptions):
    driver.canvas.set_tool("shape")
    assert not strip.field("stroke_px").isEnabled()
    assert "outline" in strip.field("stroke_px").toolTip()
    strip.field("style").main.setCurrentIndex(1)
    assert strip.field("stroke_px").isEnabled()


def test_a_word_is_dragged_and_reset_by_a_double_click(driver: Driver, strip: ToolOptions):
    label = strip.field("hardness").findChild(ScrubLabel)
    middle = label.rect().center()
    QTest.mousePress(label, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(label, middle - QPoint(12, 0))
    QTest.mouseRelease(label, Qt.MouseButton.LeftButton, pos=middle)
    assert driver.canvas.current_tool.options.hardness < 80
    QTest.mouseDClick(label, Qt.MouseButton.LeftButton, pos=middle)
    assert driver.canvas.current_tool.options.hardness == 80


@pytest.mark.parametrize("width", [1600, 860, 500, 240])
def test_what_does_not_fit_opens_from_a_button(driver: Driver, strip: ToolOptions, width: int):
    strip.resize(width, Size.STRIP)
    driver.bot.wait(1)
    inside = [field for field in strip._shown if field.parentWidget() is strip]
    rest = [field for field in strip._shown if field.parentWidget() is strip._popover]
    assert len(inside) + len(rest) == len(strip._shown)
    assert all(field.geometry().right() <= width for field in inside)
    assert strip._more.isVisible() is bool(rest)
    if rest:
        strip._more.click()
        assert strip._popover.isVisible() and all(field.isVisible() for field in rest)
        rest[-1].setFocus()
        strip._popover.hide()
    strip.resize(2400, Size.STRIP)
    driver.bot.wait(1)
    assert all(field.parentWidget() is strip and field.isVisible() for field in strip._shown)


def test_buttons_of_a_tool_stand_in_their_order(driver: Driver, strip: ToolOptions):
    for _ in range(2):
        driver.canvas.set_tool("brush")
        driver.canvas.set_tool("transform")
    driver.bot.wait(1)
    buttons = sorted(strip._actions["transform"], key=lambda button: button.x())
    assert [button.toolTip() for button in buttons] == [
        action.title for action in driver.canvas.current_tool.actions()
    ]
    assert all(button.isVisible() and button.accessibleName() for button in buttons)


def test_the_typeface_can_be_chosen(driver: Driver, strip: ToolOptions):
    driver.canvas.set_tool("text")
    fonts = strip.field("family").main
    assert fonts.count() > 0
    other = fonts.itemText(fonts.count() - 1)
    fonts.setCurrentIndex(fonts.count() - 1)
    assert driver.canvas.current_tool.options.family == other

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import ALT, SHIFT, Driver, plain


def selected(driver: Driver, x: int, y: int) -> int:
    driver.settle()
    selection = driver.document.selection
    return 0 if selection is None else int(selection.mask(Rect(x, y, 1, 1))[0, 0])


def test_a_drag_selects_a_rectangle(driver: Driver):
    driver.canvas.set_tool("select_rectangle")
    driver.drag((20, 30), (80, 90))
    driver.settle()
    assert driver.document.selection.bounds == Rect(20, 30, 60, 60)


def test_keys_add_take_away_and_keep_the_overlap(driver: Driver):
    driver.canvas.set_tool("select_rectangle")
    driver.drag((20, 20), (60, 60))
    driver.drag((100, 20), (140, 60), SHIFT)
    assert selected(driver, 30, 30) == selected(driver, 110, 30) == 255
    driver.drag((100, 0), (120, 100), ALT)
    assert selected(driver, 110, 30) == 0 and selected(driver, 130, 30) == 255
    driver.drag((0, 0), (70, 40), SHIFT | ALT)
    assert selected(driver, 130, 30) == 0 and selected(driver, 30, 30) == 255
    assert selected(driver, 30, 50) == 0


def test_the_chosen_mode_holds_without_keys(driver: Driver):
    driver.canvas.set_tool("select_rectangle")
    driver.canvas.set_tool_options(mode="add")
    driver.drag((20, 20), (60, 60))
    driver.drag((100, 20), (140, 60))
    assert selected(driver, 30, 30) == selected(driver, 110, 30) == 255


def test_a_click_selects_nothing(driver: Driver):
    driver.document.select_all()
    driver.canvas.set_tool("select_rectangle")
    driver.click(50, 50)
    driver.settle()
    assert driver.document.selection is None


def test_shift_pressed_later_makes_a_square(driver: Driver):
    driver.canvas.set_tool("select_rectangle")
    driver.press(20, 20)
    driver.move(80, 40)
    driver.move(80, 40, SHIFT)
    driver.release(80, 40, SHIFT)
    driver.settle()
    assert driver.document.selection.bounds == Rect(20, 20, 60, 60)


def test_an_ellipse(driver: Driver):
    driver.canvas.set_tool("select_ellipse")
    driver.drag((20, 20), (120, 80))
    assert selected(driver, 70, 50) == 255 and selected(driver, 22, 22) == 0


def test_a_lasso_goes_around(driver: Driver):
    driver.canvas.set_tool("select_lasso")
    driver.press(20, 20)
    for place in [(120, 20), (120, 120), (70, 40), (20, 120)]:
        driver.move(*place)
    driver.release(20, 120)
    assert selected(driver, 25, 80) == 255 and selected(driver, 70, 100) == 0


def test_a_polygon_is_closed_by_enter_a_double_click_or_its_first_corner(driver: Driver):
    driver.canvas.set_tool("select_polygon")
    for place in [(20, 20), (120, 20), (120, 120)]:
        driver.click(*place)
    assert driver.key(Qt.Key.Key_Return)
    assert selected(driver, 110, 40) == 255 and selected(driver, 30, 100) == 0
    for place in [(20, 20), (120, 20), (20, 120)]:
        driver.click(*place)
    driver.double_click(20, 120)
    assert selected(driver, 30, 100) == 255 and selected(driver, 110, 100) == 0
    for place in [(200, 20), (250, 20), (250, 80), (202, 22)]:
        driver.click(*place)
    assert selected(driver, 240, 40) == 255 and selected(driver, 30, 100) == 0


def test_corners_are_taken_back_and_esc_gives_the_polygon_up(driver: Driver):
    driver.canvas.set_tool("select_polygon")
    for place in [(20, 20), (120, 20), (120, 120), (5, 5)]:
        driver.click(*place)
    driver.key(Qt.Key.Key_Backspace)
    driver.hover(60, 90)
    assert len(driver.canvas.current_tool.points) == 3
    driver.key(Qt.Key.Key_Escape)
    driver.key(Qt.Key.Key_Return)
    driver.settle()
    assert driver.document.selection is None


@pytest.mark.parametrize("contiguous", [True, False])
def test_the_wand_takes_what_has_one_colour(driver: Driver, contiguous: bool):
    layer = driver.document.layers[0].id
    driver.document.paste(layer, plain(40, 200, (0, 0, 0, 255)), 100, 0)
    driver.canvas.set_tool("select_wand")
    driver.canvas.set_tool_options(contiguous=contiguous)
    driver.click(20, 20)
    assert selected(driver, 50, 50) == 255 and selected(driver, 120, 50) == 0
    assert selected(driver, 200, 50) == (0 if contiguous else 255)


def test_the_wand_says_where_there_is_nothing(driver: Driver):
    driver.canvas.set_tool("select_wand")
    with driver.bot.waitSignal(driver.canvas.said):
        driver.click(-40, -40)


def test_a_selection_being_drawn_is_given_up_with_the_tool(driver: Driver):
    driver.canvas.set_tool("select_rectangle")
    driver.press(20, 20)
    driver.move(80, 80)
    driver.canvas.set_tool("brush")
    driver.release(80, 80)
    driver.settle()
    assert driver.document.selection is None and not driver.document.can_undo

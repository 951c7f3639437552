from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import CTRL, SHIFT, Driver, plain

GROUND = (200, 40, 40, 255)
BLUE = (20, 40, 200, 255)


@pytest.fixture
def with_box(driver: Driver) -> Driver:
    """A blue box of 60 by 40 pixels on the layer that is worked on."""
    driver.document.paste(driver.document.active_id, plain(60, 40, BLUE), 50, 50)
    driver.document.forget_undo()
    driver.settle()
    return driver


def box(driver: Driver) -> Rect:
    """Where the blue box is now."""
    driver.settle()
    pixels = driver.document.composite(
        Rect(-200, -200, 800, 800), only=(driver.document.active_id,)
    )
    rows, columns = np.nonzero(pixels[:, :, 3] > 127)
    left, top = int(columns.min()) - 200, int(rows.min()) - 200
    return Rect.between(left, top, int(columns.max()) - 199, int(rows.max()) - 199)


def test_moving_shows_the_layer_on_its_way_and_puts_it_down(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("move")
    driver.press(60, 60)
    driver.move(130, 90)
    driver.settle()
    assert driver.shown(130, 90) == QColor(*BLUE[:3])
    assert driver.shown(55, 55) == QColor(*GROUND[:3])
    assert box(driver) == Rect(50, 50, 60, 40)  # not in the document yet
    driver.release(130, 90)
    assert box(driver) == Rect(120, 80, 60, 40)
    assert driver.document.undo_label == "Move"
    assert driver.shown(130, 90) == QColor(*BLUE[:3])


def test_shift_keeps_a_move_straight_and_arrows_go_by_pixels(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("move")
    driver.drag((60, 60), (100, 70), SHIFT)
    assert box(driver) == Rect(90, 50, 60, 40)
    driver.key(Qt.Key.Key_Left)
    driver.key(Qt.Key.Key_Down, SHIFT)
    assert box(driver) == Rect(89, 60, 60, 40)


def test_a_move_is_given_up_with_esc(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("move")
    driver.press(60, 60)
    driver.move(130, 90)
    driver.key(Qt.Key.Key_Escape)
    driver.release(130, 90)
    assert box(driver) == Rect(50, 50, 60, 40) and not driver.document.can_undo
    driver.settle()
    assert driver.shown(55, 55) == QColor(*BLUE[:3])


def test_only_what_is_selected_is_moved(with_box: Driver):
    driver = with_box
    driver.document.select_rect(Rect(50, 50, 30, 40))
    driver.canvas.set_tool("move")
    driver.press(60, 60)
    driver.move(60, 140)
    driver.settle()
    assert driver.shown(60, 140) == QColor(*BLUE[:3])
    assert driver.shown(100, 60) == QColor(*BLUE[:3])
    assert driver.shown(60, 60) == QColor(*GROUND[:3])
    driver.release(60, 140)
    driver.settle()
    assert driver.pixel(60, 140) == BLUE and driver.pixel(60, 60) == GROUND
    assert driver.pixel(100, 60) == BLUE
    assert driver.document.selection.bounds == Rect(50, 130, 30, 40)


def test_layers_above_stay_above_while_one_moves(with_box: Driver):
    driver = with_box
    moved = driver.document.active_id
    driver.document.add_layer(pixels=plain(300, 30, (0, 150, 0, 255)), at=(0, 120))
    driver.document.active_id = moved
    driver.canvas.set_tool("move")
    driver.press(60, 60)
    driver.move(60, 120)
    driver.settle()
    assert driver.shown(60, 115) == QColor(*BLUE[:3])
    assert driver.shown(60, 130) == QColor(0, 150, 0)
    driver.release(60, 120)
    driver.settle()


def test_handles_scale_about_the_other_side(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("transform")
    driver.drag((110, 90), (170, 130))
    driver.settle()
    assert driver.shown(160, 120) == QColor(*BLUE[:3]) and box(driver) == Rect(50, 50, 60, 40)
    assert driver.key(Qt.Key.Key_Return)
    assert box(driver) == Rect(50, 50, 120, 80)
    assert driver.document.undo_label == "Transform"


def test_a_drag_outside_turns_and_esc_puts_back(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("transform")
    driver.drag((80 + 70, 70), (80, 70 + 70), SHIFT)
    assert driver.canvas.current_tool.placement.angle == pytest.approx(90)
    driver.key(Qt.Key.Key_Escape)
    driver.settle()
    assert not driver.document.can_undo and driver.shown(70, 65) == QColor(*BLUE[:3])
    driver.drag((80 + 70, 70), (80, 70 + 70), SHIFT)
    driver.key(Qt.Key.Key_Return)
    assert box(driver) == Rect(60, 40, 40, 60)


def test_another_tool_applies_what_was_begun(with_box: Driver):
    driver = with_box
    driver.canvas.set_tool("transform")
    driver.drag((70, 70), (90, 100))
    driver.canvas.set_tool("brush")
    assert box(driver) == Rect(70, 80, 60, 40)


def test_undo_gives_up_what_is_begun_before_it_takes_back_steps(with_box: Driver):
    driver = with_box
    driver.document.paste(driver.document.active_id, plain(5, 5, BLUE), 0, 0)
    driver.settle()
    driver.canvas.set_tool("transform")
    driver.drag((20, 20), (40, 40))
    driver.key(Qt.Key.Key_Z, CTRL)
    driver.settle()
    assert driver.document.can_undo and not driver.canvas.current_tool.busy
    driver.key(Qt.Key.Key_Z, CTRL)
    driver.settle()
    assert not driver.document.can_undo


def test_flipping(with_box: Driver):
    driver = with_box
    driver.document.paste(driver.document.active_id, plain(10, 40, (0, 0, 0, 255)), 50, 50)
    driver.settle()
    driver.canvas.set_tool("transform")
    flip = next(a for a in driver.canvas.current_tool.actions() if "left" in a.title)
    flip.run()
    driver.settle()
    assert driver.shown(105, 70) == QColor("black")
    driver.key(Qt.Key.Key_Return)
    driver.settle()
    assert driver.pixel(105, 70) == (0, 0, 0, 255) and driver.pixel(55, 70) == BLUE


def test_there_is_nothing_to_transform_on_an_empty_layer(driver: Driver):
    driver.canvas.set_tool("transform")
    driver.drag((50, 50), (80, 80))
    driver.key(Qt.Key.Key_Return)
    driver.settle()
    assert not driver.document.can_undo


def test_the_frame_is_dragged_by_its_middle(driver: Driver):
    driver.canvas.set_tool("frame")
    with driver.bot.waitSignal(driver.canvas.frame_changed) as told:
        driver.drag((100, 100), (119, 109))
    assert driver.document.frame == Rect(16, 8, 256, 192) == told.args[0]


def test_the_frame_is_resized_by_its_handles(driver: Driver):
    driver.canvas.set_tool("frame")
    driver.hover(256, 192)
    assert driver.canvas.cursor().shape() == Qt.CursorShape.SizeFDiagCursor
    driver.drag((256, 192), (301, 250))
    assert driver.document.frame == Rect(0, 0, 304, 248)
    driver.drag((0, 124), (37, 124))
    assert driver.document.frame == Rect(40, 0, 264, 248)


def test_a_frame_is_drawn_beside_the_one_that_is_there(driver: Driver):
    driver.canvas.set_tool("frame")
    driver.canvas.set_zoom(0.5)
    driver.drag((300, 10), (404, 210))
    assert driver.document.frame == Rect(304, 8, 104, 200)


def test_the_frame_follows_keys_and_esc_puts_it_back(driver: Driver):
    driver.canvas.set_tool("frame")
    driver.key(Qt.Key.Key_Right)
    driver.key(Qt.Key.Key_Down, SHIFT)
    assert driver.document.frame == Rect(8, 0, 256, 200)
    driver.press(100, 100)
    driver.move(180, 160)
    assert driver.document.frame != Rect(8, 0, 256, 200)
    driver.key(Qt.Key.Key_Escape)
    driver.release(180, 160)
    assert driver.document.frame == Rect(8, 0, 256, 200)


def test_a_click_leaves_the_frame_alone(driver: Driver):
    driver.canvas.set_tool("frame")
    with driver.bot.assertNotEmitted(driver.canvas.frame_changed):
        driver.click(100, 100)
    assert driver.document.frame == Rect(0, 0, 256, 192)


def test_the_frame_is_gold_while_it_is_worked_on(driver: Driver):
    quiet = driver.shown(128, -0.5)
    driver.canvas.set_tool("frame")
    assert driver.shown(100, -0.5) != quiet
    assert driver.shown(100, -0.5) == QColor(driver.canvas.colours.gold)


def test_a_plain_move_of_the_transformation_changes_no_pixel(with_box: Driver):
    driver = with_box
    noise = np.random.default_rng(2).integers(0, 256, (40, 60, 4), np.uint8)
    noise[:, :, 3] = 255
    driver.document.paste(driver.document.active_id, noise, 50, 50)
    driver.settle()
    driver.canvas.set_zoom(3.0)
    driver.canvas.set_tool("transform")
    start = QPointF(80.3, 70.4)
    driver.drag((start.x(), start.y()), (start.x() + 10.7, start.y() + 4.2))
    driver.key(Qt.Key.Key_Return)
    driver.settle()
    moved = driver.document.composite(Rect(61, 54, 60, 40), only=(driver.document.active_id,))
    assert (moved == noise).all()

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from studio.documents.picture.brush import Brush
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import ALT, CTRL, SHIFT, Driver, plain

GROUND = (200, 40, 40, 255)


def ground(driver: Driver) -> str:
    driver.document.active_id = driver.document.layers[0].id
    return driver.document.layers[0].id


def test_the_eraser_keeps_a_size_of_its_own(driver: Driver):
    driver.canvas.set_tool_options(size_px=33)
    driver.canvas.set_tool("eraser")
    driver.canvas.set_tool_options(size_px=90)
    assert driver.canvas.brush.size_px == 90
    driver.canvas.set_tool("brush")
    assert driver.canvas.brush.size_px == 33
    driver.canvas.set_tool("fill")
    assert driver.canvas.brush.size_px == 33


def test_a_brush_that_is_set_paints(driver: Driver):
    driver.canvas.set_brush(Brush(size_px=40, hardness=1.0))
    driver.canvas.set_colour(QColor(10, 200, 90))
    driver.click(100, 100)
    assert driver.pixel(100, 100) == (10, 200, 90, 255)
    assert driver.pixel(115, 100) == (10, 200, 90, 255)
    assert driver.pixel(125, 100) == GROUND


def test_the_eraser_erases(driver: Driver):
    ground(driver)
    driver.canvas.set_tool("eraser")
    driver.canvas.set_tool_options(size_px=30, smoothing=0)
    driver.drag((50, 50), (150, 50))
    assert driver.pixel(100, 50)[3] == 0


def test_a_stroke_without_a_layer_makes_one(driver: Driver):
    for layer in driver.document.layers:
        driver.document.remove_layer(layer.id)
    assert driver.document.active_id is None
    driver.drag((20, 20), (60, 60))
    assert len(driver.document.layers) == 1 and driver.pixel(40, 40)[3] > 0


@pytest.mark.parametrize(
    ("symmetry", "mirrored"),
    [
        ("vertical", [(216, 50)]),
        ("horizontal", [(40, 142)]),
        ("both", [(216, 50), (40, 142), (216, 142)]),
        ("radial", [(216, 142)]),
    ],
)
def test_symmetry_paints_on_the_other_sides(driver: Driver, symmetry, mirrored):
    driver.canvas.set_tool_options(size_px=12, symmetry=symmetry, radial_count=2, hardness=100)
    driver.click(40, 50)
    for place in [(40, 50), *mirrored]:
        assert driver.pixel(*place)[:3] == (0, 0, 0), place


def test_brackets_and_a_shift_drag_size_the_brush(driver: Driver):
    driver.canvas.set_tool_options(size_px=20, hardness=50)
    with driver.bot.waitSignal(driver.canvas.options_changed):
        driver.key(Qt.Key.Key_BracketRight)
    assert driver.canvas.brush.size_px == 22
    driver.key(Qt.Key.Key_BracketLeft)
    assert driver.canvas.brush.size_px == 20
    driver.drag((100, 100), (130, 60), SHIFT)
    assert driver.canvas.brush.size_px == pytest.approx(80, abs=1)
    assert driver.canvas.brush.hardness == pytest.approx(0.7, abs=0.02)
    assert not driver.document.can_undo


def test_the_ring_is_as_large_as_the_brush(driver: Driver):
    driver.canvas.set_tool_options(size_px=80)
    driver.hover(150, 100)
    assert driver.canvas.cursor().shape() == Qt.CursorShape.BlankCursor
    edge = [driver.shown(150 + x, 100) for x in (36, 37, 38, 39, 40, 41, 42)]
    assert any(colour != QColor(*GROUND[:3]) for colour in edge)
    assert driver.shown(150, 100) == QColor(*GROUND[:3])
    driver.canvas.set_tool_options(size_px=1)
    assert driver.canvas.cursor().shape() == Qt.CursorShape.CrossCursor


def test_alt_picks_a_colour_while_painting(driver: Driver):
    driver.hover(50, 50, ALT)
    driver.click(50, 50, ALT)
    assert driver.canvas.colour == QColor(*GROUND[:3]) and driver.canvas.tool == "brush"
    assert not driver.document.can_undo


def test_the_eyedropper_takes_a_mean_and_can_be_given_up(driver: Driver):
    driver.document.paste(driver.document.active_id, plain(10, 20, (0, 0, 200, 255)), 90, 90)
    driver.canvas.set_tool("eyedropper")
    driver.canvas.set_tool_options(size_px=3)
    driver.press(90, 100)
    blended = driver.canvas.colour
    assert 60 < blended.red() < 80 and 140 < blended.blue() < 150
    driver.move(50, 50)
    assert driver.canvas.colour == QColor(*GROUND[:3])
    driver.canvas.current_tool.cancel()
    assert driver.canvas.colour == QColor("black")


def test_nothing_is_picked_where_nothing_is(driver: Driver):
    driver.canvas.set_tool("eyedropper")
    driver.canvas.set_colour(QColor("teal"))
    driver.click(-40, -40)
    assert driver.canvas.colour == QColor("teal")


def test_fill_fills_what_has_one_colour(driver: Driver):
    ground(driver)
    driver.document.paste(driver.document.active_id, plain(50, 200, (0, 0, 0, 255)), 100, 0)
    driver.canvas.set_tool("fill")
    driver.canvas.set_colour(QColor(9, 99, 199))
    driver.click(20, 20)
    driver.settle()
    assert driver.pixel(20, 20) == (9, 99, 199, 255)
    assert driver.pixel(280, 20) == GROUND
    assert driver.document.undo_label == "Fill"
    driver.canvas.set_tool_options(contiguous=False)
    driver.canvas.set_colour(QColor(1, 1, 1))
    driver.click(280, 190)
    driver.settle()
    assert driver.pixel(290, 20) == (1, 1, 1, 255)


def test_a_gradient_goes_from_colour_to_colour(driver: Driver):
    driver.canvas.set_tool("gradient")
    driver.canvas.set_background(QColor("white"))
    driver.drag((0, 100), (299, 100), SHIFT)
    driver.settle()
    values = [driver.pixel(x, 50)[0] for x in (1, 150, 298)]
    assert values[0] < 10 and 110 < values[1] < 145 and values[2] > 245


def test_a_gradient_to_nothing_lets_shine_through(driver: Driver):
    driver.canvas.set_tool("gradient")
    driver.canvas.set_tool_options(end="transparent", reverse=True)
    driver.drag((0, 100), (299, 100), SHIFT)
    driver.settle()
    assert driver.pixel(1, 50)[0] > 190 and driver.pixel(298, 50)[0] < 10


def test_a_click_makes_no_gradient_and_esc_gives_one_up(driver: Driver):
    driver.canvas.set_tool("gradient")
    driver.click(50, 50)
    driver.press(20, 20)
    driver.move(200, 100)
    assert driver.key(Qt.Key.Key_Escape)
    driver.release(200, 100)
    driver.settle()
    assert not driver.document.can_undo


def test_a_rectangle_is_filled_exactly(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.canvas.set_colour(QColor(5, 6, 7))
    driver.drag((40, 30), (90, 70))
    driver.settle()
    inside = driver.document.composite(Rect(40, 30, 50, 40))
    assert (inside == (5, 6, 7, 255)).all()
    assert driver.pixel(39, 50) == GROUND and driver.pixel(90, 50) == GROUND
    assert driver.document.undo_label == "Shape"


def test_an_outline_leaves_the_inside_and_both_fill_it(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.canvas.set_tool_options(style="outline", stroke_px=4)
    driver.drag((40, 30), (90, 70))
    driver.settle()
    assert driver.pixel(40, 50)[:3] == (0, 0, 0) and driver.pixel(60, 50) == GROUND
    driver.canvas.set_tool_options(style="both", shape="ellipse")
    driver.drag((140, 30), (190, 70), SHIFT)
    driver.settle()
    assert driver.pixel(165, 55)[:3] == (255, 255, 255)


def test_a_line_is_as_wide_as_it_says(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.canvas.set_tool_options(shape="line", stroke_px=10)
    driver.drag((40, 100), (200, 104), SHIFT)
    driver.settle()
    dark = sum(driver.pixel(120, y)[0] < 100 for y in range(80, 120))
    assert dark == pytest.approx(10, abs=1)


def test_shapes_are_painted_only_where_selected(driver: Driver):
    driver.document.select_rect(Rect(0, 0, 60, 200))
    driver.canvas.set_tool("shape")
    driver.drag((40, 30), (90, 70))
    driver.settle()
    assert driver.pixel(50, 50)[:3] == (0, 0, 0) and driver.pixel(70, 50) == GROUND


def test_a_shape_shows_while_it_is_dragged(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.press(40, 30)
    driver.move(90, 70)
    assert driver.shown(60, 50) == QColor("black")
    driver.key(Qt.Key.Key_Escape)
    assert driver.shown(60, 50) == QColor(*GROUND[:3])
    driver.release(90, 70)


def test_ctrl_draws_from_the_middle(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.drag((100, 100), (120, 110), CTRL)
    driver.settle()
    assert driver.pixel(81, 91)[:3] == (0, 0, 0) and driver.pixel(79, 91) == GROUND


def test_a_shape_that_is_too_large_is_refused_in_a_sentence(driver: Driver):
    driver.canvas.set_tool("shape")
    driver.canvas.set_zoom(1 / 64)
    start = driver.canvas.view.to_document(QPointF(0, 0))
    with driver.bot.waitSignal(driver.canvas.said) as told:
        driver.drag((start.x(), start.y()), (start.x() + 20000, start.y() + 16000))
    assert "too many" in told.args[0]


def test_options_that_mean_nothing_say_why(driver: Driver):
    driver.canvas.set_tool("shape")
    assert set(driver.canvas.current_tool.unused()) == {"stroke_px"}
    driver.canvas.set_tool_options(shape="line")
    assert set(driver.canvas.current_tool.unused()) == {"corner_px", "style"}
    driver.canvas.set_tool("brush")
    assert set(driver.canvas.current_tool.unused()) == {"radial_count"}


def test_the_hand_moves_the_view_and_nothing_else(driver: Driver):
    before = driver.at(0, 0)
    driver.canvas.set_tool("hand")
    assert driver.canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    driver.drag((50, 50), (80, 40))
    assert driver.at(0, 0) == before + QPointF(30, -10) and not driver.document.can_undo

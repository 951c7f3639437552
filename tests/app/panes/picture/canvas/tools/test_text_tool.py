from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from studio.app.panes.picture.canvas.layer_bounds import content
from studio.app.panes.picture.canvas.tools.inline_text import InlineText
from studio.app.panes.picture.canvas.tools.text_drawing import TextBlock, TextOptions
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import CTRL, Driver


@pytest.fixture
def writing(driver: Driver) -> Driver:
    driver.canvas.set_tool("text")
    driver.canvas.set_tool_options(size_px=32)
    driver.canvas.set_colour(QColor(10, 20, 250))
    return driver


def editor(driver: Driver) -> InlineText:
    found = driver.canvas.current_tool.editor
    assert found is not None
    return found


def write(driver: Driver, text: str, x: float = 40, y: float = 60) -> None:
    driver.click(x, y)
    QTest.keyClicks(editor(driver), text)
    QTest.keyClick(editor(driver), Qt.Key.Key_Return, CTRL)
    driver.settle()


def bounds(driver: Driver, layer_id: str) -> Rect:
    return content(driver.document.snapshot(), layer_id)


def test_what_is_written_becomes_a_layer_that_remembers_it(writing: Driver):
    write(writing, "A fox")
    layer = writing.document.layer(writing.document.active_id)
    assert layer.name == "A fox" and layer.kind == "raster"
    kept = TextBlock.of(layer.meta["text"])
    assert kept is not None and kept.text == "A fox" and kept.options.size_px == 32
    assert QColor(kept.colour) == QColor(10, 20, 250)
    box = bounds(writing, layer.id)
    assert 40 <= box.x <= 48 and 55 <= box.y <= 75 and 15 <= box.height <= 40
    pixels = writing.document.composite(box, only=(layer.id,))
    assert (pixels[pixels[:, :, 3] == 255][:, :3] == (10, 20, 250)).all()
    assert writing.document.undo_label == "Text"
    writing.key(Qt.Key.Key_Z, CTRL)
    writing.settle()
    assert len(writing.document.layers) == 2


def test_letters_are_where_they_were_written(writing: Driver):
    """The field shows the letters where the layer has them afterwards."""
    writing.canvas.set_zoom(2.0)
    writing.settle()
    writing.click(40, 60)
    QTest.keyClicks(editor(writing), "HILL")
    editor(writing).setCursorWidth(0)
    before = ink(writing)
    QTest.keyClick(editor(writing), Qt.Key.Key_Return, CTRL)
    writing.settle()
    after = ink(writing)
    assert np.abs(np.subtract(before, after)).max() <= 3


def ink(driver: Driver) -> tuple[int, int, int, int]:
    """Return the rectangle of blue on the screen."""
    image = driver.picture()
    places = [
        (x, y)
        for y in range(image.height())
        for x in range(image.width())
        if image.pixelColor(x, y).blue() > 180 and image.pixelColor(x, y).red() < 90
    ]
    xs, ys = [x for x, _ in places], [y for _, y in places]
    return min(xs), min(ys), max(xs), max(ys)


def test_single_keys_are_letters_while_one_writes(writing: Driver):
    writing.click(40, 60)
    QTest.keyClicks(editor(writing), "be x")
    assert writing.canvas.tool == "text" and editor(writing).toPlainText() == "be x"
    QTest.keyClick(editor(writing), Qt.Key.Key_Escape)
    writing.settle()
    assert not writing.document.can_undo and writing.canvas.hasFocus()


def test_a_click_beside_the_text_puts_it_in(writing: Driver):
    writing.click(40, 60)
    QTest.keyClicks(editor(writing), "Done")
    writing.click(200, 150)
    writing.settle()
    assert writing.document.layers[-1].name == "Done"
    assert writing.canvas.current_tool.editor is None


def test_another_tool_puts_it_in_as_well(writing: Driver):
    writing.click(40, 60)
    QTest.keyClicks(editor(writing), "Kept")
    writing.canvas.set_tool("brush")
    writing.settle()
    assert writing.document.layers[-1].name == "Kept"


def test_nothing_written_is_no_layer(writing: Driver):
    write(writing, "  ")
    assert len(writing.document.layers) == 2 and not writing.document.can_undo


def test_a_text_can_be_changed_later_even_after_it_was_moved(writing: Driver):
    write(writing, "A fox")
    layer = writing.document.active_id
    writing.document.set_layer(layer, opacity=0.5)
    writing.document.transform_layer(layer, ((1, 0, 30), (0, 1, 20)))
    before = bounds(writing, layer)
    writing.canvas.set_colour(QColor("black"))
    writing.click(before.x + 5, before.y + 10)
    assert editor(writing).toPlainText() == "A fox"
    assert writing.canvas.colour == QColor(10, 20, 250)
    QTest.keyClick(editor(writing), Qt.Key.Key_End)
    QTest.keyClicks(editor(writing), "es")
    QTest.keyClick(editor(writing), Qt.Key.Key_Return, CTRL)
    writing.settle()
    changed = writing.document.layer(writing.document.active_id)
    assert changed.id != layer and changed.name == "A foxes" and changed.opacity == 0.5
    assert len(writing.document.layers) == 3
    after = bounds(writing, changed.id)
    assert (after.x, after.y, after.height) == (before.x, before.y, before.height)
    assert after.width > before.width
    writing.key(Qt.Key.Key_Z, CTRL)
    writing.settle()
    assert writing.document.layers[-1].id == layer  # one step


def test_a_text_that_was_emptied_goes(writing: Driver):
    write(writing, "A fox")
    box = bounds(writing, writing.document.active_id)
    writing.click(box.x + 5, box.y + 10)
    editor(writing).clear()
    QTest.keyClick(editor(writing), Qt.Key.Key_Return, CTRL)
    writing.settle()
    assert len(writing.document.layers) == 2


def test_giving_up_a_change_leaves_the_text(writing: Driver):
    write(writing, "A fox")
    box = bounds(writing, writing.document.active_id)
    writing.click(box.x + 5, box.y + 10)
    editor(writing).clear()
    QTest.keyClick(editor(writing), Qt.Key.Key_Escape)
    writing.settle()
    assert writing.document.layers[-1].name == "A fox"
    assert writing.document.undo_label == "Text"


@pytest.mark.parametrize("align", ["left", "centre", "right"])
def test_lines_meet_where_they_should(qapp, align: str):
    options = TextOptions(size_px=40, align=align)
    image, x, _ = TextBlock("HHHHHH\nH", options, "#ff000000", 500.0, 0.0).drawing()
    columns = [
        [c for c in range(image.width()) if image.pixelColor(c, row).alpha() > 200]
        for row in range(image.height())
    ]
    filled = [(min(one) + x, max(one) + x) for one in columns if one]
    wide, narrow = filled[0], filled[-1]
    if align == "left":
        assert abs(wide[0] - narrow[0]) <= 1 and wide[0] >= 500
    elif align == "right":
        assert abs(wide[1] - narrow[1]) <= 1 and wide[1] <= 500
    else:
        assert abs(sum(wide) / 2 - 500) <= 3 and abs(sum(narrow) / 2 - 500) <= 3


def test_bold_and_size_change_the_letters_while_writing(writing: Driver):
    writing.click(40, 60)
    QTest.keyClicks(editor(writing), "WIDE")
    before = editor(writing).width()
    writing.canvas.set_tool_options(size_px=64, bold=True)
    assert editor(writing).width() > 1.6 * before
    writing.canvas.set_zoom(2.0)
    place = editor(writing).geometry().topLeft()
    assert QPointF(place).x() == pytest.approx(writing.at(40, 60).x(), abs=1.5)
    writing.canvas.current_tool.cancel()


@pytest.mark.parametrize(
    "meta", [None, 3, {}, {"text": "x"}, {"text": "x", "options": {"size_px": []}, "x": "no"}]
)
def test_what_is_no_text_of_ours_is_no_text(qapp, meta):
    assert TextBlock.of(meta) is None

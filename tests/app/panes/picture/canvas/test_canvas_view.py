from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QShortcut,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QVBoxLayout, QWidget

from studio.app.panes.picture.canvas import CanvasView
from studio.app.panes.picture.canvas.images import pixels_of
from studio.app.theme.tokens import DARK, LIGHT
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import ALT, CTRL, SHIFT, Driver, plain

LINE = (0, 0, 0, 255)


def test_it_shows_the_picture_pixel_for_pixel(driver: Driver):
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 4), np.uint8)
    noise[:, :, 3] = 255
    driver.document.paste(driver.document.layers[0].id, noise, 0, 0)
    driver.canvas.clearFocus()
    driver.document.frame = Rect(5000, 5000, 64, 64)
    driver.settle()
    shown = pixels_of(driver.picture())
    corner = driver.at(0, 0)
    left, top = int(corner.x()), int(corner.y())
    assert (shown[top : top + 200, left : left + 300, :3] == noise[:, :, :3]).all()


def test_a_stroke_is_on_the_screen_as_soon_as_it_is_painted(driver: Driver):
    driver.canvas.set_tool_options(size_px=30, smoothing=0)
    driver.press(100, 100)
    driver.move(150, 100)
    assert driver.shown(140, 100) == QColor("black")
    driver.release(150, 100)
    driver.key(Qt.Key.Key_Z, CTRL)
    driver.settle()
    assert driver.shown(140, 100) == QColor(200, 40, 40)
    driver.key(Qt.Key.Key_Z, CTRL | SHIFT)
    driver.settle()
    assert driver.shown(140, 100) == QColor("black")


def test_changes_made_elsewhere_show_whatever_thread_makes_them(driver: Driver):
    layer = driver.document.layers[0].id
    with driver.bot.waitSignal(driver.canvas.edited):
        other = threading.Thread(
            target=lambda: driver.document.paste(layer, plain(50, 50, (0, 90, 0, 255)), 10, 10)
        )
        other.start()
        other.join()
    driver.settle()
    assert driver.shown(30, 30) == QColor(0, 90, 0)


def test_many_changes_are_told_as_one(driver: Driver):
    heard = []
    driver.canvas.edited.connect(lambda: heard.append(1))
    driver.drag((20, 20), (200, 150))
    with driver.bot.waitSignal(driver.canvas.edited):
        pass
    assert heard == [1]


def test_transparency_is_checked_in_both_themes_and_follows_them(driver: Driver, theme):
    driver.document.set_layer(driver.document.layers[0].id, visible=False)
    driver.settle()
    for choice, palette in (("dark", DARK), ("light", LIGHT)):
        theme.set_choice(choice)
        driver.settle()
        seen = {driver.shown(60 + x, 60).name().upper() for x in range(0, 24, 4)}
        assert seen == {palette.checker, palette.checker_other}
        driver.canvas.refresh()


def test_nothing_is_shown_and_nothing_breaks_without_a_document(driver: Driver):
    driver.canvas.set_document(None)
    driver.key(Qt.Key.Key_A, CTRL)
    driver.key(Qt.Key.Key_Delete)
    driver.drag((10, 10), (50, 50))
    driver.settle()
    assert driver.picture().pixelColor(200, 100) == QColor(DARK.canvas)
    assert "No picture" in driver.canvas.accessibleDescription()


def test_it_says_what_it_shows(driver: Driver):
    driver.canvas.set_tool("eraser")
    words = driver.canvas.accessibleDescription()
    assert "300 by 200" in words and "2 layers" in words and "Eraser" in words
    assert driver.canvas.accessibleName()


@pytest.mark.parametrize(
    ("key", "keys", "tool"),
    [
        (Qt.Key.Key_E, Qt.KeyboardModifier.NoModifier, "eraser"),
        (Qt.Key.Key_G, SHIFT, "gradient"),
        (Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier, "select_rectangle"),
        (Qt.Key.Key_T, CTRL, "transform"),
        (Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier, "frame"),
    ],
    ids=["e", "shift-g", "m", "ctrl-t", "c"],
)
def test_single_keys_take_tools(driver: Driver, key, keys, tool):
    with driver.bot.waitSignal(driver.canvas.tool_changed) as told:
        assert driver.key(key, keys)
    assert driver.canvas.tool == tool == told.args[0]


def test_no_two_commands_share_a_key(driver: Driver):
    keys = [k for c in driver.canvas.commands() for k in c.keys.split("; ") if k]
    assert len({QKeySequence(one).toString() for one in keys}) == len(keys)
    assert not {"R", "Space"} & set(keys)


def test_keys_belong_to_the_canvas_only_while_it_has_the_focus(qtbot, theme, document):
    window = QWidget()
    qtbot.addWidget(window)
    canvas, line = CanvasView(theme), QLineEdit()
    layout = QVBoxLayout(window)
    layout.addWidget(canvas)
    layout.addWidget(line)
    canvas.set_document(document)
    taken = []
    shortcut = QShortcut(QKeySequence("Ctrl+0"), window)
    shortcut.activated.connect(lambda: taken.append("window"))
    window.resize(500, 400)
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    QTest.keyClick(line, Qt.Key.Key_E)
    QTest.keyClick(line, Qt.Key.Key_0, CTRL)
    assert canvas.tool == "brush" and line.text() == "e" and taken == ["window"]
    canvas.setFocus()
    canvas.set_zoom(30)
    QTest.keyClick(canvas, Qt.Key.Key_E)
    QTest.keyClick(canvas, Qt.Key.Key_0, CTRL)
    assert canvas.tool == "eraser" and canvas.zoom_factor < 3 and taken == ["window"]
    canvas.set_document(None)


def test_colours_are_swapped_and_reset(driver: Driver):
    driver.canvas.set_colour(QColor("teal"))
    driver.key(Qt.Key.Key_X)
    assert driver.canvas.colour == QColor("white") and driver.canvas.background == QColor("teal")
    driver.key(Qt.Key.Key_D)
    assert driver.canvas.colour == QColor("black") and driver.canvas.background == QColor("white")


def test_selecting_by_keys(driver: Driver):
    driver.key(Qt.Key.Key_A, CTRL)
    driver.settle()
    assert driver.document.selection.bounds == Rect(0, 0, 300, 200)
    driver.key(Qt.Key.Key_D, CTRL)
    driver.settle()
    assert driver.document.selection is None
    driver.document.select_rect(Rect(0, 0, 100, 200))
    driver.key(Qt.Key.Key_I, CTRL | SHIFT)
    driver.settle()
    assert driver.document.selection.mask(Rect(50, 50, 100, 1)).tolist()[0] == [0] * 50 + [255] * 50


def test_deleting_and_filling_what_is_selected(driver: Driver):
    driver.document.active_id = driver.document.layers[0].id
    driver.document.select_rect(Rect(10, 10, 20, 20))
    driver.key(Qt.Key.Key_Delete)
    driver.settle()
    assert driver.pixel(15, 15)[3] == 0 and driver.pixel(40, 40)[3] == 255
    driver.canvas.set_colour(QColor(1, 2, 3))
    driver.key(Qt.Key.Key_Backspace, ALT)
    driver.settle()
    assert driver.pixel(15, 15) == (1, 2, 3, 255)


def test_a_layer_that_refuses_is_told_in_a_sentence(driver: Driver):
    driver.document.set_layer(driver.document.active_id, locked=True)
    driver.settle()
    with driver.bot.waitSignal(driver.canvas.said) as told:
        driver.drag((20, 20), (60, 60))
    assert "locked" in told.args[0]
    driver.canvas.set_tool("fill")
    with driver.bot.waitSignal(driver.canvas.said) as told:
        driver.click(20, 20)
    assert "locked" in told.args[0]


def test_esc_takes_back_the_stroke_that_is_being_drawn(driver: Driver):
    driver.press(20, 20)
    driver.move(100, 100)
    driver.key(Qt.Key.Key_Escape)
    driver.release(100, 100)
    assert not driver.document.can_undo and driver.pixel(60, 60)[:3] == (200, 40, 40)


def test_esc_means_nothing_while_nothing_is_begun(driver: Driver):
    assert not driver.key(Qt.Key.Key_Escape)


def test_copying_takes_what_is_selected(driver: Driver):
    driver.document.active_id = driver.document.layers[0].id
    driver.document.select_ellipse(Rect(10, 10, 40, 30))
    driver.key(Qt.Key.Key_C, CTRL)
    copied = QGuiApplication.clipboard().image()
    assert (copied.width(), copied.height()) == (40, 30)
    assert copied.pixelColor(20, 15) == QColor(200, 40, 40)
    assert copied.pixelColor(0, 0).alpha() == 0


def test_pasting_and_dropping_hand_the_picture_on(driver: Driver):
    image = QImage(10, 10, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    QGuiApplication.clipboard().setImage(image)
    with driver.bot.waitSignal(driver.canvas.picture_dropped) as told:
        driver.key(Qt.Key.Key_V, CTRL)
    assert told.args[0].hasImage()
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile("/pictures/fox.png")])
    place = driver.at(70, 50)
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(place.toPoint(), copy, files, left, none)
    driver.canvas.dragEnterEvent(enter)
    assert enter.isAccepted()
    with driver.bot.waitSignal(driver.canvas.picture_dropped) as told:
        driver.canvas.dropEvent(QDropEvent(place, copy, files, left, none))
    assert told.args[0].urls()[0].fileName() == "fox.png"
    assert told.args[1] == QPointF(70, 50)


def test_text_is_not_welcome(driver: Driver):
    words = QMimeData()
    words.setText("a poem")
    enter = QDragEnterEvent(
        driver.at(70, 50).toPoint(),
        Qt.DropAction.CopyAction,
        words,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter.ignore()
    driver.canvas.dragEnterEvent(enter)
    assert not enter.isAccepted()


def test_the_menu_offers_what_can_be_done(driver: Driver):
    from studio.app.panes.picture.canvas.canvas_menu import canvas_menu

    menu = canvas_menu(driver.canvas.commands(), driver.canvas)
    found = {action.text(): action for action in menu.actions() if action.text()}
    assert found["Select all"].isEnabled() and not found["Select nothing"].isEnabled()
    assert not found["Undo"].isEnabled()
    found["Select all"].trigger()
    driver.settle()
    assert driver.document.selection is not None
    again = canvas_menu(driver.canvas.commands(), driver.canvas)
    grow = next(menu for menu in again.findChildren(QMenu) if menu.title() == "Grow selection")
    assert grow.isEnabled()
    grow.actions()[1].trigger()
    driver.settle()
    assert driver.document.selection.bounds.width >= 300
    for one in (menu, again):
        one.close()


def test_a_hundred_thousand_pixels_of_another_document(driver: Driver):
    other = PictureDocument()
    other.frame = Rect(-100, -100, 64, 64)
    other.add_layer(pixels=plain(80, 80, (9, 8, 7, 255)), at=(-100, -100))
    driver.canvas.set_document(other)
    driver.settle()
    assert driver.shown(-60, -60) == QColor(9, 8, 7)
    assert driver.shown(-60, -60) != QColor(200, 40, 40)


def test_a_turned_view_is_drawn_finely_as_soon_as_it_rests(driver: Driver):
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 4), np.uint8)
    noise[:, :, 3] = 255
    driver.document.paste(driver.document.layers[0].id, noise, 0, 0)
    driver.canvas.rotate_view(90)
    coarse = pixels_of(driver.picture())
    assert not driver.canvas.up_to_date
    driver.settle()
    fine = pixels_of(driver.picture())
    assert (coarse != fine).any()
    place = driver.at(100.5, 80.5)
    shown = fine[int(place.y()), int(place.x()), :3].astype(int)
    assert np.abs(shown - noise[80, 100, :3]).max() <= 12  # nearly one pixel, by smoothing


@pytest.mark.parametrize("angle", [0.0, 33.0])
def test_a_drag_by_parts_of_a_pixel_copies_what_was_drawn(driver: Driver, angle: float):
    driver.canvas.rotate_view(angle)
    driver.settle()
    buffer = driver.canvas._surface._buffer
    driver.canvas.show_view(driver.canvas.view.moved(QPointF(7.3, -4.6)))
    stale = buffer.stale.boundingRect()
    assert not buffer.stale.contains(buffer.rect.center()) and not stale.isEmpty()

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from studio.app.panes.picture.canvas.candidate import draw_candidate
from studio.app.panes.picture.canvas.comparison import Comparison
from studio.app.panes.picture.canvas.images import pixels_of
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import DARK
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import Driver

GROUND = QColor(200, 40, 40)
LEFT, RIGHT = QColor(0, 120, 110), QColor(180, 150, 20)


def image(colour: QColor, width: int = 64, height: int = 48) -> QImage:
    found = QImage(width, height, QImage.Format.Format_RGB32)
    found.fill(colour)
    return found


def test_a_candidate_lies_over_the_frame_until_it_is_taken_away(driver: Driver):
    driver.canvas.show_candidate(image(LEFT))
    assert driver.shown(128, 96) == LEFT and driver.shown(5, 5) == LEFT
    assert driver.shown(280, 100) == GROUND
    assert driver.pixel(128, 96)[:3] == (200, 40, 40)
    driver.canvas.show_candidate(None)
    assert driver.shown(128, 96) == GROUND


def test_a_candidate_can_lie_elsewhere_and_has_a_gold_edge(driver: Driver):
    driver.canvas.show_candidate(image(LEFT), Rect(20, 20, 100, 80))
    assert driver.shown(60, 60) == LEFT and driver.shown(130, 60) == GROUND
    assert driver.shown(60, 20) == QColor(driver.canvas.colours.gold)


def test_arrows_are_left_to_the_tray_while_a_candidate_shows(driver: Driver):
    driver.canvas.show_candidate(image(LEFT))
    assert not driver.key(Qt.Key.Key_Right)
    driver.canvas.show_candidate(None)
    assert driver.key(Qt.Key.Key_Right)


def test_painting_goes_on_under_a_candidate(driver: Driver):
    driver.canvas.show_candidate(image(LEFT))
    driver.drag((20, 20), (100, 100))
    assert driver.document.undo_label == "Brush stroke" and driver.shown(60, 60) == LEFT


def test_two_pictures_are_compared_by_a_line_that_is_dragged(driver: Driver):
    driver.canvas.show_compare(image(LEFT), image(RIGHT), Rect(0, 0, 200, 100))
    assert driver.shown(50, 20) == LEFT and driver.shown(150, 20) == RIGHT
    driver.hover(100, 20)
    assert driver.canvas.cursor().shape() == Qt.CursorShape.SplitHCursor
    driver.drag((100, 20), (160, 30))
    assert driver.shown(150, 20) == LEFT and driver.shown(180, 20) == RIGHT
    assert not driver.document.can_undo
    driver.drag((50, 50), (60, 60))  # beside the line, the tool works
    assert driver.document.can_undo
    driver.canvas.show_compare(None, None)
    assert driver.shown(150, 20) == GROUND


def test_the_line_stays_inside(driver: Driver):
    driver.canvas.show_compare(image(LEFT), image(RIGHT), Rect(0, 0, 200, 100))
    driver.drag((100, 20), (900, 30))
    assert driver.canvas.overlays.comparison.share == 1.0
    driver.drag((200, 20), (-900, 30))
    assert driver.canvas.overlays.comparison.share == 0.0


@pytest.mark.parametrize("angle", [30.0, 180.0])
def test_comparing_works_in_a_turned_view(driver: Driver, angle: float):
    driver.canvas.show_compare(image(LEFT), image(RIGHT), Rect(0, 0, 200, 100))
    driver.canvas.rotate_view(angle)
    driver.settle()
    assert driver.shown(50, 20) == LEFT and driver.shown(150, 20) == RIGHT
    driver.drag((100, 20), (160, 30))
    assert driver.shown(150, 20) == LEFT


def test_the_rest_is_dimmed_while_something_is_made(driver: Driver):
    driver.canvas.set_generating(True)
    assert driver.shown(128, 96) == GROUND and driver.shown(280, 100) != GROUND
    driver.canvas.set_generating(False)
    assert driver.shown(280, 100) == GROUND


def test_pixels_have_a_grid_from_eight_hundred_percent(driver: Driver):
    for zoom, grid in ((7.9, False), (8.0, True)):
        driver.canvas.set_zoom(zoom)
        driver.canvas.show_view(driver.canvas.view.rotated(0))
        driver.settle()
        seen = {driver.shown(150 + step / 16, 100.5).name() for step in range(48)}
        assert (len(seen) > 1) is grid


def test_another_document_takes_results_away(driver: Driver):
    document = driver.document
    driver.canvas.show_candidate(image(LEFT))
    driver.canvas.set_document(None)
    driver.canvas.set_document(document)
    driver.canvas.set_zoom(1.0)
    driver.settle()
    assert driver.shown(128, 96) == GROUND


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_everything_is_in_its_place_on_dense_screens(qapp, ratio: float):
    """The painter of a widget is scaled by the screen; what is drawn has device pixels."""
    view = ViewTransform(2.0, 0, QPointF(30, 20), QPointF(100, 80))
    area = Rect(10, 10, 40, 20)
    left, right = image(LEFT, 40, 20), image(RIGHT, 40, 20)

    def on_screen(draw) -> QImage:
        found = QImage(200, 160, QImage.Format.Format_RGB32)
        found.fill(GROUND)
        found.setDevicePixelRatio(ratio)
        painter = QPainter(found)
        painter.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        draw(painter)
        painter.end()
        return found

    inside, outside = view.to_screen(QPointF(20, 12)), view.to_screen(QPointF(53, 12))
    shown = on_screen(lambda painter: draw_candidate(painter, view, left, area, DARK, ratio))
    assert shown.pixelColor(inside.toPoint()) == LEFT
    assert shown.pixelColor(outside.toPoint()) == GROUND
    both = on_screen(
        lambda painter: Comparison(left, right, area).paint(painter, view, DARK, ratio)
    )
    assert both.pixelColor(inside.toPoint()) == LEFT
    assert both.pixelColor(view.to_screen(QPointF(46, 12)).toPoint()) == RIGHT
    assert both.pixelColor(outside.toPoint()) == GROUND


@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_a_part_is_painted_like_the_whole(driver: Driver, angle: float):
    """What is drawn over the picture does not depend on how much of it is painted at once."""
    driver.canvas.set_zoom(9.3)
    driver.canvas.rotate_view(angle)
    driver.canvas.set_tool_options(size_px=10)
    driver.settle()
    before = on_the_screen(driver)
    for x in range(3, 400, 61):
        driver.canvas.refresh(QRect(x, x // 2, 37, 23))
    driver.settle()
    away = np.abs(on_the_screen(driver) - before)
    # Qt rounds smooth slanted lines a little otherwise where they are cut off elsewhere.
    assert (away > 0).mean() <= (0.002 if angle else 0.0)


def on_the_screen(driver: Driver) -> np.ndarray:
    """Return what was painted bit by bit, not a picture that is painted for the test."""
    image = driver.canvas.window().screen().grabWindow(driver.canvas.winId()).toImage()
    assert not image.isNull()
    return pixels_of(image).astype(int)

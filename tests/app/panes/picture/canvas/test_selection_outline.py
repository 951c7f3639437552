from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas.selection_outline import WALKING_MOST
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import CTRL, Driver


@pytest.fixture
def lively(driver: Driver, theme, monkeypatch) -> Driver:
    """A canvas on which things may move."""
    monkeypatch.setattr(type(theme), "motion_ms", 120)
    return driver


def test_the_outline_is_where_the_selection_is(driver: Driver):
    driver.document.select_rect(Rect(20, 30, 60, 40))
    assert driver.canvas.overlays.selection.path.boundingRect() == QRectF(20, 30, 60, 40)
    white_or_black = {driver.shown(40, y).name() for y in (29.5, 30.0)} & {"#ffffff", "#000000"}
    assert white_or_black
    driver.document.clear_selection()
    assert driver.canvas.overlays.selection.path.isEmpty()


@pytest.mark.parametrize("zoom", [0.25, 1.0, 8.0])
def test_the_outline_fits_at_every_zoom(driver: Driver, zoom: float):
    driver.document.select_ellipse(Rect(100, 80, 64, 32))
    driver.canvas.set_zoom(zoom)
    outline = driver.canvas.overlays.selection
    step = max(1, round(1 / zoom))
    wanted = QRectF(100, 80, 64, 32)
    driver.bot.waitUntil(
        lambda: wanted.adjusted(-step, -step, step, step).contains(outline.path.boundingRect())
    )
    assert outline.path.boundingRect().width() > 60


def test_it_walks_only_while_somebody_looks(lively: Driver):
    outline = lively.canvas.overlays.selection
    assert not outline.walking
    lively.document.select_rect(Rect(20, 30, 60, 40))
    assert outline.walking
    before = lively.picture()
    lively.bot.waitUntil(lambda: lively.picture() != before)
    lively.document.clear_selection()
    assert not outline.walking


def test_it_rests_in_a_pane_behind_another(lively: Driver):
    window = QWidget()
    lively.bot.addWidget(window)
    lively.canvas.setParent(window)
    window.show()
    window.activateWindow()
    lively.bot.waitUntil(window.isActiveWindow)
    lively.canvas.show()
    outline = lively.canvas.overlays.selection
    lively.document.select_rect(Rect(20, 30, 60, 40))
    assert outline.walking
    lively.canvas.hide()
    lively.bot.waitUntil(lambda: not outline.walking)
    lively.canvas.show()
    assert outline.walking
    lively.canvas.setParent(None)


def test_it_stands_still_when_no_motion_is_wanted(driver: Driver):
    driver.document.select_rect(Rect(20, 30, 60, 40))
    assert not driver.canvas.overlays.selection.walking


def test_a_ragged_outline_is_drawn_but_stands_still(lively: Driver):
    board = (np.indices((120, 120)).sum(axis=0) % 2 * 255).astype(np.uint8)
    lively.document.select_mask(board, (10, 10))
    outline = lively.canvas.overlays.selection
    assert outline.path.elementCount() > WALKING_MOST and not outline.walking


def test_a_step_draws_only_the_outline_again(lively: Driver):
    lively.document.select_rect(Rect(20, 30, 200, 140))
    asked: list[QRect] = []
    outline = lively.canvas.overlays.selection
    outline._refresh = asked.append
    outline._step()
    assert asked and sum(rect.width() * rect.height() for rect in asked) < 200 * 140 / 4


def test_the_outline_goes_along_with_what_is_moved(driver: Driver):
    driver.document.select_rect(Rect(20, 30, 60, 40))
    outline = driver.canvas.overlays.selection
    still = driver.picture()
    outline.place(QTransform.fromTranslate(40, 0))
    assert driver.picture() != still
    outline.place(QTransform())
    assert driver.picture() == still


def test_undo_brings_the_outline_back(driver: Driver):
    driver.document.select_rect(Rect(20, 30, 60, 40))
    driver.document.clear_selection()
    driver.key(Qt.Key.Key_Z, CTRL)
    driver.settle()
    assert driver.canvas.overlays.selection.path.boundingRect() == QRectF(20, 30, 60, 40)

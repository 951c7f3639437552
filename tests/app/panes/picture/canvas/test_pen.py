from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QPointingDevice
from PySide6.QtTest import QTest

from studio.app.panes.picture.canvas import CanvasView
from studio.app.panes.picture.canvas.pointer import MERGE
from studio.documents.picture.strokes import Stroke
from tests.app.panes.picture.canvas.driving import Driver

PRESS, MOVE, RELEASE = (
    QEvent.Type.TabletPress,
    QEvent.Type.TabletMove,
    QEvent.Type.TabletRelease,
)


@pytest.fixture
def added(monkeypatch) -> list[tuple[float, ...]]:
    """Every point that reaches a stroke."""
    points: list[tuple[float, ...]] = []
    add = Stroke.add

    def noted(self, x, y, pressure=1.0, tilt_x=0.0, tilt_y=0.0):
        points.append((x, y, pressure, tilt_x, tilt_y))
        return add(self, x, y, pressure, tilt_x, tilt_y)

    monkeypatch.setattr(Stroke, "add", noted)
    return points


def test_pressure_and_tilt_reach_the_stroke(driver: Driver, added):
    driver.pen(PRESS, 30, 40, 0.25, (10, -20))
    driver.pen(MOVE, 60, 40, 0.75, (30, 5))
    driver.pen(RELEASE, 60, 40, 0.0)
    assert added[0] == pytest.approx((30, 40, 0.25, 10, -20), abs=0.51)
    assert added[1] == pytest.approx((60, 40, 0.75, 30, 5), abs=0.51)
    assert driver.document.undo_label == "Brush stroke"


def test_pressure_makes_a_line_thicker(driver: Driver):
    driver.canvas.set_tool_options(size_px=40, smoothing=0, hardness=100, pressure_size=True)
    for y, pressure in ((50, 0.2), (150, 1.0)):
        driver.pen(PRESS, 50, y, pressure)
        driver.pen(MOVE, 200, y, pressure)
        driver.pen(RELEASE, 200, y, 0.0)
    dark = [
        sum(driver.pixel(120, y)[0] < 50 for y in range(mid - 30, mid + 30)) for mid in (50, 150)
    ]
    assert dark[0] == pytest.approx(8, abs=2) and dark[1] == pytest.approx(40, abs=2)


def test_a_mouse_presses_fully(driver: Driver, added):
    driver.drag((30, 40), (60, 40))
    assert {point[2:] for point in added} == {(1.0, 0.0, 0.0)}


def test_no_point_of_the_pen_is_lost_when_painting_is_slow(driver: Driver, added, monkeypatch):
    """Many points come before the window is painted once; each one is drawn."""
    painted = []
    monkeypatch.setattr(CanvasView, "paintEvent", lambda self, event: painted.append(event))
    driver.pen(PRESS, 20, 20)
    for n in range(1, 400):
        driver.pen(MOVE, 20 + n % 250, 20 + (n * 37) % 150, 0.5)
    driver.pen(RELEASE, 20, 20)
    assert len(added) == 400 and painted == []
    monkeypatch.undo()
    driver.canvas.refresh()


def test_the_other_end_of_the_pen_erases(driver: Driver):
    driver.document.active_id = driver.document.layers[0].id
    driver.canvas.set_tool_options(size_px=40, smoothing=0)
    eraser = QPointingDevice.PointerType.Eraser
    driver.pen(PRESS, 100, 100, pointer=eraser)
    driver.pen(RELEASE, 100, 100, pointer=eraser)
    assert driver.pixel(100, 100)[3] == 0
    assert driver.document.undo_label == "Eraser stroke"


def test_a_hovering_pen_only_moves_the_ring(driver: Driver, added):
    driver.pen(MOVE, 50, 50, 0.0, button=Qt.MouseButton.NoButton)
    assert added == [] and driver.canvas.pointer.last.document == QPointF(50, 50)


def test_mouse_moves_are_not_merged_while_a_stroke_runs(driver: Driver):
    before = QCoreApplication.testAttribute(MERGE)
    driver.press(20, 20)
    assert QCoreApplication.testAttribute(MERGE) is False
    driver.release(20, 20)
    assert QCoreApplication.testAttribute(MERGE) is before


class Fingers:
    """Fingers on a touch screen, through Qt's own delivery."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._screen = QTest.createTouchDevice()
        self._down = 0
        driver.canvas.pointer._pen_at = -100.0

    def at(self, *places: tuple[float, float]) -> None:
        """Put the fingers there; those that were not down come down."""
        canvas = self._driver.canvas
        sequence = QTest.touchEvent(canvas, self._screen, False)
        for number, place in enumerate(places):
            where = self._driver.at(*place).toPoint()
            (sequence.move if number < self._down else sequence.press)(number, where, canvas)
        self._down = len(places)
        sequence.commit()

    def up(self, *places: tuple[float, float]) -> None:
        """Lift all fingers there."""
        canvas = self._driver.canvas
        sequence = QTest.touchEvent(canvas, self._screen, False)
        for number, place in enumerate(places):
            sequence.release(number, self._driver.at(*place).toPoint(), canvas)
        self._down = 0
        sequence.commit()


def test_one_finger_draws(driver: Driver, added):
    fingers = Fingers(driver)
    fingers.at((50, 50))
    fingers.at((90, 60))
    fingers.up((90, 60))
    assert len(added) == 2 and driver.document.undo_label == "Brush stroke"


def test_a_second_finger_takes_the_line_back_and_moves_the_view(driver: Driver):
    fingers = Fingers(driver)
    fingers.at((50, 50))
    fingers.at((60, 50))
    fingers.at((50, 50), (150, 50))
    fingers.at((50, 50), (250, 50))
    assert driver.canvas.zoom_factor == pytest.approx(2.0, rel=0.02)
    fingers.up((50, 50), (150, 50))
    assert not driver.document.can_undo


def test_the_hand_that_holds_the_pen_is_no_finger(driver: Driver, added):
    fingers = Fingers(driver)
    driver.pen(PRESS, 30, 40)
    driver.pen(RELEASE, 30, 40)
    added.clear()
    fingers.at((50, 50))
    fingers.up((50, 50))
    assert added == []


def test_what_is_drawn_while_the_document_is_held_is_drawn_afterwards(driver: Driver, added):
    import threading

    go_on = threading.Event()
    driver.canvas.do(go_on.wait)
    driver.drag((30, 40), (60, 40))
    assert added == [] and driver.canvas.work.busy
    go_on.set()
    driver.settle()
    assert len(added) >= 2 and driver.document.undo_label == "Brush stroke"


def test_leaving_takes_the_ring_away(driver: Driver):
    driver.hover(100, 100)
    with_ring = driver.picture()
    QTest.mouseMove(driver.canvas.window(), driver.canvas.rect().center())
    QCoreApplication.sendEvent(driver.canvas, QEvent(QEvent.Type.Leave))
    assert driver.picture() != with_ring

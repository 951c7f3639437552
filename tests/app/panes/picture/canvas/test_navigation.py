from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QApplication

from studio.app.panes.picture.canvas.navigation import Navigation, Pinch
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from tests.app.panes.picture.canvas.driving import CTRL, NO_KEYS, SHIFT, Driver

MIDDLE = Qt.MouseButton.MiddleButton


def close(one: QPointF, other: QPointF, within: float = 1.01) -> bool:
    return abs(one.x() - other.x()) <= within and abs(one.y() - other.y()) <= within


def test_the_wheel_zooms_where_the_pointer_is(driver: Driver):
    before = driver.at(40, 30)
    driver.wheel(40, 30, (0, 240))
    assert driver.canvas.zoom_factor == pytest.approx(2.0)
    assert close(driver.at(40, 30), before)
    driver.wheel(40, 30, (0, -120))
    assert driver.canvas.zoom_factor == pytest.approx(2**0.5)


def test_a_fine_wheel_zooms_smoothly(driver: Driver):
    driver.wheel(40, 30, (0, 30))
    assert 1.0 < driver.canvas.zoom_factor < 2**0.5


def test_shift_and_the_wheel_go_sideways(driver: Driver):
    before = driver.at(40, 30)
    driver.wheel(40, 30, (0, 120), SHIFT)
    assert driver.canvas.zoom_factor == 1.0
    assert close(driver.at(40, 30), before + QPointF(60, 0))


def test_two_fingers_on_a_trackpad_pan_and_with_ctrl_zoom(driver: Driver):
    before = driver.at(40, 30)
    driver.wheel(40, 30, (0, 0), pixels=(12, -7))
    assert driver.canvas.zoom_factor == 1.0 and close(driver.at(40, 30), before + QPointF(12, -7))
    driver.wheel(40, 30, (0, 0), CTRL, pixels=(0, 20))
    assert driver.canvas.zoom_factor > 1.1


def test_space_and_a_drag_pan_without_painting(driver: Driver):
    before = driver.at(40, 30)
    driver.key(Qt.Key.Key_Space)
    assert driver.canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    driver.drag((40, 30), (60, 45))
    driver.key(Qt.Key.Key_Space, up=True)
    assert close(driver.at(40, 30), before + QPointF(20, 15))
    assert not driver.document.can_undo


def test_the_middle_button_pans(driver: Driver):
    before = driver.at(40, 30)
    driver.drag((40, 30), (70, 10), button=MIDDLE)
    assert close(driver.at(40, 30), before + QPointF(30, -20))


@pytest.mark.parametrize(
    ("key", "keys"), [(Qt.Key.Key_Space, SHIFT), (Qt.Key.Key_R, NO_KEYS)], ids=["space", "r"]
)
def test_the_view_is_turned_by_a_drag(driver: Driver, key: Qt.Key, keys: Qt.KeyboardModifier):
    middle = driver.canvas.view.to_document(driver.canvas.view.middle)
    driver.key(key)
    driver.drag((middle.x() + 80, middle.y()), (middle.x(), middle.y() + 80), keys)
    driver.key(key, up=True)
    assert driver.canvas.view.angle == pytest.approx(90, abs=2)
    assert close(driver.canvas.view.to_screen(middle), driver.canvas.view.middle)


def test_ctrl_keeps_a_turned_view_to_steps(driver: Driver):
    middle = driver.canvas.view.to_document(driver.canvas.view.middle)
    driver.key(Qt.Key.Key_R)
    driver.drag((middle.x() + 80, middle.y()), (middle.x() + 80, middle.y() + 25), CTRL)
    assert driver.canvas.view.angle == pytest.approx(15)


def test_keys_turn_the_view_and_put_it_upright(driver: Driver):
    driver.key(Qt.Key.Key_6)
    driver.key(Qt.Key.Key_6)
    driver.key(Qt.Key.Key_4)
    assert driver.canvas.view.angle == pytest.approx(15)
    driver.key(Qt.Key.Key_H, SHIFT)
    assert driver.canvas.view.mirrored
    driver.key(Qt.Key.Key_5)
    assert driver.canvas.view.upright


def test_keys_fit_and_show_the_actual_size(driver: Driver):
    driver.canvas.set_zoom(20)
    driver.key(Qt.Key.Key_0, CTRL)
    whole = driver.canvas.view.polygon_to_screen(
        driver.canvas.view.visible(driver.canvas.rect().toRectF())
    ).boundingRect()
    assert driver.canvas.zoom_factor < 2 and whole.width() >= driver.canvas.width()
    driver.key(Qt.Key.Key_1, CTRL)
    assert driver.canvas.zoom_factor == 1.0
    driver.key(Qt.Key.Key_Plus)
    assert driver.canvas.zoom_factor == pytest.approx(2**0.5)


def test_arrows_pan(driver: Driver):
    before = driver.at(0, 0)
    assert driver.key(Qt.Key.Key_Right)
    assert close(driver.at(0, 0), before + QPointF(-48, 0))


def test_a_fitted_picture_stays_fitted_when_the_window_grows(driver: Driver):
    driver.canvas.fit()
    before = driver.canvas.zoom_factor
    driver.canvas.resize(840, 640)
    QApplication.processEvents()
    assert driver.canvas.zoom_factor == pytest.approx(2 * before, rel=0.01)
    driver.canvas.set_zoom(1.0)
    driver.canvas.resize(420, 320)
    QApplication.processEvents()
    assert driver.canvas.zoom_factor == 1.0


def test_held_keys_are_forgotten_with_the_focus(driver: Driver):
    driver.key(Qt.Key.Key_Space)
    QApplication.sendEvent(driver.canvas, QEvent(QEvent.Type.WindowDeactivate))
    driver.canvas.clearFocus()
    assert driver.canvas.navigation.held is None


def test_two_fingers_keep_what_is_under_them():
    view = ViewTransform(1.0, 0, QPointF(100, 100), QPointF(200, 150))
    first, second = QPointF(150, 150), QPointF(250, 150)
    under = view.to_document(first), view.to_document(second)
    moved = Pinch(first, second, view).moved(QPointF(200, 40), QPointF(200, 240))
    assert moved.zoom == pytest.approx(2.0) and moved.angle == pytest.approx(90)
    assert close(moved.to_screen(under[0]), QPointF(200, 40))
    assert close(moved.to_screen(under[1]), QPointF(200, 240))


class Gesture:
    """A trackpad's gesture, as much of it as is asked for."""

    def __init__(self, kind: Qt.NativeGestureType, value: float) -> None:
        self._kind, self._value = kind, value

    def gestureType(self) -> Qt.NativeGestureType:
        return self._kind

    def value(self) -> float:
        return self._value

    def position(self) -> QPointF:
        return QPointF(50, 60)


def test_trackpad_gestures_zoom_and_turn():
    shown: list[ViewTransform] = []
    navigation = Navigation(shown.append)
    kinds = Qt.NativeGestureType
    view = ViewTransform(1.0, 0, QPointF(0, 0), QPointF(200, 150))
    assert navigation.gesture(Gesture(kinds.ZoomNativeGesture, 0.25), view, 1.0)
    assert shown[-1].zoom == pytest.approx(1.25)
    assert navigation.gesture(Gesture(kinds.RotateNativeGesture, 10.0), view, 1.0)
    assert shown[-1].angle == pytest.approx(-10)
    assert navigation.gesture(Gesture(kinds.SmartZoomNativeGesture, 0.0), view, 1.0)
    assert shown[-1].zoom == 2.0
    assert not navigation.gesture(Gesture(kinds.SwipeNativeGesture, 1.0), view, 1.0)

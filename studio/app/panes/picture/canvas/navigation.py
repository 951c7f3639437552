"""Moving the view: dragging, turning, zooming by wheel, trackpad, fingers and keys.

It changes only the view, never the document, and works with every tool.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent

from studio.app.panes.picture.canvas.view_transform import ViewTransform

NOTCH = 120
"""What one notch of a wheel says, in eighths of a degree."""
TURN_STEP = 15.0
SNAP_DEGREES = 15.0
ZOOM_PER_PIXEL = 0.01


class Drag(Enum):
    """What a drag does to the view."""

    PAN = "pan"
    ROTATE = "rotate"
    ZOOM = "zoom"


@dataclass(frozen=True)
class Pinch:
    """Two fingers as they were when they came down, and the view then."""

    first: QPointF
    second: QPointF
    view: ViewTransform

    def moved(self, first: QPointF, second: QPointF) -> ViewTransform:
        """Return the view that keeps what was under both fingers under them."""
        before, after = self.second - self.first, second - first
        reach = math.hypot(before.x(), before.y())
        scale = math.hypot(after.x(), after.y()) / reach if reach > 1 else 1.0
        turned = math.atan2(after.y(), after.x()) - math.atan2(before.y(), before.x())
        middle = (self.first + self.second) / 2
        view = self.view.zoomed(self.view.zoom * scale, middle)
        view = view.rotated(view.angle + math.degrees(turned), middle)
        return view.moved((first + second) / 2 - middle)


class Navigation:
    """Turns wheel, drags and gestures into views.

    Attributes:
        drag: What the running drag does; ``None`` when none runs.
        held: What a press would begin, because Space or R is held.
    """

    def __init__(self, show: Callable[[ViewTransform], None]) -> None:
        self._show = show
        self.drag: Drag | None = None
        self.held: Drag | None = None
        self._from = QPointF()
        self._view = ViewTransform()
        self._pinch: Pinch | None = None
        self._notches = 0.0

    # drags

    def begin(self, drag: Drag, at: QPointF, view: ViewTransform) -> None:
        """Begin a drag at a point of the screen, in device pixels."""
        self.drag, self._from, self._view = drag, at, view

    def move(self, to: QPointF, keys: Qt.KeyboardModifier) -> None:
        """Follow the pointer."""
        view = self._view
        if self.drag is Drag.PAN:
            self._show(view.moved(to - self._from))
        elif self.drag is Drag.ZOOM:
            factor = math.exp((self._from.y() - to.y()) * ZOOM_PER_PIXEL)
            self._show(view.zoomed(view.zoom * factor, self._from))
        elif self.drag is Drag.ROTATE:
            angle = view.angle + self._turned(to)
            if keys & Qt.KeyboardModifier.ControlModifier:
                angle = round(angle / SNAP_DEGREES) * SNAP_DEGREES
            self._show(view.rotated(angle))

    def end(self) -> None:
        """End the drag."""
        self.drag = None

    def _turned(self, to: QPointF) -> float:
        middle = self._view.middle
        before, after = self._from - middle, to - middle
        return math.degrees(math.atan2(after.y(), after.x()) - math.atan2(before.y(), before.x()))

    # wheel and trackpad

    def wheel(self, event: QWheelEvent, view: ViewTransform, ratio: float) -> None:
        """Zoom with a mouse's wheel; pan with two fingers on a trackpad."""
        at, keys = event.position() * ratio, event.modifiers()
        control = bool(keys & Qt.KeyboardModifier.ControlModifier)
        if is_trackpad(event):
            by = QPointF(event.pixelDelta()) or QPointF(event.angleDelta()) / 2
            if control:
                self._show(view.zoomed(view.zoom * math.exp(by.y() * ZOOM_PER_PIXEL), at))
            else:
                self._show(view.moved(by * ratio))
            return
        turned = event.angleDelta()
        if keys & Qt.KeyboardModifier.ShiftModifier:
            self._show(view.moved(QPointF(turned.y() or turned.x(), 0) * ratio / 2))
            return
        if turned.x() and not turned.y():
            self._show(view.moved(QPointF(turned.x(), 0) * ratio / 2))
            return
        self._show(self._stepped(turned.y() / NOTCH, view, at))

    def _stepped(self, notches: float, view: ViewTransform, at: QPointF) -> ViewTransform:
        """Go stop by stop for whole notches, and smoothly for a wheel finer than that."""
        if float(notches).is_integer():
            return view.stepped(int(notches), at)
        return view.zoomed(view.zoom * 2 ** (notches / 2), at)

    # fingers

    def gesture(self, event: QNativeGestureEvent, view: ViewTransform, ratio: float) -> bool:
        """Follow a trackpad's gesture; say whether it means something here."""
        at, kind = event.position() * ratio, event.gestureType()
        if kind == Qt.NativeGestureType.ZoomNativeGesture:
            self._show(view.zoomed(view.zoom * (1 + event.value()), at))
        elif kind == Qt.NativeGestureType.RotateNativeGesture:
            self._show(view.rotated(view.angle - event.value(), at))
        elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
            self._show(view.zoomed(1.0 if view.zoom != 1 else 2.0, at))
        elif kind == Qt.NativeGestureType.PanNativeGesture:
            self._show(view.moved(event.delta() * ratio))
        else:
            return False
        return True

    def pinch(self, first: QPointF, second: QPointF, view: ViewTransform) -> None:
        """Follow two fingers on a screen, in device pixels."""
        if self._pinch is None:
            self._pinch = Pinch(first, second, view)
        self._show(self._pinch.moved(first, second))

    def end_pinch(self) -> None:
        """The fingers left the screen."""
        self._pinch = None


def is_trackpad(event: QWheelEvent) -> bool:
    """Whether two fingers scroll, rather than a wheel."""
    device = event.device()
    if device is not None and device.type() == QInputDevice.DeviceType.TouchPad:
        return True
    return not event.pixelDelta().isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase


def turn_of(key: int) -> float | None:
    """Return by how many degrees a key turns the view; ``None`` for other keys."""
    return {Qt.Key.Key_4: -TURN_STEP, Qt.Key.Key_6: TURN_STEP}.get(Qt.Key(key))

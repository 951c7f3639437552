"""What a hand does to a canvas: moves, presses, pens, fingers and keys as Qt would send them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
    QWheelEvent,
)
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.canvas import CanvasView
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

NONE, LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
NO_KEYS = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier

_DEVICES: dict[tuple[object, object], QPointingDevice] = {}


def device(
    kind: QInputDevice.DeviceType = QInputDevice.DeviceType.Stylus,
    pointer: QPointingDevice.PointerType = QPointingDevice.PointerType.Pen,
) -> QPointingDevice:
    """Return a pen, an eraser, a trackpad or a touch screen; each is made once."""
    key = (kind, pointer)
    if key not in _DEVICES:
        abilities = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
        _DEVICES[key] = QPointingDevice(
            f"{kind.name} {pointer.name}",
            len(_DEVICES) + 1,
            kind,
            pointer,
            abilities,
            10,
            3,
            "",
            QPointingDeviceUniqueId(),
        )
    return _DEVICES[key]


@dataclass
class Driver:
    """A canvas and a hand on it; places are pixels of the picture."""

    bot: QtBot
    canvas: CanvasView

    @property
    def document(self) -> PictureDocument:
        document = self.canvas.document
        assert document is not None
        return document

    def settle(self) -> None:
        """Wait until everything is done and drawn."""
        self.bot.waitUntil(lambda: not self.canvas.work.busy and self.canvas.up_to_date)
        QCoreApplication.processEvents()

    def at(self, x: float, y: float) -> QPointF:
        """Return where a point of the picture is in the widget."""
        return self.canvas.view.to_screen(QPointF(x, y)) / self.canvas.scale

    def mouse(
        self,
        kind: QEvent.Type,
        x: float,
        y: float,
        button: Qt.MouseButton = NONE,
        buttons: Qt.MouseButton = NONE,
        keys: Qt.KeyboardModifier = NO_KEYS,
    ) -> None:
        place = self.at(x, y)
        event = QMouseEvent(
            kind, place, QPointF(self.canvas.mapToGlobal(place)), button, buttons, keys
        )
        QCoreApplication.sendEvent(self.canvas, event)

    def hover(self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.mouse(QEvent.Type.MouseMove, x, y, keys=keys)

    def press(
        self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT
    ) -> None:
        self.mouse(QEvent.Type.MouseButtonPress, x, y, button, button, keys)

    def move(
        self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT
    ) -> None:
        self.mouse(QEvent.Type.MouseMove, x, y, NONE, button, keys)

    def release(
        self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT
    ) -> None:
        self.mouse(QEvent.Type.MouseButtonRelease, x, y, button, NONE, keys)

    def drag(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        keys: Qt.KeyboardModifier = NO_KEYS,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        """Press, move in a few steps, release."""
        places = [self.at(*start), self.at(*end)]
        kinds = QEvent.Type

        def send(kind: QEvent.Type, place: QPointF, one: Qt.MouseButton, held: Qt.MouseButton):
            where = QPointF(self.canvas.mapToGlobal(place))
            QCoreApplication.sendEvent(
                self.canvas, QMouseEvent(kind, place, where, one, held, keys)
            )

        send(kinds.MouseButtonPress, places[0], button, button)
        for step in range(1, 6):
            send(kinds.MouseMove, places[0] + (places[1] - places[0]) * step / 5, NONE, button)
        send(kinds.MouseButtonRelease, places[1], button, NONE)

    def click(self, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.press(x, y, keys)
        self.release(x, y, keys)

    def double_click(self, x: float, y: float) -> None:
        self.click(x, y)
        self.mouse(QEvent.Type.MouseButtonDblClick, x, y, LEFT, LEFT)
        self.release(x, y)

    def pen(
        self,
        kind: QEvent.Type,
        x: float,
        y: float,
        pressure: float = 1.0,
        tilt: tuple[float, float] = (0.0, 0.0),
        pointer: QPointingDevice.PointerType = QPointingDevice.PointerType.Pen,
        button: Qt.MouseButton = LEFT,
    ) -> None:
        place = self.at(x, y)
        moves = kind == QEvent.Type.TabletMove
        event = QTabletEvent(
            kind,
            device(pointer=pointer),
            place,
            QPointF(self.canvas.mapToGlobal(place)),
            pressure,
            tilt[0],
            tilt[1],
            0.0,
            0.0,
            0.0,
            NO_KEYS,
            NONE if moves else button,
            NONE if kind == QEvent.Type.TabletRelease else button,
        )
        QCoreApplication.sendEvent(self.canvas, event)

    def wheel(
        self,
        x: float,
        y: float,
        angle: tuple[int, int],
        keys: Qt.KeyboardModifier = NO_KEYS,
        pixels: tuple[int, int] | None = None,
    ) -> None:
        place = self.at(x, y)
        phase = Qt.ScrollPhase.NoScrollPhase if pixels is None else Qt.ScrollPhase.ScrollUpdate
        event = QWheelEvent(
            place,
            QPointF(self.canvas.mapToGlobal(place)),
            QPoint(*(pixels or (0, 0))),
            QPoint(*angle),
            NONE,
            keys,
            phase,
            False,
        )
        QCoreApplication.sendEvent(self.canvas, event)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS, *, up: bool = False) -> bool:
        """Send a key to the canvas; say whether it was used."""
        kind = QEvent.Type.KeyRelease if up else QEvent.Type.KeyPress
        event = QKeyEvent(kind, key, keys)
        QCoreApplication.sendEvent(self.canvas, event)
        return event.isAccepted()

    def pixel(self, x: int, y: int) -> tuple[int, int, int, int]:
        """Return a pixel of the document."""
        found = self.document.composite(Rect(x, y, 1, 1))[0, 0]
        return tuple(int(value) for value in found)

    def shown(self, x: float, y: float) -> QColor:
        """Return what a point of the picture looks like on the screen."""
        image = self.picture()
        place = self.at(x, y) * self.canvas.scale
        return image.pixelColor(int(place.x()), int(place.y()))

    def picture(self) -> QImage:
        """Return the canvas as it is drawn."""
        return self.canvas.grab().toImage()


def plain(width: int, height: int, rgba: tuple[int, int, int, int]) -> np.ndarray:
    """Return pixels of one colour."""
    return np.full((height, width, 4), rgba, np.uint8)

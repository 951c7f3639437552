"""What pen, mouse and finger say, in one form."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QTabletEvent

from studio.app.panes.picture.canvas.view_transform import ViewTransform

NO_KEYS = Qt.KeyboardModifier.NoModifier


@dataclass(frozen=True)
class PenPoint:
    """One point of a pointer's way.

    Attributes:
        document: Where it is in the picture, in its pixels.
        screen: Where it is on the canvas, in device pixels.
        pressure: 0 to 1; a mouse presses with 1.
        tilt_x: Degrees from upright to the right, -60 to 60; 0 for a mouse.
        tilt_y: Degrees from upright towards the user, -60 to 60.
        keys: Modifier keys that are held.
        eraser: The pen is turned upside down.
    """

    document: QPointF
    screen: QPointF
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    keys: Qt.KeyboardModifier = NO_KEYS
    eraser: bool = False

    @property
    def shift(self) -> bool:
        """Whether Shift is held."""
        return bool(self.keys & Qt.KeyboardModifier.ShiftModifier)

    @property
    def alt(self) -> bool:
        """Whether Alt is held."""
        return bool(self.keys & Qt.KeyboardModifier.AltModifier)

    @property
    def control(self) -> bool:
        """Whether Ctrl (Cmd on a Mac) is held."""
        return bool(self.keys & Qt.KeyboardModifier.ControlModifier)


def mouse_point(event: QMouseEvent, view: ViewTransform, ratio: float) -> PenPoint:
    """Return where the mouse is; ``ratio`` is the canvas's device pixel ratio."""
    screen = event.position() * ratio
    return PenPoint(view.to_document(screen), screen, keys=event.modifiers())


def tablet_point(event: QTabletEvent, view: ViewTransform, ratio: float) -> PenPoint:
    """Return where the pen is, how hard it presses and how it leans."""
    from PySide6.QtGui import QPointingDevice

    screen = event.position() * ratio
    return PenPoint(
        view.to_document(screen),
        screen,
        pressure=min(1.0, max(0.0, event.pressure())),
        tilt_x=event.xTilt(),
        tilt_y=event.yTilt(),
        keys=event.modifiers(),
        eraser=event.pointerType() == QPointingDevice.PointerType.Eraser,
    )

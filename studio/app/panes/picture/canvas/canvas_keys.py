"""What keys do while the canvas has the focus, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from studio.app.panes.picture.canvas.commands import Command
from studio.app.panes.picture.canvas.navigation import Drag

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView

HELD = {Qt.Key.Key_Space: Drag.PAN, Qt.Key.Key_R: Drag.ROTATE}
MODIFIERS = {
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
}
KEYPAD = Qt.KeyboardModifier.KeypadModifier
PAN_STEP = 48
ARROWS = {
    Qt.Key.Key_Left: QPointF(PAN_STEP, 0),
    Qt.Key.Key_Right: QPointF(-PAN_STEP, 0),
    Qt.Key.Key_Up: QPointF(0, PAN_STEP),
    Qt.Key.Key_Down: QPointF(0, -PAN_STEP),
}


class CanvasKeys:
    """Finds what a key means: for the tool first, then for the canvas."""

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas
        self._by_keys: dict[QKeySequence, Command] | None = None

    def wants(self, event: QKeyEvent) -> bool:
        """Return whether a key means something here, so that no shortcut of the window takes it."""
        return (
            self._canvas.current_tool.wants_key(event)
            or self._gives_up(event)
            or self._command_of(event) is not None
            or self._holds(event)
            or self._pans(event)
        )

    def pressed(self, event: QKeyEvent) -> bool:
        """Use a key; say whether it means anything here."""
        if Qt.Key(event.key()) in MODIFIERS:
            self._canvas.pointer.keys_changed(event.modifiers() | MODIFIERS[Qt.Key(event.key())])
            return False
        if self._canvas.current_tool.key(event):
            self._canvas.tell_options()
        elif self._gives_up(event):
            self._canvas.pointer.let_go()
            self._canvas.current_tool.cancel()
        elif self._holds(event):
            if not event.isAutoRepeat():
                self._canvas.navigation.held = HELD[Qt.Key(event.key())]
        elif (command := self._command_of(event)) is not None:
            if command.possible():
                command.run()
        elif self._pans(event):
            by = ARROWS[Qt.Key(event.key())] * self._canvas.scale
            self._canvas.show_view(self._canvas.view.moved(by))
        else:
            return False
        self._canvas.show_cursor()
        return True

    def released(self, event: QKeyEvent) -> bool:
        """Let go of a held key; say whether it was one."""
        if Qt.Key(event.key()) in MODIFIERS:
            self._canvas.pointer.keys_changed(event.modifiers())
            return False
        if event.isAutoRepeat() or HELD.get(Qt.Key(event.key())) is None:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """No key is held any more."""
        self._canvas.navigation.held = None
        self._canvas.show_cursor()

    def _gives_up(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and self._canvas.current_tool.busy

    def _holds(self, event: QKeyEvent) -> bool:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        return Qt.Key(event.key()) in HELD and not control

    def _pans(self, event: QKeyEvent) -> bool:
        """Arrows pan, but not while they may choose between results."""
        arrow = Qt.Key(event.key()) in ARROWS and not event.modifiers() & ~KEYPAD
        return arrow and not self._canvas.overlays.has_candidate

    def _command_of(self, event: QKeyEvent) -> Command | None:
        if self._by_keys is None:
            self._by_keys = {
                QKeySequence(keys): command
                for command in self._canvas.commands()
                for keys in command.keys.split("; ")
                if keys
            }
        pressed = QKeySequence(event.keyCombination().toCombined() & ~KEYPAD.value)
        return self._by_keys.get(pressed)

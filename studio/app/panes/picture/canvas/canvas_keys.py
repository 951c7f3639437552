"""What keys do while the canvas has the focus, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from studio.app.panes.picture.canvas.navigation import TURN_STEP, Drag

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView

HELD = {Qt.Key.Key_Space: Drag.PAN, Qt.Key.Key_R: Drag.ROTATE}
PAN_STEP = 48
ARROWS = {
    Qt.Key.Key_Left: QPointF(PAN_STEP, 0),
    Qt.Key.Key_Right: QPointF(-PAN_STEP, 0),
    Qt.Key.Key_Up: QPointF(0, PAN_STEP),
    Qt.Key.Key_Down: QPointF(0, -PAN_STEP),
}


@dataclass(frozen=True)
class Command:
    """Something the canvas does, with or without a key.

    Attributes:
        name: Stable name.
        title: What menus call it.
        keys: Its keys in Qt's portable text, several separated by "; "; "" for none.
        run: Does it.
        possible: Says whether it can be done now.
        icon_name: Lucide icon; "" for none.
    """

    name: str
    title: str
    keys: str
    run: Callable[[], object]
    possible: Callable[[], bool] = lambda: True
    icon_name: str = ""


class CanvasKeys:
    """Finds what a key means: for the tool first, then for the canvas."""

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas
        self._by_keys: dict[QKeySequence, Command] | None = None

    def commands(self) -> tuple[Command, ...]:
        """Return everything that has a name."""
        return tuple(_commands(self._canvas))

    def command(self, name: str) -> Command:
        """Return a command.

        Raises:
            KeyError: There is none of this name.
        """
        found = {command.name: command for command in self.commands()}
        return found[name]

    def wants(self, event: QKeyEvent) -> bool:
        """Return whether a key means something here, so that no shortcut of the window takes it."""
        return (
            self._command_of(event) is not None
            or Qt.Key(event.key()) in HELD
            or Qt.Key(event.key()) in ARROWS
            or self._canvas.current_tool.wants_key(event)
        )

    def pressed(self, event: QKeyEvent) -> bool:
        """Use a key; say whether it means anything here."""
        key = Qt.Key(event.key())
        if self._canvas.current_tool.key(event):
            self._canvas.options_changed.emit()
            self._canvas.show_cursor()
            return True
        if key in HELD and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if not event.isAutoRepeat():
                self._canvas.navigation.held = HELD[key]
                self._canvas.show_cursor()
            return True
        command = self._command_of(event)
        if command is not None:
            if command.possible():
                command.run()
            return True
        if key in ARROWS and not event.modifiers():
            self._canvas.show_view(self._canvas.view.moved(ARROWS[key] * self._canvas.scale))
            return True
        return False

    def released(self, event: QKeyEvent) -> bool:
        """Let go of a held key; say whether it was one."""
        if event.isAutoRepeat() or HELD.get(Qt.Key(event.key())) is None:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """No key is held any more."""
        self._canvas.navigation.held = None
        self._canvas.show_cursor()

    def _command_of(self, event: QKeyEvent) -> Command | None:
        if self._by_keys is None:
            self._by_keys = {
                QKeySequence(keys): command
                for command in self.commands()
                for keys in command.keys.split("; ")
                if keys
            }
        keypad = Qt.KeyboardModifier.KeypadModifier
        pressed = QKeySequence(event.keyCombination().toCombined() & ~keypad.value)
        return self._by_keys.get(pressed)


def _tr(text: str) -> str:
    return QCoreApplication.translate("canvas_keys", text)


def _commands(canvas: CanvasView) -> list[Command]:
    return [
        *_tool_commands(canvas),
        *_edit_commands(canvas),
        *_view_commands(canvas),
        Command("swap_colours", _tr("Swap colours"), "X", canvas.swap_colours),
        Command("reset_colours", _tr("Black and white"), "D", canvas.reset_colours),
    ]


def _tool_commands(canvas: CanvasView) -> list[Command]:
    def take(name: str) -> Callable[[], None]:
        return lambda: canvas.set_tool(name)

    return [
        Command(
            f"tool.{tool.name}", tool.title, tool.keys, take(tool.name), icon_name=tool.icon_name
        )
        for tool in canvas.tools.values()
    ]


def _view_commands(canvas: CanvasView) -> list[Command]:
    def zoom(steps: int) -> Callable[[], None]:
        return lambda: canvas.show_view(canvas.view.stepped(steps))

    return [
        Command("fit", _tr("Fit picture"), "Ctrl+0", canvas.fit, icon_name="fullscreen"),
        Command("actual_size", _tr("Actual size"), "Ctrl+1", lambda: canvas.set_zoom(1.0)),
        Command("nearer", _tr("Zoom in"), "Ctrl++; Ctrl+=; +; =", zoom(1), icon_name="zoom-in"),
        Command("farther", _tr("Zoom out"), "Ctrl+-; -", zoom(-1), icon_name="zoom-out"),
        Command("turn_left", _tr("Turn view left"), "4", lambda: canvas.rotate_view(-TURN_STEP)),
        Command("turn_right", _tr("Turn view right"), "6", lambda: canvas.rotate_view(TURN_STEP)),
        Command("upright", _tr("Turn view upright"), "5", lambda: canvas.rotate_view(None)),
        Command(
            "mirror", _tr("Mirror view"), "M", canvas.mirror_view, icon_name="flip-horizontal-2"
        ),
    ]


def _edit_commands(canvas: CanvasView) -> list[Command]:
    def can_undo() -> bool:
        return canvas.document is not None and canvas.document.can_undo

    def can_redo() -> bool:
        return canvas.document is not None and canvas.document.can_redo

    return [
        Command("undo", _tr("Undo"), "Ctrl+Z", canvas.undo, can_undo, "undo-2"),
        Command("redo", _tr("Redo"), "Ctrl+Shift+Z; Ctrl+Y", canvas.redo, can_redo, "redo-2"),
    ]

"""Everything the canvas does that has a name: for keys, its menu and the window's palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from studio.app.panes.picture.canvas.navigation import TURN_STEP
from studio.app.widgets.words import fill_in

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView
    from studio.documents.picture.document import PictureDocument

STEPS_PX = (1, 4, 16, 64)
"""How far a selection is grown, shrunk or softened."""


def _always() -> bool:
    return True


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
    possible: Callable[[], bool] = _always
    icon_name: str = ""


def commands(canvas: CanvasView) -> tuple[Command, ...]:
    """Return every command of a canvas."""
    return (
        *_tools(canvas),
        *_undo(canvas),
        *_clipboard(canvas),
        *_selection(canvas),
        *_growing(canvas),
        *_view(canvas),
        Command("swap_colours", _tr("Swap colours"), "X", canvas.colours_in_hand.swap),
        Command("reset_colours", _tr("Black and white"), "D", canvas.colours_in_hand.reset),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("canvas_commands", text)


def _tools(canvas: CanvasView) -> Iterable[Command]:
    def take(name: str) -> Callable[[], None]:
        return lambda: canvas.set_tool(name)

    for tool in canvas.tools.values():
        yield Command(
            f"tool.{tool.name}", tool.title, tool.keys, take(tool.name), icon_name=tool.icon_name
        )


def _undo(canvas: CanvasView) -> Iterable[Command]:
    def can_undo() -> bool:
        document = canvas.document
        return canvas.current_tool.busy or (document is not None and document.can_undo)

    def can_redo() -> bool:
        return canvas.document is not None and canvas.document.can_redo

    yield Command("undo", _tr("Undo"), "Ctrl+Z", canvas.undo, can_undo, "undo-2")
    yield Command("redo", _tr("Redo"), "Ctrl+Shift+Z; Ctrl+Y", canvas.redo, can_redo, "redo-2")


def _clipboard(canvas: CanvasView) -> Iterable[Command]:
    clipboard = canvas.clipboard

    def has_layer() -> bool:
        return canvas.document is not None and canvas.document.active_id is not None

    yield Command("cut", _tr("Cut"), "Ctrl+X", clipboard.cut, has_layer, "scissors")
    yield Command("copy", _tr("Copy"), "Ctrl+C", clipboard.copy, has_layer, "copy")
    yield Command(
        "copy_merged",
        _tr("Copy all layers"),
        "",
        clipboard.copy_merged,
        lambda: canvas.document is not None,
    )
    yield Command(
        "paste", _tr("Paste"), "Ctrl+V", clipboard.paste, clipboard.can_paste, "clipboard"
    )


def _selection(canvas: CanvasView) -> Iterable[Command]:
    there, selected = _there(canvas), _selected(canvas)

    def run(change: Callable[[PictureDocument], object]) -> Callable[[], None]:
        return lambda: canvas.change(change)

    def on_layer(change: Callable[[PictureDocument, str], object]) -> Callable[[], None]:
        def go() -> None:
            layer_id = canvas.active_layer()
            if layer_id is not None:
                canvas.change(lambda document: change(document, layer_id))

        return go

    colour = canvas.painted_colour
    yield Command(
        "select_all", _tr("Select all"), "Ctrl+A", run(lambda doc: doc.select_all()), there
    )
    yield Command(
        "select_none",
        _tr("Select nothing"),
        "Ctrl+Shift+A; Ctrl+D",
        run(lambda doc: doc.clear_selection()),
        selected,
    )
    yield Command(
        "invert_selection",
        _tr("Invert selection"),
        "Ctrl+Shift+I",
        run(lambda doc: doc.invert_selection()),
        selected,
    )
    yield Command(
        "select_layer",
        _tr("Select what is on the layer"),
        "",
        on_layer(lambda doc, layer_id: doc.select_layer(layer_id)),
        there,
    )
    yield Command(
        "clear",
        _tr("Delete"),
        "Del; Backspace",
        on_layer(lambda doc, layer_id: doc.clear(layer_id)),
        selected,
        "eraser",
    )
    yield Command(
        "fill_selection",
        _tr("Fill with colour"),
        "Alt+Backspace",
        on_layer(lambda doc, layer_id: doc.fill_selection(layer_id, colour())),
        there,
        "paint-bucket",
    )


def _growing(canvas: CanvasView) -> Iterable[Command]:
    selected = _selected(canvas)

    def grow(by_px: int) -> Callable[[], None]:
        return lambda: canvas.change(lambda document: document.grow_selection(by_px))

    def feather(by_px: int) -> Callable[[], None]:
        return lambda: canvas.change(lambda document: document.feather_selection(by_px))

    for px in STEPS_PX:
        words = fill_in(_tr("by %1 px"), px)
        yield Command(f"grow.{px}", words, "", grow(px), selected)
        yield Command(f"shrink.{px}", words, "", grow(-px), selected)
        yield Command(f"feather.{px}", words, "", feather(px), selected)


def _view(canvas: CanvasView) -> Iterable[Command]:
    def zoom(steps: int) -> Callable[[], None]:
        return lambda: canvas.show_view(canvas.view.stepped(steps))

    def turn(degrees: float | None) -> Callable[[], None]:
        return lambda: canvas.rotate_view(degrees)

    yield Command("fit", _tr("Fit picture"), "Ctrl+0", canvas.fit, icon_name="fullscreen")
    yield Command("actual_size", _tr("Actual size"), "Ctrl+1", lambda: canvas.set_zoom(1.0))
    yield Command("nearer", _tr("Zoom in"), "Ctrl++; Ctrl+=; +; =", zoom(1), icon_name="zoom-in")
    yield Command("farther", _tr("Zoom out"), "Ctrl+-; -", zoom(-1), icon_name="zoom-out")
    yield Command("turn_left", _tr("Turn view left"), "4", turn(-TURN_STEP))
    yield Command("turn_right", _tr("Turn view right"), "6", turn(TURN_STEP))
    yield Command("upright", _tr("Turn view upright"), "5", turn(None))
    yield Command(
        "mirror", _tr("Mirror view"), "Shift+H", canvas.mirror_view, icon_name="flip-vertical-2"
    )


def _there(canvas: CanvasView) -> Callable[[], bool]:
    return lambda: canvas.document is not None


def _selected(canvas: CanvasView) -> Callable[[], bool]:
    def selected() -> bool:
        return canvas.document is not None and canvas.document.selection is not None

    return selected

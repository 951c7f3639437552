"""The menu at a click with the right button on the canvas, or at the menu key."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from studio.app.panes.picture.canvas.commands import STEPS_PX, Command
from studio.app.theme.icons import icon

GROUPS = (
    ("undo", "redo"),
    ("cut", "copy", "copy_merged", "paste", "clear", "fill_selection"),
    ("select_all", "select_none", "invert_selection", "select_layer"),
    (),
    ("fit", "actual_size", "upright", "mirror"),
)
"""Lines between them; the empty one holds what is done to a selection's edge."""


def canvas_menu(commands: tuple[Command, ...], parent: QWidget) -> QMenu:
    """Return the menu for what can be done now; it is deleted when it closes."""
    known = {command.name: command for command in commands}
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for group in GROUPS:
        if not menu.isEmpty():
            menu.addSeparator()
        for name in group:
            _add(menu, known[name])
        if not group:
            for title, kind in (
                (_tr("Grow selection"), "grow"),
                (_tr("Shrink selection"), "shrink"),
                (_tr("Feather selection"), "feather"),
            ):
                steps = [known[f"{kind}.{px}"] for px in STEPS_PX]
                inner = menu.addMenu(title)
                inner.setEnabled(steps[0].possible())
                for step in steps:
                    _add(inner, step)
    return menu


def _add(menu: QMenu, command: Command) -> None:
    action = menu.addAction(command.title)
    if command.icon_name:
        action.setIcon(icon(command.icon_name))
    if command.keys:
        action.setShortcut(QKeySequence(command.keys.split("; ")[0]))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # only to be read
    action.setEnabled(command.possible())
    action.triggered.connect(lambda: command.run())


def _tr(text: str) -> str:
    return QCoreApplication.translate("canvas_menu", text)

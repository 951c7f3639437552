"""Menus made from the action registry, so that nothing in them is written twice."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QMenuBar

from studio.app.actions import ActionRegistry

CATEGORIES = ("File", "Edit", "View", "Generate", "Help")

LAST = "window."
"""Actions of this owner come last."""

translate = QCoreApplication.translate


def titles() -> dict[str, str]:
    """Return the menus' names in the user's language, in order."""
    return {
        "File": translate("menus", "File"),
        "Edit": translate("menus", "Edit"),
        "View": translate("menus", "View"),
        "Generate": translate("menus", "Generate"),
        "Help": translate("menus", "Help"),
    }


def fill_main_menu(menu: QMenu | QMenuBar, actions: ActionRegistry) -> None:
    """Add one sub-menu per category; each is filled when it is about to show."""
    for category, title in titles().items():
        child = menu.addMenu(title)
        child.aboutToShow.connect(lambda m=child, c=category: fill(m, actions, c))
        fill(child, actions, category)


def fill(menu: QMenu, actions: ActionRegistry, category: str) -> None:
    """Put the actions of a category into a menu, a line between those of different owners."""
    menu.clear()
    menu.setToolTipsVisible(True)
    owner = ""
    chosen = [spec for spec in actions.all() if spec.category == category]
    # Settings and Quit stand at the end of a menu, also when panes add theirs later.
    for spec in sorted(chosen, key=lambda spec: spec.id.startswith(LAST)):
        actions.refresh(spec.id)
        prefix = spec.id.partition(".")[0]
        if owner and prefix != owner:
            menu.addSeparator()
        owner = prefix
        menu.addAction(actions.get(spec.id))
    menu.menuAction().setVisible(not menu.isEmpty())

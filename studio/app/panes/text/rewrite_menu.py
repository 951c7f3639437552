"""The menu of ready instructions for a selected text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMenu, QWidget

from studio.app.theme.icons import icon
from studio.documents.manuscript.rewrites import Catalogue, Rewrite

Chosen = Callable[[Rewrite, str], object]


def fill_rewrite_menu(menu: QMenu, catalogue: Catalogue, first_language: str, then: Chosen) -> None:
    """Put every ready instruction into ``menu``; those with choices become sub-menus.

    Args:
        menu: Where to.
        catalogue: The ready instructions.
        first_language: The language that "Translate to" offers first.
        then: Called with the instruction and the choice ("" where there is none).
    """
    for rewrite in catalogue.rewrites:
        if not rewrite.choices:
            action = menu.addAction(icon(rewrite.icon), rewrite.title)
            action.triggered.connect(lambda _=False, r=rewrite: then(r, ""))
            continue
        sub = menu.addMenu(icon(rewrite.icon), rewrite.title)
        for choice in ordered(rewrite, first_language):
            title = choice[:1].upper() + choice[1:]
            action = sub.addAction(title)
            action.triggered.connect(lambda _=False, r=rewrite, c=choice: then(r, c))


def ordered(rewrite: Rewrite, first: str) -> tuple[str, ...]:
    """Return the choices, the one the user prefers first even when it is not listed."""
    if rewrite.id != "translate" or not first.strip():
        return rewrite.choices
    return (first, *(c for c in rewrite.choices if c.casefold() != first.casefold()))


def rewrite_menu(
    catalogue: Catalogue,
    first_language: str,
    then: Chosen,
    in_words: Callable[[], object],
    parent: QWidget,
) -> QMenu:
    """Return a menu of its own, deleted when it closes: words of one's own, then the ready ones."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    own = menu.addAction(QCoreApplication.translate("rewrite_menu", "Say it in words…"))
    own.triggered.connect(lambda: in_words())
    menu.addSeparator()
    fill_rewrite_menu(menu, catalogue, first_language, then)
    return menu

"""The menu at a click with the right button in a manuscript."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMenu, QWidget

from studio.app.panes.text.manuscript_editor import ManuscriptEditor
from studio.app.panes.text.rewrite_menu import Chosen, fill_rewrite_menu
from studio.app.theme.icons import icon
from studio.documents.manuscript.rewrites import Catalogue


def editor_menu(
    editor: ManuscriptEditor,
    catalogue: Catalogue | None,
    first_language: str,
    rewrite: Chosen,
    parent: QWidget,
) -> QMenu:
    """Return the menu for what is selected now; it is deleted when it closes.

    Args:
        editor: Where the click was.
        catalogue: The ready instructions; ``None`` where nothing is selected to rewrite.
        first_language: The language that "Translate to" offers first.
        rewrite: Called with the instruction that was chosen.
        parent: The menu's owner.
    """
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    manuscript = editor.manuscript
    selected, free = editor.textCursor().hasSelection(), not editor.isReadOnly()
    for words, then, enabled in (
        (_tr("Undo"), editor.undo_step, free and manuscript.undo_label is not None),
        (_tr("Redo"), editor.redo_step, free and manuscript.redo_label is not None),
        ("", None, True),
        (_tr("Cut"), editor.cut, free and selected),
        (_tr("Copy"), editor.copy, selected),
        (_tr("Paste"), editor.paste, editor.canPaste()),
        (_tr("Select all"), editor.selectAll, True),
    ):
        if then is None:
            menu.addSeparator()
            continue
        action = menu.addAction(words)
        action.setEnabled(enabled)
        action.triggered.connect(lambda _=False, then=then: then())
    if editor.actions():  # what other parts of the pane have to offer at this place
        menu.addSeparator()
        menu.addActions(editor.actions())
    if catalogue is not None:
        menu.addSeparator()
        rewrites = menu.addMenu(icon("wand-sparkles"), _tr("Rewrite"))
        fill_rewrite_menu(rewrites, catalogue, first_language, rewrite)
    return menu


def _tr(text: str) -> str:
    return QCoreApplication.translate("editor_menu", text)

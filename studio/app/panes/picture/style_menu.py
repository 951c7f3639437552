"""Styles to put round a prompt: those that come with Triptych and those of the user."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton

from studio.app.context import AppContext
from studio.app.panes.picture.prompt_history import Prompt
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size
from studio.core.errors import StudioError
from studio.core.paths import assets

if TYPE_CHECKING:
    from studio.app.panes.picture.prompt_box import PromptBox
    from studio.core.styles import Style

OWN_FILE = "styles.json"


class StyleChip(QPushButton):
    """A small button with a menu of styles; choosing one writes its words into the prompt.

    The words stand in the prompt, so they can be changed, and Ctrl+Z takes them out again.
    """

    def __init__(self, context: AppContext, prompt: PromptBox) -> None:
        super().__init__()
        self._context = context
        self._prompt = prompt
        self._own = context.folders.data / OWN_FILE
        self.setText(self.tr("Style"))
        self.setIcon(icon("palette"))
        self.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        self.setToolTip(self.tr("Put the words of a style round the prompt"))
        set_role(self, "chip")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)
        prompt.bar.leading.insertWidget(0, self)

    def apply(self, style: Style) -> None:
        """Put a style's words round what stands in the prompt."""
        now = self._prompt.text()
        self._prompt.set_text(Prompt(*style.applied(now.prompt, now.negative_prompt)))
        self._prompt.edited.emit()
        self._prompt.edit.setFocus()

    def styles(self) -> tuple[Style, ...]:
        """Return all styles, the user's own first; small files, read when the menu opens."""
        from studio.core.styles import read_styles

        shipped = read_styles(assets() / "image" / "styles.json")
        try:
            own = read_styles(self._own) if self._own.exists() else ()
        except StudioError as error:
            self._context.notify.error(error)
            own = ()
        return (*own, *shipped)

    def import_from(self, path: Path) -> None:
        """Add the styles of a file of A1111, Fooocus or Triptych to the user's own."""
        from studio.core.styles import read_styles, write_styles

        try:
            found = read_styles(path)
            before = read_styles(self._own) if self._own.exists() else ()
            fresh = {style.id: style for style in (*before, *found)}
            write_styles(self._own, fresh.values())
        except StudioError as error:
            self._context.notify.error(error)
            return
        words = self.tr("%1 styles were added.").replace("%1", str(len(found)))
        self._context.notify.success(words)

    def _fill(self) -> None:
        self._menu.clear()
        groups: dict[str, QMenu] = {}
        for style in self.styles():
            title = style.category or self.tr("My styles")
            if title not in groups:
                groups[title] = self._menu.addMenu(title)
                groups[title].setToolTipsVisible(True)
            action = groups[title].addAction(style.name, partial(self.apply, style))
            action.setToolTip(style.prompt)
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Import styles…"), self._ask_import)

    def _ask_import(self) -> None:
        kinds = self.tr("Styles") + " (*.json *.csv)"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Import styles"), "", kinds)
        if name:
            self.import_from(Path(name))

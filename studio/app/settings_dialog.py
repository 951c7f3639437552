"""The settings: pages made from the schema, plugins, shortcuts, and what Triptych is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.core.settings import GROUPS

SIZE = QSize(820, 600)
LIST_WIDTH = 184
PAGE_ROW = Size.CONTROL + Space.S
NAME = Qt.ItemDataRole.UserRole

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Page:
    """One entry of the list at the left.

    Attributes:
        name: What ``show_page`` takes.
        title: What the list says.
        icon: Name of its icon.
        make: Makes the page, when it is first shown.
    """

    name: str
    title: str
    icon: str
    make: Callable[[], QWidget]


class SettingsDialog(QDialog):
    """Not modal; every change holds at once and is saved by itself."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setWindowTitle(self.tr("Settings"))
        self.resize(SIZE)
        set_role(self, "surface")
        self._made: dict[str, QWidget] = {}
        self._pages = self._all_pages()
        self._list = QListWidget()
        self._list.setFixedWidth(LIST_WIDTH)
        self._list.setIconSize(QSize(Size.ICON, Size.ICON))
        self._list.setAccessibleName(self.tr("Pages"))
        for page in self._pages.values():
            item = QListWidgetItem(icon(page.icon), page.title, self._list)
            item.setData(NAME, page.name)
            item.setSizeHint(QSize(0, PAGE_ROW))  # known before the style sheet is asked
        side = QFrame()
        set_role(side, "ground")
        column = QVBoxLayout(side)
        column.setContentsMargins(Space.S, Space.M, Space.S, Space.M)
        column.addWidget(self._list)
        self._stack = QStackedWidget()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self._stack, 1)
        self._list.currentItemChanged.connect(self._on_chosen)
        self._list.setCurrentRow(0)

    @property
    def page_names(self) -> list[str]:
        """Names of the pages, in order."""
        return list(self._pages)

    def show_page(self, name: str = "") -> QWidget:
        """Show a page, the one shown last when none is named, and return it."""
        if name in self._pages:
            self._list.setCurrentRow(list(self._pages).index(name))
        return self._made[self._list.currentItem().data(NAME)]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc; Enter belongs to the fields."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
            return
        super().keyPressEvent(event)

    def _all_pages(self) -> dict[str, Page]:
        context = self._context

        def group(name: str) -> Callable[[], QWidget]:
            return lambda: _group_page(context, name)

        icons = {"appearance": "palette", "writing": "feather", "computing": "cpu"}
        pages = [
            Page(name, group_title(name), icons.get(name, "folder"), group(name)) for name in GROUPS
        ]
        pages += [
            Page("models", self.tr("Models"), "box", lambda: _models(context)),
            Page("plugins", self.tr("Plugins"), "plug", lambda: _plugins(context)),
            Page("shortcuts", self.tr("Shortcuts"), "keyboard", lambda: _shortcuts(context)),
            Page("about", self.tr("About"), "info", _about),
        ]
        return {page.name: page for page in pages}

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        name = item.data(NAME)
        if name not in self._made:
            content = self._pages[name].make()
            content.layout().setContentsMargins(*(Space.XL,) * 4)  # type: ignore[union-attr]
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            set_role(content, "page")
            area.setWidget(content)
            self._made[name] = content
            self._stack.addWidget(area)
        area_of = self._made[name].parentWidget()
        while area_of is not None and not isinstance(area_of, QScrollArea):
            area_of = area_of.parentWidget()
        if area_of is not None:
            self._stack.setCurrentWidget(area_of)


def group_title(name: str) -> str:
    """Return the title of a group of settings, as the schema declares it."""
    from dataclasses import fields

    from studio.core.settings import Settings

    field = next(field for field in fields(Settings) if field.name == name)
    return translate("settings", field.metadata["title"])


def _group_page(context: AppContext, name: str) -> QWidget:
    from studio.app.settings_pages import GroupPage

    return GroupPage(context, name, group_title(name))


def _models(context: AppContext) -> QWidget:
    from studio.app.models_page import ModelsPage

    return ModelsPage(context)


def _plugins(context: AppContext) -> QWidget:
    from studio.app.plugins_page import PluginsPage

    return PluginsPage(context)


def _shortcuts(context: AppContext) -> QWidget:
    from studio.app.shortcuts_page import ShortcutsPage

    return ShortcutsPage(context.actions)


def _about() -> QWidget:
    from studio.app.about_page import AboutPage

    return AboutPage()

"""The open documents as tabs in the strip above the work, with ways to new and other ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTabBar, QToolButton, QWidget

from studio.app.theme.icons import icon
from studio.app.theme.tokens import Size, Space

Entry = tuple[str, Callable[[], object]]
"""What a menu says and what it does."""


@dataclass(frozen=True)
class TabLook:
    """What a tab shows.

    Attributes:
        title: The document's title.
        icon_name: Lucide icon of its kind.
        tip: What the tip says beside the title; "" for nothing.
        modified: Its file lacks something, which a dot says.
    """

    title: str
    icon_name: str
    tip: str = ""
    modified: bool = False


@dataclass(frozen=True)
class NewKind:
    """A kind of document that the plus makes.

    Attributes:
        title: What the menu says, such as "New chat".
        icon_name: Lucide icon.
        make: Makes one.
    """

    title: str
    icon_name: str
    make: Callable[[], object]


class _TabBar(QTabBar):
    """Tabs that leave room for each other; a longer title is cut off and stands in the tip."""

    def tabSizeHint(self, index: int) -> QSize:
        """Return the room a tab needs, at most ``Size.TAB_MAX``."""
        hint = super().tabSizeHint(index)
        return QSize(min(hint.width(), Size.TAB_MAX), hint.height())


class DocumentTabs(QWidget):
    """A row of tabs, a plus, and a list of the project's other documents."""

    chosen = Signal(int)
    close_wanted = Signal(int)
    rename_wanted = Signal(int)
    moved = Signal(int, int)

    def __init__(
        self,
        new_kinds: Sequence[NewKind],
        new_words: str,
        file_icon: str = "file-text",
        parent: QWidget | None = None,
    ) -> None:
        """Make the row.

        Args:
            new_kinds: What the plus makes.
            new_words: What the plus says.
            file_icon: Lucide icon of documents and files that have no tab.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._file_icon = file_icon
        self._sources: tuple[Callable[[], list[Entry]], ...] = ()
        self.bar = _TabBar()
        self.bar.setAccessibleName(self.tr("Open documents"))
        self.bar.setMovable(True)
        self.bar.setTabsClosable(False)
        self.bar.setExpanding(False)
        self.bar.setElideMode(Qt.TextElideMode.ElideRight)
        self.bar.setUsesScrollButtons(True)
        self.bar.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        self.bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.bar.customContextMenuRequested.connect(self._tab_menu)
        self.bar.currentChanged.connect(self._on_current)
        self.bar.tabMoved.connect(self.moved)
        self.bar.tabBarDoubleClicked.connect(self.rename_wanted)
        self.plus = self._tool("plus", new_words)
        self.plus.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.plus)
        for kind in new_kinds:
            action = menu.addAction(icon(kind.icon_name), kind.title)
            action.triggered.connect(lambda _=False, make=kind.make: make())
        menu.addSeparator()
        self._others = menu
        self._fixed = len(menu.actions())
        menu.aboutToShow.connect(self._list_others)
        self.plus.setMenu(menu)
        self._silent = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        row.addWidget(self.bar)
        row.addWidget(self.plus)
        row.addStretch()

    def set_sources(
        self, closed: Callable[[], list[Entry]], recent: Callable[[], list[Entry]]
    ) -> None:
        """Say where the documents without a tab and the recent files come from."""
        self._sources = (closed, recent)

    def add(self, look: TabLook) -> None:
        """Add a tab at the end."""
        self._silent = True
        index = self.bar.addTab(icon(look.icon_name), "")
        close = self._tool("x", self.tr("Close the tab; the document stays in the project"))
        close.clicked.connect(lambda: self._close(close))
        self.bar.setTabButton(index, QTabBar.ButtonPosition.RightSide, close)
        self._silent = False
        self.refresh(index, look)

    def refresh(self, index: int, look: TabLook) -> None:
        """Show title and whether the file lacks something."""
        title = look.title.replace("&", "&&")
        words = f"{title} •" if look.modified else title
        if self.bar.tabText(index) != words:
            self.bar.setTabText(index, words)
        tip = look.tip or look.title
        if look.modified:
            tip += "\n" + self.tr("The file lacks your newest changes; the project has them.")
        self.bar.setTabToolTip(index, tip)

    def remove(self, index: int) -> None:
        """Take a tab away."""
        self._silent = True
        self.bar.removeTab(index)
        self._silent = False

    def set_current(self, index: int) -> None:
        """Mark the tab in front."""
        self._silent = True
        self.bar.setCurrentIndex(index)
        self._silent = False

    def current(self) -> int:
        """Return the place of the tab in front."""
        return self.bar.currentIndex()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The middle button closes a tab."""
        if event.button() == Qt.MouseButton.MiddleButton:
            index = self.bar.tabAt(self.bar.mapFrom(self, event.position().toPoint()))
            if index >= 0:
                self.close_wanted.emit(index)
                return
        super().mouseReleaseEvent(event)

    def _on_current(self, index: int) -> None:
        if not self._silent and index >= 0:
            self.chosen.emit(index)

    def _close(self, button: QToolButton) -> None:
        for index in range(self.bar.count()):
            if self.bar.tabButton(index, QTabBar.ButtonPosition.RightSide) is button:
                self.close_wanted.emit(index)
                return

    def _tab_menu(self, at: QPoint) -> None:
        index = self.bar.tabAt(at)
        if index < 0:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Rename…")).triggered.connect(lambda: self.rename_wanted.emit(index))
        menu.addAction(self.tr("Close")).triggered.connect(lambda: self.close_wanted.emit(index))
        menu.popup(self.bar.mapToGlobal(at))

    def _list_others(self) -> None:
        for action in self._others.actions()[self._fixed :]:
            self._others.removeAction(action)
        headings = (self.tr("In this project"), self.tr("Recent files"))
        for heading, source in zip(headings, self._sources, strict=False):
            entries = source()
            if entries:
                self._others.addSection(heading)
            for title, then in entries:
                action = self._others.addAction(icon(self._file_icon), title.replace("&", "&&"))
                action.triggered.connect(lambda _=False, t=then: t())

    @staticmethod
    def _tool(name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

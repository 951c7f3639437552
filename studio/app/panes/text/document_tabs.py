"""The open documents as tabs in the strip above the work, with ways to new and other ones."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QTabBar, QToolButton, QWidget

from studio.app.panes.text.open_document import CHAT, OpenDocument
from studio.app.theme.icons import icon
from studio.app.theme.tokens import Size, Space

Entry = tuple[str, Callable[[], object]]
"""What a menu says and what it does."""


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
    new_text_wanted = Signal()
    new_chat_wanted = Signal()
    moved = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self.bar.tabMoved.connect(lambda target, source: self.moved.emit(source, target))
        self.bar.tabBarDoubleClicked.connect(self.rename_wanted)
        self.plus = self._tool("plus", self.tr("New manuscript or chat"))
        self.plus.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.plus)
        menu.addAction(icon("feather"), self.tr("New manuscript")).triggered.connect(
            self.new_text_wanted
        )
        menu.addAction(icon("messages-square"), self.tr("New chat")).triggered.connect(
            self.new_chat_wanted
        )
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

    def add(self, document: OpenDocument) -> None:
        """Add a tab at the end."""
        name = "messages-square" if document.kind == CHAT else "feather"
        self._silent = True
        index = self.bar.addTab(icon(name), "")
        close = self._tool("x", self.tr("Close the tab; the document stays in the project"))
        close.clicked.connect(lambda: self._close(close))
        self.bar.setTabButton(index, QTabBar.ButtonPosition.RightSide, close)
        self._silent = False
        self.refresh(index, document)

    def refresh(self, index: int, document: OpenDocument) -> None:
        """Show title and whether the file lacks something."""
        title = document.title.replace("&", "&&")
        words = f"{title} •" if document.modified else title
        if self.bar.tabText(index) != words:
            self.bar.setTabText(index, words)
        tip = str(document.link.path) if document.link is not None else document.title
        if document.modified:
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
                action = self._others.addAction(icon("file-text"), title.replace("&", "&&"))
                action.triggered.connect(lambda _=False, t=then: t())

    @staticmethod
    def _tool(name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

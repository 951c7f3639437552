"""The panel on the right: the settings of the pane in front."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size


class Inspector(QFrame):
    """Holds one widget per pane and shows the one in front."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self.setMinimumWidth(Size.INSPECTOR_MIN)
        self.setMaximumWidth(Size.INSPECTOR_MAX)
        self.setAccessibleName(self.tr("Inspector"))
        self._pages: dict[str, QScrollArea] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedLayout()
        outer.addLayout(self._stack)

    def sizeHint(self) -> QSize:
        """The width of a new window's inspector."""
        return QSize(Size.INSPECTOR, 400)

    def add(self, name: str, content: QWidget) -> None:
        """Add a pane's widget; it scrolls when it is higher than the window."""
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(content)
        content.setAutoFillBackground(False)
        self._pages[name] = area
        self._stack.addWidget(area)

    def show_page(self, name: str) -> None:
        """Show a pane's widget."""
        self._stack.setCurrentWidget(self._pages[name])

"""The slim rail on the left: which pane is in front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from studio.app.theme.icons import current_palette, icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space

DRAG_OPENS_MS = 500
"""A pane comes to the front when files are held over its button for so long."""


class RailButton(QToolButton):
    """A square button with the gold mark of the pane in front."""

    held = Signal()
    """Files were held over it, to be dropped in its pane."""
    dropped = Signal(list)
    """Files were dropped on the button itself."""

    def __init__(self, title: str, icon_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(icon(icon_name))
        self.setIconSize(QSize(Size.ICON + 2, Size.ICON + 2))
        self.setFixedSize(Size.RAIL_BUTTON, Size.RAIL_BUTTON)
        self.setToolTip(title)
        self.setAccessibleName(title)
        self._held = QTimer(self)
        self._held.setSingleShot(True)
        self._held.setInterval(DRAG_OPENS_MS)
        self._held.timeout.connect(self.held)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Wait whether files stay over the button."""
        if _files(event.mimeData()):
            self._held.start()
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Let them pass."""
        self._held.stop()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take files that were let fall on the button."""
        self._held.stop()
        event.acceptProposedAction()
        self.dropped.emit(_files(event.mimeData()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button and, when it is checked, the mark at its left."""
        super().paintEvent(event)
        if self.isChecked():
            painter = QPainter(self)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(current_palette().gold))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(1, 10, 3, self.height() - 20, 1.5, 1.5)


class Rail(QFrame):
    """Panes at the top, what belongs to the whole window at the bottom."""

    chosen = Signal(str)
    files_dropped = Signal(str, list)
    """Files were dropped on a pane's button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "ground")
        self.setFixedWidth(Size.RAIL)
        self._buttons: dict[str, RailButton] = {}
        self._current = ""
        self._layout = QVBoxLayout(self)
        margin = (Size.RAIL - Size.RAIL_BUTTON) // 2
        self._layout.setContentsMargins(
            margin, (Size.STRIP - Size.RAIL_BUTTON) // 2, margin, margin
        )
        self._layout.setSpacing(Space.XS)
        self._layout.addStretch()

    def add_pane(self, name: str, title: str, icon_name: str) -> None:
        """Add a pane below the ones that are there."""
        button = RailButton(title, icon_name, self)
        button.setCheckable(True)
        button.clicked.connect(lambda: self._on_click(name))
        button.setAcceptDrops(True)
        button.held.connect(lambda: self.chosen.emit(name))
        button.dropped.connect(lambda files: self.files_dropped.emit(name, files))
        self._layout.insertWidget(len(self._buttons), button)
        self._buttons[name] = button

    def add_tool(self, title: str, icon_name: str, callback: Callable[[], object]) -> RailButton:
        """Add a button at the bottom."""
        button = RailButton(title, icon_name, self)
        button.clicked.connect(lambda: callback())
        self._layout.addWidget(button)
        return button

    def set_current(self, name: str) -> None:
        """Mark the pane in front."""
        self._current = name
        for each, button in self._buttons.items():
            button.setChecked(each == name)

    def set_tooltip(self, name: str, text: str) -> None:
        """Say more about a pane, such as its keys."""
        self._buttons[name].setToolTip(text)

    def _on_click(self, name: str) -> None:
        # Not an exclusive button group: in one, Tab reaches the checked button only.
        self.set_current(self._current)
        self.chosen.emit(name)


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]

"""The strip of tools beside the canvas."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from studio.app.panes.picture.canvas.canvas_view import CanvasView
from studio.app.panes.picture.canvas.colour_swatches import ColourSwatches
from studio.app.panes.picture.canvas.tools.base import Tool
from studio.app.rail import RailButton
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space

BUTTON = 32
GAP = 2
GROUPS_END = ("shape", "eyedropper", "transform", "select_wand")
"""A little room comes after these tools."""


class ToolButton(RailButton):
    """A tool, marked while it is in hand."""

    def __init__(self, tool: Tool, parent: QWidget | None = None) -> None:
        super().__init__(tool.title, tool.icon_name, parent)
        self.setIconSize(QSize(Size.ICON, Size.ICON))
        self.setFixedSize(BUTTON, BUTTON)
        self.setCheckable(True)
        keys = QKeySequence(tool.keys).toString(QKeySequence.SequenceFormat.NativeText)
        words = f"{tool.title} ({keys})" if keys else tool.title
        self.setToolTip(f"{words}\n{tool.hint}" if tool.hint else words)
        self.setAccessibleDescription(tool.hint)


class ToolBar(QFrame):
    """One button for each tool, the colours below; two columns where the window is low."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self.setAccessibleName(self.tr("Tools"))
        self._canvas = canvas
        self._columns = 0
        self.buttons: dict[str, ToolButton] = {}
        for tool in canvas.tools.values():
            button = self.buttons[tool.name] = ToolButton(tool, self)
            button.clicked.connect(lambda _=False, name=tool.name: self._take(name))
        self.swatches = ColourSwatches(canvas)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GAP)
        self._grid.setVerticalSpacing(0)
        layout = QVBoxLayout(self)
        margin = (Size.STRIP - BUTTON) // 2
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(Space.S)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        layout.addLayout(self._grid)
        layout.addWidget(self.swatches, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        canvas.tool_changed.connect(self._mark)
        self._arrange(1)
        self._mark(canvas.tool)

    def minimumSizeHint(self) -> QSize:
        """Return room for two columns."""
        rows = -(-len(self.buttons) // 2)
        return QSize(Size.STRIP, self._height_for(rows))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use two columns where one is too high."""
        super().resizeEvent(event)
        spare = self.height() - self._height_for(len(self.buttons))
        self._arrange(1 if spare >= 0 else 2)
        gap = Space.S if spare >= len(GROUPS_END) * Space.S else 0
        for row, name in enumerate(self.buttons):
            roomy = self._columns == 1 and name in GROUPS_END
            used = row < self._grid.count() / self._columns
            self._grid.setRowMinimumHeight(row, BUTTON + gap * roomy if used else 0)

    def _height_for(self, rows: int) -> int:
        margins = Size.STRIP - BUTTON
        return rows * BUTTON + self.swatches.height() + Space.S + margins

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        self.setFixedWidth(Size.STRIP + (columns - 1) * (BUTTON + GAP))
        for place, button in enumerate(self.buttons.values()):
            row, column = divmod(place, columns)
            self._grid.addWidget(button, row, column, Qt.AlignmentFlag.AlignTop)

    def _take(self, name: str) -> None:
        self._canvas.set_tool(name)
        self._mark(self._canvas.tool)

    def _mark(self, name: str) -> None:
        # Not an exclusive button group: in one, Tab reaches the checked button only.
        for each, button in self.buttons.items():
            button.setChecked(each == name)

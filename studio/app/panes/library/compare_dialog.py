"""Two requests side by side; what differs is marked and stands first."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.icons import current_palette
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.words import fill_in
from studio.core.requests import Request
from studio.library.compare import FieldRow, compare


class CompareDialog(QDialog):
    """Shows the fields of two requests; not modal, so that the grid can be looked at."""

    def __init__(
        self, left: tuple[str, Request], right: tuple[str, Request], parent: QWidget | None = None
    ) -> None:
        """Show two requests.

        Args:
            left: Title and request of the first.
            right: Title and request of the second.
            parent: The pane.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare requests"))
        set_role(self, "surface")
        rows = sorted(compare(left[1], right[1]), key=lambda row: not row.differs)
        different = sum(row.differs for row in rows)
        words = self.tr("The requests are the same.")
        if different:
            words = fill_in(self.tr("%1 of %2 fields differ."), different, len(rows))
        self.summary = QLabel(words)
        set_role(self.summary, "section")
        self.table = QTableWidget(len(rows), 3)
        self.table.setHorizontalHeaderLabels([self.tr("Field"), left[0], right[0]])
        self.table.setAccessibleName(self.tr("Fields of both requests"))
        self._set_up_table()
        for place, row in enumerate(rows):
            self._fill(place, row)
        self.table.resizeRowsToContents()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.addWidget(self.summary)
        layout.addWidget(self.table)
        self.resize(860, 520)

    def _set_up_table(self) -> None:
        table = self.table
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)

    def _fill(self, place: int, row: FieldRow) -> None:
        palette = current_palette()
        for column, text in enumerate((row.name, row.left, row.right)):
            cell = QTableWidgetItem(text)
            align = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
            cell.setTextAlignment(align)
            if column and row.differs:
                cell.setBackground(QColor(palette.gold_wash))
                cell.setData(
                    Qt.ItemDataRole.AccessibleTextRole, fill_in(self.tr("Different: %1"), text)
                )
            elif not column or not row.differs:
                cell.setForeground(QColor(palette.quiet))
            self.table.setItem(place, column, cell)

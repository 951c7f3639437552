"""Rows of the history as a list that stays smooth at any length: drawn, not made of widgets."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from studio.app.history_rows import Row
from studio.app.history_words import origin_words, row_icon, session_words
from studio.app.theme.icons import current_palette, icon
from studio.app.theme.style import tabular
from studio.app.theme.tokens import Size, Space, Type
from studio.app.widgets.dates import clock, when

ROW_HEIGHT = 44
ROW = Qt.ItemDataRole.UserRole
Index = QModelIndex | QPersistentModelIndex


class RowsModel(QAbstractListModel):
    """Rows, newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()
        self._lasts: list[int] = []

    @property
    def rows(self) -> Sequence[Row]:
        """Every row, from top to bottom."""
        return self._rows

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = rows
        # Newest first, so the numbers fall; negated, they can be searched. Headings repeat one.
        self._lasts = [-row.last for row in rows]
        self.endResetModel()

    def row_of(self, entry: int) -> int:
        """Return the place of the row that holds an entry; -1 when there is none."""
        at = bisect_left(self._lasts, -entry)
        while at < len(self._rows) and self._rows[at].last >= entry:
            if self._rows[at].kind != "session" and self._rows[at].first <= entry:
                return at
            at += 1
        at -= 1
        while at >= 0 and self._rows[at].first <= entry:
            if self._rows[at].kind != "session" and self._rows[at].last >= entry:
                return at
            at -= 1
        return -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """How many rows there are."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a row says."""
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return session_words(row) if row.kind == "session" else row.label
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if row.kind == "session":
                return session_words(row)
            return f"{row.label}, {origin_words(row)}, {when(row.at)}"
        if role == Qt.ItemDataRole.ToolTipRole and row.kind != "session":
            return f"{row.label}\n{when(row.at)}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if self._rows[index.row()].kind == "session":
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class RowDelegate(QStyledItemDelegate):
    """Draws a row: icon, what was done, when, and where the text came from.

    Args:
        dated: Say the day too; where there are no headings.
    """

    def __init__(self, dated: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dated = dated

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All rows are of one height, so that the list need not ask each."""
        return QSize(Space.XXL, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw it in the colours of the moment."""
        row: Row = index.data(ROW)
        area = QRect(option.rect)
        painter.save()
        if row.kind == "session":
            self._paint_heading(painter, area, row)
        else:
            self._paint_row(painter, area, row, option.state)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRect, row: Row) -> None:
        colours = current_palette()
        painter.setFont(_font(painter, Type.CAPTION, bold=True))
        painter.setPen(QColor(colours.quiet))
        inside = area.adjusted(Space.M, 0, -Space.M, -Space.XS)
        where = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(inside, where, session_words(row))

    def _paint_row(self, painter: QPainter, area: QRect, row: Row, state: QStyle.StateFlag) -> None:
        colours = current_palette()
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        inside = area.adjusted(Space.XS, 1, -Space.XS, -1)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(colours.gold) if chosen else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(inside, Size.FIELD_RADIUS, Size.FIELD_RADIUS)
        side = Size.SMALL_ICON
        picture = QRect(inside.left() + Space.S, inside.top() + Space.S + 1, side, side)
        icon(*row_icon(row)).paint(painter, picture)
        words = inside.adjusted(Space.S * 2 + side, Space.XS + 1, -Space.S, -Space.XS)
        at = when(row.at) if self._dated else clock(row.at)
        painter.setFont(tabular(_font(painter, Type.CAPTION)))
        painter.setPen(QColor(colours.quiet))
        width = painter.fontMetrics().horizontalAdvance(at)
        top = Qt.AlignmentFlag.AlignTop
        painter.drawText(words, top | Qt.AlignmentFlag.AlignRight, at)
        bottom = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft
        painter.drawText(words, bottom, _second_line(row))
        painter.setFont(_font(painter, Type.BODY))
        painter.setPen(QColor(colours.text))
        room = words.width() - width - Space.S
        label = painter.fontMetrics().elidedText(row.label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(words, top | Qt.AlignmentFlag.AlignLeft, label)


class RowsView(QListView):
    """A list of rows; Left and Right are left to whoever is around it."""

    def __init__(
        self, model: RowsModel, name: str, parent: QWidget | None = None, *, dated: bool = False
    ) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(RowDelegate(dated, self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(name)


def _second_line(row: Row) -> str:
    if row.kind == "deleted":
        return row.origin
    return origin_words(row)


def _font(painter: QPainter, size_px: int, *, bold: bool = False) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight(Type.BOLD) if bold else QFont.Weight.Normal)
    return font

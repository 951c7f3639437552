"""Two items side by side: pictures above, then their requests; what differs stands first."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.library.comparing import Side
from studio.app.theme.icons import current_palette
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.words import fill_in
from studio.library.compare import FieldRow, compare

PICTURE_LEAST = QSize(200, 160)
PICTURE_SHARE, TABLE_SHARE = 3, 2


class PictureView(QWidget):
    """One picture, as large as fits; never larger than it is."""

    def __init__(self, image: QImage | None, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = image
        self._scaled = QImage()
        self.setMinimumSize(PICTURE_LEAST)
        self.setAccessibleName(fill_in(self.tr("Picture: %1"), title))

    @property
    def image(self) -> QImage | None:
        """The picture; ``None`` where it cannot be read."""
        return self._image

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture in the middle, on the neutral grey that pictures stand on."""
        painter, palette = QPainter(self), current_palette()
        painter.fillRect(self.rect(), QColor(palette.canvas))
        if self._image is None:
            painter.setPen(QColor(palette.text))
            words = self.tr("This picture cannot be shown.")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            return
        ratio = self.devicePixelRatioF()
        room = self.size() * ratio
        place = self._image.size()
        if place.width() > room.width() or place.height() > room.height():
            place = place.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if self._scaled.size() != place:
            smooth = Qt.TransformationMode.SmoothTransformation
            self._scaled = self._image.scaled(place, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        shown = QRect(0, 0, round(place.width() / ratio), round(place.height() / ratio))
        shown.moveCenter(self.rect().center())
        painter.drawImage(shown, self._scaled)


class CompareDialog(QDialog):
    """Shows two items; not modal, so that the grid can be looked at."""

    def __init__(self, left: Side, right: Side, parent: QWidget | None = None) -> None:
        """Show two items.

        Args:
            left: The first.
            right: The second.
            parent: The pane.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        set_role(self, "surface")
        self.pictures: tuple[PictureView, ...] = ()
        if left.picture is not None or right.picture is not None:
            self.pictures = tuple(PictureView(s.picture, s.title) for s in (left, right))
        title = self.tr("Compare pictures") if self.pictures else self.tr("Compare requests")
        self.setWindowTitle(title)
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        set_role(self.summary, "section")
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("Field"), left.title, right.title])
        self.table.setAccessibleName(self.tr("Fields of both requests"))
        self._set_up_table()
        self._show_requests(left, right)
        self._lay_out()

    def _show_requests(self, left: Side, right: Side) -> None:
        if left.request is None or right.request is None:
            silent = [side.title for side in (left, right) if side.request is None]
            words = self.tr("Neither picture says how it was made.")
            if len(silent) == 1:
                words = fill_in(self.tr("“%1” does not say how it was made."), silent[0])
            self.summary.setText(words)
            self.table.hide()
            return
        rows = sorted(compare(left.request, right.request), key=lambda row: not row.differs)
        different = sum(row.differs for row in rows)
        words = self.tr("The requests are the same.")
        if different:
            words = fill_in(self.tr("%1 of %2 fields differ."), different, len(rows))
        self.summary.setText(words)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._fill(place, row)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        layout.setSpacing(Space.M)
        if self.pictures:
            row = QHBoxLayout()
            row.setSpacing(Space.M)
            for picture in self.pictures:
                row.addWidget(picture, 1)
            layout.addLayout(row, PICTURE_SHARE)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, TABLE_SHARE)
        self.resize(*((1040, 720) if self.pictures else (860, 520)))

    def _set_up_table(self) -> None:
        table = self.table
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
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

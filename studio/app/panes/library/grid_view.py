"""The grid: a view whose layout is arithmetic, so that 200,000 cards cost no more than forty.

Qt's own QListView places every item one after the other, which takes 0.7 s for 200,000.
"""

from __future__ import annotations

import time

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QWidget

from studio.app.panes.library.cards import CARD, Cards
from studio.app.panes.library.grid_model import DRAGGED_FILES, GridModel
from studio.app.panes.library.thumbnail_loader import ThumbnailLoader
from studio.app.theme.tokens import Space

Index = QModelIndex | QPersistentModelIndex

AHEAD_SCREENS = 2
FRAME_S = 0.004
"""Drawing new cards takes at most this long in one frame, so that scrolling stays smooth."""
AHEAD_S = 0.003
AHEAD_MS = 8
MARGIN = Space.L
GAP = Space.L


class GridView(QAbstractItemView):
    """Shows a :class:`GridModel` as rows of equal cards."""

    key_wanted = Signal(str)
    """A key that means something here: "stars:3", "trash", "undo", "again", "open", "find",
    "listen"."""

    def __init__(
        self, cards: Cards, thumbnails: ThumbnailLoader, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._cards = cards
        self._thumbnails = thumbnails
        self._columns = 1
        self._cell = CARD
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)  # cards stand on the panel itself
        self.setAccessibleName(self.tr("Library"))
        self.setAccessibleDescription(
            self.tr(
                "Arrow keys choose, Enter opens, Space plays a sound, 1 to 5 give stars, "
                "Delete moves to the trash."
            )
        )
        thumbnails.ready.connect(self.viewport().update)
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(AHEAD_MS)
        self._ahead.timeout.connect(self._draw_ahead)

    # ---- layout ------------------------------------------------------------------------------

    @property
    def grid(self) -> GridModel:
        """The model."""
        model = self.model()
        assert isinstance(model, GridModel)
        return model

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Show a model."""
        super().setModel(model)
        self.updateGeometries()

    def updateGeometries(self) -> None:
        """Work out columns and the scroll bar's range."""
        width = self.viewport().width() - 2 * MARGIN
        self._columns = max(1, (width + GAP) // (CARD.width() + GAP))
        each = (width - (self._columns - 1) * GAP) // self._columns
        self._cell = QSize(max(each, CARD.width() // 2), CARD.height())
        rows = -(-self._count() // self._columns)
        height = rows * self._step - GAP + 2 * MARGIN if rows else 0
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height - self.viewport().height()))
        bar.setPageStep(max(1, self.viewport().height() - self._step // 2))
        bar.setSingleStep(self._step // 3)
        super().updateGeometries()

    @property
    def _step(self) -> int:
        return self._cell.height() + GAP

    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _rect(self, row: int) -> QRect:
        """Return where a row's card is, in the viewport."""
        down, across = divmod(row, self._columns)
        x = MARGIN + across * (self._cell.width() + GAP)
        y = MARGIN + down * self._step - self.verticalOffset()
        return QRect(QPoint(x, y), self._cell)

    def _visible(self, rect: QRect) -> range:
        """Return the rows whose cards touch a part of the viewport."""
        first = max(0, (rect.top() + self.verticalOffset() - MARGIN) // self._step)
        last = max(0, (rect.bottom() + self.verticalOffset() - MARGIN) // self._step)
        return range(first * self._columns, min(self._count(), (last + 1) * self._columns))

    def visualRect(self, index: Index) -> QRect:
        """Return where an item's card is."""
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Return the item at a place; invalid between the cards."""
        for row in self._visible(QRect(point, QSize(1, 1))):
            if self._rect(row).contains(point):
                return self.model().index(row, 0)
        return QModelIndex()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Scroll as little as is needed to see an item."""
        rect = self._rect(index.row()).adjusted(0, -GAP, 0, GAP)
        bar = self.verticalScrollBar()
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - self.viewport().height() // 2)
        elif rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height())

    def horizontalOffset(self) -> int:
        """Nothing is scrolled sideways."""
        return 0

    def verticalOffset(self) -> int:
        """Return how far is scrolled."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Nothing is hidden."""
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the first card that is seen where it is."""
        seen = self._visible(self.viewport().rect())
        first = seen.start if self.verticalOffset() else -1
        super().resizeEvent(event)
        self.updateGeometries()
        if first >= 0:
            self.verticalScrollBar().setValue(first // self._columns * self._step)

    # ---- choosing ----------------------------------------------------------------------------

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Return where a key leads."""
        count = self._count()
        if not count:
            return QModelIndex()
        row = self.currentIndex().row() if self.currentIndex().isValid() else -1
        if row < 0:
            return self.model().index(0, 0)
        moves = QAbstractItemView.CursorAction
        page = max(1, self.viewport().height() // self._step)
        down = {
            moves.MoveUp: -1,
            moves.MoveDown: 1,
            moves.MovePageUp: -page,
            moves.MovePageDown: page,
        }
        along = {
            moves.MoveLeft: -1,
            moves.MoveRight: 1,
            moves.MovePrevious: -1,
            moves.MoveNext: 1,
            moves.MoveHome: -count,
            moves.MoveEnd: count,
        }
        if action in down:
            line = row // self._columns + down[action]
            line = min(max(line, 0), (count - 1) // self._columns)
            target = line * self._columns + row % self._columns
        else:
            target = row + along[action]
        return self.model().index(min(max(target, 0), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select a run of items with Shift, those inside the rectangle with the mouse."""
        rect = rect.normalized()
        model = self.model()
        selection = QItemSelection()
        if self.state() != QAbstractItemView.State.DragSelectingState:
            rows = [
                index.row()
                for index in (self.indexAt(rect.topLeft()), self.indexAt(rect.bottomRight()))
                if index.isValid()
            ]
            anchor = self.selectionModel().currentIndex()
            if len(rows) == 1 and anchor.isValid():
                rows.append(rows[0])
            if rows:
                selection.select(model.index(min(rows), 0), model.index(max(rows), 0))
        else:
            for row in self._visible(rect):
                if self._rect(row).intersects(rect):
                    index = model.index(row, 0)
                    selection.append(QItemSelectionRange(index))
        self.selectionModel().select(selection, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Return the part of the viewport that selected cards cover."""
        region = QRegion()
        seen = self._visible(self.viewport().rect())
        for part in _ranges(selection):
            for row in range(max(seen.start, part.top()), min(seen.stop, part.bottom() + 1)):
                region = region.united(self._rect(row).adjusted(-4, -4, 4, 4))
        return region

    def chosen_rows(self, most: int = 100_000) -> list[int]:
        """Return the selected rows in order."""
        rows: list[int] = []
        for part in _ranges(self.selectionModel().selection()):
            rows.extend(range(part.top(), part.bottom() + 1))
            if len(rows) > most:
                break
        return sorted(rows[:most])

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag the selected items' files out."""
        rows = self.chosen_rows(DRAGGED_FILES)
        data = self.grid.mimeData([self.grid.index(row) for row in rows])
        if not data.hasUrls():
            return
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self._drag_picture(rows[0], len(data.urls())))
        drag.exec(Qt.DropAction.CopyAction)

    def _drag_picture(self, row: int, number: int) -> QPixmap:
        item = self.grid.item(row)
        if item is None:
            return QPixmap()
        thumbnail = self._thumbnails.get(item)
        return self._cards.dragged(item, self._cell, self.devicePixelRatioF(), thumbnail, number)

    # ---- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cards that are seen; what does not fit into a frame's time comes in the next."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.selectionModel()
        current = self.currentIndex().row() if self.hasFocus() else -1
        model = self.grid
        until = time.perf_counter() + FRAME_S
        late = False
        for row in self._visible(event.rect().adjusted(0, -4, 0, 4)):
            rect = self._rect(row)
            card = self._card(row, time.perf_counter() < until)
            if card is None:
                late = late or model.item(row) is not None
                self._cards.placeholder(painter, rect)
            else:
                painter.drawPixmap(rect.topLeft(), card)
            selected = chosen.isSelected(model.index(row))
            self._cards.frame(painter, rect, selected=selected, current=row == current)
        painter.end()
        seen = self._visible(self.viewport().rect())
        ahead = AHEAD_SCREENS * len(seen)
        model.prefetch(seen.start - ahead, seen.stop + ahead)
        self._ahead.start()
        if late:
            self.viewport().update()

    def _card(self, row: int, may_draw: bool) -> QPixmap | None:
        """Return a row's card; ``None`` while it is not read, or not drawn and may not be."""
        item = self.grid.item(row)
        if item is None:
            return None
        ratio = self.devicePixelRatioF()
        thumbnail = self._thumbnails.get(item)
        ready = self._cards.ready(item, self._cell, ratio, thumbnail)
        if ready is None and may_draw:
            return self._cards.card(item, self._cell, ratio, thumbnail)
        return ready

    def _draw_ahead(self) -> None:
        """Draw cards just outside of what is seen, a few milliseconds at a time."""
        until = time.perf_counter() + AHEAD_S
        seen = self._visible(self.viewport().rect())
        near = 2 * self._columns
        for row in (*range(seen.stop, seen.stop + near), *range(seen.start - near, seen.start)):
            if not 0 <= row < self._count() or self.grid.known(self.grid.ids[row]) is None:
                continue
            if self._card(row, False) is None:
                self._card(row, True)
                if time.perf_counter() > until:
                    self._ahead.start()
                    return

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is drawn already and draw only what comes in."""
        self.scrollDirtyRegion(dx, dy)
        self.viewport().scroll(0, dy)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give the library's own keys away; the rest moves and selects."""
        wanted = self._meaning_of(event)
        if wanted:
            self.key_wanted.emit(wanted)
            event.accept()
            return
        super().keyPressEvent(event)

    def _meaning_of(self, event: QKeyEvent) -> str:
        keys = Qt.Key
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        enter = event.key() in (keys.Key_Return, keys.Key_Enter)
        if control and enter:
            return "again"
        if event.matches(QKeySequence.StandardKey.Undo):
            return "undo"
        if event.matches(QKeySequence.StandardKey.Copy):
            return "copy"
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return ""
        if keys.Key_0 <= event.key() <= keys.Key_5:
            return f"stars:{event.key() - keys.Key_0}"
        if enter:
            return "open"
        if event.key() == keys.Key_Space and self._can_be_heard():
            return "listen"
        return {keys.Key_Delete: "trash", keys.Key_Backspace: "trash", keys.Key_Slash: "find"}.get(
            keys(event.key()), ""
        )

    def _can_be_heard(self) -> bool:
        """Whether the item with the keyboard is a chosen sound; else Space chooses it."""
        index = self.currentIndex()
        item = self.grid.item(index.row())
        chosen = index.isValid() and self.selectionModel().isSelected(index)
        return chosen and item is not None and item.kind == "audio"

    def keyboardSearch(self, search: str) -> None:
        """Letters search through the field above, not through what happens to be read."""


def _ranges(selection: QItemSelection) -> list[QItemSelectionRange]:
    return [selection.at(place) for place in range(selection.count())]

"""The found items as a list of any length, of which only what is looked at is read."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QUrl,
)

from studio.app.panes.library.wording import spoken
from studio.app.panes.library.worker import Worker
from studio.core.errors import StudioError
from studio.library.items import Item

PAGE = 64
KEPT_ITEMS = 6000
DRAGGED_FILES = 500
ITEM_ROLE = Qt.ItemDataRole.UserRole
ID_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex
Fetch = Callable[[Sequence[int]], list[Item]]


class GridModel(QAbstractListModel):
    """Knows all ids and how many there are; items come page by page from another thread."""

    def __init__(self, worker: Worker, fail: Callable[[StudioError], object]) -> None:
        super().__init__()
        self._worker = worker
        self._fail = fail
        self._fetch: Fetch | None = None
        self._file: Callable[[Item], Path] | None = None
        self._ids: array[int] = array("q")
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._asked: set[int] = set()
        self._generation = 0
        self._wanted = (0, 0)  # first and last page that someone looks at

    def set_source(self, fetch: Fetch, file: Callable[[Item], Path]) -> None:
        """Take the functions that read items and say where their files are."""
        self._fetch, self._file = fetch, file

    @property
    def ids(self) -> array[int]:
        """All ids, in the order shown; not to be changed."""
        return self._ids

    def set_ids(self, ids: array[int]) -> None:
        """Show other items; those that were read stay known."""
        if ids == self._ids:
            return
        self.beginResetModel()
        self._ids = ids
        self._asked.clear()
        self._generation += 1
        self.endResetModel()

    def refresh(self, ids: Iterable[int] | None = None) -> None:
        """Read items again that changed; ``None``: all of them, when next looked at."""
        changed = set(self._items if ids is None else ids)
        for number in changed:
            self._items.pop(number, None)
        self._asked.clear()
        self._generation += 1
        if changed and self._ids:
            self.dataChanged.emit(self.index(0), self.index(len(self._ids) - 1))

    def item(self, row: int) -> Item | None:
        """Return the item in a row; ``None`` while it is being read, which this begins."""
        if not 0 <= row < len(self._ids):
            return None
        found = self._items.get(self._ids[row])
        if found is None:
            page = row // PAGE
            self._wanted = (min(self._wanted[0], page), max(self._wanted[1], page))
            self._ask(page)
        return found

    def known(self, number: int) -> Item | None:
        """Return an item that was read before; never reads."""
        return self._items.get(number)

    def prefetch(self, first: int, last: int) -> None:
        """Read rows that will be looked at soon; what was asked for elsewhere is left."""
        self._wanted = (max(0, first) // PAGE, min(last, len(self._ids) - 1) // PAGE)
        for page in range(self._wanted[0], self._wanted[1] + 1):
            rows = self._ids[page * PAGE : (page + 1) * PAGE]
            if any(number not in self._items for number in rows):
                self._ask(page)

    def row_of(self, number: int) -> int:
        """Return the row of an item; -1 when it is not shown."""
        try:
            return self._ids.index(number)
        except ValueError:
            return -1

    # ---- Qt ----------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Return how many items are shown."""
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the item, or what is said about it."""
        if role == ID_ROLE:
            row = index.row()
            return self._ids[row] if 0 <= row < len(self._ids) else None
        item = self.item(index.row())
        if role == ITEM_ROLE:
            return item
        if item is None:
            return self.tr("Loading") if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(item)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Say that items can be selected and dragged out."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | flag.ItemIsDragEnabled
            | flag.ItemNeverHasChildren
        )

    def mimeTypes(self) -> list[str]:
        """Return what is dragged out: files."""
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return the items' files, as any program takes them."""
        data = QMimeData()
        items = [self.item(index.row()) for index in indexes[:DRAGGED_FILES]]
        file = self._file
        if file is not None:
            here = [item for item in items if item is not None and not item.missing]
            data.setUrls([QUrl.fromLocalFile(str(file(item))) for item in here])
        return data

    # ---- reading -----------------------------------------------------------------------------

    def _ask(self, page: int) -> None:
        if page in self._asked or self._fetch is None:
            return
        self._asked.add(page)
        fetch, generation = self._fetch, self._generation
        ids = self._ids[page * PAGE : (page + 1) * PAGE]

        def work(stop: Callable[[], bool]) -> list[Item] | None:
            first, last = self._wanted
            return fetch(ids) if first <= page <= last else None  # else it was scrolled past

        self._worker.run(
            work,
            lambda items: self._take(page, generation, items),
            self._fail,
        )

    def _take(self, page: int, generation: int, items: list[Item] | None) -> None:
        if generation != self._generation:
            return
        if items is None:
            self._asked.discard(page)
            return
        first, last = page * PAGE, min((page + 1) * PAGE, len(self._ids)) - 1
        if len(items) == last - first + 1:  # else one is gone, and asking again would never end
            self._asked.discard(page)
        for item in items:
            self._items[item.id] = item
            self._items.move_to_end(item.id)
        while len(self._items) > KEPT_ITEMS:
            self._items.popitem(last=False)
        if first <= last:
            self.dataChanged.emit(self.index(first), self.index(last))

"""What the user does to items: each runs on the worker and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from studio.app.notify import Notifier
from studio.app.panes.library.worker import Worker
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError
from studio.library.items import Item

if TYPE_CHECKING:
    from studio.library.library import Library

KEPT_UNDOS = 50

Value = TypeVar("Value")


@dataclass(frozen=True)
class _Undo:
    title: str
    work: Callable[[], object]


class Deeds(QObject):
    """Stars, tags, boards and trash, with undo. GUI thread only."""

    undo_changed = Signal()

    def __init__(self, worker: Worker, notify: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._notify = notify
        self._undos: list[_Undo] = []
        self.library: Library | None = None

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._undos)

    def set_stars(self, ids: Sequence[int], stars: int) -> None:
        """Give items stars."""
        library = self.library
        if library is None or not ids:
            return

        def work() -> Callable[[], object]:
            before = _grouped(library.items(ids), lambda item: item.stars)
            library.set_stars(ids, stars)
            return lambda: _each(library.set_stars, before)

        self._do(self.tr("Stars"), work)

    def set_tags(self, ids: Sequence[int], tags: Sequence[str], before: Sequence[str]) -> None:
        """Change items' tags as one item's were changed: add what is new, take what is gone."""
        library = self.library
        if library is None or not ids:
            return
        add = [tag for tag in tags if tag not in before]
        remove = [tag for tag in before if tag not in tags]

        def work() -> Callable[[], object]:
            groups = _grouped(library.items(ids), lambda item: item.tags)
            library.change_tags(ids, add=add, remove=remove)
            return lambda: _each(library.set_tags, groups)

        self._do(self.tr("Tags"), work)

    def set_board(self, ids: Sequence[int], board: str) -> None:
        """Lay items on a board."""
        library = self.library
        if library is None or not ids:
            return

        def work() -> Callable[[], object]:
            before = _grouped(library.items(ids), lambda item: item.board)
            library.set_board(ids, board)
            return lambda: _each(library.set_board, before)

        self._do(self.tr("Board"), work)

    def trash(self, ids: Sequence[int]) -> None:
        """Move items to the trash, and offer to take that back at once."""
        library = self.library
        if library is None or not ids:
            return
        moved: list[int] = []

        def work() -> Callable[[], object]:
            moved.extend(library.trash(ids))
            return lambda: library.restore(moved)

        def done() -> None:
            words = self.tr("Moved to the trash")
            if len(moved) > 1:
                words = fill_in(self.tr("%1 items moved to the trash"), len(moved))
            if moved:
                self._notify.info(words, actions=[(self.tr("Undo"), self.undo)])

        self._do(self.tr("Trash"), work, done)

    def restore(self, ids: Sequence[int]) -> None:
        """Bring items back from the trash."""
        library = self.library
        if library is None or not ids:
            return

        def work() -> Callable[[], object]:
            moved = library.restore(ids)
            return lambda: library.trash(moved)

        self._do(self.tr("Bring back"), work)

    def undo(self) -> None:
        """Take the last deed back."""
        if not self._undos:
            self._notify.info(self.tr("There is nothing to take back in the library."))
            return
        last = self._undos.pop()
        self.undo_changed.emit()
        self._worker.run(lambda stop: last.work(), lambda result: None, self._failed)

    def _do(
        self,
        title: str,
        work: Callable[[], Callable[[], object]],
        done: Callable[[], object] = lambda: None,
    ) -> None:
        def keep(undo: Callable[[], object]) -> None:
            self._undos.append(_Undo(title, undo))
            del self._undos[:-KEPT_UNDOS]
            self.undo_changed.emit()
            done()

        self._worker.run(lambda stop: work(), keep, self._failed)

    def _failed(self, error: StudioError) -> None:
        self._notify.error(error)


def _grouped(
    items: Sequence[Item], value: Callable[[Item], Value]
) -> list[tuple[Value, list[int]]]:
    groups: dict[Value, list[int]] = {}
    for item in items:
        groups.setdefault(value(item), []).append(item.id)
    return list(groups.items())


def _each(
    give: Callable[[Sequence[int], Value], object], groups: list[tuple[Value, list[int]]]
) -> None:
    for value, ids in groups:
        give(ids, value)

"""Several takes of one wish, written at the same time, to choose from. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.panes.text.generation import Wish
from studio.app.panes.text.take import Accepted, Take
from studio.core.requests import TextRequest
from studio.documents.manuscript.rewrites import opening_of


@dataclass(eq=False)
class Alternative:
    """One take and the words it was made to begin with."""

    take: Take
    opening: str = ""


class Alternatives(QObject):
    """The takes on the table and which of them is chosen."""

    listed = Signal()
    """Takes came or went."""
    written = Signal(int)
    """The take at this place has more text or another state."""
    chosen_changed = Signal(int)

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._asked = 0
        self.wish: Wish | None = None
        self.items: list[Alternative] = []
        self.chosen = 0

    @property
    def active(self) -> bool:
        """Whether there is anything to choose from."""
        return bool(self.items)

    @property
    def running(self) -> bool:
        """Whether anything is still being written."""
        return any(item.take.running for item in self.items)

    def begin(self, wish: Wish, count: int) -> None:
        """Ask for ``count`` takes.

        Raises:
            StudioError: The requests cannot be made; nothing changed.
        """
        requests = [wish.request(number) for number in range(count)]
        self.drop()
        self.wish, self._asked = wish, count
        for request in requests:
            self._add(request)

    def another(self) -> None:
        """Ask for one more."""
        if self.wish is not None:
            self._add(self.wish.request(self._asked))
            self._asked += 1
            self.choose(len(self.items) - 1)

    def more_like_chosen(self) -> None:
        """Keep the chosen take and put takes that resemble it in place of the others."""
        if self.wish is None or self.wish.like is None or not self.text(self.chosen):
            return
        kept = self.items[self.chosen]
        count = max(1, len(self.items) - 1)
        text = self.text(self.chosen)
        for item in self.items:
            if item is not kept:
                self._abandon(item)
        self.items, self.chosen = [kept], 0
        opening = opening_of(text) if not self.wish.replaces else ""
        for _ in range(count):
            self._add(self.wish.like(text, self._asked), opening)
            self._asked += 1

    def choose(self, index: int) -> None:
        """Choose the take at a place; before the first comes the last."""
        if self.items:
            self.chosen = index % len(self.items)
            self.chosen_changed.emit(self.chosen)

    def text(self, index: int) -> str:
        """Return the text of a take as it would be inserted."""
        item = self.items[index]
        if self.wish is None or not item.take.text:
            return ""
        written = item.opening + item.take.text
        return self.wish.shaped(written, not item.take.running)

    def accept(self) -> Accepted | None:
        """End with the chosen take; ``None`` without text."""
        if not self.items or self.wish is None:
            return None
        item = self.items[self.chosen]
        if not item.take.text:
            return None
        text = self.wish.shaped(item.opening + item.take.text, True)
        accepted = Accepted(text, item.take.answered, self.wish.label, item.take.facts)
        self.drop()
        return accepted

    def drop(self) -> None:
        """End without any."""
        if not self.items:
            return
        for item in self.items:
            self._abandon(item)
        self.items, self.chosen, self.wish = [], 0, None
        self.listed.emit()

    def stop(self) -> None:
        """Stop what runs; what came stays on the table."""
        for item in self.items:
            item.take.stop()

    def _add(self, request: TextRequest, opening: str = "") -> None:
        item = Alternative(Take(self._bridge, request, self), opening)
        self.items.append(item)
        for signal in (item.take.text_added, item.take.changed, item.take.ended):
            signal.connect(lambda *_: self._tell(item))
        self.listed.emit()
        item.take.start()

    def _tell(self, item: Alternative) -> None:
        if item in self.items:
            self.written.emit(self.items.index(item))

    @staticmethod
    def _abandon(item: Alternative) -> None:
        item.take.abandon()
        item.take.deleteLater()

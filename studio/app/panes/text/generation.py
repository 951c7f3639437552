"""What a model writes into a manuscript, from the wish to the yes or no. Knows no widget.

``idle -> queued -> running -> pending -> accepted | rejected``, or ``failed``. A generation holds
one take or several; each "another" adds one with a seed of its own, and one of them is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.panes.text.take import Accepted, Take, TakeState
from studio.core.requests import TextRequest


class Phase(StrEnum):
    """Where a generation stands."""

    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True)
class Wish:
    """What is wanted of a model at a place in a manuscript.

    Attributes:
        label: What undo and history call it, such as "Continue" or "Shorten".
        request: Makes the request for the n-th take, with a seed of its own.
        shaped: Makes what is shown from what was written and whether it is complete.
        replaces: It takes the place of a selection.
    """

    label: str
    request: Callable[[int], TextRequest]
    shaped: Callable[[str, bool], str]
    replaces: bool = False
    #: Makes the request for a take that resembles a chosen one; ``None``: it cannot be asked.
    like: Callable[[str, int], TextRequest] | None = None
    #: What the user should know about what the model is shown; "" when that is everything.
    notice: str = ""

    def notices(self, take: Take) -> str:
        """Return what the user should know about a take, in sentences.

        What the backend left out of a text that was cut here already is no number to tell.
        """
        told = [n.message for n in take.notices if not (self.notice and n.code == "context_cut")]
        return " ".join(dict.fromkeys([self.notice, *told] if self.notice else told))


class Generation(QObject):
    """The takes of one wish and which of them is shown."""

    changed = Signal()
    """Phase, numbers or the take shown."""
    shown = Signal(str)
    """Another text takes the place of the one shown."""
    added = Signal(str)
    """The text shown grew by this."""
    closed = Signal()
    """Accepted or rejected; the generation is idle again."""

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.wish: Wish | None = None
        self.takes: list[Take] = []
        self.index = 0
        self.text = ""

    @property
    def take(self) -> Take | None:
        """The take that is shown."""
        return self.takes[self.index] if self.takes else None

    @property
    def phase(self) -> Phase:
        """Where the take shown stands."""
        take = self.take
        if take is None:
            return Phase.IDLE
        if take.state is TakeState.FAILED and not self.text:
            return Phase.FAILED
        if take.running:
            queued = take.state is TakeState.QUEUED
            return Phase.QUEUED if queued else Phase.RUNNING
        return Phase.PENDING

    @property
    def active(self) -> bool:
        """Whether anything runs or waits for a yes."""
        return bool(self.takes)

    @property
    def running(self) -> bool:
        """Whether a take is still being written."""
        return any(take.running for take in self.takes)

    def begin(self, wish: Wish) -> None:
        """Ask for a first take; what waited before is rejected.

        Raises:
            StudioError: The request cannot be made; nothing changed.
        """
        request = wish.request(0)
        self.reject()
        self.wish = wish
        self._add(request)

    def another(self) -> None:
        """Ask for one more take of the same wish and show it."""
        if self.wish is not None:
            self._add(self.wish.request(len(self.takes)))

    def step(self, by: int) -> None:
        """Show the take ``by`` places further, round and round."""
        if len(self.takes) > 1:
            self._show((self.index + by) % len(self.takes))

    def stop(self) -> None:
        """Stop everything that runs; what came stays as pending."""
        for take in self.takes:
            take.stop()

    def accept(self) -> Accepted | None:
        """End with a yes.

        Returns:
            What was taken; ``None`` without a text.
        """
        take, wish = self.take, self.wish
        if take is None or wish is None or not self.text:
            return None
        text = wish.shaped(take.text, True) if take.running else self.text
        accepted = Accepted(text, take.answered, wish.label, take.facts)
        self._close()
        return accepted

    def reject(self) -> None:
        """End with a no; nothing happens when nothing waits."""
        if self.takes:
            self._close()

    def _add(self, request: TextRequest) -> None:
        take = Take(self._bridge, request, self)
        self.takes.append(take)
        self._show(len(self.takes) - 1)
        take.text_added.connect(lambda _text: self._on_text(take))
        take.changed.connect(self.changed)
        take.ended.connect(lambda: self._on_text(take))
        take.start()
        self.changed.emit()

    def _show(self, index: int) -> None:
        self.index = index
        take = self.takes[index]
        self.text = self._shaped(take)
        self.shown.emit(self.text)
        self.changed.emit()

    def _shaped(self, take: Take) -> str:
        assert self.wish is not None
        return self.wish.shaped(take.text, not take.running) if take.text else ""

    def _on_text(self, take: Take) -> None:
        if take is not self.take:
            return
        text = self._shaped(take)
        before, self.text = self.text, text
        if text == before:
            if not take.running:
                self.changed.emit()
            return
        if text.startswith(before):
            self.added.emit(text[len(before) :])
        else:
            self.shown.emit(text)
        if not take.running:
            self.changed.emit()

    def _close(self) -> None:
        for take in self.takes:
            take.abandon()
            take.deleteLater()
        self.takes, self.index, self.text, self.wish = [], 0, "", None
        self.closed.emit()
        self.changed.emit()

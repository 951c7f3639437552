"""Who may compute on a device now: one job at a time, fairly, handed over at checkpoints.

A job asks with a :class:`Ticket`; the ticket's ``grant`` is called when the device is its. A job
that has not begun needs no thread until then, so a long queue costs no threads. A running job
calls :meth:`DeviceLease.checkpoint` in every step: when someone more urgent waits it hands the
device over, sleeps, and goes on when it is its turn again.

Order among those who wait:

1. priority, the smaller number first;
2. jobs that have begun before those that have not (this bounds the number of begun jobs, and so
   of threads, by the number of priorities);
3. jobs whose model is in memory before those that need a swap, unless the user put them in order
   by hand or they were passed over :data:`PATIENCE` times;
4. first come, first served.

Thread-safe. ``grant`` is called without the lock held, from whichever thread let go.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence

from studio.engine.jobs import CancelToken

#: How often a job may be passed over because its model is not in memory.
PATIENCE = 8

_NOBODY = 1_000_000


def _always() -> bool:
    return True


class Ticket:
    """One job's place in the line for a device."""

    __slots__ = (
        "begun",
        "grant",
        "model",
        "passed_over",
        "place",
        "placed",
        "priority",
        "ready",
        "resident",
        "wake",
        "wired",
    )

    def __init__(
        self,
        *,
        priority: int,
        grant: Callable[[], object],
        resident: Callable[[], bool] = _always,
        ready: Callable[[], bool] = _always,
        model: str = "",
    ) -> None:
        """Make a ticket.

        Args:
            priority: The smaller, the more urgent.
            grant: Called once, when the device is first given to this ticket.
            resident: Says whether the job's model is in memory.
            ready: Says whether the job could start now; ``False`` while another job is in the
                middle of using a model that only one may use.
            model: The model's id; two tickets for one model share what is loaded.
        """
        self.priority = priority
        self.grant = grant
        self.resident = resident
        self.ready = ready
        self.model = model
        self.begun = False
        self.placed = False
        self.passed_over = 0
        self.place = 0
        self.wake = threading.Event()
        self.wired = False

    def __repr__(self) -> str:
        return f"<Ticket {self.model} priority={self.priority} place={self.place}>"


class DeviceLease:
    """The right to compute on one device."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Ticket] = []
        self._holder: Ticket | None = None
        self._places = itertools.count(1)
        #: Priority of the most urgent ticket that waits and could start; read without the lock.
        self.urgent = _NOBODY
        self._next: Ticket | None = None

    @property
    def next(self) -> Ticket | None:
        """Who would get the device if it were free now."""
        return self._next

    @property
    def holder(self) -> Ticket | None:
        """The ticket that has the device now."""
        return self._holder

    def request(self, ticket: Ticket) -> None:
        """Stand in line; ``ticket.grant`` is called when it is its turn, maybe at once."""
        with self._lock:
            ticket.place = next(self._places)
            self._waiting.append(ticket)
            granted = self._give_if_free()
        self._tell(granted)

    def release(self, ticket: Ticket) -> None:
        """Let go of the device, or of the place in line; does no harm when neither is held."""
        with self._lock:
            if self._holder is ticket:
                self._holder = None
            elif ticket in self._waiting:
                self._waiting.remove(ticket)
            granted = self._give_if_free()
        self._tell(granted)

    def withdraw(self, ticket: Ticket) -> bool:
        """Leave the line before the job has begun.

        Returns:
            ``False`` when the device was already given to it: its worker has to end it.
        """
        with self._lock:
            if ticket.begun or ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            granted = self._give_if_free()
        self._tell(granted)
        return True

    def checkpoint(self, ticket: Ticket, token: CancelToken) -> bool:
        """Hand the device to a more urgent job, if one waits, and return when it is ours again.

        Returns:
            Whether it was handed over. Costs two attribute reads when nobody waits.

        Raises:
            JobCancelled: The user stopped the job, also while it was waiting here; the device
                may then belong to somebody else.
        """
        if token.cancelled:
            token.raise_if_cancelled()
        if self.urgent >= ticket.priority:
            return False
        return self._hand_over(ticket, token)

    def step_back(self, ticket: Ticket, token: CancelToken, priority: int) -> None:
        """Let every begun job of at least this urgency go first, then return with the device.

        Raises:
            JobCancelled: The user stopped the job meanwhile.
        """
        with self._lock:
            ticket.priority = max(ticket.priority, priority)
            ticket.place = next(self._places)
            self._park(ticket)
            granted = self._give_if_free()
        self._tell(granted)
        self._sleep_until_ours(ticket, token)

    def arrange(self, order: Sequence[tuple[Ticket, int]]) -> None:
        """Serve these in this order, which is the user's own, with these priorities.

        Tickets whose jobs have begun meanwhile stay as they are.
        """
        with self._lock:
            for ticket, priority in order:
                if ticket.begun:
                    continue
                ticket.place = next(self._places)
                ticket.priority = priority
                ticket.placed = True
            granted = self._give_if_free()
        self._tell(granted)

    def waiting(self) -> tuple[Ticket, ...]:
        """Return who waits, in the order in which they would be served now."""
        with self._lock:
            return tuple(sorted(self._waiting, key=_order))

    def begun(self) -> int:
        """Return how many begun jobs there are: the holder and those paused in the middle."""
        with self._lock:
            return (self._holder is not None) + sum(t.begun for t in self._waiting)

    def refresh(self) -> None:
        """Look again who could start, after something :class:`Ticket` asks about changed."""
        with self._lock:
            granted = self._give_if_free()
        self._tell(granted)

    def _hand_over(self, ticket: Ticket, token: CancelToken) -> bool:
        with self._lock:
            best = self._best()
            if self._holder is not ticket or best is None or best.priority >= ticket.priority:
                self._look_around(best)
                return False
            self._park(ticket)
            granted = self._give_if_free()
        self._tell(granted)
        self._sleep_until_ours(ticket, token)
        return True

    def _park(self, ticket: Ticket) -> None:
        ticket.wake.clear()
        ticket.begun = True
        self._holder = None
        self._waiting.append(ticket)

    def _sleep_until_ours(self, ticket: Ticket, token: CancelToken) -> None:
        if not ticket.wired:
            ticket.wired = True
            token.wake_with(ticket.wake.set)
        while self._holder is not ticket:
            if token.cancelled:
                self.release(ticket)
                token.raise_if_cancelled()
            ticket.wake.wait()
            ticket.wake.clear()

    def _best(self) -> Ticket | None:
        ready = [ticket for ticket in self._waiting if ticket.begun or ticket.ready()]
        return min(ready, key=_order, default=None)

    def _look_around(self, best: Ticket | None) -> None:
        self._next = best
        self.urgent = best.priority if best is not None else _NOBODY

    def _give_if_free(self) -> Callable[[], object] | None:
        """Give a free device to the best; return what tells it, to be called outside the lock."""
        tell = None
        best = self._best()
        if self._holder is None and best is not None:
            tell = best.wake.set if best.begun else best.grant
            best.begun = True
            self._waiting.remove(best)
            self._holder = best
            for other in self._waiting:
                if other.priority == best.priority and other.place < best.place:
                    other.passed_over += not other.begun
            best = self._best()
        self._look_around(best)
        return tell

    @staticmethod
    def _tell(granted: Callable[[], object] | None) -> None:
        if granted is not None:
            granted()


def _order(ticket: Ticket) -> tuple[int, bool, bool, int]:
    waits = not (
        ticket.placed or ticket.begun or ticket.passed_over >= PATIENCE or ticket.resident()
    )
    return ticket.priority, not ticket.begun, waits, ticket.place

"""One thing after another on a thread of its own, with the answers back on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError

Then = Callable[[Any], object]
Otherwise = Callable[[StudioError], object]


class Background(QObject):
    """Runs slow work off the GUI thread; the thread is made by the first piece of work.

    Attributes:
        pending: How many pieces have not answered yet.
    """

    _done = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pending = 0
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        self._newest: dict[str, int] = {}
        self._done.connect(self._deliver)

    def run(self, work: Callable[[], object], then: Then, otherwise: Otherwise) -> None:
        """Do ``work``; ``then`` gets its result, ``otherwise`` its error, on the GUI thread."""
        self._submit(work, then, otherwise)

    def run_newest(
        self, slot: str, work: Callable[[], object], then: Then, otherwise: Otherwise
    ) -> None:
        """As :meth:`run`, but what was asked before in the same slot is dropped, begun or not."""
        number = self._newest[slot] = self._newest.get(slot, 0) + 1

        def wanted() -> bool:
            return self._newest.get(slot) == number

        self._submit(
            lambda: work() if wanted() else None,
            lambda result: then(result) if wanted() else None,
            lambda error: otherwise(error) if wanted() else None,
        )

    def drop(self, slot: str) -> None:
        """Leave out the answer of what was asked in a slot."""
        self._newest[slot] = self._newest.get(slot, 0) + 1

    def finish(self, work: Callable[[], object]) -> None:
        """Do ``work`` after everything that was asked for before, and wait for it.

        Raises:
            StudioError: What ``work`` raised.
        """
        if self._pool is None:
            work()
        else:
            self._pool.submit(work).result()

    def close(self) -> None:
        """Wait for what was begun and end the thread; no answer comes any more."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, work: Callable[[], object], then: Then, otherwise: Otherwise) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, self._name)
        self.pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._done.emit(done, (then, otherwise)))

    def _deliver(self, done: Future[object], calls: tuple[Then, Otherwise]) -> None:
        self.pending -= 1
        if done.cancelled() or self._pool is None:
            return
        try:
            result = done.result()
        except StudioError as error:
            calls[1](error)
            return
        calls[0](result)

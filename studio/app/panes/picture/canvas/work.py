"""Changes of a document that may take long, one after the other on a thread of their own.

The document is locked while it is changed, so the canvas composites nothing meanwhile; it still
pans and zooms over what it has. GUI thread only, but for the work itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from PySide6.QtCore import QObject, Qt, Signal

from studio.core.errors import StudioError

Action = Callable[[], object]


class Work(QObject):
    """Runs actions in their order and says when all are done.

    The thread is there only while there is something to do, so nobody has to end it.
    """

    begun = Signal()
    ended = Signal()
    refused = Signal(object)
    """An action failed with a :class:`StudioError`."""
    _over = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: ThreadPoolExecutor | None = None
        self._running: deque[Future[object]] = deque()
        # Queued also when an action was done before anybody could listen.
        self._over.connect(self._settle, Qt.ConnectionType.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether something is being done."""
        return bool(self._running)

    def run(self, action: Action) -> None:
        """Do something after everything that was asked for before."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "canvas")
            self.begun.emit()
        future = self._pool.submit(action)
        self._running.append(future)
        future.add_done_callback(lambda _: self._over.emit())

    def wait(self) -> None:
        """Wait until everything is done."""
        wait([*self._running])
        self._settle()

    def _settle(self) -> None:
        """Take the answers that are there."""
        unexpected: BaseException | None = None
        while self._running and self._running[0].done():
            error = self._running.popleft().exception()
            if isinstance(error, StudioError):
                self.refused.emit(error)
            else:
                unexpected = unexpected or error
        if not self._running and self._pool is not None:
            pool, self._pool = self._pool, None
            pool.shutdown(wait=False)
            self.ended.emit()
        if unexpected is not None:
            raise unexpected

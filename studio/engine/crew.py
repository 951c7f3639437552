"""The engine's threads: started by name, guarded, and waited for at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)


class Crew:
    """Threads of one engine. All are daemons: one that hangs never keeps the program alive.

    Args:
        tell: Called with a sentence when something failed that nobody foresaw.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def guard(self, work: Callable[[], object]) -> None:
        """Run something; a failure is logged and told, and the thread goes on."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the engine's own threads go on
            _log.exception("a thread of the engine failed")
            self._tell(f"Something went wrong inside Triptych: {type(error).__name__}: {error}")

    def spawn(self, work: Callable[[], object], name: str) -> bool:
        """Run something on a thread of its own; say whether the system gave one."""

        def run() -> None:
            try:
                self.guard(work)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name=f"triptych-{name}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            _log.error("no thread for %s: %s", name, error)
            with self._lock:
                self._threads.discard(thread)
            return False
        return True

    def at_work(self) -> tuple[threading.Thread, ...]:
        """Return the threads that have not ended."""
        with self._lock:
            return tuple(self._threads)

    def wait(self, deadline: float) -> None:
        """Wait for all of them until ``deadline``, in seconds of ``time.monotonic``."""
        join(self.at_work(), deadline)


def join(threads: Iterable[threading.Thread], deadline: float) -> None:
    """Wait for threads other than this one until ``deadline``."""
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))

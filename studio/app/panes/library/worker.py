"""Runs the pane's questions to the library on a thread; answers arrive on the GUI thread.

A question with a key replaces an older one with the same key that nobody wants any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from studio.core.errors import StudioError


@dataclass
class _Task:
    work: Callable[[Callable[[], bool]], Any]
    then: Callable[[Any], object]
    failed: Callable[[StudioError], object]
    key: str
    superseded: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    error: StudioError | None = None


class Worker(QObject):
    """One thread for the library's pane."""

    _done = Signal(object)

    def __init__(self, parent: QObject | None = None, *, threads: int = 1) -> None:
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="library-pane")
        self._by_key: dict[str, _Task] = {}
        self._closed = False
        self._busy = 0
        self._done.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    @property
    def idle(self) -> bool:
        """Whether nothing is asked and no answer is on its way."""
        return self._busy == 0

    def run(
        self,
        work: Callable[[Callable[[], bool]], Any],
        then: Callable[[Any], object],
        failed: Callable[[StudioError], object],
        *,
        key: str = "",
    ) -> None:
        """Ask something.

        Args:
            work: Runs on the thread; gets a function that says whether to stop.
            then: Gets what ``work`` returned, on the GUI thread.
            failed: Gets what it raised, if that has words for the user.
            key: Replaces what was asked with the same key before.
        """
        if self._closed:
            return
        task = _Task(work, then, failed, key)
        if key:
            if (older := self._by_key.get(key)) is not None:
                older.superseded.set()
            self._by_key[key] = task
        self._busy += 1
        self._executor.submit(self._run, task)

    def cancel(self, key: str) -> None:
        """Want no answer to what was asked with this key."""
        if (task := self._by_key.pop(key, None)) is not None:
            task.superseded.set()

    def close(self) -> None:
        """Stop; answers that are on their way do not arrive."""
        self._closed = True
        for task in self._by_key.values():
            task.superseded.set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, task: _Task) -> None:
        try:
            if not task.superseded.is_set() and not self._closed:
                task.result = task.work(lambda: task.superseded.is_set() or self._closed)
        except StudioError as error:
            task.error = error
        finally:
            if not self._closed:
                self._done.emit(task)

    @Slot(object)
    def _finish(self, task: _Task) -> None:
        self._busy -= 1
        if self._by_key.get(task.key) is task:
            del self._by_key[task.key]
        if self._closed or task.superseded.is_set():
            return
        if task.error is not None:
            task.failed(task.error)
        else:
            task.then(task.result)

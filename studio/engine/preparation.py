"""Importing what a backend needs, once, with as little stall for the window as can be.

Measured on two cores while torch and transformers import on a thread: with Python's garbage
collector on, a timer of 8 ms in the main thread was late by 50 to 90 ms (p99), because each full
collection walks a growing heap of up to 200,000 objects that never die; with it off, by 10 to 20.
A full collection afterwards takes 260 to 290 ms in one piece, and next to nothing once those
objects are frozen. So the collector rests during imports, and what they made is frozen after.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.engine.api import Backend
from studio.engine.border import calling

_importing = threading.Lock()
_count = 0


@contextmanager
def quiet_imports(may_freeze: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Let the garbage collector rest while the block imports, then freeze what is there.

    Args:
        may_freeze: Asked at the end. It must say ``False`` while a model is in memory: frozen
            objects are never collected, and a model that refers to itself would stay for good.
    """
    global _count
    with _importing:
        _count += 1
        gc.disable()
    try:
        yield
    finally:
        with _importing:
            _count -= 1
            if not _count:
                if may_freeze():
                    gc.freeze()
                gc.enable()


class Preparation:
    """Prepares each backend once, one at a time.

    Never two at once: transformers replaces itself in ``sys.modules`` at the end of its import,
    and who imports it meanwhile from another thread is left with an empty module for good.
    """

    def __init__(self, may_freeze: Callable[[], bool]) -> None:
        self._may_freeze = may_freeze
        self._lock = threading.Lock()
        self._ready: list[Backend] = []

    def prepare(self, backend: Backend) -> None:
        """Let the backend import what it needs, unless it has; waits for any that just does.

        Raises:
            StudioError: It failed, in words; the next call tries again.
            NeedsMemory: Memory ran out.
            JobCancelled: The backend raised it.
        """
        with self._lock:
            if backend in self._ready:
                return
            title = backend.manifest.title
            with quiet_imports(self._may_freeze), calling(title, "preparing"):
                backend.prepare()
            self._ready.append(backend)

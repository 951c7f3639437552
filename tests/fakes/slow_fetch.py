"""A fetch of models that goes as far as a test says, in place of the one that uses the network."""

from __future__ import annotations

import queue
from collections.abc import Callable

from studio.core.errors import StudioError
from studio.setup.fetching import FetchStopped

PATIENCE_S = 10.0


class SlowFetch:
    """Call it as ``fetch_model`` is called; the test's thread tells it what happens next.

    Attributes:
        asked: Ids, in the order they were begun.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._next: queue.SimpleQueue[tuple[str, float] | StudioError | str] = queue.SimpleQueue()

    def tell(self, words: str, fraction: float) -> None:
        """Let it report how far it is."""
        self._next.put((words, fraction))

    def finish(self) -> None:
        """Let it be done."""
        self._next.put("done")

    def fail(self, error: StudioError) -> None:
        """Let it fail."""
        self._next.put(error)

    def crash(self) -> None:
        """Let it end without a word, as a defect would."""
        self._next.put("crash")

    def __call__(
        self,
        entry_id: str,
        report: Callable[[str, float | None], None],
        stopped: Callable[[], bool],
    ) -> None:
        self.asked.append(entry_id)
        waited = 0.0
        while waited < PATIENCE_S:
            if stopped():
                raise FetchStopped
            try:
                step = self._next.get(timeout=0.02)
            except queue.Empty:
                waited += 0.02
                continue
            if isinstance(step, StudioError):
                raise step
            if step == "done":
                return
            if step == "crash":
                raise RuntimeError("a defect")
            report(*step)
        raise AssertionError("the test told it nothing more")

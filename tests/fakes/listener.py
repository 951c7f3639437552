"""Records an engine's events and waits for them without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from studio.core.events import TERMINAL, Event, TextDelta
from studio.core.requests import Request
from studio.engine.engine import Engine

WAIT_S = 30.0


class Listener:
    """Every event of an engine, by job."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self._reactions: list[Callable[[Event], None]] = []
        self._ends = (engine.subscribe(self._note), engine.on_change(self._wake))

    def unsubscribe(self) -> None:
        """Stop listening."""
        for end in self._ends:
            end()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _note(self, event: Event) -> None:
        for reaction in tuple(self._reactions):
            reaction(event)
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def react(self, reaction: Callable[[Event], None]) -> None:
        """Call ``reaction`` with each event, on the engine's thread, before it is recorded."""
        self._reactions.append(reaction)

    def of(self, job_id: str) -> list[Event]:
        """Return the events of one job so far."""
        with self._changed:
            return [event for event in self.events if event.job_id == job_id]

    def kinds(self, job_id: str) -> list[str]:
        """Return the names of the events of one job so far."""
        return [type(event).__name__ for event in self.of(job_id)]

    def text(self, job_id: str) -> str:
        """Return the text streamed so far."""
        return "".join(event.text for event in self.of(job_id) if isinstance(event, TextDelta))

    def wait(self, job_id: str, timeout_s: float = WAIT_S) -> Any:
        """Wait for the job's terminal event and return it."""
        return self.wait_for(job_id, TERMINAL, timeout_s)

    def wait_for(self, job_id: str, kinds: Any, timeout_s: float = WAIT_S) -> Any:
        """Wait for the first event of a kind and return it."""
        found: list[Event] = []

        def there() -> bool:
            found[:] = [e for e in self.events if e.job_id == job_id and isinstance(e, kinds)]
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(there, timeout_s):
                names = [type(e).__name__ for e in self.events if e.job_id == job_id]
                raise AssertionError(f"no {kinds} for {job_id} in {timeout_s} s, only {names}")
        return found[0]

    def until(self, condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        """Wait until ``condition`` holds; it is looked at whenever the engine tells anything."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                assert time.monotonic() < deadline, "the condition never came to hold"
                self._changed.wait(0.05)

    def run(self, request: Request, **options: Any) -> Any:
        """Submit a request and return its terminal event."""
        return self.wait(self.engine.submit(request, **options))


def ended(events: Sequence[Event]) -> int:
    """Return how many of the events are terminal."""
    return sum(isinstance(event, TERMINAL) for event in events)

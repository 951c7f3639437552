"""Files every result in the library as soon as a job has finished.

Subscribe it before the window's bridge: it works inside the engine's callback, so a result is
durable before anything on screen says "done".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from studio.core.errors import StudioError
from studio.core.events import Event, Finished
from studio.library.filing import worth_filing
from studio.library.items import Item
from studio.library.library import Library

log = logging.getLogger(__name__)


class EventSource(Protocol):
    """What the recorder needs of the engine."""

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back with every event; returns how to stop that."""


class Recorder:
    """Subscribes to an engine and keeps what it makes.

    Args:
        library: Where results go.
        on_failure: Told when a result could not be kept, on an engine thread; the result itself
            is still in the pane that asked for it.
        on_recorded: Told the job's id and each item, once it is durable.
    """

    def __init__(
        self,
        library: Library,
        *,
        on_failure: Callable[[StudioError], None],
        on_recorded: Callable[[str, Item], None] = lambda job_id, item: None,
    ) -> None:
        self._library = library
        self._on_failure = on_failure
        self._on_recorded = on_recorded

    def watch(self, engine: EventSource) -> Callable[[], None]:
        """Begin; returns how to stop."""
        return engine.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, Finished):
            return
        if not worth_filing(event.artifact):
            return
        try:
            items = self._library.add_results(event.artifact)
        except StudioError as error:
            log.warning("a result could not be kept in the library: %s", error.user_message)
            self._on_failure(error)
            return
        for item in items:
            self._on_recorded(event.job_id, item)

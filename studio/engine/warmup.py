"""Loading a model before anybody asks for it, after everything that matters more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from studio.core.errors import StudioError
from studio.engine.api import JobCancelled
from studio.engine.border import NeedsMemory
from studio.engine.context import Loading, ModelsOfRole
from studio.engine.installed import Answerer
from studio.engine.jobs import CancelToken, Priority
from studio.engine.lanes import Lane
from studio.engine.lease import Ticket
from studio.engine.registry import Registry

_log = logging.getLogger(__name__)

#: Less urgent than any job.
WARM = Priority.BATCH + 1


class WarmUp:
    """One model on its way into memory, without a job."""

    def __init__(
        self,
        answerer: Answerer,
        lane: Lane,
        registry: Registry,
        spawn: Callable[[Callable[[], None], str], object],
        store_models: ModelsOfRole = lambda role: (),
    ) -> None:
        self._answerer = answerer
        self._lane = lane
        self._registry = registry
        self._spawn = spawn
        self._store_models = store_models
        self._ticket: Ticket | None = None
        self.token = CancelToken()
        self.over = threading.Event()

    def start(self) -> None:
        """Import what the backend needs, then stand in line; returns at once."""
        self._spawn(self._prepare, "prepare")

    def cancel(self) -> None:
        """Stop it wherever it is."""
        self.token.cancel()
        ticket = self._ticket
        if ticket is not None and self._lane.lease.withdraw(ticket):
            self.over.set()

    def _prepare(self) -> None:
        backend = self._answerer.backend
        try:
            with self._registry.watching(backend.manifest.id):
                self._lane.residency.prepare(backend, self._look)
        except JobCancelled:
            self.over.set()
            return
        except (StudioError, NeedsMemory) as error:
            # The first job that needs it meets the same failure and tells it in words.
            _log.warning("preparing %s failed: %s", backend.manifest.id, error)
            self.over.set()
            return
        self._stand_in_line()

    def _look(self) -> None:
        if self.token.cancelled:
            raise JobCancelled

    def _stand_in_line(self) -> None:
        if self.token.cancelled or self._lane.residency.has(self._answerer.model.id):
            self.over.set()
            return
        self._ticket = Ticket(
            priority=WARM,
            grant=lambda: self._spawn(self._load, "warm-up"),
            model=self._answerer.model.id,
        )
        self._lane.lease.request(self._ticket)
        if self.token.cancelled:
            self.cancel()

    def _load(self) -> None:
        ticket, again = self._ticket, False
        assert ticket is not None
        lease, residency = self._lane.lease, self._lane.residency
        ctx = Loading(
            lambda fraction, message: None,
            self.token,
            lambda: self._better_left(ticket),
            self._store_models,
        )
        backend = self._answerer.backend
        try:
            with self._registry.watching(backend.manifest.id):
                residency.done(residency.take(self._answerer.model, backend, ctx))
        except JobCancelled:
            again = ctx.gave_up and not self.token.cancelled
        except (StudioError, NeedsMemory) as error:
            _log.warning("warming up %s failed: %s", self._answerer.model.id, error)
        lease.release(ticket)
        if again:
            self._stand_in_line()
        else:
            self.over.set()

    def _better_left(self, ticket: Ticket) -> bool:
        lease = self._lane.lease
        if lease.urgent >= ticket.priority:
            return False
        urgent = lease.next
        return urgent is not None and urgent.model != ticket.model

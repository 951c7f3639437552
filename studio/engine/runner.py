"""One job's way through its worker thread: load, answer, the memory ladder, the end.

The worker runs while the device is the job's (see ``lease``). Whatever happens in here ends in
exactly one terminal event; the device and the model are given back before it is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from studio.core.artifacts import Artifact
from studio.core.energy import EnergyMeter
from studio.core.errors import BackendError, OutOfMemoryError, StudioError
from studio.core.events import (
    Cancelled,
    Event,
    Finished,
    ModelLoading,
    Notice,
    Started,
    Terminal,
)
from studio.core.inputs import InputStore
from studio.core.requests import Request
from studio.engine import memory
from studio.engine.api import JobCancelled
from studio.engine.border import NeedsMemory, calling, failed_event
from studio.engine.context import Generating, Loading, ModelsOfRole
from studio.engine.installed import Answerer, InstalledModels
from studio.engine.jobs import Job, Priority
from studio.engine.lanes import Lane
from studio.engine.lease import Ticket
from studio.engine.lent_voices import LentVoices, NoLentVoices, naming_consent, voice_of
from studio.engine.registry import Registry
from studio.engine.residency import Resident
from studio.models.info import ModelInfo

_log = logging.getLogger(__name__)

#: How often a job leaves a load it has begun because something more urgent came.
_MOST_LOADS_LEFT = 3


@dataclass(frozen=True)
class Surroundings:
    """What a run needs of the engine.

    Attributes:
        registry: Where crashes of plugins are counted.
        installed: Returns the models there are, to say what would fit.
        inputs: Where the pictures and sounds of requests lie.
        find_model: Returns a model of the store by id, title or file name.
        emit: Tells an event of a job.
        end: Tells a job's terminal event and clears up after it.
        store_models: Returns the store's models of a role.
        voices: The voices that people lent.
    """

    registry: Registry
    installed: Callable[[], InstalledModels]
    inputs: InputStore
    find_model: Callable[[str], ModelInfo]
    emit: Callable[[Job, Event], None]
    end: Callable[[Job, Terminal], None]
    store_models: ModelsOfRole = lambda role: ()
    voices: LentVoices = field(default_factory=NoLentVoices)


class Run:
    """One job with everything it needs; call it on the job's worker thread."""

    def __init__(
        self, job: Job, request: Request, answerer: Answerer, lane: Lane, around: Surroundings
    ) -> None:
        self.job = job
        self.lane = lane
        self.ticket: Ticket | None = None
        self._request = request
        self._answerer = answerer
        self._around = around
        self._resident: Resident | None = None
        self._loads_left = 0
        self._stepped_back = False
        self._ctx: Generating | None = None

    def make_ticket(self, grant: Callable[[], None]) -> Ticket:
        """Return the job's ticket for the device."""
        model_id = self._answerer.model.id
        residency = self.lane.residency
        self.ticket = Ticket(
            priority=self.job.priority,
            grant=grant,
            resident=lambda: residency.has(model_id),
            ready=lambda: residency.can_take(model_id),
            model=model_id,
        )
        return self.ticket

    def __call__(self) -> None:
        """Answer the request; never raises."""
        terminal: Terminal
        off = False
        try:
            artifact = self._answer()
            terminal = Finished(job_id=self.job.id, artifact=artifact)
            self._around.registry.succeeded(self._backend_id)
        except JobCancelled:
            terminal = Cancelled(job_id=self.job.id)
        except StudioError as error:
            terminal, off = self._told(error)
        except BaseException as error:  # noqa: BLE001 - the job runner: a job ends in an event
            _log.exception("the job runner failed")
            terminal = failed_event(self.job.id, error)
        self._let_go()
        if off:
            text = f"“{self._title}” failed too often and is off now."
            self._around.emit(self.job, Notice(job_id=self.job.id, message=text, code="plugin_off"))
        self._around.end(self.job, terminal)

    def give_up(self, terminal: Terminal) -> None:
        """End a job that got the device and no worker."""
        self._let_go()
        self._around.end(self.job, terminal)

    @property
    def _title(self) -> str:
        return self._answerer.backend.manifest.title

    @property
    def _backend_id(self) -> str:
        return self._answerer.backend.manifest.id

    def _told(self, error: StudioError) -> tuple[Terminal, bool]:
        if self.job.token.cancelled:
            _log.info("a stopped job ended with %s", type(error).__name__)
            return Cancelled(job_id=self.job.id), False
        off = bool(error.facts.get("crash")) and self._around.registry.failed(self._backend_id)
        failed = failed_event(self.job.id, error)
        # As text: a log that keeps the error would keep its frames, and what they hold.
        _log.warning("a job failed: %s", failed.code)
        _log.debug("%s", failed.details)
        return failed, off

    def _let_go(self) -> None:
        resident, self._resident = self._resident, None
        self._ctx = None
        if resident is not None:
            self.lane.residency.done(resident)
        assert self.ticket is not None
        self.lane.lease.release(self.ticket)

    # Answering

    def _answer(self) -> Artifact:
        ticket = self.ticket
        assert ticket is not None
        model, device = self._answerer.model, self.lane.device
        self.job.token.raise_if_cancelled()
        self._emit(Started(job_id=self.job.id, model=model.id, device=device.name))
        self._ctx = Generating(
            self.job.id,
            emit=self._emit,
            token=self.job.token,
            lease=self.lane.lease,
            ticket=ticket,
            inputs=self._around.inputs,
            find_model=self._around.find_model,
            store_models=self._around.store_models,
        )
        self._borrow_voice(self._ctx)
        with self._around.registry.watching(self._backend_id):
            while True:
                # Only the words of the error leave the block: its traceback holds the memory.
                shortage = ""
                try:
                    self._resident = self._resident or self._take_model(ticket)
                    return self._generate(self._resident, self._ctx)
                except NeedsMemory as error:
                    shortage = str(error)
                except OutOfMemoryError as error:
                    error.hint = error.hint or self._what_would_fit()
                    raise
                self._climb(ticket, shortage)

    def _borrow_voice(self, ctx: Generating) -> None:
        """Give the job the voice it asks for, when its consent is here and checks out."""
        voice = voice_of(self._request)
        if voice is not None:
            ctx.lend(voice.audio, self._around.voices.sound_of(voice))

    def _take_model(self, ticket: Ticket) -> Resident:
        lease, job = self.lane.lease, self.job

        def better_left() -> bool:
            if lease.urgent >= ticket.priority or self._loads_left >= _MOST_LOADS_LEFT:
                return False
            urgent = lease.next
            return urgent is not None and urgent.model != ticket.model

        while True:
            ctx = Loading(self._tell_loading, job.token, better_left, self._around.store_models)
            try:
                return self.lane.residency.take(self._answerer.model, self._answerer.backend, ctx)
            except JobCancelled:
                if job.token.cancelled or not ctx.gave_up:
                    raise
            self._loads_left += 1
            lease.checkpoint(ticket, job.token)

    def _generate(self, resident: Resident, ctx: Generating) -> Artifact:
        meter = EnergyMeter()
        began, paused_s = time.monotonic(), ctx.paused_s
        with calling(self._title, "answering"):
            artifact = resident.loaded.generate(self._request, ctx)
        spent_s = time.monotonic() - began - (ctx.paused_s - paused_s)
        if not isinstance(artifact, Artifact):
            raise BackendError(
                f"“{self._title}” returned nothing that Triptych can use.",
                hint="This is a defect of the backend; tell its makers.",
                returned=type(artifact).__name__,
                crash=True,
            )
        return replace(
            naming_consent(artifact, voice_of(self._request)),
            request=self._request,
            model=self._answerer.model.id,
            backend=self._backend_id,
            duration_s=spent_s,
            # What others did on the device in a pause is in the counters and cannot be told apart.
            energy_j=meter.used().joules if ctx.paused_s == paused_s else None,
        )

    # The memory ladder

    def _climb(self, ticket: Ticket, shortage: str) -> None:
        """Take the next step to need less memory, and prepare another attempt.

        Raises:
            OutOfMemoryError: There is no further step.
            JobCancelled: The user stopped the job meanwhile.
        """
        self.job.token.raise_if_cancelled()
        assert self._ctx is not None
        step = self._next_step(ticket)
        if step is None:
            raise OutOfMemoryError(
                f"There is not enough memory for this with “{self._answerer.model.title}”.",
                hint=self._what_would_fit(),
                reason=shortage,
            )
        _log.info("memory ran out (%s): %s", shortage, step)
        self._emit(Notice(job_id=self.job.id, message=step, code="memory"))
        memory.give_back()
        self._ctx.restart()

    def _next_step(self, ticket: Ticket) -> str | None:
        gone = self.lane.residency.free_others(keep=self._answerer.model.id)
        if gone:
            return f"Memory was short, so {', '.join(gone)} left memory; trying again."
        done = self._economise()
        if done is not None:
            return f"Memory was short: {done}; trying again."
        if self._stepped_back or self.lane.lease.begun() < 2:
            return None
        self._stepped_back = True
        waiting = "Memory is short, so this waits until the other job is done."
        self._emit(Notice(job_id=self.job.id, message=waiting, code="memory"))
        if self._resident is not None:
            self.lane.residency.done(self._resident)
            self._resident = None
        self.lane.lease.step_back(ticket, self.job.token, Priority.BATCH)
        return "The other job is done; trying again."

    def _economise(self) -> str | None:
        if self._resident is None:
            return None
        try:
            with calling(self._title, "saving memory"):
                return self._resident.loaded.economise()
        except NeedsMemory:
            return None

    def _what_would_fit(self) -> str:
        answerer, residency = self._answerer, self.lane.residency
        budget = residency.budget_bytes()
        limit = min(answerer.model.size_bytes or budget, budget)
        smaller = self._around.installed().smaller(self._request.capability, limit)
        if smaller is not None:
            return f"“{smaller.title}” ({memory.in_words(smaller.size_bytes)}) would fit."
        return (
            f"About {memory.in_words(budget)} can be used: ask for less at once, close other "
            f"programs, or allow models more memory in the settings."
        )

    def _tell_loading(self, fraction: float | None, message: str) -> None:
        self._emit(ModelLoading(job_id=self.job.id, fraction=fraction, message=message))

    def _emit(self, event: Event) -> None:
        self._around.emit(self.job, event)

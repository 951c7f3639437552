"""The engine: takes requests, runs them on this computer's devices, tells how it goes.

``submit`` returns at once from any thread. One engine thread keeps the books (queue file, line,
idle models); one short-lived thread finds models, devices and plugins after the start; each job
that has begun has a worker thread. Nothing heavy is imported with this module.

The module is the door of the engine and somewhat long for it: each method is a few lines to the
board, line, ledger, lanes or inventory, which hold the state and the decisions. To part it would
only put a second door behind the first.

Locks are never nested in the other direction: board or engine, then nothing; lease, then
residency. Callbacks and backends are always called without any.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue

from studio.core.errors import BadInputError, ModelNotFoundError, StudioError
from studio.core.events import Cancelled, Event, Notice, Queued, Terminal
from studio.core.inputs import InputStore
from studio.core.options import OptionInfo
from studio.core.requests import Capability, Request, input_refs
from studio.core.settings import Computing
from studio.engine import devices, memory
from studio.engine.api import Device, Voice
from studio.engine.board import JobBoard
from studio.engine.border import NeedsMemory, calling, failed_event
from studio.engine.crew import Crew, join
from studio.engine.installed import ModelSource
from studio.engine.inventory import Inventory
from studio.engine.jobs import (
    EngineState,
    InstalledModel,
    Job,
    JobInfo,
    Priority,
    ResidentModel,
)
from studio.engine.lanes import Lanes
from studio.engine.ledger import Ledger
from studio.engine.lent_voices import LentVoices, NoLentVoices
from studio.engine.line import Line
from studio.engine.plugins import PluginInfo
from studio.engine.preparation import Preparation
from studio.engine.registry import Registry
from studio.engine.runner import Run, Surroundings
from studio.engine.warmup import WarmUp
from studio.models.info import ModelInfo

__all__ = [
    "Engine",
    "EngineState",
    "InstalledModel",
    "JobInfo",
    "Priority",
    "ResidentModel",
]

_log = logging.getLogger(__name__)

FindDevice = Callable[[Computing], tuple[Device, str]]


class Engine:
    """See the module. All methods are thread-safe.

    Args:
        registry: The backends; probed by the engine after the start.
        store: The models on this computer.
        settings: How to compute.
        queue_file: Where waiting jobs survive a crash; ``None`` keeps them in memory only.
        default_models: Capability (as text) to the id of the model the user chose for it.
        find_device: Finds the device; tests give their own.
        inputs: Where the pictures and sounds of requests lie; ``None``: in memory only.
        voices: The voices that people lent; ``None``: there are none.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        store: ModelSource,
        settings: Computing,
        queue_file: Path | None,
        default_models: Mapping[str, str] | None = None,
        find_device: FindDevice = devices.find_device,
        inputs: InputStore | None = None,
        voices: LentVoices | None = None,
    ) -> None:
        #: Put a picture or sound in here before submitting a request that names it.
        self.inputs = inputs or InputStore()
        self._registry = registry
        self._settings = settings
        self._find_device = find_device
        self._board = JobBoard()
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._commands: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._ledger = Ledger(queue_file, self._problem)
        self._crew = Crew(lambda text: self._problem("engine", text))
        self._inventory = Inventory(registry, store, default_models or {}, self._board.changed)
        self._preparation = Preparation(self._no_model_is_loaded)
        self._lanes: Lanes = Lanes(settings, self._preparation.prepare, self._board.changed)
        self._line = Line(self._start_run)
        self._wanted_warm: list[tuple[str, Capability]] = []
        self._warm_ups: list[WarmUp] = []
        self._keeper: threading.Thread | None = None
        self._closing = False
        self._around = Surroundings(
            registry=registry,
            installed=lambda: self._inventory.installed,
            inputs=self.inputs,
            find_model=self._inventory.find,
            store_models=self.store_models,
            emit=self._board.emit,
            end=self._end,
            voices=voices or NoLentVoices(),
        )

    # Life

    def start(self) -> None:
        """Begin; returns at once. The queue, models, devices and plugins are found meanwhile."""
        with self._lock:
            if self._keeper is not None or self._closing:
                return
            memory.share_one_heap()
            self._keeper = threading.Thread(target=self._keep, name="triptych-engine", daemon=True)
            self._keeper.start()
        self._crew.spawn(self._look_around, "look-around")

    def wait_until_settled(self, timeout_s: float | None = None) -> bool:
        """Wait until the device, all models and all plugins are known; never on a GUI thread.

        Returns:
            Whether they are; ``False`` when the time ran out.
        """
        return self._inventory.settled.wait(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop everything. Every job that has not ended is told Cancelled.

        Jobs that are not interactive stay in the queue file: those that waited come back
        *queued* and held, those that ran *interrupted*.

        Args:
            timeout_s: How long to wait for workers; one that hangs longer is left behind.
        """
        deadline = time.monotonic() + timeout_s
        with self._lock:
            if self._closing:
                return
            self._closing = True
            keeper, warm_ups = self._keeper, tuple(self._warm_ups)
        for warm_up in warm_ups:
            warm_up.cancel()
        for job in self._board.all():
            job.token.cancel()
        if keeper is None:
            self._cancel_waiting()
        else:
            self._commands.put(self._cancel_waiting)
        self._crew.wait(deadline)
        for job in self._board.all():
            if job.state != "interrupted" and not job.held:
                self._end(job, Cancelled(job_id=job.id))
        if keeper is not None:
            self._commands.put(None)
            join((keeper,), max(deadline, time.monotonic() + 0.5))
        self._lanes.close()

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` with every event, on engine threads, in order per job.

        Returns:
            A function that ends the subscription.
        """
        return self._board.subscribe(callback)

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when jobs, models, devices or memory may be different now.

        Returns:
            A function that ends it.
        """
        return self._board.on_change(callback)

    # Jobs

    def submit(self, request: Request, *, priority: Priority = Priority.INTERACTIVE) -> str:
        """Take a request and return its job id at once.

        Before models are known, a model that does not exist is told by the job's Failed event.

        Raises:
            BadInputError: An option is unknown or refused, or this is no request.
            ModelError: No model fits.
        """
        if not isinstance(request, Request):
            raise BadInputError("This is not a request.", given=type(request).__name__)
        self._inventory.check(request)
        job = Job(request=request, priority=Priority(priority))
        with self._lock:
            if self._closing:
                raise StudioError("Triptych is closing and takes no more work.")
            self._board.add(job)
            self._commands.put(lambda: self._admit(job))
        return job.id

    def cancel(self, job_id: str) -> None:
        """Stop a job wherever it is; Cancelled is told once. Too late is no error."""
        job = self._board.find(job_id)
        if job is None or job.ended:
            return
        if job.state == "interrupted":
            self.dismiss(job_id)
            return
        job.token.cancel()
        self._post(lambda: self._cancel_if_waiting(job))

    def retry(self, job_id: str) -> str:
        """Run a job again that ended or was interrupted, or let a held one go.

        Returns:
            The new job's id; for a held job its own.

        Raises:
            BadInputError: It is not on the list, or not over yet.
        """
        job = self._board.get(job_id)
        if job.held:
            self._post(lambda: self._let_go(job))
            return job.id
        if job.state in ("queued", "running"):
            raise BadInputError("This job is not over yet.", job=job_id)
        new_id = self.submit(job.request, priority=job.priority)
        self.dismiss(job_id)
        return new_id

    def resume(self) -> None:
        """Let every held job go."""
        for job in self._board.all():
            if job.held:
                self.retry(job.id)

    def dismiss(self, job_id: str) -> None:
        """Take a job off the list that ended, was interrupted or is held.

        Raises:
            BadInputError: It still waits or runs.
        """
        job = self._board.find(job_id)
        if job is None:
            return
        if job.state in ("queued", "running") and not job.held:
            raise BadInputError("This job is not over yet; stop it first.", job=job_id)
        self._board.remove(job)
        self._post(lambda: self._forget(job))
        self._board.changed()

    def move(self, job_id: str, before: str | None) -> None:
        """Move a waiting job before another waiting one, or to the end of the line.

        It takes on the other's priority, so that the line is as the user made it.

        Raises:
            BadInputError: It does not wait (any more).
        """
        job = self._board.get(job_id)
        if job.state != "queued":
            raise BadInputError("Only a waiting job can be moved.", job=job_id)
        order = self._line.move(job, before)
        self._post(lambda: self._ledger.arrange(order))
        self._board.changed()

    def jobs(self) -> tuple[JobInfo, ...]:
        """Return what runs, what waits in the order of its turn, and what is over."""
        return self._board.infos([job.id for job in self._line.jobs()])

    # What there is

    def state(self) -> EngineState:
        """Return device, loaded models and memory."""
        lane = self._lanes.current
        if lane is None:
            return EngineState()
        return EngineState(
            ready=True,
            device=lane.device,
            resident=lane.residency.residents(),
            used_bytes=lane.residency.used_bytes(),
            budget_bytes=lane.residency.budget_bytes(),
        )

    def models(self) -> tuple[InstalledModel, ...]:
        """Return every model that something installed can run."""
        return self._inventory.installed.all()

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """Return the store's models of a role ("lora", "vae", …); "": models of their own."""
        return tuple(each for each in self._inventory.everything() if each.role == role)

    def default_model(self, capability: Capability) -> ModelInfo | None:
        """Return the model that answers when a request names none."""
        found = self._inventory.installed.default(Capability(capability))
        return found.model if found is not None else None

    def set_default_model(self, capability: Capability, model_id: str) -> None:
        """Let this model answer when a request names none; "" goes back to the built-in one."""
        self._inventory.set_default(Capability(capability), model_id)
        self._post(self._inventory.count)

    def options_for(self, capability: Capability, model_id: str = "") -> tuple[OptionInfo, ...]:
        """Return the options of the backend that would answer."""
        return self._inventory.installed.options_for(Capability(capability), model_id)

    def voices_for(self, capability: Capability, model_id: str = "") -> tuple[Voice, ...]:
        """Return the voices of the model that would answer, its own first; none is no choice."""
        return self._inventory.installed.voices_for(Capability(capability), model_id)

    def clones(self, model_id: str = "") -> bool:
        """Return whether the model that would speak can do so in a lent voice."""
        return self._inventory.installed.clones(model_id)

    def count_tokens(self, text: str, model_id: str = "") -> int | None:
        """Return how many tokens ``text`` has; ``None`` unless the model is in memory."""
        lane = self._lanes.current
        model = self._inventory.text_model() if not model_id else None
        wanted = model_id or (model.id if model is not None else "")
        if lane is None or not wanted:
            return None
        with lane.residency.looking_at(wanted) as loaded:
            if loaded is None:
                return None
            try:
                with calling(wanted, "counting tokens"):
                    return loaded.count_tokens(text)
            except (StudioError, NeedsMemory) as error:
                _log.warning("counting tokens failed: %s", error)
                return None

    def problems(self) -> tuple[str, ...]:
        """Return sentences about what could not be used: models, plugins, device, queue."""
        with self._lock:
            own = tuple(text for text in self._problems.values() if text)
        return (*own, *self._registry.problems(), *self._inventory.installed.problems)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Return the plugins that were found, those that are off or broken included."""
        return self._registry.plugins()

    # Changing things

    def set_plugins(self, enabled: Mapping[str, str]) -> None:
        """Take the plugins (id to tree hash) the user agrees to; loads and drops in the back."""
        self._registry.set_enabled(enabled)
        self._crew.spawn(lambda: self._look_again(self._inventory.look_at_plugins), "plugins")

    def refresh_models(self) -> None:
        """Look at the model folders again, in the back."""
        self._crew.spawn(lambda: self._look_again(self._inventory.look_at_store), "models")

    def use_model(self, path: Path) -> None:
        """Use a model from anywhere until the program ends; it is looked at in the back."""
        self._crew.spawn(lambda: self._look_again(lambda: self._inventory.add(path)), "models")

    def configure(self, settings: Computing) -> None:
        """Take new settings; another device is used from the next job on."""
        with self._lock:
            before, self._settings = self._settings, settings
        if (before.device, before.cpu_threads) != (settings.device, settings.cpu_threads):
            self._crew.spawn(self._look_for_device, "device")
        self._post(self._follow_settings)

    def warm_up(self, model_id: str = "", capability: Capability = Capability.TEXT_CHAT) -> None:
        """Load a model (default: the one that would answer) after everything that matters more."""
        self._post(lambda: self._warm(model_id, Capability(capability)))

    def unload(self, model_id: str) -> None:
        """Take a model out of memory, in the back; one in use stays."""
        lane = self._lanes.current
        if lane is not None:
            self._post(lambda: lane.residency.unload(model_id))

    # The engine thread

    def _post(self, command: Callable[[], object]) -> None:
        self._commands.put(command)

    def _keep(self) -> None:
        """Keep the books until the end; the target of the engine thread."""
        self._crew.guard(self._restore)
        while True:
            try:
                command = self._commands.get(timeout=self._lanes.next_look_s())
            except Empty:
                self._crew.guard(self._lanes.unload_idle)
                continue
            if command is None:
                break
            self._crew.guard(command)
        self._ledger.close()

    def _restore(self) -> None:
        """Bring back the jobs of the last run; none of them starts by itself."""
        for job in self._ledger.open():
            self._board.add(job)
            if job.held:
                self._line.add(job)
        self._board.changed()
        kept = {ref.sha256 for job in self._board.all() for ref in input_refs(job.request)}
        self.inputs.sweep(kept)

    def _admit(self, job: Job) -> None:
        """Store a new job, tell that it is queued, and put it in line."""
        self._ledger.add(job)
        self._line.add(job)
        self._board.emit(job, Queued(job_id=job.id))
        note = self._ledger.take_note()
        if note:
            self._board.emit(job, Notice(job_id=job.id, message=note, code="queue_unsaved"))
        self._board.changed()
        if job.token.cancelled:
            self._cancel_if_waiting(job)
        self._advance()

    def _advance(self) -> None:
        """Put every waiting job that can be answered now in line for its device."""
        lane = self._lanes.current
        if lane is None or self._closing:
            return
        for job in self._line.unresolved():
            try:
                request, answerer = self._inventory.installed.resolve(job.request)
            except ModelNotFoundError as error:
                if self._inventory.settled.is_set():
                    self._fail_waiting(job, error)
                continue
            except StudioError as error:
                self._fail_waiting(job, error)
                continue
            job.model = answerer.model.id
            self._line.enter(job, Run(job, request, answerer, lane, self._around))
        wanted, self._wanted_warm = self._wanted_warm, []
        for model_id, capability in wanted:
            self._warm(model_id, capability)

    def _fail_waiting(self, job: Job, error: StudioError) -> None:
        if self._line.leave(job):
            self._end(job, failed_event(job.id, error))

    def _cancel_if_waiting(self, job: Job) -> None:
        if self._line.leave(job):
            self._end(job, Cancelled(job_id=job.id))

    def _cancel_waiting(self) -> None:
        for job in self._line.jobs():
            if not job.held:
                self._cancel_if_waiting(job)

    def _let_go(self, job: Job) -> None:
        if job.held:
            job.held = False
            self._board.emit(job, Queued(job_id=job.id))
            self._board.changed()
            self._advance()

    def _forget(self, job: Job) -> None:
        self._line.leave(job)
        self._ledger.remove(job)

    def _end(self, job: Job, event: Terminal) -> None:
        """Tell the terminal event and take the job out of the books; from any thread."""
        if not self._board.end(job, event):
            return
        self._line.over(job)
        stays = (
            self._closing and isinstance(event, Cancelled) and job.priority > Priority.INTERACTIVE
        )
        if not stays:
            self._post(lambda: self._ledger.remove(job))
        self._post(self._lanes.clear_old)

    def _start_run(self, run: Run) -> None:
        """Give a job whose turn it is a worker; called by whoever let go of the device.

        Giving up is left to the engine thread: it lets go of the device in turn, and a long line
        of jobs that all give up must not become a deep stack.
        """
        job = run.job
        if self._closing:
            self._post(lambda: run.give_up(Cancelled(job_id=job.id)))
            return
        self._post(lambda: self._ledger.runs(job))
        if not self._crew.spawn(run, f"job-{job.id[:6]}"):
            error = StudioError(
                "The system gives Triptych no more threads.", hint="Close other programs."
            )
            self._post(lambda: run.give_up(failed_event(job.id, error)))

    # Finding things

    def _look_around(self) -> None:
        """Find models, the device and the plugins, so that each is usable as soon as known."""
        for look in (
            self._inventory.look_at_packages,
            self._look_for_device,
            self._inventory.look_at_plugins,
        ):
            self._crew.guard(look)
        self._post(self._settle)

    def _settle(self) -> None:
        """Everything is known, and on this thread the device is in use by now."""
        self._inventory.settled.set()
        self._advance()

    def _look_for_device(self) -> None:
        device, problem = self._find_device(self._settings)
        self._problem("device", problem)
        self._post(lambda: self._use(device))

    def _look_again(self, look: Callable[[], None]) -> None:
        look()
        self._post(self._advance)

    def _no_model_is_loaded(self) -> bool:
        return not self._lanes.any_model()

    def _use(self, device: Device) -> None:
        """Let jobs run on this device from now on."""
        left = self._lanes.use(device)
        if left is not None:
            self._line.leave_lane(left)
        self._board.changed()
        self._advance()

    def _follow_settings(self) -> None:
        self._lanes.follow(self._settings)
        self._board.changed()

    def _warm(self, model_id: str, capability: Capability) -> None:
        lane = self._lanes.current
        if lane is None:
            self._wanted_warm.append((model_id, capability))
            return
        try:
            answerer = self._inventory.installed.choose(capability, model_id)
        except StudioError as error:
            if not self._inventory.settled.is_set():
                self._wanted_warm.append((model_id, capability))
            _log.info("nothing to warm up: %s", error)
            return
        warm_up = WarmUp(answerer, lane, self._registry, self._crew.spawn, self.store_models)
        with self._lock:
            if self._closing:
                return
            self._warm_ups = [each for each in self._warm_ups if not each.over.is_set()]
            self._warm_ups.append(warm_up)
        warm_up.start()

    # Small things

    def _problem(self, about: str, text: str) -> None:
        with self._lock:
            before = self._problems.get(about, "")
            self._problems[about] = text
        if text != before:
            self._board.changed()

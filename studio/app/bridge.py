"""Between the engine's threads and the window: one typed signal, calm enough to paint by.

Events arrive on engine threads, in order per job, and leave on the GUI thread, in the same
order, at about 30 bunches a second. Of ``Progress`` and ``ModelLoading`` only the newest per job
and bunch is kept; nothing else is ever dropped. Requests made before the engine exists wait.
"""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Event, Failed, ModelLoading, Preview, Progress, Queued
from studio.core.options import OptionInfo
from studio.core.requests import Capability, Request
from studio.engine.jobs import EngineState, InstalledModel, JobInfo, Priority

if TYPE_CHECKING:
    from pathlib import Path

    from studio.core.inputs import InputStore
    from studio.core.settings import Computing
    from studio.engine.api import Voice
    from studio.engine.engine import Engine
    from studio.engine.plugins import PluginInfo
    from studio.models.info import ModelInfo

TICK_MS = 33
"""Bunches of events leave at most this often."""
CHANGE_MS = 120
"""``engine_changed`` comes at most this often."""
NEWEST_ONLY = (Progress, ModelLoading, Preview)


class EngineBridge(QObject):
    """The engine as the window sees it. All methods but :meth:`attach`: GUI thread only."""

    engine_event = Signal(object)
    """Every :class:`Event` that matters, on the GUI thread."""
    engine_changed = Signal()
    """Models, devices, residency or jobs may be different now; ask again."""

    engine_failed = Signal(str, str)
    """There will be no engine: why, in a sentence, and details."""

    _wake = Signal()
    _engine_made = Signal(object)
    _engine_missing = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: Engine | None = None
        self._failure: tuple[str, str] | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._inbox = _Inbox(self._wake.emit)
        self._waiting: dict[str, tuple[Request, Priority]] = {}
        self._numbers = itertools.count(1)
        self._own_of: dict[str, str] = {}  # the engine's job id -> the one we gave out
        self._real_of: dict[str, str] = {}
        self._last_flush = 0.0
        self._closed = False
        self._tick = self._timer(TICK_MS, self._flush)
        self._change = self._timer(CHANGE_MS, self.engine_changed.emit)
        queued = Qt.ConnectionType.QueuedConnection
        self._wake.connect(self._woken, queued)
        self._engine_made.connect(self._attach, queued)
        self._engine_missing.connect(self._give_up, queued)

    def _timer(self, interval_ms: int, then: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(then)
        return timer

    # -- life ---------------------------------------------------------------------------------

    @property
    def attached(self) -> bool:
        """Whether the engine is there."""
        return self._engine is not None

    @property
    def failure(self) -> str:
        """Why there is no engine, in a sentence; "" while it may still come."""
        return self._failure[0] if self._failure else ""

    def attach(self, engine: Engine) -> None:
        """Take the engine; from any thread. Requests that waited are handed over in order."""
        if QThread.currentThread() is self.thread():
            self._attach(engine)
        else:
            self._engine_made.emit(engine)

    def fail(self, message: str, details: str = "") -> None:
        """Say that there will be no engine; from any thread. What waited fails with words."""
        self._engine_missing.emit(message, details)

    def close(self) -> None:
        """Stop listening; nothing is emitted afterwards, whatever the engine still says."""
        self._closed = True
        self._inbox.close()
        unsubscribe, self._unsubscribe = self._unsubscribe, []
        for end in unsubscribe:
            end()
        self._tick.stop()
        self._change.stop()

    @Slot(object)
    def _attach(self, engine: Engine) -> None:
        if self._closed or self._engine is not None:
            return
        self._engine = engine
        self._unsubscribe = [
            engine.subscribe(self._inbox.put),
            engine.on_change(self._inbox.put_change),
        ]
        waiting, self._waiting = self._waiting, {}
        for own, (request, priority) in waiting.items():
            try:
                real = engine.submit(request, priority=priority)
            except StudioError as error:
                self._inbox.put(_failed(own, error))
                continue
            self._own_of[real], self._real_of[own] = own, real
        self.engine_changed.emit()

    @Slot(str, str)
    def _give_up(self, message: str, details: str) -> None:
        self._failure = (message, details)
        waiting, self._waiting = self._waiting, {}
        for own in waiting:
            self._inbox.put(Failed(job_id=own, message=message, details=details))
        self.engine_failed.emit(message, details)
        self.engine_changed.emit()

    # -- jobs ---------------------------------------------------------------------------------

    def submit(self, request: Request, *, priority: Priority = Priority.INTERACTIVE) -> str:
        """Hand a request to the engine, or keep it until there is one.

        Returns:
            The job id that its events will carry.

        Raises:
            StudioError: The request cannot be used as it is.
        """
        if self._engine is not None:
            return self._engine.submit(request, priority=priority)
        own = f"waiting-{next(self._numbers)}"
        if self._failure is not None:
            message, details = self._failure
            self._inbox.put(Failed(job_id=own, message=message, details=details))
        else:
            self._waiting[own] = (request, priority)
            self._inbox.put(Queued(job_id=own))
        return own

    def cancel(self, job_id: str) -> None:
        """Stop a job; one that still waits for the engine is gone at once."""
        if self._waiting.pop(job_id, None) is not None:
            self._inbox.put(Cancelled(job_id=job_id))
        elif self._engine is not None:
            self._engine.cancel(self._real(job_id))

    def retry(self, job_id: str) -> str:
        """Run an ended or interrupted job again and return the new job's id."""
        return self._need_engine().retry(self._real(job_id))

    def resume(self) -> None:
        """Let every job that came back from the last run of the program go on."""
        if self._engine is not None:
            self._engine.resume()

    def dismiss(self, job_id: str) -> None:
        """Take an ended or interrupted job off the list."""
        if self._engine is not None:
            self._engine.dismiss(self._real(job_id))

    def move(self, job_id: str, before: str | None) -> None:
        """Move a waiting job before another one, or to the end."""
        if self._engine is not None:
            self._engine.move(self._real(job_id), self._real(before) if before else None)

    def jobs(self) -> tuple[JobInfo, ...]:
        """Return every job the engine knows, with the ids this bridge gave out."""
        if self._engine is None:
            return tuple(
                JobInfo(id=own, request=request, state="queued", label=request.label)
                for own, (request, _) in self._waiting.items()
            )
        return tuple(
            dataclasses.replace(job, id=self._own_of[job.id]) if job.id in self._own_of else job
            for job in self._engine.jobs()
        )

    # -- what is there ------------------------------------------------------------------------

    def state(self) -> EngineState:
        """Return device, loaded models and memory; not ready before the engine exists."""
        return EngineState() if self._engine is None else self._engine.state()

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the installed models and what each can do."""
        return () if self._engine is None else self._engine.models()

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """See :meth:`Engine.store_models`; empty before the engine is ready."""
        return self._engine.store_models(role) if self._engine else ()

    @property
    def inputs(self) -> InputStore:
        """Where pictures and sounds of requests are put; use it off the GUI thread.

        Raises:
            StudioError: The engine is not ready yet.
        """
        return self._need_engine().inputs

    def refresh_models(self) -> None:
        """Look at the model folders again, in the back."""
        if self._engine is not None:
            self._engine.refresh_models()

    def use_model(self, path: Path) -> None:
        """Use a model from anywhere until the program ends; it is looked at in the back."""
        if self._engine is not None:
            self._engine.use_model(path)

    def default_model(self, capability: Capability) -> ModelInfo | None:
        """Return the model that answers when a request names none."""
        return None if self._engine is None else self._engine.default_model(capability)

    def set_default_model(self, capability: Capability, model_id: str) -> None:
        """Let this model answer when a request names none."""
        if self._engine is not None:
            self._engine.set_default_model(capability, model_id)

    def options_for(self, capability: Capability, model_id: str = "") -> tuple[OptionInfo, ...]:
        """Return the options a request of this kind may set; empty before the engine exists."""
        if self._engine is None:
            return ()
        return self._engine.options_for(capability, model_id)

    def voices_for(self, capability: Capability, model_id: str = "") -> tuple[Voice, ...]:
        """See :meth:`Engine.voices_for`; empty before the engine is ready."""
        return self._engine.voices_for(capability, model_id) if self._engine else ()

    def clones(self, model_id: str = "") -> bool:
        """See :meth:`Engine.clones`; false before the engine is ready."""
        return self._engine.clones(model_id) if self._engine else False

    def count_tokens(self, text: str, model_id: str = "") -> int | None:
        """Return the number of tokens, or ``None`` while no loaded model can tell; instant."""
        return None if self._engine is None else self._engine.count_tokens(text, model_id)

    def warm_up(self, model_id: str = "", capability: Capability = Capability.TEXT_CHAT) -> None:
        """Load a model early, after everything that matters more."""
        if self._engine is not None:
            self._engine.warm_up(model_id, capability)

    def configure(self, settings: Computing) -> None:
        """Tell the engine that the settings for computing changed."""
        if self._engine is not None:
            self._engine.configure(settings)

    def unload(self, model_id: str) -> None:
        """Take a model out of memory as soon as no job works with it."""
        if self._engine is not None:
            self._engine.unload(model_id)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Return the plugins that were found, those that are off or broken included."""
        return () if self._engine is None else tuple(self._engine.plugins())

    def set_plugins(self, enabled: Mapping[str, str]) -> None:
        """Tell the engine which plugins the user agreed to, by tree hash."""
        if self._engine is not None:
            self._engine.set_plugins(enabled)

    def problems(self) -> tuple[str, ...]:
        """Return what the engine could not use: plugins, models, devices."""
        return () if self._engine is None else self._engine.problems()

    # -- events -------------------------------------------------------------------------------

    @Slot()
    def _woken(self) -> None:
        if self._closed or self._tick.isActive():
            return
        since_ms = (time.monotonic() - self._last_flush) * 1000
        if since_ms >= TICK_MS:
            self._flush()
        else:
            self._tick.start(max(1, int(TICK_MS - since_ms)))

    def _flush(self) -> None:
        if self._closed:
            return
        self._last_flush = time.monotonic()
        events, changed = self._inbox.take()
        if changed:
            self._change_soon()
        for event in events:
            own = self._own_of.get(event.job_id)
            if own is not None:
                if isinstance(event, Queued):
                    continue  # told when the request was made
                event = dataclasses.replace(event, job_id=own)
            self.engine_event.emit(event)
            if self._closed:
                return

    def _change_soon(self) -> None:
        if not self._closed and not self._change.isActive():
            self._change.start()

    def _real(self, job_id: str) -> str:
        return self._real_of.get(job_id, job_id)

    def _need_engine(self) -> Engine:
        if self._engine is None:
            raise StudioError("The engine is not ready yet.", hint="Wait a moment, then try again.")
        return self._engine


class _Inbox:
    """Events on their way from any thread; wakes the GUI thread once per bunch."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._events: list[Event | None] = []
        self._place: dict[tuple[str, type, int], int] = {}
        self._awake = False
        self._changed = False
        self._closed = False

    def put(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                return
            if isinstance(event, NEWEST_ONLY):
                key = (event.job_id, type(event), getattr(event, "index", 0))
                if key in self._place:
                    self._events[self._place[key]] = None
                self._place[key] = len(self._events)
            self._events.append(event)
            self._wake_once()

    def put_change(self) -> None:
        with self._lock:
            if not self._closed:
                self._changed = True
                self._wake_once()

    def take(self) -> tuple[list[Event], bool]:
        with self._lock:
            events, self._events = self._events, []
            changed, self._changed = self._changed, False
            self._place.clear()
            self._awake = False
        return [event for event in events if event is not None], changed

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._events.clear()
            self._place.clear()

    def _wake_once(self) -> None:
        """Wake the GUI thread; under the lock, so that after close() it never happens again."""
        if not self._awake:
            self._awake = True
            self._wake()


def _failed(job_id: str, error: StudioError) -> Failed:
    facts = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
    return Failed(
        job_id=job_id,
        message=error.user_message,
        hint=error.hint,
        details=facts,
        code=type(error).__name__,
    )

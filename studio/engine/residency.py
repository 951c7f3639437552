"""Which models are in a device's memory: least recently used leaves first, one in use never.

Loading happens behind one lock for all devices, because building a model patches process-wide
state of the libraries. Thread-safe; backends are called without the inner lock held.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.core.errors import BackendError, OutOfMemoryError, StudioError
from studio.engine import memory
from studio.engine.api import Backend, Device, LoadedModel
from studio.engine.border import NeedsMemory, calling
from studio.engine.context import Loading
from studio.engine.jobs import ResidentModel
from studio.models.info import ModelInfo

_log = logging.getLogger(__name__)

#: How often a thread that waits for the load lock looks whether its job was cancelled.
_LOOK_S = 0.05


class Resident:
    """One loaded model and who works with it."""

    def __init__(self, model: ModelInfo, backend: Backend, loaded: LoadedModel, now: float) -> None:
        self.model = model
        self.backend = backend
        self.loaded = loaded
        self.last_used = now
        self.jobs = 0
        self.looks = 0

    @property
    def in_use(self) -> bool:
        """Whether it must stay."""
        return self.jobs > 0 or self.looks > 0

    @property
    def title(self) -> str:
        """What people call the backend that runs it."""
        return self.backend.manifest.title


class Residency:
    """The loaded models of one device.

    Args:
        device: Where they are.
        load_lock: The one lock behind which every model is loaded.
        budget_gb: What the user chose, in GB; 0 decides from what is free.
        prepare: Called with a backend before each load; does something the first time only.
        on_change: Called, without locks, after the set of models changed.
    """

    def __init__(
        self,
        device: Device,
        load_lock: threading.Lock,
        *,
        budget_gb: float = 0.0,
        prepare: Callable[[Backend], None] = lambda backend: None,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.device = device
        self.budget_gb = budget_gb
        self._load_lock = load_lock
        self._prepare = prepare
        self._on_change = on_change
        self._clock = clock
        self._lock = threading.Lock()
        self._residents: dict[str, Resident] = {}

    # Looking

    def has(self, model_id: str) -> bool:
        """Say whether the model is in memory."""
        with self._lock:
            return model_id in self._residents

    def can_take(self, model_id: str) -> bool:
        """Say whether a new job could work with the model now, or load it."""
        with self._lock:
            resident = self._residents.get(model_id)
        return resident is None or resident.jobs == 0 or bool(resident.loaded.interleaves)

    def residents(self) -> tuple[ResidentModel, ...]:
        """Return what is in memory, most recently used first."""
        with self._lock:
            found = sorted(self._residents.values(), key=lambda r: r.last_used, reverse=True)
            return tuple(
                ResidentModel(
                    id=each.model.id,
                    title=each.model.title,
                    bytes=_bytes_of(each.loaded),
                    in_use=each.jobs > 0,
                )
                for each in found
            )

    def used_bytes(self) -> int:
        """Return what all loaded models take together."""
        with self._lock:
            return sum(_bytes_of(each.loaded) for each in self._residents.values())

    def budget_bytes(self) -> int:
        """Return what they may take together."""
        return memory.budget_bytes(self.device, self.budget_gb, self.used_bytes())

    @contextmanager
    def looking_at(self, model_id: str) -> Iterator[LoadedModel | None]:
        """Yield the loaded model, which stays loaded meanwhile, or ``None``. Never waits."""
        with self._lock:
            resident = self._residents.get(model_id)
            if resident is not None:
                resident.looks += 1
        try:
            yield resident.loaded if resident is not None else None
        finally:
            if resident is not None:
                with self._lock:
                    resident.looks -= 1

    # Taking and loading

    def take(self, model: ModelInfo, backend: Backend, ctx: Loading) -> Resident:
        """Return the model, loading it when it is not in memory; give it back with ``done``.

        Raises:
            JobCancelled: The user stopped the job, or something more urgent came.
            OutOfMemoryError: It cannot fit, whatever leaves.
            NeedsMemory: It should have fitted and did not.
            StudioError: The backend's words.
        """
        resident = self._take_loaded(model.id)
        if resident is not None:
            return resident
        with self._alone(ctx.raise_if_cancelled):
            resident = self._take_loaded(model.id)
            if resident is None:
                resident = self._load(model, backend, ctx)
        self._on_change()
        return resident

    def prepare(self, backend: Backend, look: Callable[[], None]) -> None:
        """Let a backend import what it needs, while no model is being loaded.

        Loading imports too, and the libraries do not bear being imported by two threads: one of
        them may see a module that is half there.

        Args:
            backend: What to prepare.
            look: Called every now and then while a model is being loaded; may raise.

        Raises:
            StudioError: It failed, in words.
            NeedsMemory: Memory ran out.
            JobCancelled: ``look`` or the backend raised it.
        """
        with self._alone(look):
            self._prepare(backend)

    @contextmanager
    def _alone(self, look: Callable[[], None]) -> Iterator[None]:
        while not self._load_lock.acquire(timeout=_LOOK_S):
            look()
        try:
            yield
        finally:
            self._load_lock.release()

    def done(self, resident: Resident) -> None:
        """Give back what :meth:`take` returned."""
        with self._lock:
            resident.jobs -= 1
            resident.last_used = self._clock()

    def _take_loaded(self, model_id: str) -> Resident | None:
        with self._lock:
            resident = self._residents.get(model_id)
            if resident is not None:
                resident.jobs += 1
                resident.last_used = self._clock()
            return resident

    def _load(self, model: ModelInfo, backend: Backend, ctx: Loading) -> Resident:
        title = backend.manifest.title
        with calling(title, f"working out what “{model.title}” needs"):
            needed = max(0, int(backend.estimate_bytes(model, self.device)))
        self.make_room(needed)
        self._refuse_what_cannot_fit(model, needed)
        ctx.loading(None, f"Loading {model.title}")
        self._prepare(backend)
        ctx.raise_if_cancelled()
        with calling(title, f"loading “{model.title}”"):
            loaded = backend.load(model, self.device, ctx)
        if not isinstance(loaded, LoadedModel):
            raise BackendError(
                f"“{title}” did not return a loaded model.",
                hint="This is a defect of the backend; tell its makers.",
                returned=type(loaded).__name__,
            )
        resident = Resident(model, backend, loaded, self._clock())
        resident.jobs = 1
        with self._lock:
            self._residents[model.id] = resident
        return resident

    def _refuse_what_cannot_fit(self, model: ModelInfo, needed: int) -> None:
        # Only where trying would be dangerous or against the user's word: an accelerator refuses
        # by itself and no harm done, while a computer out of memory ends some program.
        budget = self.budget_bytes()
        room = budget - self.used_bytes()
        if needed <= room or (self.budget_gb <= 0 and self.device.kind != "cpu"):
            return
        if needed <= budget:
            raise NeedsMemory(f"{memory.in_words(needed)} needed, {memory.in_words(room)} free")
        raise OutOfMemoryError(
            f"“{model.title}” needs about {memory.in_words(needed)} of memory, and models may "
            f"take {memory.in_words(budget)} here.",
            needed_bytes=needed,
            budget_bytes=budget,
        )

    # Making room

    def make_room(self, needed: int) -> None:
        """Unload the least recently used until ``needed`` bytes fit the budget, or none is left."""
        while self.used_bytes() + needed > self.budget_bytes() and self._unload_oldest():
            # At once, or what just became free would not be counted as free.
            self._after_unloading()

    def free_others(self, keep: str = "") -> tuple[str, ...]:
        """Unload everything nobody uses but ``keep``; return the titles of what left."""
        gone = self._remove(lambda each: each.model.id != keep)
        return self._unload_all(gone)

    def unload_idle(self, older_than_s: float) -> tuple[str, ...]:
        """Unload what was not used for this long; return the titles."""
        before = self._clock() - older_than_s
        return self._unload_all(self._remove(lambda each: each.last_used <= before))

    def unload(self, model_id: str) -> bool:
        """Unload one model if nobody uses it; say whether it is out of memory now."""
        self._unload_all(self._remove(lambda each: each.model.id == model_id))
        return not self.has(model_id)

    def next_idle_s(self, unload_after_s: float) -> float | None:
        """Return in how many seconds the next unused model is due to leave, ``None`` if none is."""
        with self._lock:
            idle = [each.last_used for each in self._residents.values() if not each.in_use]
        return max(0.0, min(idle) + unload_after_s - self._clock()) if idle else None

    def _unload_oldest(self) -> bool:
        with self._lock:
            idle = [each for each in self._residents.values() if not each.in_use]
            if not idle:
                return False
            oldest = min(idle, key=lambda each: each.last_used)
            del self._residents[oldest.model.id]
        _unload(oldest)
        return True

    def _remove(self, leaves: Callable[[Resident], bool]) -> list[Resident]:
        with self._lock:
            gone = [each for each in self._residents.values() if not each.in_use and leaves(each)]
            for each in gone:
                del self._residents[each.model.id]
        return gone

    def _unload_all(self, gone: list[Resident]) -> tuple[str, ...]:
        titles = tuple(each.model.title for each in gone)
        while gone:
            _unload(gone.pop())
        if titles:
            self._after_unloading()
        return titles

    def _after_unloading(self) -> None:
        memory.give_back()
        self._on_change()


def _unload(resident: Resident) -> None:
    _log.info("unloading %s", resident.model.id)
    try:
        with calling(resident.title, f"unloading “{resident.model.title}”"):
            resident.loaded.unload()
    except (StudioError, NeedsMemory) as error:
        _log.warning("unloading %s failed: %s", resident.model.id, error)


def _bytes_of(loaded: LoadedModel) -> int:
    try:
        with calling("model", "telling its size"):
            stated = loaded.memory_bytes
    except (StudioError, NeedsMemory):
        return 0
    return stated if isinstance(stated, int) and stated > 0 else 0

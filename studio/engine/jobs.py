"""What the engine knows about one job, and how a user stops it.

:class:`JobInfo` is the frozen view for windows and programs; :class:`Job` is the engine's own
record. All fields of a :class:`Job` are guarded by the engine's lock, except the token.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from studio.core.requests import Capability, Request
from studio.engine.api import Device, JobCancelled
from studio.models.info import ModelInfo

JobState = Literal["queued", "running", "interrupted", "finished", "failed", "cancelled"]

ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})


class Priority(IntEnum):
    """Who goes first; smaller is more urgent."""

    INTERACTIVE = 0
    NORMAL = 1
    BATCH = 2


@dataclass(frozen=True, kw_only=True)
class JobInfo:
    """One job as the queue panel shows it.

    Attributes:
        id: What ``Engine.submit`` returned.
        request: What was asked.
        state: Where it stands. "interrupted": it ran when the program ended without warning.
        label: What to call it.
        model: Id of the model, "" while not resolved.
        priority: Its urgency.
        step: Steps, tokens or chunks done.
        total: How many there will be at most; 0 when unknown.
        remaining_s: Estimate of the time left in seconds, or ``None``.
        message: What happens now or what went wrong, in words; may be empty.
        created_at: When it was submitted, in seconds since 1970.
        held: It came back from the last run of the program and waits for the user's go
            (``Engine.retry`` or ``Engine.resume``).
    """

    id: str
    request: Request
    state: JobState
    label: str = ""
    model: str = ""
    priority: Priority = Priority.NORMAL
    step: int = 0
    total: int = 0
    remaining_s: float | None = None
    message: str = ""
    created_at: float = 0.0
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class ResidentModel:
    """A model in memory.

    Attributes:
        id: The model's id.
        title: What people call it.
        bytes: Memory it takes on its device.
        in_use: A job is working with it, or paused in the middle of it.
    """

    id: str
    title: str
    bytes: int
    in_use: bool


@dataclass(frozen=True, kw_only=True)
class EngineState:
    """The engine at a glance.

    Attributes:
        ready: Devices and built-in backends are known; jobs can start.
        device: Where models run; ``None`` before it is known.
        resident: Models in memory, most recently used first.
        used_bytes: What they take together.
        budget_bytes: What they may take together; 0 before it is known.
    """

    ready: bool = False
    device: Device | None = None
    resident: tuple[ResidentModel, ...] = ()
    used_bytes: int = 0
    budget_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class InstalledModel:
    """A model that something installed can run.

    Attributes:
        info: The model.
        capabilities: What it can do here.
        backend: Id of the backend that runs it.
    """

    info: ModelInfo
    capabilities: tuple[Capability, ...]
    backend: str


class CancelToken:
    """The user's wish to stop, set once from any thread."""

    __slots__ = ("_lock", "_wakers", "cancelled")

    def __init__(self) -> None:
        self.cancelled = False
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Set the wish and wake whoever waits in the job's name."""
        with self._lock:
            self.cancelled = True
            wakers = tuple(self._wakers)
        for waker in wakers:
            waker()

    def wake_with(self, waker: Callable[[], None]) -> None:
        """Call ``waker`` when the wish is set, at once when it is already."""
        with self._lock:
            self._wakers.append(waker)
            already = self.cancelled
        if already:
            waker()

    def raise_if_cancelled(self) -> None:
        """Raise :class:`JobCancelled` once the wish is set."""
        if self.cancelled:
            raise JobCancelled


@dataclass(eq=False)
class Job:
    """The engine's record of one job."""

    request: Request
    priority: Priority
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: JobState = "queued"
    model: str = ""
    step: int = 0
    total: int = 0
    remaining_s: float | None = None
    message: str = ""
    created_at: float = field(default_factory=time.time)
    held: bool = False
    token: CancelToken = field(default_factory=CancelToken)
    #: Held while an event is handed out: keeps a job's events in order over threads.
    emitting: threading.RLock = field(default_factory=threading.RLock)

    @property
    def ended(self) -> bool:
        """Whether a terminal event went out."""
        return self.state in ENDED

    def info(self) -> JobInfo:
        """Return the frozen view."""
        return JobInfo(
            id=self.id,
            request=self.request,
            state=self.state,
            label=self.request.label or _TITLES.get(self.request.capability.split(".")[0], "Job"),
            model=self.model or self.request.model,
            priority=self.priority,
            step=self.step,
            total=self.total,
            remaining_s=self.remaining_s,
            message=self.message,
            created_at=self.created_at,
            held=self.held,
        )


_TITLES = {"text": "Text", "image": "Picture", "audio": "Sound", "video": "Video"}

"""Everything the engine tells about a job, in order, as frozen data.

``Queued, Started, ModelLoading*, (Progress | Notice | TextDelta | Preview | AudioChunk)*``, then
**exactly one** of ``Finished | Failed | Cancelled``, whatever happens. Only ``Progress``,
``ModelLoading`` and ``Preview`` may be dropped on the way (newest wins); nothing else ever is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from studio.core.artifacts import Artifact
from studio.core.media import Picture, Sound


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event has.

    Attributes:
        job_id: The job it belongs to, as ``Engine.submit`` returned it.
    """

    job_id: str


@dataclass(frozen=True, kw_only=True)
class Queued(Event):
    """The job is stored and waits for its turn."""


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """The job's worker runs.

    Attributes:
        model: Id of the model that answers (resolved, never empty).
        device: Name of the device, such as "CPU" or "NVIDIA RTX 4070".
    """

    model: str
    device: str


@dataclass(frozen=True, kw_only=True)
class ModelLoading(Event):
    """The model is being loaded.

    Attributes:
        fraction: 0..1, or ``None`` when unknown.
        message: What happens now, for the user.
    """

    fraction: float | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Progress(Event):
    """How far the job is.

    Attributes:
        step: Steps, tokens or chunks done.
        total: How many there will be at most.
        remaining_s: Estimate of the time left in seconds; ``None`` until it is known.
    """

    step: int
    total: int
    remaining_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class TextDelta(Event):
    """The next piece of text, whole characters only."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Preview(Event):
    """What a picture looks like so far; a newer one stands in for it.

    Attributes:
        picture: The picture, often smaller than the finished one.
        index: Which of the pictures of the job it is, from 0.
        step: Steps done.
    """

    picture: Picture
    index: int = 0
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class AudioChunk(Event):
    """The next piece of sound, to be played while the rest is made; never dropped."""

    sound: Sound


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something the user should know about how the job is done, such as a text cut short.

    Attributes:
        message: One plain sentence.
        code: A stable word for programs, such as "context_cut".
    """

    message: str
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """The job is done; terminal."""

    artifact: Artifact


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """The job failed; terminal.

    Attributes:
        message: What happened, for the user.
        hint: What to do.
        details: Everything else (type, facts, traceback as text) for "copy details".
        code: The error's class name, for programs.
    """

    message: str
    hint: str = ""
    details: str = field(default="", repr=False)
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class Cancelled(Event):
    """The user stopped the job; terminal. What came before stays with the user."""


Terminal: TypeAlias = Finished | Failed | Cancelled
TERMINAL = (Finished, Failed, Cancelled)

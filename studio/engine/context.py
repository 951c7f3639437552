"""What a backend sees of the engine while it loads and generates; runs on the job's worker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from studio.core.errors import OutOfMemoryError
from studio.core.events import (
    AudioChunk,
    Event,
    ModelLoading,
    Notice,
    Preview,
    Progress,
    TextDelta,
)
from studio.core.inputs import InputRef, InputStore
from studio.core.media import Picture, Sound
from studio.engine.api import JobCancelled
from studio.engine.jobs import CancelToken
from studio.engine.lease import DeviceLease, Ticket
from studio.models.info import ModelInfo

#: Total of the steps told by a job of several phases.
PHASE_STEPS = 1000
#: Progress events over which the rate is measured, and the least time they must span.
_WINDOW = 32
_SETTLED_S = 0.25
#: Previews are shown at most this often.
_PREVIEW_EVERY_S = 1 / 30

ModelsOfRole = Callable[[str], tuple[ModelInfo, ...]]
"""Returns the models of the store that have a role."""


class Emit(Protocol):
    """How the runner hands out an event of its job."""

    def __call__(self, event: Event) -> None:
        """Tell all subscribers, in order."""


class RateEstimate:
    """Works out the time left from the steady rate of steps.

    The first step is left out: it holds what only happens once, such as reading the prompt.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque(maxlen=_WINDOW)

    def remaining_s(self, step: int, total: int) -> float | None:
        """Note that ``step`` of ``total`` are done now; return the seconds left, if known."""
        now = self._clock()
        if self._seen and step < self._seen[-1][1]:
            self._seen.clear()
        if step > 0:
            self._seen.append((now, step))
        if len(self._seen) < 2:
            return None
        since, first = self._seen[0]
        done, spent = step - first, now - since
        if done < 2 or spent < _SETTLED_S:
            return None
        return max(0.0, (total - step) * spent / done)

    def paused(self, seconds: float) -> None:
        """Leave out time in which somebody else had the device."""
        self._seen = deque(((at + seconds, step) for at, step in self._seen), maxlen=_WINDOW)


class Replay:
    """Swallows what a repeated attempt says again, so that subscribers hear it once.

    After memory ran out in the middle of a text, the job begins again with more room. The same
    request gives the same text, so what was told already is compared and left out; a text that
    turns out different cannot be told any more, and the job ends.
    """

    def __init__(self) -> None:
        self._told: list[str] = []
        self._again = ""

    def restart(self) -> None:
        """Expect everything told so far once more."""
        self._told = ["".join(self._told)]
        self._again = self._told[0]

    def fresh(self, delta: str) -> str:
        """Return the part of ``delta`` that nobody heard yet.

        Raises:
            OutOfMemoryError: The repeated text differs from the one told before.
        """
        if not self._again:
            self._told.append(delta)
            return delta
        known = min(len(delta), len(self._again))
        if delta[:known] != self._again[:known]:
            raise OutOfMemoryError(
                "Memory ran out in the middle of this text, and it could not be taken up again.",
                hint="What was written so far stays. Ask for fewer tokens, or choose a smaller "
                "model.",
            )
        self._again = self._again[known:]
        if delta[known:]:
            self._told.append(delta[known:])
        return delta[known:]


class Loading:
    """The :class:`~studio.engine.api.LoadContext` of one load.

    Args:
        tell: Called with fraction and message.
        token: The user's wish to stop.
        give_up: Says that a more urgent job waits, for which this load is better left.
        store_models: Returns the store's models of a role.
    """

    def __init__(
        self,
        tell: Callable[[float | None, str], None],
        token: CancelToken,
        give_up: Callable[[], bool],
        store_models: ModelsOfRole = lambda role: (),
    ) -> None:
        self._tell = tell
        self._token = token
        self._give_up = give_up
        self._store_models = store_models
        self.gave_up = False

    def loading(self, fraction: float | None, message: str) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        self.raise_if_cancelled()
        if fraction is not None:
            fraction = min(1.0, max(0.0, float(fraction)))
        self._tell(fraction, str(message))

    def raise_if_cancelled(self) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        self._token.raise_if_cancelled()
        if self._give_up():
            self.gave_up = True
            raise JobCancelled

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """See :class:`studio.engine.api.LoadContext`."""
        return self._store_models(role)


class Generating:
    """The :class:`~studio.engine.api.JobContext` of one job."""

    def __init__(
        self,
        job_id: str,
        *,
        emit: Emit,
        token: CancelToken,
        lease: DeviceLease,
        ticket: Ticket,
        inputs: InputStore,
        find_model: Callable[[str], ModelInfo],
        store_models: ModelsOfRole = lambda role: (),
    ) -> None:
        self._job_id = job_id
        self._emit = emit
        self._token = token
        self._lease = lease
        self._ticket = ticket
        self._inputs = inputs
        self._find_model = find_model
        self._store_models = store_models
        self._rate = RateEstimate()
        self._replay = Replay()
        self._next_preview = 0.0
        self._lent: dict[str, bytes] = {}
        # Sound told before memory ran out, in samples to be left out when it is told again.
        self._sound_told = 0
        self._sound_again = 0
        #: Seconds in which somebody else had the device.
        self.paused_s = 0.0

    def checkpoint(self) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        # Both looks are repeated here, and not left to the lease, to save a call per token.
        if self._token.cancelled or self._lease.urgent < self._ticket.priority:
            before = time.monotonic()
            if self._lease.checkpoint(self._ticket, self._token):
                paused_s = time.monotonic() - before
                self.paused_s += paused_s
                self._rate.paused(paused_s)

    def raise_if_cancelled(self) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        self._token.raise_if_cancelled()

    def loading(self, fraction: float | None, message: str) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        if fraction is not None:
            fraction = min(1.0, max(0.0, float(fraction)))
        self._emit(ModelLoading(job_id=self._job_id, fraction=fraction, message=str(message)))

    def progress(self, step: int, total: int) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        step, total = int(step), max(0, int(total))
        step = min(max(0, step), total) if total else max(0, step)
        remaining_s = self._rate.remaining_s(step, total) if total else None
        self._emit(Progress(job_id=self._job_id, step=step, total=total, remaining_s=remaining_s))

    def text(self, delta: str) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        if not isinstance(delta, str):
            raise TypeError(f"text is a str, not {type(delta).__name__}")
        fresh = self._replay.fresh(delta)
        if fresh:
            self._emit(TextDelta(job_id=self._job_id, text=fresh))

    def notice(self, message: str, code: str = "") -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._emit(Notice(job_id=self._job_id, message=str(message), code=str(code)))

    def wants_preview(self) -> bool:
        """See :class:`studio.engine.api.JobContext`."""
        return time.monotonic() >= self._next_preview

    def preview(self, picture: Picture, *, index: int = 0, step: int = 0) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._next_preview = time.monotonic() + _PREVIEW_EVERY_S
        self._emit(Preview(job_id=self._job_id, picture=picture, index=index, step=step))

    def audio(self, sound: Sound) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        size = len(sound.samples)
        known = min(size, self._sound_again)
        self._sound_again -= known
        if known < size:
            fresh = replace(sound, samples=sound.samples[known:]) if known else sound
            self._sound_told += size - known
            self._emit(AudioChunk(job_id=self._job_id, sound=fresh))

    def input(self, ref: InputRef) -> bytes:
        """See :class:`studio.engine.api.JobContext`."""
        lent = self._lent.get(ref.sha256)
        return self._inputs.get(ref) if lent is None else lent

    def lend(self, ref: InputRef, data: bytes) -> None:
        """Give this job alone a sound that is to lie nowhere else: the reading of a consent."""
        self._lent[ref.sha256] = data

    def find_model(self, name: str) -> ModelInfo:
        """See :class:`studio.engine.api.JobContext`."""
        return self._find_model(name)

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """See :class:`studio.engine.api.LoadContext`."""
        return self._store_models(role)

    def sub(self, offset: float, length: float) -> Part:
        """See :class:`studio.engine.api.JobContext`."""
        return Part(self, offset, length)

    def restart(self) -> None:
        """The same request is answered once more, from its beginning."""
        self._replay.restart()
        # The same request gives the same sound, so what was played is left out by its length.
        self._sound_again = self._sound_told
        self._rate = RateEstimate()


class Part:
    """A phase of a job: its steps fill a part of the whole, everything else passes through."""

    def __init__(self, whole: Generating | Part, offset: float, length: float) -> None:
        if not (0 <= offset <= 1 and 0 <= length <= 1 and offset + length <= 1 + 1e-9):
            raise ValueError(f"a part from {offset} of length {length} leaves 0..1")
        self._whole = whole
        self._offset = offset
        self._length = length

    def checkpoint(self) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.checkpoint()

    def raise_if_cancelled(self) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        self._whole.raise_if_cancelled()

    def loading(self, fraction: float | None, message: str) -> None:
        """See :class:`studio.engine.api.LoadContext`."""
        self._whole.loading(fraction, message)

    def text(self, delta: str) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.text(delta)

    def notice(self, message: str, code: str = "") -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.notice(message, code)

    def wants_preview(self) -> bool:
        """See :class:`studio.engine.api.JobContext`."""
        return self._whole.wants_preview()

    def preview(self, picture: Picture, *, index: int = 0, step: int = 0) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.preview(picture, index=index, step=step)

    def audio(self, sound: Sound) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.audio(sound)

    def input(self, ref: InputRef) -> bytes:
        """See :class:`studio.engine.api.JobContext`."""
        return self._whole.input(ref)

    def find_model(self, name: str) -> ModelInfo:
        """See :class:`studio.engine.api.JobContext`."""
        return self._whole.find_model(name)

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """See :class:`studio.engine.api.LoadContext`."""
        return self._whole.store_models(role)

    def progress(self, step: int, total: int) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        done = min(1.0, max(0.0, step / total)) if total > 0 else 0.0
        fraction = self._offset + self._length * done
        self._whole.progress(round(fraction * PHASE_STEPS), PHASE_STEPS)

    def sub(self, offset: float, length: float) -> Part:
        """See :class:`studio.engine.api.JobContext`."""
        return Part(self, offset, length)

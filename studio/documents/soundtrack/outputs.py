"""Where sound goes: what playing needs of an output, and one that is only a clock.

A stream is used by one thread. It is written to, never calls back: the buffer behind it is
emptied by the system without Python, so nothing that holds the interpreter can be heard as long
as it is shorter than that buffer. See packaging/docs/decisions/0152.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from studio.core.errors import StudioError
from studio.documents.soundtrack.sound_files import Samples

BUFFER_S = 6.0
"""How much lies ready in the system's own buffer. Importing large libraries stalls Python for
0.1 s in one piece on an idle computer, and for 2 s on one with other things to do. What is thrown
away when something changes must be mixed again before it is heard, which takes a few hundredths
of what it lasts."""
QUICK_BUFFER_S = 0.4
"""For what shall be heard as soon as it is made; a device may wait until its buffer is full."""
MAX_BUFFER_S = 12.0
"""Where that was not enough, the buffer doubles up to this."""
STUCK_S = 3.0
"""A device that moves nothing for so long is gone, whatever it says."""


class SoundDeviceError(StudioError):
    """No sound can be played or recorded there, now."""


class OutputStream(Protocol):
    """An open output."""

    def room(self) -> int:
        """Return how many samples can be written now without waiting."""

    def write(self, samples: Samples) -> bool:
        """Write float32 (samples, 2), no more than :meth:`room`; starts playing.

        Returns:
            Whether the output ran dry before this.

        Raises:
            SoundDeviceError: The device is gone.
        """

    @property
    def delay(self) -> int:
        """How many of the samples written are not heard yet."""

    def drop(self) -> None:
        """Fall silent at once and forget what was written."""

    def close(self) -> None:
        """Give the device back."""


class Output(Protocol):
    """Something that can be played on."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    def open(self, sampling_rate: int, buffer_s: float) -> OutputStream:
        """Open it; may take a while.

        Args:
            sampling_rate: In Hz.
            buffer_s: How much shall lie ready in the system's buffer.

        Raises:
            SoundDeviceError: There is none, or it is in use or gone.
        """


class NullOutput:
    """Plays to nowhere in real time: for tests, measurements and computers without sound.

    Args:
        clock: Returns seconds.
        begins_full: Be silent until the buffer is full, as ALSA and PulseAudio are.

    Attributes:
        heard: Called with what is heard as it is heard, when set; what is dropped never is.
        streams: Every stream that was opened.
        begun: How often something began to be heard.
    """

    name = "Nowhere"

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, begins_full: bool = False
    ) -> None:
        self._clock = clock
        self.begins_full = begins_full
        self.begun = 0
        self.heard: Callable[[Samples], None] | None = None
        self.streams: list[NullStream] = []
        self._gone: SoundDeviceError | None = None

    def open(self, sampling_rate: int, buffer_s: float = BUFFER_S) -> NullStream:
        """Open a stream that holds as much as a device's buffer.

        Raises:
            SoundDeviceError: :meth:`unplug` was called.
        """
        if self._gone is not None:
            raise self._gone
        stream = NullStream(self, round(buffer_s * sampling_rate), sampling_rate, self._clock)
        self.streams.append(stream)
        return stream

    @property
    def underflows(self) -> int:
        """How often any stream ran dry while it played."""
        return sum(stream.underflows for stream in self.streams)

    def unplug(self, error: SoundDeviceError | None = None) -> None:
        """Be gone from now on, as a headset that is pulled out."""
        self._gone = error or SoundDeviceError("The sound device is gone.")

    def plug_in(self) -> None:
        """Be there again."""
        self._gone = None

    def check(self) -> None:
        """Raise what :meth:`unplug` said."""
        if self._gone is not None:
            raise self._gone


class NullStream:
    """A stream of :class:`NullOutput`: takes samples at the pace of a clock."""

    def __init__(
        self, output: NullOutput, capacity: int, sampling_rate: int, clock: Callable[[], float]
    ) -> None:
        self._output = output
        self._rate = sampling_rate
        self._clock = clock
        self._lock = threading.Lock()
        self._started: float | None = None
        self._written = 0
        self._told = 0
        self._waiting: deque[Samples] = deque()
        self.capacity = capacity
        self.underflows = 0

    def room(self) -> int:
        """Return how many samples fit now."""
        self._output.check()
        return max(0, self.capacity - self.delay)

    def write(self, samples: Samples) -> bool:
        """Take samples; tells whether it ran dry since the last ones."""
        self._output.check()
        with self._lock:
            now = self._clock()
            dry = self._started is not None and self._advance(now) > self._written
            if dry:  # a device plays silence meanwhile
                self.underflows += 1
                self._started, self._written, self._told = None, 0, 0
            self._written += len(samples)
            self._waiting.append(samples)
            full = self._written >= self.capacity
            if self._started is None and (full or not self._output.begins_full):
                self._started = now
                self._output.begun += 1
        return dry

    @property
    def delay(self) -> int:
        """Samples that are not played yet."""
        with self._lock:
            if self._started is None:
                return self._written
            return max(0, self._written - self._advance(self._clock()))

    def drop(self) -> None:
        """Forget what was written and is not heard."""
        with self._lock:
            if self._started is not None:
                self._advance(self._clock())
            self._started, self._written, self._told = None, 0, 0
            self._waiting.clear()

    def close(self) -> None:
        """Be closed."""
        self.drop()

    def _advance(self, now: float) -> int:
        """Tell what was heard since the last time; returns how much would have been by now."""
        assert self._started is not None
        played = int((now - self._started) * self._rate)
        due = min(played, self._written) - self._told
        while due > 0:
            first = self._waiting.popleft()
            if len(first) > due:
                self._waiting.appendleft(first[due:])
                first = first[:due]
            due -= len(first)
            self._told += len(first)
            if self._output.heard is not None:
                self._output.heard(first)
        return played

"""Where recordings come from: what recording needs of an input, and one that is only a clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.documents.soundtrack.sound_files import Samples

INPUT_BUFFER_S = 2.0
"""How much the system keeps of what was not read yet: all that a crash may lose."""


class InputStream(Protocol):
    """An open input; used by one thread."""

    @property
    def sampling_rate(self) -> int:
        """What it really gives, in Hz."""

    @property
    def channels(self) -> int:
        """How many."""

    def read(self, timeout_s: float) -> tuple[Samples, bool]:
        """Return what came meanwhile, waiting a moment for the first of it.

        Returns:
            float32 (samples, channels), and whether something was lost before it.

        Raises:
            SoundDeviceError: The device is gone.
        """

    def close(self) -> None:
        """Give the device back."""


class Input(Protocol):
    """Something that can be recorded from."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    def open(self, sampling_rate: int, channels: int) -> InputStream:
        """Open it; may take a while.

        Args:
            sampling_rate: What is wanted, in Hz; it may give another.
            channels: At most so many.

        Raises:
            SoundDeviceError: There is none, or it is in use or gone.
        """


class SignalInput:
    """Gives a computed signal in real time: for tests, and to try recording without a microphone.

    Args:
        signal: (start, samples) to float32 (samples, channels).
        clock: Returns seconds.
    """

    name = "Signal"

    def __init__(
        self,
        signal: Callable[[int, int], Samples],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signal = signal
        self._clock = clock
        self._gone: SoundDeviceError | None = None

    def open(self, sampling_rate: int, channels: int) -> SignalStream:
        """Open a stream.

        Raises:
            SoundDeviceError: :meth:`unplug` was called.
        """
        self.check()
        width = self._signal(0, 1).shape[1]
        return SignalStream(self, self._signal, sampling_rate, min(width, channels), self._clock)

    def unplug(self, error: SoundDeviceError | None = None) -> None:
        """Be gone from now on."""
        self._gone = error or SoundDeviceError("The microphone is gone.")

    def check(self) -> None:
        """Raise what :meth:`unplug` said."""
        if self._gone is not None:
            raise self._gone


class SignalStream:
    """A stream of :class:`SignalInput`."""

    def __init__(
        self,
        source: SignalInput,
        signal: Callable[[int, int], Samples],
        sampling_rate: int,
        channels: int,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._signal = signal
        self._clock = clock
        self._began = clock()
        self._given = 0
        self._pause = threading.Event()
        self.sampling_rate = sampling_rate
        self.channels = channels

    def read(self, timeout_s: float) -> tuple[Samples, bool]:
        """Return what the clock says has come."""
        self._source.check()
        count = self._due()
        if count <= 0:
            self._pause.wait(min(timeout_s, 0.02))
            count = self._due()
        if count <= 0:
            return np.zeros((0, self.channels), np.float32), False
        samples = self._signal(self._given, count)[:, : self.channels]
        self._given += count
        return samples, False

    def close(self) -> None:
        """Be closed."""
        self._pause.set()

    def _due(self) -> int:
        return int((self._clock() - self._began) * self.sampling_rate) - self._given

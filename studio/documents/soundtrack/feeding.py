"""Feeding an output from a ring: the thread between what makes sound and what plays it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from studio.core.errors import StudioError
from studio.documents.soundtrack.outputs import (
    BUFFER_S,
    MAX_BUFFER_S,
    STUCK_S,
    Output,
    OutputStream,
    SoundDeviceError,
)
from studio.documents.soundtrack.ring import Ring
from studio.documents.soundtrack.sound_files import Samples

FEED_FRAMES = 2048
LEVEL_FRAMES = 1024
PRIME_S = 0.5
"""How much must be ready before a device is begun to be filled; half its buffer at most."""
_TICK_S = 0.01


@dataclass(frozen=True)
class Levels:
    """How loud it is, left and right.

    Attributes:
        peak: Largest sample, 0..1 and beyond.
        rms: Root of the mean square.
    """

    peak: tuple[float, float] = (0.0, 0.0)
    rms: tuple[float, float] = (0.0, 0.0)


SILENT = Levels()


class Feeder:
    """A ring, the thread that empties it into an output, and what is heard of it.

    Whoever makes sound calls :meth:`write` from one thread; everything else may be called from
    any. The output is opened, written to and closed by the feeding thread only.

    Args:
        output: Where to play.
        sampling_rate: In Hz.
        ahead_s: How much may be written ahead.
        ended: Called on the feeding thread when all was heard after :meth:`finish` (with
            ``None``), or when the output failed.
        buffer_s: How much to keep in the output's own buffer.
        may_deepen: Use a deeper buffer after the output ran dry; not where what is to be played
            may come late anyway.

    Attributes:
        volume: Factor of what is played; levels do not change with it.
        underflows: How often the output ran dry while there was more to come.
    """

    def __init__(
        self,
        output: Output,
        sampling_rate: int,
        ahead_s: float,
        ended: Callable[[StudioError | None], None],
        *,
        buffer_s: float = BUFFER_S,
        may_deepen: bool = True,
    ) -> None:
        self._ring = Ring(round(ahead_s * sampling_rate))
        self._rate = sampling_rate
        self._ended = ended
        self._condition = threading.Condition()
        self._output = output
        self._stream: OutputStream | None = None
        self._epoch = 0
        self._feeding = False
        self._finishing = False
        self._primed = False
        self._closing = False
        self._buffer_s = buffer_s
        self._may_deepen = may_deepen
        self._fed = self._brimming = False
        self._padding = self._left = 0
        self._padded_enough = False
        self._cursor = _Cursor(sampling_rate)
        self._furthest = 0
        self._waiting_since = 0.0
        self._levels: deque[tuple[int, Levels]] = deque()
        self._thread: threading.Thread | None = None
        self.volume = 1.0
        self.underflows = 0

    # --- the maker's side -------------------------------------------------------------------

    def room(self) -> int:
        """Return how many samples can be written."""
        return self._ring.room()

    @property
    def written(self) -> int:
        """The place of the next sample that is written."""
        return self._ring.written

    @property
    def taken(self) -> int:
        """The place of the next sample the output gets."""
        return self._ring.read

    def write(self, samples: Samples) -> None:
        """Add float32 (samples, 2); there must be room."""
        place = self._ring.written
        self._ring.write(samples)
        levels = _levels_of(samples, place)
        with self._condition:
            self._levels.extend(levels)
            self._condition.notify_all()

    def wait_for_room(self, count: int, timeout_s: float) -> bool:
        """Wait until so many samples can be written; return whether they can."""
        with self._condition:
            return self._condition.wait_for(lambda: self._ring.room() >= count, timeout_s)

    def forget_after(self, margin: int) -> int:
        """Take back what was written, but for the next ``margin`` samples; it goes on there."""
        with self._condition:
            self._finishing = False
            place = self._ring.forget_after(margin)
            while self._levels and self._levels[-1][0] > place:
                self._levels.pop()
            return place

    def finish(self) -> None:
        """Nothing more comes: when all is heard, ``ended`` is called."""
        with self._condition:
            self._finishing = True
            self._condition.notify_all()

    # --- control ----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin feeding; the output is opened when there is something to play."""
        with self._condition:
            self._feeding = True
            self._finishing = False
            self._epoch += 1
            self._waiting_since = time.monotonic()
            self._cursor.stand_at(self._ring.read)
            self._furthest = self._ring.read
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sound-feeding", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def halt(self) -> None:
        """Fall silent now and forget everything written."""
        with self._condition:
            self._feeding = self._finishing = False
            self._epoch += 1
            self._ring.clear()
            self._levels.clear()
            self._condition.notify_all()

    def set_output(self, output: Output) -> None:
        """Play elsewhere from the next start on; halts."""
        self.halt()
        with self._condition:
            self._output = output
            self._epoch += 1
            self._condition.notify_all()

    @property
    def output(self) -> Output:
        """Where it plays."""
        return self._output

    def heard(self) -> int:
        """Return the place of the sample that is heard now."""
        with self._condition:
            place = self._cursor.place if not self._feeding else self._cursor.now()
            self._furthest = max(self._furthest, min(self._ring.read, place))
            return self._furthest

    def levels(self) -> Levels:
        """Return how loud it is now."""
        place = self.heard()
        with self._condition:
            if not self._feeding:
                return SILENT
            while self._levels and self._levels[0][0] <= place:
                self._levels.popleft()
            return self._levels[0][1] if self._levels else SILENT

    def close(self) -> None:
        """End the thread and give the output back."""
        self.halt()
        with self._condition:
            self._closing = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # --- the feeding thread -----------------------------------------------------------------

    def _run(self) -> None:
        epoch = 0
        opened: Output | None = None
        while True:
            with self._condition:
                # Whoever waits for room must be woken by time where no write wakes them.
                self._condition.wait_for(
                    lambda seen=epoch: self._closing or self._feeding or self._epoch != seen  # type: ignore[misc]
                )
                changed, epoch = epoch != self._epoch, self._epoch
                closing, feeding, output = self._closing, self._feeding, self._output
            try:
                if changed:
                    self._fed = self._primed = self._brimming = self._padded_enough = False
                    self._padding = 0
                if (changed or closing) and self._stream is not None:
                    self._stream.drop()
                    if closing or output is not opened or not feeding:
                        self._close_stream()
                if closing:
                    return
                if feeding:
                    if self._stream is None and self._ready():
                        self._stream, opened = output.open(self._rate, self._buffer_s), output
                    self._feed(epoch)
            except SoundDeviceError as error:
                self._fail(error)
                if closing:
                    return

    def _ready(self) -> bool:
        """Whether enough is written ahead to begin; waits a moment where not."""
        enough = round(min(PRIME_S, self._buffer_s / 2) * self._rate)
        with self._condition:
            return self._condition.wait_for(
                lambda: (
                    self._ring.filled() >= enough
                    or (self._finishing and self._ring.filled() > 0)
                    or not self._feeding
                ),
                _TICK_S,
            )

    def _feed(self, epoch: int) -> None:
        stream = self._stream
        if stream is None:
            self._end_if_heard(None)
            return
        if not self._primed and not self._ready():
            self._end_if_heard(stream)
            return
        self._primed = True
        room = stream.room()
        # The first piece is all there is: a stall just after it must not find an empty device.
        count = min(FEED_FRAMES if self._fed else max(FEED_FRAMES, room), self._ring.filled())
        if count == 0:
            self._primed = self._finishing
            self._end_if_heard(stream)
            return
        if room < count:
            if self._brimming or not room:
                self._wait(stream, (count - room) / self._rate)
                return
            count, self._brimming = room, True  # some devices begin only when nothing more fits
        if self._fed and stream.delay == 0 and self._deepened():
            return
        self._waiting_since = time.monotonic()
        self._padding, self._padded_enough = 0, False
        with self._condition:
            if epoch != self._epoch:  # what is in the ring now is for after the drop
                return
            samples = self._ring.take(count)
        if self.volume != 1.0:
            samples *= np.float32(self.volume)
        if stream.write(samples):
            self.underflows += 1
        self._fed = True
        with self._condition:
            if epoch == self._epoch:
                self._cursor.told(self._ring.read - stream.delay)
            self._condition.notify_all()

    def _deepened(self) -> bool:
        """Open the output anew with a deeper buffer after it ran dry, where that may help."""
        self._fed = self._brimming = False
        if not self._may_deepen or self._buffer_s >= MAX_BUFFER_S:
            return False
        self.underflows += 1
        self._buffer_s = min(MAX_BUFFER_S, 2 * self._buffer_s)
        self._close_stream()
        return True

    def _wait(self, stream: OutputStream, pause_s: float) -> None:
        if time.monotonic() - self._waiting_since > STUCK_S:
            raise SoundDeviceError(
                "The sound device does not answer any more.",
                hint="Check that it is connected, then play again.",
            )
        with self._condition:
            epoch = self._epoch
            self._condition.wait_for(
                lambda: self._closing or self._epoch != epoch, max(0.002, min(pause_s, 0.05))
            )

    def _end_if_heard(self, stream: OutputStream | None) -> None:
        with self._condition:
            over = self._feeding and self._finishing and not self._ring.filled()
            epoch = self._epoch
            if not over:
                self._condition.wait(_TICK_S)
                return
        if stream is not None and self._left_to_hear(stream) > 0:
            self._wait(stream, self._left_to_hear(stream) / self._rate)
            return
        with self._condition:
            if epoch != self._epoch:
                return
            self._feeding = False
            self._furthest = self._ring.read
            self._epoch += 1
        self._ended(None)

    def _left_to_hear(self, stream: OutputStream) -> int:
        """Return how much of what was written is not heard yet, silence at the end left out.

        A device begins when its buffer is full, so a short sound is followed by silence.
        """
        while (room := stream.room()) > 0 and not self._padded_enough:
            silence = np.zeros((min(room, FEED_FRAMES), 2), np.float32)
            stream.write(silence)
            self._padding += len(silence)
        self._padded_enough = True
        left = stream.delay - self._padding
        if left != self._left:
            self._left, self._waiting_since = left, time.monotonic()
        with self._condition:
            self._cursor.told(self._ring.read - max(0, left))
        return left

    def _fail(self, error: SoundDeviceError) -> None:
        with self._condition:
            told = self._feeding
            self._cursor.stand_at(self.heard())
            self._feeding = self._finishing = False
            self._epoch += 1
            self._ring.clear()
        self._close_stream()
        if told:
            self._ended(error)

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class _Cursor:
    """Which place is heard now, by the clock, kept in step with what the device says.

    Devices tell their delay in steps, up to a quarter of their buffer each: what they say is
    never more than what is heard. So the clock leads, jumps forward where it is behind, and now
    and then is put back by what it was ahead all the time.
    """

    _WINDOW_S = MAX_BUFFER_S / 4 + 1.0

    def __init__(self, sampling_rate: int) -> None:
        self._rate = sampling_rate
        self.place = 0
        self._at: float | None = None
        self._window = 0.0
        self._ahead: int | None = None

    def stand_at(self, place: int) -> None:
        """Stand still at ``place`` until a device tells more."""
        self.place, self._at, self._ahead = place, None, None

    def now(self) -> int:
        """Return the place that is heard now."""
        if self._at is None:
            return self.place
        return self.place + int((time.monotonic() - self._at) * self._rate)

    def told(self, least: int) -> None:
        """Hear from the device that at least everything before ``least`` was heard."""
        now = time.monotonic()
        ahead = self.now() - least
        if self._at is None or ahead < 0:
            self.place, self._at = max(self.place, least), now
            self._window, self._ahead = now, None
            return
        self._ahead = ahead if self._ahead is None else min(self._ahead, ahead)
        if now - self._window > self._WINDOW_S:
            self.place, self._at = self.now() - self._ahead, now
            self._window, self._ahead = now, None


def _levels_of(samples: Samples, place: int) -> list[tuple[int, Levels]]:
    """Return (place after, levels) of each short stretch."""
    found = []
    for start in range(0, len(samples), LEVEL_FRAMES):
        part = samples[start : start + LEVEL_FRAMES]
        peak = np.abs(part).max(axis=0)
        rms = np.sqrt(np.mean(part * part, axis=0))
        both = Levels((float(peak[0]), float(peak[1])), (float(rms[0]), float(rms[1])))
        found.append((place + start + len(part), both))
    return found

"""Playing a sound document: mixed far ahead on one thread, fed to the output by another.

``Player`` may be used from any thread and never waits: what it is told happens on its own
threads, and what came of it is told to whoever subscribed. A device that is missing or pulled
out stops the playing, keeps the position and is told once; the next press of play uses the
system's choice.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from studio.core.errors import StudioError
from studio.documents.soundtrack.changes import Change
from studio.documents.soundtrack.devices import DeviceOutput
from studio.documents.soundtrack.feeding import Feeder, Levels
from studio.documents.soundtrack.mixer import Mix, ReadSource
from studio.documents.soundtrack.model import MAX_POSITION
from studio.documents.soundtrack.outputs import Output
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.soundtrack import Soundtrack

AHEAD_S = 3.0
"""How far the mixing runs ahead of what is heard."""
BLOCK_S = 0.2
EDIT_MARGIN_S = 0.1
SETTLE_S = 0.1
"""Edits that follow each other as quickly as this are heard together, when they are over."""
SCRUB_S = 0.08
_EVERYTHING = (0, MAX_POSITION)

State = Literal["stopped", "playing", "paused"]


@dataclass(frozen=True, kw_only=True)
class PlayerEvent:
    """What became of the playing.

    Attributes:
        state: "stopped", "playing" or "paused".
        position: On the time line.
        error: Why it stopped, when it was not wanted.
        at_end: It stopped because there was nothing more to play.
    """

    state: State
    position: int
    error: StudioError | None = None
    at_end: bool = False


@dataclass(frozen=True)
class _Segment:
    """A stretch of the ring that is a stretch of the time line."""

    place: int
    position: int
    count: int


class Player:
    """Plays a document as it is edited.

    Args:
        soundtrack: What to play.
        read: Where sounds are read from, :meth:`SourcePool.read`.
        output: Where to play, and where to play again when another output fails; the system's
            choice when left out.

    Attributes:
        looping: Play the document's loop over and over.
        endless: Go on behind the last clip, for recording.
    """

    def __init__(
        self, soundtrack: Soundtrack, read: ReadSource, output: Output | None = None
    ) -> None:
        self._soundtrack = soundtrack
        self._read = read
        self._rate = soundtrack.sampling_rate
        self._default: Output = output or DeviceOutput()
        self._feeder = Feeder(self._default, self._rate, AHEAD_S, self._ended)
        self._condition = threading.Condition()
        self._state: State = "stopped"
        self._position = 0
        self._began = 0
        self._epoch = 0
        self._mixing = False
        self._remix = False
        self._stale: tuple[int, int] | None = None
        self._settled_at = 0.0
        self._scrub: int | None = None
        self._scrubbing = False
        self._mix_position = 0
        self._segments: deque[_Segment] = deque()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[PlayerEvent], None]] = []
        self._stop_listening = soundtrack.subscribe(self._changed)
        self._looping = False
        self.endless = False

    # --- what is going on -------------------------------------------------------------------

    @property
    def state(self) -> State:
        """Whether it plays."""
        return self._state

    @property
    def position(self) -> int:
        """What is heard now, or where playing begins; cheap, for a cursor that moves."""
        with self._condition:
            if self._state != "playing":
                return self._position
            return self._heard_position()

    def levels(self) -> Levels:
        """Return how loud it is now; silence while nothing plays."""
        return self._feeder.levels()

    @property
    def underflows(self) -> int:
        """How often the output ran dry, since the player was made."""
        return self._feeder.underflows

    @property
    def volume(self) -> float:
        """Of the listening, 0..1; no part of the document."""
        return self._feeder.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._feeder.volume = min(1.0, max(0.0, volume))
        self.refresh()

    @property
    def looping(self) -> bool:
        """Whether the document's loop is played over and over."""
        return self._looping

    @looping.setter
    def looping(self, looping: bool) -> None:
        self._looping = looping
        self.refresh()

    def subscribe(self, listener: Callable[[PlayerEvent], None]) -> Callable[[], None]:
        """Be told when it starts, pauses, stops or fails, on any thread. Returns what ends it."""
        with self._condition:
            self._listeners.append(listener)

        def stop() -> None:
            with self._condition:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    # --- control ----------------------------------------------------------------------------

    def play(self, position: int | None = None) -> None:
        """Play from ``position``, or from where it stands; from the beginning at the end."""
        with self._condition:
            start = self.position if position is None else max(0, position)
            if start >= self._soundtrack.end and position is None and not self.endless:
                start = 0
            self._began = start
            self._begin(start)
            event = self._now("playing", start)
        self._tell(event)

    def pause(self) -> None:
        """Stop playing and stay here."""
        with self._condition:
            if self._state != "playing":
                return
            position = self._heard_position()
            self._end()
            event = self._now("paused", position)
        self._tell(event)

    def stop(self) -> None:
        """Stop playing and go back to where it began."""
        with self._condition:
            self._end()
            event = self._now("stopped", self._began)
        self._tell(event)

    def seek(self, position: int) -> None:
        """Go to another place; goes on playing there when it plays."""
        position = max(0, position)
        with self._condition:
            self._began = position
            if self._state == "playing":
                self._begin(position)
            event = self._now(self._state, position)
        self._tell(event)

    def scrub(self, position: int) -> None:
        """Let a moment at ``position`` be heard, as often as the cursor is dragged."""
        position = max(0, position)
        self.pause()
        with self._condition:
            self._position = self._began = position
            self._scrub, self._remix = position, True
            self._ensure_thread()
            self._condition.notify_all()

    def refresh(self, span: tuple[int, int] | None = None) -> None:
        """Let a change be heard: something was edited, or a sound became ready.

        What lies in the device's buffer is thrown away and made anew, unless ``span``, the
        stretch of the time line that sounds different, is not in it.
        """
        start, end = span or _EVERYTHING
        with self._condition:
            if self._stale is not None:
                start, end = min(start, self._stale[0]), max(end, self._stale[1])
            self._stale = (start, end)
            self._settled_at = time.monotonic() + SETTLE_S
            self._condition.notify_all()

    def set_output(self, output: Output) -> None:
        """Play elsewhere; goes on there when it plays."""
        with self._condition:
            playing, position = self._state == "playing", self.position
            self._end()
            self._feeder.set_output(output)
            if playing:
                self._begin(position)

    @property
    def output(self) -> Output:
        """Where it plays."""
        return self._feeder.output

    def close(self) -> None:
        """Stop, end both threads and give the device back."""
        self._stop_listening()
        with self._condition:
            self._end()
            self._closing = True
            self._condition.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._feeder.close()

    # --- inside -----------------------------------------------------------------------------

    def _begin(self, position: int) -> None:
        self._scrub, self._scrubbing = None, False
        self._stale, self._remix = None, True
        self._restart(position)
        self._ensure_thread()

    def _restart(self, position: int) -> None:
        """Throw away what is not heard yet and go on at ``position``."""
        self._feeder.halt()
        self._epoch += 1
        self._segments.clear()
        self._segments.append(_Segment(self._feeder.written, position, 0))
        self._mix_position = position
        self._mixing = True
        self._feeder.start()
        self._condition.notify_all()

    def _end(self) -> None:
        self._epoch += 1
        self._mixing = False
        self._scrub, self._scrubbing = None, False
        self._feeder.halt()

    def _now(self, state: State, position: int) -> PlayerEvent:
        self._state, self._position = state, position
        return PlayerEvent(state=state, position=position)

    def _tell(self, event: PlayerEvent) -> None:
        with self._condition:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(event)

    def _changed(self, change: Change) -> None:
        if change.kind != "source" and (change.tracks or change.loop or change.order):
            self.refresh(None if change.loop else change.span)

    def _ended(self, error: StudioError | None) -> None:
        """Hear, on the feeding thread, that all was played or the output failed."""
        with self._condition:
            if self._scrubbing:
                self._scrubbing = False
                self._condition.notify_all()
                if error is None:
                    return
            elif self._state != "playing":
                return
            position = self._heard_position() if self._state == "playing" else self._position
            self._mixing = False
            self._epoch += 1
            self._scrub = None
            if error is not None:
                self._feeder.set_output(self._default)
            state: State = "stopped" if error is None else "paused"
            self._now(state, position)
        self._tell(PlayerEvent(state=state, position=position, error=error, at_end=error is None))

    def _heard_position(self) -> int:
        """Return the place on the time line that is heard; the caller holds the lock."""
        heard = self._feeder.heard()
        while len(self._segments) > 1 and self._segments[1].place <= heard:
            self._segments.popleft()
        return self._position_at(heard)

    def _position_at(self, place: int) -> int:
        """Return the place on the time line of a place in the ring; the caller holds the lock."""
        found = [segment for segment in self._segments if segment.place <= place]
        if not found:
            return self._segments[0].position if self._segments else self._position
        last = found[-1]
        return last.position + min(place - last.place, last.count)

    def _ensure_thread(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="sound-mixing", daemon=True)
            self._thread.start()

    # --- the mixing thread ------------------------------------------------------------------

    def _run(self) -> None:
        mix = Mix(self._soundtrack.arrangement)
        while True:
            with self._condition:
                if not self._closing and not self._has_work():
                    self._condition.wait(self._until_settled())
                if self._closing:
                    return
                stale = self._stale if time.monotonic() >= self._settled_at else None
                if stale is not None:
                    self._stale = None
                remix, self._remix = self._remix or stale is not None, False
            if remix:
                mix = Mix(self._soundtrack.arrangement)
            if stale is not None:
                self._go_back(stale)
            if self._mixing:
                self._mix_block(mix)
            elif self._scrub is not None:
                self._mix_grain(mix)

    def _has_work(self) -> bool:
        settled = self._stale is not None and time.monotonic() >= self._settled_at
        return self._mixing or settled or (self._scrub is not None and not self._scrubbing)

    def _until_settled(self) -> float | None:
        """Return how long to wait at most, in seconds."""
        if self._stale is None:
            return None
        return max(0.001, self._settled_at - time.monotonic())

    def _go_back(self, span: tuple[int, int]) -> None:
        """Make anew what was mixed of ``span`` before it changed."""
        with self._condition:
            if self._state != "playing":
                return
            heard = self._heard_position()
            if self._loop() is None and (span[1] <= heard or span[0] >= self._mix_position):
                return
            margin = round(EDIT_MARGIN_S * self._rate)
            if self._loop() is None and span[0] >= self._position_at(self._feeder.taken) + margin:
                self._mix_again_after(margin)
            else:
                self._restart(heard)

    def _mix_again_after(self, margin: int) -> None:
        """Take back what waits in the ring; the device's buffer stays as it is."""
        place = self._feeder.forget_after(margin)
        while len(self._segments) > 1 and self._segments[-1].place >= place:
            self._segments.pop()
        last = self._segments[-1]
        count = max(0, min(last.count, place - last.place))
        self._segments[-1] = _Segment(last.place, last.position, count)
        self._mix_position = last.position + count
        self._mixing = True

    def _mix_block(self, mix: Mix) -> None:
        with self._condition:
            if not self._mixing:
                return
            epoch, position = self._epoch, self._mix_position
        count = self._block_length(mix, position)
        if count <= 0:
            with self._condition:
                if epoch == self._epoch:
                    self._mixing = False
                    self._feeder.finish()
            return
        if not self._feeder.wait_for_room(count, 0.05):
            return
        block = mix.render(self._read, position, count)
        with self._condition:
            if epoch != self._epoch or position != self._mix_position:
                return
            self._segments.append(_Segment(self._feeder.written, position, count))
            self._feeder.write(block)
            self._mix_position = self._after(position + count)

    def _block_length(self, mix: Mix, position: int) -> int:
        count = round(BLOCK_S * self._rate)
        loop = self._loop()
        if loop is not None and position < loop[1]:
            return min(count, loop[1] - position)
        return count if self.endless else min(count, mix.end - position)

    def _after(self, position: int) -> int:
        loop = self._loop()
        return loop[0] if loop is not None and position == loop[1] else position

    def _loop(self) -> tuple[int, int] | None:
        return self._soundtrack.loop if self._looping else None

    def _mix_grain(self, mix: Mix) -> None:
        with self._condition:
            if self._scrub is None or self._scrubbing:
                return
            position, self._scrub = self._scrub, None
            self._scrubbing = True
        count = round(SCRUB_S * self._rate)
        grain = _faded(mix.render(self._read, position, count))
        with self._condition:
            if not self._scrubbing:
                return
            self._feeder.start()
            self._feeder.write(grain)
            self._feeder.finish()


def _faded(grain: Samples) -> Samples:
    """Return a short sound that begins and ends without a click."""
    edge = max(1, len(grain) // 8)
    ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)[:, np.newaxis]
    grain[:edge] *= ramp
    grain[-edge:] *= ramp[::-1]
    return grain

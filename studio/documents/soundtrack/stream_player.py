"""Playing sound while it is made: chunks of a job are heard from the first one on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from studio.core.errors import StudioError
from studio.core.media import Sound
from studio.documents.soundtrack.devices import DeviceOutput
from studio.documents.soundtrack.feeding import SILENT, Feeder, Levels
from studio.documents.soundtrack.outputs import QUICK_BUFFER_S, Output
from studio.documents.soundtrack.resampling import resampled_whole
from studio.documents.soundtrack.sound_files import Samples, to_two_channels

AHEAD_S = 2.0
_PIECE = 4096


class StreamPlayer:
    """Plays ``AudioChunk`` events as they come; for one job. Never waits, from any thread.

    Where chunks come more slowly than they are played, it is silent between them and goes on.

    Args:
        output: Where to play; the system's choice when left out.
        ended: Told once, on a thread of its own: ``None`` when all was heard after
            :meth:`finish`, or the error when the output failed.
    """

    def __init__(
        self,
        output: Output | None = None,
        ended: Callable[[StudioError | None], None] | None = None,
    ) -> None:
        self._output = output
        self._told = ended
        self._condition = threading.Condition()
        self._waiting: deque[Samples] = deque()
        self._finishing = False
        self._stopped = False
        self._rate = 0
        self._feeder: Feeder | None = None
        self._thread: threading.Thread | None = None

    def put(self, sound: Sound) -> None:
        """Add the next piece; all have the sampling rate of the first or are brought to it."""
        samples = to_two_channels(np.nan_to_num(sound.array(), posinf=0.0, neginf=0.0))
        with self._condition:
            if self._stopped or not len(samples):
                return
            if self._feeder is None:
                self._rate = sound.sampling_rate
                self._feeder = Feeder(
                    self._output or DeviceOutput(),
                    self._rate,
                    AHEAD_S,
                    self._ended,
                    buffer_s=QUICK_BUFFER_S,
                    may_deepen=False,
                )
                self._feeder.start()
                self._thread = threading.Thread(target=self._run, name="sound-stream", daemon=True)
                self._thread.start()
            samples = resampled_whole(samples, sound.sampling_rate, self._rate)
            both = samples if samples.shape[1] == 2 else np.repeat(samples, 2, axis=1)
            self._waiting.extend(both[at : at + _PIECE] for at in range(0, len(both), _PIECE))
            self._condition.notify_all()

    def finish(self) -> None:
        """Nothing more comes; what came is played to its end."""
        with self._condition:
            self._finishing = True
            silent = self._feeder is None
            self._condition.notify_all()
        if silent:
            self._ended(None)

    def stop(self) -> None:
        """Fall silent now and give the output back."""
        with self._condition:
            self._stopped = True
            self._waiting.clear()
            self._condition.notify_all()
            thread, feeder = self._thread, self._feeder
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        if feeder is not None:
            feeder.close()

    @property
    def position_s(self) -> float:
        """How much of it was heard, in seconds."""
        feeder = self._feeder
        return feeder.heard() / self._rate if feeder is not None else 0.0

    def levels(self) -> Levels:
        """Return how loud it is now."""
        feeder = self._feeder
        return feeder.levels() if feeder is not None else SILENT

    @property
    def gaps(self) -> int:
        """How often the output ran dry because nothing came."""
        feeder = self._feeder
        return feeder.underflows if feeder is not None else 0

    def _run(self) -> None:
        feeder = self._feeder
        assert feeder is not None
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._finishing or self._stopped)
                if self._stopped:
                    return
                piece = self._waiting.popleft() if self._waiting else None
            if piece is None:
                feeder.finish()
                return
            while not feeder.wait_for_room(len(piece), 0.05):
                if self._stopped:
                    return
            feeder.write(piece)

    def _ended(self, error: StudioError | None) -> None:
        with self._condition:
            told, self._told = self._told, None
            if error is not None:
                self._stopped = True
                self._waiting.clear()
                self._condition.notify_all()
        if told is not None:
            told(error)

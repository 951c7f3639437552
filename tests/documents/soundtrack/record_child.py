"""A process of its own that records a signal into a folder until it is killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from studio.documents.soundtrack.inputs import SignalInput
from studio.documents.soundtrack.recorder import Recorder
from studio.documents.soundtrack.sound_files import Samples


def signal(start: int, frames: int) -> Samples:
    """Return a tone that tells its place: no stretch of a minute is like another."""
    place = np.arange(start, start + frames)
    wave = 0.5 * np.sin(2 * np.pi * 440 * place / 48_000) + 0.3 * (place % 48_000 / 48_000)
    return wave.astype(np.float32)[:, np.newaxis]


if __name__ == "__main__":
    recorder = Recorder(Path(sys.argv[1]), SignalInput(signal))
    recorder.subscribe(lambda event: print(event.state, flush=True))
    recorder.start(position=4711, track_id="track", project_id="p", document_id="d")
    threading.Event().wait()

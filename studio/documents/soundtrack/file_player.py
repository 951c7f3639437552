"""Playing one sound file as it is: decoded block by block while it is heard, on a thread.

Importing this costs nothing: everything heavy comes in on the player's own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.documents.soundtrack.feeding import Feeder
    from studio.documents.soundtrack.outputs import Output
    from studio.documents.soundtrack.sound_files import SoundFileReader

AHEAD_S = 2.0
PIECE = 4096
_WAIT_S = 0.05


class FilePlayer:
    """Plays a file from its beginning to its end, once. Nothing here waits, on any thread.

    Args:
        path: Any file libsndfile reads; it is decoded block by block.
        output: Where to play; the system's choice when left out.
        ended: Told once, on a thread of its own, unless it was stopped: ``None`` when all was
            heard, or the error when the file or the output failed.
    """

    def __init__(
        self,
        path: Path,
        output: Output | None = None,
        ended: Callable[[StudioError | None], None] | None = None,
    ) -> None:
        self._path = path
        self._output = output
        self._told = ended
        self._stopped = threading.Event()
        self._over = threading.Event()
        self._error: StudioError | None = None
        self._feeder: Feeder | None = None
        self._rate = 1
        self._thread = threading.Thread(target=self._run, name="sound-file", daemon=True)

    def start(self) -> None:
        """Begin to play; may be called once."""
        self._thread.start()

    def stop(self) -> None:
        """Fall silent now; the output is given back a moment later."""
        self._stopped.set()
        self._over.set()
        feeder = self._feeder
        if feeder is not None:
            feeder.halt()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until file and output are given back, after :meth:`stop` or at the end."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def position_s(self) -> float:
        """How much of it was heard, in seconds."""
        feeder = self._feeder
        return feeder.heard() / self._rate if feeder is not None else 0.0

    # --- its thread -------------------------------------------------------------------------

    def _run(self) -> None:
        from studio.documents.soundtrack.sound_files import SoundFileReader

        try:
            with SoundFileReader(self._path, self._path.name) as reader:
                self._play(reader)
        except StudioError as error:
            self._error = error
        finally:
            feeder = self._feeder
            if feeder is not None:
                feeder.close()
        if self._told is not None and not self._stopped.is_set():
            self._told(self._error)

    def _play(self, reader: SoundFileReader) -> None:
        from studio.documents.soundtrack.devices import DeviceOutput
        from studio.documents.soundtrack.feeding import Feeder
        from studio.documents.soundtrack.sound_files import empty_sound

        self._rate = reader.sampling_rate
        feeder = Feeder(self._output or DeviceOutput(), self._rate, AHEAD_S, self._ended)
        self._feeder = feeder
        feeder.start()
        if not self._write_all(reader, feeder):
            raise empty_sound(reader.name)
        feeder.finish()
        self._over.wait()

    def _write_all(self, reader: SoundFileReader, feeder: Feeder) -> bool:
        """Hand everything over as there is room; return whether there was anything."""
        import numpy as np

        from studio.documents.soundtrack.sound_files import to_two_channels

        any_sound = False
        step = max(1, min(PIECE, int(AHEAD_S * self._rate) // 2))
        for block in reader.blocks():
            any_sound = True
            block = to_two_channels(block)
            both = block if block.shape[1] == 2 else np.repeat(block, 2, axis=1)
            for at in range(0, len(both), step):
                piece = both[at : at + step]
                while not feeder.wait_for_room(len(piece), _WAIT_S):
                    if self._over.is_set():
                        return True
                if self._over.is_set():
                    return True
                feeder.write(piece)
        return any_sound

    def _ended(self, error: StudioError | None) -> None:
        """Take the feeder's word that all was heard, or that the output failed."""
        self._error = error
        self._over.set()

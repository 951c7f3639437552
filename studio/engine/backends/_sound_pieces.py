"""A long sound that grows piece by piece, without being held in memory for ever.

Eleven hours of speech are four gigabytes. What is longer than :data:`HELD_BYTES` goes on in a
nameless file in the cache folder, and the finished sound is a view of that file.
"""

from __future__ import annotations

import mmap
import tempfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from studio.core.errors import storage_errors
from studio.core.media import Sound
from studio.core.paths import user_folders

#: Half an hour at 24 kHz.
HELD_BYTES = 180_000_000


class SoundPieces:
    """Collects a sound.

    Args:
        sampling_rate: In Hz.
        channels: How many each piece has.
        held_bytes: How much is held in memory before it goes to a file.
        folder: Where that file lies; ``None``: the application's cache.
    """

    def __init__(
        self,
        sampling_rate: int,
        *,
        channels: int = 1,
        held_bytes: int = HELD_BYTES,
        folder: Path | None = None,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.channels = channels
        #: Samples so far.
        self.length = 0
        self._held_bytes = held_bytes
        self._folder = folder
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None

    @property
    def seconds(self) -> float:
        """How long the sound is so far."""
        return self.length / self.sampling_rate

    def add(self, samples: Any) -> Sound:
        """Add a piece (float32, (samples,) or (samples, channels)); return it as a sound.

        Raises:
            StorageError: The disk is full.
        """
        sound = Sound.of(np.asarray(samples, np.float32), self.sampling_rate)
        self.length += len(samples)
        if self._file is None and self.length * 4 * self.channels > self._held_bytes:
            self._begin_file()
        if self._file is None:
            self._pieces.append(sound.samples)
        else:
            with storage_errors(self._place(), "making a long sound"):
                self._file.write(sound.samples)
        return sound

    def sound(self) -> Sound:
        """Return all of it.

        Raises:
            StorageError: The disk is full.
        """
        if self._file is None:
            return self._whole(b"".join(self._pieces))
        with storage_errors(self._place(), "making a long sound"):
            self._file.flush()
            view = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        # A view reads, slices and compares like bytes; the file goes when nothing refers to it.
        return self._whole(cast("bytes", memoryview(view)))

    def close(self) -> None:
        """Give everything back; a sound that was handed out stays."""
        self._pieces = []
        if self._file is not None:
            self._file.close()
            self._file = None

    def _whole(self, samples: bytes) -> Sound:
        return Sound(sampling_rate=self.sampling_rate, channels=self.channels, samples=samples)

    def _begin_file(self) -> None:
        place = self._place()
        with storage_errors(place, "making a long sound"):
            place.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - closed by close()
            for piece in self._pieces:
                self._file.write(piece)
        self._pieces = []

    def _place(self) -> Path:
        return self._folder or user_folders().cache

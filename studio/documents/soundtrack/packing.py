"""How sounds are kept: as FLAC wherever that is the same sound."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from studio.core.errors import storage_errors
from studio.core.media import Sound
from studio.documents.soundtrack.sound_files import SoundFileReader, empty_sound, forward_file
from studio.documents.soundtrack.work import Work


class CatchingFile:
    """A file for libsndfile to write to, which keeps the error its callbacks would swallow.

    Attributes:
        error: The first thing the system said no to.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write; 0 after an error."""
        if self.error is not None:
            return 0
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            return 0

    def read(self, count: int = -1) -> bytes:
        """Read; FLAC goes back to its header."""
        return self._file.read(count)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return 0

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def flush(self) -> None:
        """Do nothing: whoever owns the file does it."""

    def check(self) -> None:
        """Raise the error, if there was one."""
        if self.error is not None:
            raise self.error


def packed_as_flac(reader: SoundFileReader, target: BinaryIO, work: Work) -> None:
    """Write a sound of whole numbers (``reader.whole_bits``) as FLAC: bit for bit the same.

    Raises:
        BadInputError: There is no sound in it.
        StorageError: There is no room.
        WorkCancelled: It was stopped.
    """
    import soundfile

    catching = CatchingFile(target)
    done = 0
    with storage_errors(_named(reader.name), "keeping the sound"):
        try:
            with forward_file()(
                catching,
                "w",
                samplerate=reader.sampling_rate,
                channels=reader.channels,
                format="FLAC",
                subtype=f"PCM_{reader.whole_bits}",
            ) as file:
                for block in reader.blocks():
                    # libsndfile would scale floats by 32767; whole numbers stay what they are.
                    file.write((block * np.float32(2.0**31)).astype(np.int32))
                    done += len(block)
                    catching.check()
                    work.step(done / max(1, reader.frames))
        except (AssertionError, soundfile.LibsndfileError):
            catching.check()
            raise
        catching.check()
    if not done:
        raise empty_sound(reader.name)


def sound_bytes(sound: Sound) -> tuple[bytes, str]:
    """Return a sound as the file it is kept as, and its media type.

    FLAC with 24 bits; samples beyond full scale, or that are no numbers, need a WAV of floats.
    """

    samples = sound.array()
    peak = float(np.abs(samples).max(initial=0.0))
    fits = peak <= 1.0 and sound.channels <= 8  # false for NaN as well
    out = io.BytesIO()
    with forward_file()(
        out,
        "w",
        samplerate=sound.sampling_rate,
        channels=sound.channels,
        format="FLAC" if fits else "WAV",
        subtype="PCM_24" if fits else "FLOAT",
    ) as file:
        if fits:
            whole = np.rint(samples.astype(np.float64) * 2.0**23)
            file.write((np.minimum(whole, 2.0**23 - 1).astype(np.int32)) << 8)
        else:
            file.write(np.ascontiguousarray(samples))
    return out.getvalue(), "audio/flac" if fits else "audio/wav"


def _named(name: str) -> Path:
    return Path(name.replace("\0", "") or "sound")

"""How sounds are kept: as FLAC wherever that is the same sound."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from studio.core.errors import storage_errors
from studio.core.media import Sound
from studio.documents.soundtrack.sound_files import (
    BLOCK,
    Samples,
    SoundFileReader,
    empty_sound,
    forward_file,
)
from studio.documents.soundtrack.work import Work

_FLAC_CHANNELS = 8


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


def packed_samples(
    blocks: Iterable[Samples],
    target: BinaryIO,
    sampling_rate: int,
    channels: int,
    *,
    within_full_scale: bool,
    name: str = "",
) -> str:
    """Write samples as the file they are kept as; returns its media type.

    FLAC with 24 bits; samples beyond full scale, or that are no numbers, need a WAV of floats.

    Args:
        blocks: float32 (samples, channels).
        target: Where to.
        sampling_rate: In Hz.
        channels: How many.
        within_full_scale: Whether every sample is a number in -1..1.
        name: What the user calls it.

    Raises:
        StorageError: There is no room.
    """
    import soundfile

    fits = within_full_scale and channels <= _FLAC_CHANNELS
    catching = CatchingFile(target)
    with storage_errors(_named(name), "keeping the sound"):
        try:
            with forward_file()(
                catching,
                "w",
                samplerate=sampling_rate,
                channels=channels,
                format="FLAC" if fits else "WAV",
                subtype="PCM_24" if fits else "FLOAT",
            ) as file:
                for block in blocks:
                    file.write(_whole_numbers(block) if fits else np.ascontiguousarray(block))
                    catching.check()
        except (AssertionError, soundfile.LibsndfileError):
            catching.check()
            raise
        catching.check()
    return "audio/flac" if fits else "audio/wav"


def _whole_numbers(block: Samples) -> Any:
    """Return samples as the upper 24 of 32 bits; libsndfile would scale floats otherwise."""
    whole = np.rint(block.astype(np.float64) * 2.0**23)
    return np.clip(whole, -(2.0**23), 2.0**23 - 1).astype(np.int32) << 8


def sound_bytes(sound: Sound) -> tuple[bytes, str]:
    """Return a sound as the file it is kept as, and its media type; for short ones."""
    out = io.BytesIO()
    media_type = pack_sound(sound, out)
    return out.getvalue(), media_type


def pack_sound(sound: Sound, target: BinaryIO, name: str = "") -> str:
    """Write a sound as the file it is kept as, block by block; returns its media type."""
    fits = all(float(np.abs(block).max(initial=0.0)) <= 1.0 for block in _blocks(sound))
    return packed_samples(
        _blocks(sound),
        target,
        sound.sampling_rate,
        sound.channels,
        within_full_scale=fits,
        name=name,
    )


def _blocks(sound: Sound) -> Iterator[Samples]:
    samples = sound.array()
    for at in range(0, len(samples), BLOCK):
        yield samples[at : at + BLOCK]


def _named(name: str) -> Path:
    return Path(name.replace("\0", "") or "sound")

"""Reading sound files of any kind block by block, whatever state they are in.

libsndfile (the package soundfile) reads WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and more. Nothing
is decoded as a whole. What had to be mended is told in sentences.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInputError, storage_errors

Samples = NDArray[np.float32]

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf")
"""Names that a dialog for opening sounds offers; what a file is, its bytes tell."""
BLOCK = 65_536
"""Samples in one block, about."""
_STEP = 4096
"""Samples decoded at once: of a file that is cut off, no more than this is lost."""
_MAX_RATE = 384_000
_MAX_CHANNELS = 64
_MANY_BAD = 0.01

# Speakers of WAV's usual orders (FL FR FC LFE BL BR SL SR …), as (left, right) shares; the
# factors for centre and sides are those of ITU-R BS.775-3.
_SIDE = 0.7071
_SHARES: dict[int, tuple[tuple[float, float], ...]] = {
    3: ((1, 0), (0, 1), (_SIDE, _SIDE)),
    4: ((1, 0), (0, 1), (_SIDE, 0), (0, _SIDE)),
    5: ((1, 0), (0, 1), (_SIDE, _SIDE), (_SIDE, 0), (0, _SIDE)),
    6: ((1, 0), (0, 1), (_SIDE, _SIDE), (0, 0), (_SIDE, 0), (0, _SIDE)),
    7: ((1, 0), (0, 1), (_SIDE, _SIDE), (0, 0), (0.5, 0.5), (_SIDE, 0), (0, _SIDE)),
    8: (
        *((1, 0), (0, 1), (_SIDE, _SIDE), (0, 0)),
        *((_SIDE, 0), (0, _SIDE), (_SIDE, 0), (0, _SIDE)),
    ),
}


class SoundFileReader:
    """An open sound file.

    Attributes:
        name: What the user calls it.
        sampling_rate: In Hz.
        channels: How many.
        frames: Samples it says it has; the truth only shows when it is read.
        whole_bits: 16 or 24 where its samples are whole numbers of that width, not compressed
            with loss; 0 otherwise.
        compressed: It takes less room than its samples.
        media_type: What it is.
        notices: What had to be mended so far, in sentences.
    """

    def __init__(self, file: Path | BinaryIO, name: str = "") -> None:
        """Open a file.

        Raises:
            BadInputError: It is no sound that can be read.
            StorageError: The system does not let us read it.
        """
        import soundfile

        self.name = name or (file.name if isinstance(file, Path) else "The sound")
        head = _head(file)
        try:
            self._file: Any = forward_file()(file)
        except soundfile.LibsndfileError as error:
            raise _no_sound(self.name, head) from error
        self.sampling_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int = self._file.frames
        subtype, kind = self._file.subtype, self._file.format
        self.whole_bits = {"PCM_16": 16, "PCM_24": 24}.get(subtype, 0)
        self.compressed = kind in ("FLAC", "OGG", "MP3") or not subtype.startswith(
            ("PCM", "FLOAT", "DOUBLE")
        )
        types = {"FLAC": "audio/flac", "OGG": "audio/ogg", "MP3": "audio/mpeg"}
        self.media_type = types.get(kind, "audio/wav" if "WAV" in kind else "audio/x-" + kind)
        self.notices: list[str] = []
        if _riff_cut_off(head, file):
            self._say(f"{self.name} is cut off; what could be read is here.")
        self._bad = self._loud = self._read = 0
        if not 1 <= self.channels <= _MAX_CHANNELS or not 1 <= self.sampling_rate <= _MAX_RATE:
            self.close()
            raise BadInputError(
                f"{self.name} has {self.channels} channels at {self.sampling_rate} Hz.",
                hint=f"Up to {_MAX_CHANNELS} channels and {_MAX_RATE:,} Hz can be read.",
            )

    def __enter__(self) -> SoundFileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def blocks(self) -> Iterator[Samples]:
        """Yield all of it as float32 (samples, channels), each sample an ordinary number.

        What cannot be read any more is left out; ``notices`` is complete at the end.
        """
        buffer = np.empty((BLOCK, self.channels), np.float32)
        ended = False
        while not ended:
            filled = 0
            while filled < BLOCK and not ended:
                got = self._read_into(buffer[filled : filled + _STEP])
                filled += got
                ended = got == 0
            if filled:
                self._read += filled
                yield self._cleaned(buffer[:filled].copy())
        self._sum_up()

    def _read_into(self, room: Samples) -> int:
        import soundfile

        try:
            return len(self._file.read(out=room))
        except (soundfile.LibsndfileError, RuntimeError):
            self._say(f"{self.name} is damaged or cut off; what could be read is here.")
            return 0

    def _cleaned(self, block: Samples) -> Samples:
        peak = np.abs(block).max(initial=0.0)
        if np.isfinite(peak):
            self._loud += int(np.count_nonzero(np.abs(block) > 1.0)) if peak > 1.0 else 0
            return block
        bad = ~np.isfinite(block)
        self._bad += int(np.count_nonzero(bad))
        block[bad] = 0.0
        return block

    def _sum_up(self) -> None:
        if self._bad:
            share = self._bad / max(1, self._read * self.channels)
            many = " Much of it is silent now." if share > _MANY_BAD else ""
            self._say(
                f"{self.name} had {self._bad:,} samples that are no numbers; they are silent.{many}"
            )
        if self._loud:
            self._say(f"{self.name} is louder than full scale in places; lower its volume.")
        if self._read < self.frames and not self.notices:
            self._say(f"{self.name} is cut off; what could be read is here.")
        if self.channels > 2:
            self._say(f"{self.name} has {self.channels} channels; they were mixed to two.")

    def _say(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)


@functools.cache
def forward_file() -> type[Any]:
    """Return soundfile's class for files that are read or written in order.

    The package seeks to where it is after every block, and an MP3 that is sought in goes on with
    garbage for a while: what says it cannot be sought in is left alone.
    """
    import soundfile

    class ForwardFile(soundfile.SoundFile):  # type: ignore[misc,unused-ignore]
        def seekable(self) -> bool:
            return False

    return ForwardFile


def to_two_channels(block: Samples) -> Samples:
    """Return ``block`` with at most two channels.

    Surround is mixed so that it can never become louder than it was; unknown layouts go to both
    sides in turn.
    """
    channels = block.shape[1]
    if channels <= 2:
        return block
    shares = _SHARES.get(channels) or tuple((1 - n % 2, n % 2) for n in range(channels))
    matrix = np.array(shares, np.float32)
    matrix /= matrix.sum(axis=0).max()
    return np.ascontiguousarray(block @ matrix, dtype=np.float32)


def read_all(file: Path | BinaryIO, name: str = "") -> tuple[Samples, int, tuple[str, ...]]:
    """Return a short sound as (samples, sampling rate, notices); for files that fit in memory.

    Raises:
        BadInputError: It is no sound, or there is none in it.
        StorageError: The system does not let us read it.
    """
    with SoundFileReader(file, name) as reader:
        blocks = list(reader.blocks())
        if not blocks:
            raise empty_sound(reader.name)
        return np.concatenate(blocks), reader.sampling_rate, tuple(reader.notices)


def empty_sound(name: str) -> BadInputError:
    """Return the error for a file without a single sample."""
    return BadInputError(f"There is no sound in {name}.", hint="Choose another file.")


def _head(file: Path | BinaryIO) -> bytes:
    if isinstance(file, Path):
        with storage_errors(file, "opening the sound"), file.open("rb") as opened:
            return opened.read(512)
    place = file.tell()
    head = file.read(512)
    file.seek(place)
    return head


def _riff_cut_off(head: bytes, file: Path | BinaryIO) -> bool:
    """Whether a WAV says it is longer than it is; libsndfile shortens it without a word."""
    said = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or said >= 2**32 - 1:  # written as a stream: it could not know
        return False
    if isinstance(file, Path):
        return said > file.stat().st_size
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(place)
    return said > size


def _no_sound(name: str, head: bytes) -> BadInputError:
    hint = "WAV, FLAC, Ogg Vorbis, Opus, MP3 and AIFF can be read."
    if not head:
        return BadInputError(f"{name} is empty.", hint="Choose another file.")
    if b"\0" not in head and _is_text(head):
        return BadInputError(f"{name} is a text, not a sound.", hint=hint)
    return BadInputError(f"{name} is no sound that can be read, or it is damaged.", hint=hint)


def _is_text(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

"""Decoded sounds on disk: samples at the document's rate, ready to be read anywhere at once.

A cache in the user's cache folder; whatever is missing is made again from the kept file. Samples
are read with positional reads and never memory-mapped, so that an hour of sound takes no more
memory than the piece that is asked for. See packaging/docs/decisions/0150.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from studio.core.atomic_write import atomic_file
from studio.core.errors import BadInputError, DamagedFileError, StorageError, storage_errors
from studio.documents.soundtrack.peaks import Bins, PeakBuilder
from studio.documents.soundtrack.resampling import resampled
from studio.documents.soundtrack.sound_files import (
    Samples,
    SoundFileReader,
    empty_sound,
    to_two_channels,
)
from studio.documents.soundtrack.work import Work

MAGIC = b"triptych sound 1\n"
HEADER_BYTES = 8192
LIMIT_BYTES = 10_000_000_000
"""How large the cache grows before what was not used for longest goes: 15 hours of stereo."""
_BIN_BYTES = 2 * 3


class PcmFile:
    """A decoded sound; any number of threads may read from it.

    Attributes:
        frames: Samples at ``sampling_rate``.
        channels: 1 or 2.
        sampling_rate: The document's, in Hz.
        notices: What had to be mended when it was decoded, in sentences.
    """

    def __init__(self, path: Path) -> None:
        """Open one.

        Raises:
            FileNotFoundError: It was not made yet, or was cleared away.
            DamagedFileError: It is not what was written; make it again.
        """
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        self._descriptor: int | None = os.open(path, flags)
        self._lock = threading.Lock()
        try:
            facts = _facts(self._pread(HEADER_BYTES, 0))
            self.frames = int(facts["frames"])
            self.channels = int(facts["channels"])
            self.sampling_rate = int(facts["sampling_rate"])
            self.notices = tuple(str(each) for each in facts["notices"])
            self._dtype = np.dtype({"i2": "<i2", "f4": "<f4"}[facts["dtype"]])
            self._sizes = tuple(int(size) for size in facts["levels"])
            self._frame_bytes = self._dtype.itemsize * self.channels
            whole = HEADER_BYTES + self.frames * self._frame_bytes
            whole += sum(self._sizes) * self.channels * _BIN_BYTES
            if os.fstat(self._descriptor).st_size != whole:
                raise ValueError("its size is wrong")
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFileError("A decoded sound is damaged.", reason=str(error)) from error

    def __del__(self) -> None:
        # Threads may still read when the pool lets go of it: the last one closes it.
        descriptor = getattr(self, "_descriptor", None)
        if descriptor is not None:
            self._descriptor = None
            os.close(descriptor)

    def read(self, start: int, frames: int) -> Samples:
        """Return float32 (frames, channels) from ``start`` on; silence outside the sound."""
        first, last = max(0, start), min(self.frames, start + frames)
        if first >= last:
            return np.zeros((max(0, frames), self.channels), np.float32)
        place = HEADER_BYTES + first * self._frame_bytes
        raw = self._pread((last - first) * self._frame_bytes, place)
        got = np.frombuffer(raw, self._dtype).reshape(-1, self.channels)
        inside = got.astype(np.float32)
        if self._dtype.itemsize == 2:
            inside *= np.float32(1 / 32768)
        if len(inside) == frames:
            return inside
        out = np.zeros((frames, self.channels), np.float32)
        out[first - start : first - start + len(inside)] = inside
        return out

    def level_sizes(self) -> tuple[int, ...]:
        """Bins of each level of peaks, the finest first."""
        return self._sizes

    def bins(self, level: int, start: int, end: int) -> Bins:
        """Return float16 (end - start, channels, 3) of a level of peaks; 0 outside the sound."""
        first, last = max(0, start), min(self._sizes[level], end)
        out = np.zeros((max(0, end - start), self.channels, 3), np.float16)
        if first < last:
            width = self.channels * _BIN_BYTES
            place = HEADER_BYTES + self.frames * self._frame_bytes
            place += (sum(self._sizes[:level]) + first) * width
            raw = self._pread((last - first) * width, place)
            got = np.frombuffer(raw, "<f2").reshape(-1, self.channels, 3)
            out[first - start : first - start + len(got)] = got
        return out

    def _pread(self, count: int, place: int) -> bytes:
        descriptor = self._descriptor
        assert descriptor is not None
        if hasattr(os, "pread"):
            return os.pread(descriptor, count, place)
        with self._lock:  # Windows has one place for all readers
            os.lseek(descriptor, place, os.SEEK_SET)
            return os.read(descriptor, count)


class PcmCache:
    """The folder of decoded sounds.

    Args:
        folder: Where; made when something is first written.
        sampling_rate: Which all are decoded to, in Hz.
    """

    def __init__(self, folder: Path, sampling_rate: int) -> None:
        self.folder = folder
        self.sampling_rate = sampling_rate

    def path(self, sha256: str) -> Path:
        """Return where the decoded sound lies, or would."""
        return self.folder / sha256[:2] / f"{sha256}-{self.sampling_rate}.pcm"

    def open(self, sha256: str) -> PcmFile | None:
        """Return the decoded sound; ``None`` when it must be made (again)."""
        path = self.path(sha256)
        try:
            found = PcmFile(path)
        except FileNotFoundError:
            return None
        except DamagedFileError:
            self._discard(path)
            return None
        except OSError as error:
            raise StorageError("A decoded sound cannot be read.", reason=str(error)) from error
        with contextlib.suppress(OSError):  # a cache that cannot be written may still be read
            os.utime(path)
        return found

    def make(self, sha256: str, reader: SoundFileReader, work: Work) -> PcmFile:
        """Decode a sound; returns it open.

        Raises:
            BadInputError: There is no sound in it.
            StorageError: There is no room, or the folder cannot be written.
            WorkCancelled: It was stopped; nothing is left behind.
        """
        path = self.path(sha256)
        with atomic_file(path, doing="preparing the sound") as file:
            _write(file, reader, self.sampling_rate, work)
        with storage_errors(path, "preparing the sound"):
            return PcmFile(path)

    def sweep(self, keep: Iterable[str] = (), limit_bytes: int | None = None) -> int:
        """Delete what was not used for longest until the folder is small enough; return how many.

        Args:
            keep: SHA-256 of sounds that stay in any case.
            limit_bytes: How large the folder may be; ``LIMIT_BYTES`` unless told.
        """
        limit_bytes = LIMIT_BYTES if limit_bytes is None else limit_bytes
        kept = set(keep)
        files: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("??/*.pcm"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                files.append((facts.st_mtime, facts.st_size, path))
        left = sum(size for _, size, _ in files)
        gone = 0
        for used_at, size, path in sorted(files):
            if left <= limit_bytes or used_at > time.time():
                break
            if path.name[:64] not in kept and self._discard(path):
                left -= size
                gone += 1
        return gone

    @staticmethod
    def _discard(path: Path) -> bool:
        try:
            path.unlink(missing_ok=True)
        except OSError:  # Windows keeps files that are open; the next sweep takes them
            return False
        return True


def _write(file: BinaryIO, reader: SoundFileReader, rate: int, work: Work) -> None:
    channels = min(2, reader.channels)
    exact = reader.whole_bits == 16 and reader.sampling_rate == rate and reader.channels <= 2
    expected = max(1, round(reader.frames * rate / reader.sampling_rate))
    builder = PeakBuilder(channels)
    frames = 0
    file.write(bytes(HEADER_BYTES))
    blocks = (to_two_channels(block) for block in reader.blocks())
    for block in resampled(blocks, reader.sampling_rate, rate, channels):
        builder.add(block)
        whole = np.rint(block * 32768).astype("<i2") if exact else block.astype("<f4")
        file.write(whole.data)
        frames += len(block)
        work.step(frames / expected)
    if not frames:
        raise empty_sound(reader.name)
    levels = builder.finish()
    for level in levels:
        file.write(level.astype("<f2").tobytes())
    facts = {
        "frames": frames,
        "channels": channels,
        "sampling_rate": rate,
        "dtype": "i2" if exact else "f4",
        "levels": [len(level) for level in levels],
        "notices": reader.notices,
    }
    header = MAGIC + json.dumps(facts).encode("utf-8")
    if len(header) > HEADER_BYTES:
        raise BadInputError("The name of this sound is too long.")
    file.seek(0)
    file.write(header)
    file.seek(0, os.SEEK_END)


def _facts(header: bytes) -> dict[str, Any]:
    if not header.startswith(MAGIC):
        raise ValueError("it begins differently")
    facts = json.loads(header[len(MAGIC) :].rstrip(b"\0"))
    if not isinstance(facts, dict):
        raise ValueError("it says nothing about itself")
    return facts

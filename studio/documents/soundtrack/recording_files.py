"""A recording while it grows: an RF64 file on disk that is whole at every moment.

RF64 (EBU Tech 3306) is WAV for any length. The header is brought up to date with every flush, so
after a crash at most the last second is missing, and even a header that was not: what was
recorded is told by the file's length. What belongs to it stands in a chunk of JSON before the
samples.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from studio.core.errors import DamagedFileError, storage_errors
from studio.documents.soundtrack.sound_files import Samples

SUFFIX = ".recording.wav"
FLUSH_S = 0.5
_CHUNK = b"trip"
_BITS = 24
_JSON_BYTES = 2048
_HEAD_BYTES = 12 + 8 + 28 + 8 + 16 + 8 + _JSON_BYTES + 8
_DOING = "recording"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A recording on disk.

    Attributes:
        path: The file; an ordinary WAV for every program that knows RF64.
        sampling_rate: In Hz.
        channels: 1 or 2.
        frames: Samples in it.
        project_id: :attr:`Project.id` of the project it belongs to; "" for none.
        document_id: The sound document.
        track_id: The track it goes to.
        position: Where on the time line it begins.
        clip_id: The clip it is a new take of; "" for a new clip.
        started_at: Seconds since 1970, UTC.
    """

    path: Path
    sampling_rate: int
    channels: int
    frames: int = 0
    project_id: str = ""
    document_id: str = ""
    track_id: str = ""
    position: int = 0
    clip_id: str = ""
    started_at: float = 0.0

    @property
    def duration_s(self) -> float:
        """How long it is in seconds."""
        return self.frames / self.sampling_rate


class RecordingFile:
    """A growing recording; used by one thread.

    Args:
        recording: What it is; its folder is made when missing.

    Raises:
        StorageError: The file cannot be made.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        with storage_errors(recording.path, _DOING):
            recording.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = recording.path.open("xb")
            self._file.write(_header(recording))
        self.flush()

    @property
    def recording(self) -> Recording:
        """What is in it so far."""
        return self._recording

    def write(self, samples: Samples) -> None:
        """Add float32 (samples, channels); beyond full scale it clips.

        Raises:
            StorageError: The disk refuses.
        """
        whole = np.rint(np.clip(samples, -1.0, 1.0).astype(np.float64) * 2**23)
        whole = np.minimum(whole, 2**23 - 1).astype("<i4")
        packed = np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 4)[:, :3]
        with storage_errors(self._recording.path, _DOING):
            self._file.write(packed.tobytes())
        frames = self._recording.frames + len(samples)
        self._recording = replace(self._recording, frames=frames)

    def flush(self) -> None:
        """Make everything so far safe, header included.

        Raises:
            StorageError: The disk refuses.
        """
        with storage_errors(self._recording.path, _DOING):
            self._file.seek(0)
            self._file.write(_header(self._recording))
            self._file.seek(0, os.SEEK_END)
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> Recording:
        """Finish the file and return what is in it."""
        try:
            self.flush()
        finally:
            self._file.close()
        return self._recording


def read_recording(path: Path) -> Recording:
    """Return what a recording is, by its own words and the file's true length.

    Raises:
        DamagedFileError: It is no recording.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "reading a recording"):
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    try:
        plain = json.loads(head[80 : 80 + _JSON_BYTES].rstrip(b" "))
        known = {field.name for field in fields(Recording)}
        values: dict[str, Any] = {k: v for k, v in plain.items() if k in known}
        found = Recording(**{**values, "path": path})
        frames = (size - _HEAD_BYTES) // (found.channels * _BITS // 8)
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise DamagedFileError(
            f"The recording {path.name} cannot be read.", path=str(path), reason=str(error)
        ) from error
    return replace(found, frames=max(0, frames))


def mended(recording: Recording) -> Recording:
    """Bring the header of a recording that a crash left in line with its length.

    Raises:
        StorageError: The file cannot be written.
    """
    width = recording.channels * _BITS // 8
    with (
        storage_errors(recording.path, "recovering a recording"),
        recording.path.open("r+b") as file,
    ):
        file.truncate(_HEAD_BYTES + recording.frames * width)
        file.write(_header(recording))
        file.flush()
        os.fsync(file.fileno())
    return recording


def _header(recording: Recording) -> bytes:
    width = recording.channels * _BITS // 8
    data = recording.frames * width
    plain = {**asdict(recording), "path": recording.path.name}
    text = json.dumps(plain).encode("utf-8").ljust(_JSON_BYTES)
    sizes = struct.pack("<QQQI", _HEAD_BYTES - 8 + data, data, recording.frames, 0)
    rate = recording.sampling_rate
    kind = struct.pack("<HHIIHH", 1, recording.channels, rate, rate * width, width, _BITS)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64", 0xFFFFFFFF, b"WAVE"),
            struct.pack("<4sI", b"ds64", 28) + sizes,
            struct.pack("<4sI", b"fmt ", 16) + kind,
            struct.pack("<4sI", _CHUNK, _JSON_BYTES) + text,
            struct.pack("<4sI", b"data", 0xFFFFFFFF),
        )
    )

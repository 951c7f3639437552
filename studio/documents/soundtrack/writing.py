"""Writing a sound file block by block, in any format, to any open file."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from studio.documents.soundtrack.formats import ExportOptions
from studio.documents.soundtrack.packing import CatchingFile
from studio.documents.soundtrack.sound_files import Samples, forward_file

_STEP = 4096  # libsndfile's Vorbis and MP3 writers keep much of a block on the stack
_SEED = 20_260_101


class SoundFileWriter:
    """An open sound file; used by one thread, inside ``storage_errors``.

    Args:
        file: Empty, open for reading and writing.
        options: How.
        sampling_rate: One the format takes.
        channels: 1 or 2.

    Attributes:
        frames: Samples written.
        clipped: Samples that were beyond full scale.
    """

    def __init__(
        self, file: BinaryIO, options: ExportOptions, sampling_rate: int, channels: int
    ) -> None:
        import soundfile

        kind = options.sound_format
        self._errors = (AssertionError, soundfile.LibsndfileError)
        self._catching = CatchingFile(file)
        self._depth = _depth(options)
        self._dither = options.dither and self._depth == "16"
        self._noise = np.random.default_rng(_SEED)
        self.frames = self.clipped = 0
        subtypes = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
        values: dict[str, Any] = {}
        if not kind.bit_depths:
            values["compression_level"] = 1.0 - options.quality
        if kind.id == "mp3":
            values["bitrate_mode"] = "VARIABLE"
        try:
            self._file = forward_file()(
                self._catching,
                "w",
                samplerate=sampling_rate,
                channels=channels,
                format=kind.container,
                subtype=kind.subtype or subtypes[self._depth],
                **values,
            )
            if kind.id != "mp3":  # garbled there: see studio.documents.soundtrack.marking.id3_tag
                _tag(self._file, options)
        except self._errors:
            self._catching.check()
            raise

    def write(self, block: Samples) -> None:
        """Write float32 (samples, channels); beyond full scale it is cut off, but for floats.

        Raises:
            OSError: The system refused.
        """
        ready = self._ready(block)
        try:
            for start in range(0, len(ready), _STEP):
                self._file.write(ready[start : start + _STEP])
        except self._errors:
            self._catching.check()
            raise
        self._catching.check()
        self.frames += len(block)

    def close(self) -> None:
        """Finish the file; the file itself stays open.

        Raises:
            OSError: The system refused.
        """
        try:
            self._file.close()
        except self._errors:
            self._catching.check()
            raise
        self._catching.check()

    def _ready(self, block: Samples) -> Any:
        if self._depth == "float":
            return np.ascontiguousarray(block)
        self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
        if not self._depth:
            return np.ascontiguousarray(np.clip(block, -1.0, 1.0))
        scale = 2.0 ** (int(self._depth) - 1)
        exact = block.astype(np.float64) * scale
        if self._dither:
            noise = self._noise.random(block.shape) - self._noise.random(block.shape)
            if np.any(exact != np.rint(exact)):  # 16 bits that came as 16 bits stay as they are
                exact += noise
        whole = np.clip(np.rint(exact), -scale, scale - 1)
        if self._depth == "16":
            return whole.astype(np.int16)
        return whole.astype(np.int32) << 8


def _depth(options: ExportOptions) -> str:
    """Return "16", "24", "float", or "" where the format is compressed with loss."""
    depths = options.sound_format.bit_depths
    if not depths:
        return ""
    return options.bit_depth if options.bit_depth in depths else depths[-1]


def _tag(file: Any, options: ExportOptions) -> None:
    for name in ("title", "artist", "comment"):
        text = getattr(options, name)
        if text:
            setattr(file, name, text)
    file.software = "Triptych"

"""One file being exported: measured, rendered, written, tagged, marked, signed, put in place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from studio.core.errors import BadInputError
from studio.core.provenance.keys import SigningKey
from studio.core.provenance.record import ProvenanceRecord
from studio.documents.soundtrack.formats import MAX_WAV_BYTES, ExportOptions
from studio.documents.soundtrack.loudness import (
    Loudness,
    LoudnessMeter,
    Render,
    gain_to,
    limited,
)
from studio.documents.soundtrack.mixer import Mix
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.resampling import resampled
from studio.documents.soundtrack.sealing import hidden_file, put_in_place, sealed
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work
from studio.documents.soundtrack.writing import SoundFileWriter

_BLOCK_S = 1.0
_WAIT_S = 0.1
_MISSED_LU = 1.0


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A written file.

    Attributes:
        path: Where it is.
        duration_s: How long it is, in seconds.
        loudness: How loud it is; ``None`` when no loudness was asked for.
        marked: It says that a model made it or part of it.
        signed: It carries content credentials.
        notices: What the user should know, in sentences.
    """

    path: Path
    duration_s: float
    loudness: Loudness | None = None
    marked: bool = False
    signed: bool = False
    notices: tuple[str, ...] = ()


@dataclass
class ExportJob:
    """What one file needs.

    Attributes:
        mix: What is heard.
        pool: Its sounds.
        span: (start, end) on the time line.
        options: How it is written.
        record: Where it came from; ``None`` when no model made any of it.
        key: To sign with; ``None`` for no signature.
    """

    mix: Mix
    pool: SourcePool
    span: tuple[int, int]
    options: ExportOptions
    record: ProvenanceRecord | None
    key: SigningKey | None
    _notices: list[str] = field(default_factory=list)

    def run(self, path: Path, work: Work) -> Exported:
        """Write the file; see :func:`studio.documents.soundtrack.export.export_range`."""
        start, end = self.span
        if end <= start:
            raise BadInputError("There is nothing to export yet.", hint="Add some sound first.")
        self._check_length()
        self._wait_for_sounds(work)
        measured = self.options.loudness_lufs is not None
        render = self._render(work.sub(0, 0.4))
        writing = work.sub(0.4, 0.5) if measured else work.sub(0, 0.9)
        with hidden_file(path) as sound:
            loudness, seconds = self._write(sound, render, writing)
            with sealed(sound, path, self.options, self.record, self.key) as finished:
                work.step(0.95)
                put_in_place(finished.file, path)
        if finished.notice:
            self._notices.append(finished.notice)
        if work.progress is not None:  # too late to stop
            work.progress(work.offset + work.length)
        return Exported(
            path=path,
            duration_s=seconds,
            loudness=loudness if measured else None,
            marked=self.record is not None,
            signed=finished.signed,
            notices=tuple(self._notices),
        )

    @property
    def _rate(self) -> int:
        wanted = self.options.sampling_rate or self.mix.arrangement.sampling_rate
        return self.options.sound_format.rate_for(wanted)

    def _check_length(self) -> None:
        if self.options.sound_format.id != "wav":
            return
        width = {"16": 2, "24": 3}.get(self.options.bit_depth, 4) * (1 if self.options.mono else 2)
        seconds = (self.span[1] - self.span[0]) / self.mix.arrangement.sampling_rate
        if seconds * self._rate * width > MAX_WAV_BYTES:
            raise BadInputError(
                "This is longer than a WAV file can be (4 GB).",
                hint="Choose FLAC, or export it in chapters.",
            )

    def _wait_for_sounds(self, work: Work) -> None:
        for sha256 in sorted(self.mix.sources(*self.span)):
            while not self.pool.wait_ready(sha256, _WAIT_S):
                work.step(0)
                status = self.pool.status(sha256)
                if status.state == "unavailable":
                    source = self.pool.source(sha256)
                    title = source.title if source is not None else "A sound"
                    self._notices.append(f"{title} is silent in the file: {status.message}")
                    break

    def _render(self, work: Work) -> Render:
        """Return what to write, brought to the wanted loudness."""

        def plain(start: int, frames: int) -> Samples:
            return self._within(start, frames)

        target = self.options.loudness_lufs
        if target is None:
            return plain
        rate = self.mix.arrangement.sampling_rate
        meter = LoudnessMeter(rate, 1 if self.options.mono else 2)
        for block in self._blocks(plain, work):
            meter.add(self._channels(block))
        loudness = meter.result()
        if not math.isfinite(loudness.lufs):
            self._notices.append("It is silent, so its loudness was left as it is.")
            return plain
        ceiling = 10.0 ** (self.options.ceiling_db / 20.0)
        return limited(plain, gain_to(loudness, target), ceiling, rate)

    def _within(self, start: int, frames: int) -> Samples:
        """Return what is heard inside the span; silence outside, where a limiter looks ahead."""
        first, last = max(start, self.span[0]), min(start + frames, self.span[1])
        if first == start and last == start + frames:
            return self.mix.render(self.pool.read, start, frames)
        out = np.zeros((frames, 2), np.float32)
        if first < last:
            out[first - start : last - start] = self.mix.render(self.pool.read, first, last - first)
        return out

    def _blocks(self, render: Render, work: Work) -> Iterator[Samples]:
        start, end = self.span
        size = round(_BLOCK_S * self.mix.arrangement.sampling_rate)
        for at in range(start, end, size):
            work.step((at - start) / (end - start))
            yield render(at, min(size, end - at))

    def _channels(self, block: Samples) -> Samples:
        if not self.options.mono:
            return block
        mono: Samples = block.mean(axis=1, keepdims=True, dtype=np.float32)
        return mono

    def _write(self, file: BinaryIO, render: Render, work: Work) -> tuple[Loudness | None, float]:
        rate = self._rate
        channels = 1 if self.options.mono else 2
        measured = self.options.loudness_lufs is not None
        meter = LoudnessMeter(rate, channels) if measured else None
        blocks = (self._channels(block) for block in self._blocks(render, work))
        writer = SoundFileWriter(file, self.options, rate, channels)
        try:
            from_rate = self.mix.arrangement.sampling_rate
            for block in resampled(blocks, from_rate, rate, channels):
                writer.write(block)
                if meter is not None:
                    meter.add(block)
        finally:
            writer.close()
        if writer.clipped:
            self._notices.append(
                f"{writer.clipped:,} samples were louder than full scale and were cut off; "
                "lower the volume, or export with a loudness."
            )
        if meter is None:
            return None, writer.frames / rate
        reached = meter.result()
        missed = (self.options.loudness_lufs or 0.0) - reached.lufs
        if missed > _MISSED_LU and math.isfinite(missed):
            self._notices.append(
                f"It is {missed:.1f} LU quieter than asked for: its peaks allow no more."
            )
        return reached, writer.frames / rate

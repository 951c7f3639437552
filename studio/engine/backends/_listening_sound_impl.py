"""Sound as a model takes it: any file, mono, at one rate, in windows, without holding it all.

Also where in a window anybody speaks, told from loudness alone, and the picture of the sound that
Whisper sees: the logarithm of 80 or 128 bands.
"""

from __future__ import annotations

import functools
import io
import struct
from types import TracebackType
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from studio.core.errors import BadInputError

Samples = NDArray[np.float32]
Picture = NDArray[np.float32]

SAMPLING_RATE = 16_000
WINDOW_S = 30
HOP = 160
FRAMES_PER_S = SAMPLING_RATE // HOP
_N_FFT = 400
_BLOCK_FRAMES = 1 << 16
#: Loudness is measured over so many samples: 30 ms.
_LOUDNESS = 480
_SILENT_DB = -65.0  # the loudest tenth of a second of a window with speech is above this
_STEADY_DB = 4.0  # hum, hiss and tones change less than this, speech far more
_FEWEST_PARTS = 5  # a syllable is longer than that
_EVEN = 0.3  # noise is above 0.45, voices and whispers below 0.2
_ABOVE_FLOOR_DB, _BELOW_TOP_DB = 3.0, 35.0


class SoundSource:
    """A sound file read from its beginning to its end.

    Args:
        data: The file.
        sampling_rate: What to turn it into, in Hz.

    Raises:
        BadInputError: It is no sound, or there is none in it.
    """

    def __init__(self, data: bytes, sampling_rate: int = SAMPLING_RATE) -> None:
        self._file = opened_sound(data)
        self._resampler: Any = None
        if self._file.samplerate != sampling_rate:
            self._resampler = soxr.ResampleStream(
                self._file.samplerate, sampling_rate, 1, dtype="float32", quality="HQ"
            )
        self._held = np.zeros(0, np.float32)
        self._held_from = 0
        self._ended = False
        #: Whether the file stopped before the end it speaks of, or could not be read further.
        self.broken = False

    @property
    def seconds(self) -> float:
        """How long the file says it is."""
        return float(self._file.frames / self._file.samplerate)

    def window(self, start: int, count: int) -> Samples:
        """Return up to ``count`` samples from ``start``; fewer at the end, none after it.

        What lies before ``start`` is forgotten.
        """
        while not self._ended and self._held_from + len(self._held) < start + count:
            self._read()
            self._forget(start)
        self._forget(start)
        return self._held[:count]

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def __enter__(self) -> SoundSource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _forget(self, start: int) -> None:
        known = min(max(0, start - self._held_from), len(self._held))
        if known:
            self._held = self._held[known:]
            self._held_from += known

    def _read(self) -> None:
        try:
            block = self._file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            block, self.broken = np.zeros((0, 1), np.float32), True
        self._ended = len(block) == 0
        if self._ended and self._file.tell() < self._file.frames:
            self.broken = True
        mono = np.nan_to_num(block.mean(axis=1), nan=0.0, posinf=0.0, neginf=0.0)
        mono = np.clip(mono, -1, 1).astype(np.float32, copy=False)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=self._ended)
        self._held = np.concatenate((self._held, mono))


def opened_sound(data: bytes) -> Any:
    """Return a sound file in memory, open for reading.

    Raises:
        BadInputError: It is no sound, or there is none in it.
    """
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except (soundfile.LibsndfileError, struct.error, ValueError) as error:
        raise BadInputError(
            "This file holds no sound that can be read.",
            hint="WAV, FLAC, OGG, Opus and MP3 files can be read.",
            reason=str(error),
        ) from error
    if file.frames <= 0:
        file.close()
        raise BadInputError("There is no sound in this file.", hint="Choose another one.")
    return file


# Where somebody speaks


def loud_parts(samples: Samples) -> NDArray[np.bool_]:
    """Return for each 30 ms whether somebody may be speaking.

    Silence, and what never changes (hum, hiss, a tone), is nobody.

    Args:
        samples: float32 (samples,) at 16 kHz.
    """
    count = len(samples) // _LOUDNESS
    if count < _FEWEST_PARTS:
        return np.zeros(count, np.bool_)
    parts = samples[: count * _LOUDNESS].reshape(count, _LOUDNESS).astype(np.float64)
    power = np.mean(np.square(parts - parts.mean(axis=1, keepdims=True)), axis=1)
    level = 10 * np.log10(power + 1e-12)
    floor, top = np.percentile(level, 10), np.sort(level)[-_FEWEST_PARTS]
    if top < _SILENT_DB or top - floor < _STEADY_DB:
        return np.zeros(count, np.bool_)
    loud: NDArray[np.bool_] = level > max(min(floor + _ABOVE_FLOOR_DB, top), top - _BELOW_TOP_DB)
    # Bursts of noise and clicks are loud too, and have no pitch and no colour.
    if np.count_nonzero(_evenness(parts[loud]) < _EVEN) < _FEWEST_PARTS:
        return np.zeros(count, np.bool_)
    return loud


def _evenness(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each part how evenly its power lies over the pitches of speech, 0..1."""
    power = np.abs(np.fft.rfft(parts * np.hanning(_LOUDNESS), axis=1)) ** 2 + 1e-15
    band = power[:, 3:120]  # 100 to 4000 Hz
    spread: NDArray[np.float64] = np.exp(np.mean(np.log(band), axis=1)) / np.mean(band, axis=1)
    return spread


def part_of(second: float) -> int:
    """Return which part of :func:`loud_parts` holds a time."""
    return int(second * SAMPLING_RATE) // _LOUDNESS


def second_of(part: int) -> float:
    """Return where a part of :func:`loud_parts` begins, in seconds."""
    return part * _LOUDNESS / SAMPLING_RATE


# What Whisper sees


def picture_of(samples: Samples, bands: int) -> Picture:
    """Return a window as Whisper sees it: float32 (bands, 3000), silence after its end.

    Args:
        samples: Up to 30 s, float32 (samples,) at 16 kHz.
        bands: 80, or 128 for the newest models.
    """
    padded = np.zeros(WINDOW_S * SAMPLING_RATE + _N_FFT, np.float32)
    half = _N_FFT // 2
    padded[half : half + len(samples)] = samples
    padded[:half] = padded[half + 1 : 2 * half + 1][::-1]
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP]
    frames = frames[: WINDOW_S * FRAMES_PER_S]
    power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2
    mel = np.maximum(power.astype(np.float32) @ _filters(bands), 1e-10)
    logarithm = np.log10(mel).T
    logarithm = np.maximum(logarithm, logarithm.max() - 8.0)
    return np.ascontiguousarray((logarithm + 4.0) / 4.0, dtype=np.float32)


@functools.cache
def _window() -> Samples:
    turns = 2 * np.pi * np.arange(_N_FFT) / _N_FFT
    return (0.5 - 0.5 * np.cos(turns)).astype(np.float32)


@functools.cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Return Slaney's mel filters, of equal area: float32 (201, bands)."""
    frequencies = np.linspace(0, SAMPLING_RATE / 2, _N_FFT // 2 + 1)
    edges = _mel_to_hz(np.linspace(0, _hz_to_mel(SAMPLING_RATE / 2), bands + 2))
    below = (frequencies[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    above = (edges[2:] - frequencies[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(below, above)) * 2 / (edges[2:] - edges[:-2])
    return filters.astype(np.float32)


_LINEAR_HZ, _PER_MEL, _LOG_FROM_HZ = 200 / 3, 27 / np.log(6.4), 1000.0


def _hz_to_mel(hertz: float) -> float:
    if hertz < _LOG_FROM_HZ:
        return hertz / _LINEAR_HZ
    return float(_LOG_FROM_HZ / _LINEAR_HZ + np.log(hertz / _LOG_FROM_HZ) * _PER_MEL)


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    first = _LOG_FROM_HZ / _LINEAR_HZ
    curved = _LOG_FROM_HZ * np.exp((mels - first) / _PER_MEL)
    return np.where(mels < first, mels * _LINEAR_HZ, curved)

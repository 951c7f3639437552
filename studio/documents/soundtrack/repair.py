"""Small tools that mend a sound: each takes samples and gives new ones, and changes nothing.

Samples are float32 (samples, channels). Long sounds go through in blocks, so that progress is
told and a stop is heard; what a tool needs to know of the whole it finds out first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.soundtrack.loudness import Loudness, LoudnessMeter, gain_to, limited
from studio.documents.soundtrack.mixer import fade_gains
from studio.documents.soundtrack.model import Fade
from studio.documents.soundtrack.resampling import resampled
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work

_BLOCK_S = 1.0
_WINDOW_S = 0.01


def measure_loudness(samples: Samples, sampling_rate: int, work: Work | None = None) -> Loudness:
    """Return how loud a sound is."""
    meter = LoudnessMeter(sampling_rate, samples.shape[1])
    for block in _blocks(samples, sampling_rate, work or Work()):
        meter.add(block)
    return meter.result()


def to_loudness(
    samples: Samples,
    sampling_rate: int,
    target_lufs: float,
    *,
    ceiling_db: float = -1.0,
    work: Work | None = None,
) -> Samples:
    """Return a sound at a loudness, its peaks turned down smoothly to stay below the ceiling.

    Silence stays silence.
    """
    work = work or Work()
    gain = gain_to(measure_loudness(samples, sampling_rate, work.sub(0, 0.5)), target_lufs)

    def read(start: int, frames: int) -> Samples:
        first, last = max(0, start), min(len(samples), start + frames)
        out = np.zeros((frames, samples.shape[1]), np.float32)
        if first < last:
            out[first - start : last - start] = samples[first:last]
        return out

    render = limited(read, gain, math.pow(10.0, ceiling_db / 20.0), sampling_rate)
    out = np.empty_like(samples, np.float32)
    size = round(_BLOCK_S * sampling_rate)
    for at in range(0, len(samples), size):
        work.sub(0.5, 0.5).step(at / len(samples))
        out[at : at + size] = render(at, min(size, len(samples) - at))
    return out


def normalise(samples: Samples, peak_db: float = -1.0) -> Samples:
    """Return a sound whose largest sample is at ``peak_db`` of full scale; silence as it is."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return samples
    return np.asarray(samples * np.float32(math.pow(10.0, peak_db / 20.0) / peak), np.float32)


def sound_span(
    samples: Samples,
    sampling_rate: int,
    *,
    threshold_db: float = -50.0,
    margin_s: float = 0.05,
) -> tuple[int, int]:
    """Return (start, end) of what is not silent, with a margin; (0, 0) when all of it is.

    Args:
        samples: The sound.
        sampling_rate: In Hz.
        threshold_db: Hundredths of a second quieter than this, by their mean, are silent.
        margin_s: How much silence stays at both ends.
    """
    if not len(samples):
        return 0, 0
    window = max(1, round(_WINDOW_S * sampling_rate))
    count = -(-len(samples) // window)
    padded = np.zeros((count * window, samples.shape[1]), np.float32)
    padded[: len(samples)] = samples
    power = np.mean(padded.reshape(count, -1) ** 2, axis=1)
    loud = np.nonzero(power > math.pow(10.0, threshold_db / 10.0))[0]
    if not len(loud):
        return 0, 0
    margin = round(margin_s * sampling_rate)
    start = max(0, int(loud[0]) * window - margin)
    return start, min(len(samples), (int(loud[-1]) + 1) * window + margin)


def trim_silence(
    samples: Samples,
    sampling_rate: int,
    *,
    threshold_db: float = -50.0,
    margin_s: float = 0.05,
) -> Samples:
    """Return a sound without the silence at its ends.

    Raises:
        BadInputError: All of it is silent.
    """
    start, end = sound_span(samples, sampling_rate, threshold_db=threshold_db, margin_s=margin_s)
    if end <= start:
        raise BadInputError("All of this is silent.", hint="Delete it instead.")
    return samples[start:end]


def remove_dc(samples: Samples) -> Samples:
    """Return a sound whose mean is zero, channel by channel."""
    if not len(samples):
        return samples
    return np.asarray(samples - samples.mean(axis=0, dtype=np.float64), np.float32)


def fade(samples: Samples, fade_in: Fade, fade_out: Fade) -> Samples:
    """Return a sound that comes in and goes out; for a sound that leaves the document.

    In the document itself a clip's fades do this without changing anything.
    """
    gains = fade_gains(len(samples), fade_in, fade_out)
    return np.asarray(samples * gains[:, np.newaxis], np.float32)


def resample(
    samples: Samples, sampling_rate: int, to_rate: int, work: Work | None = None
) -> Samples:
    """Return a sound at another sampling rate.

    Raises:
        BadInputError: No sensible rate.
    """
    if not 1_000 <= to_rate <= 768_000:
        raise BadInputError("The sampling rate can be from 1,000 to 768,000 Hz.", rate=to_rate)
    blocks = _blocks(samples, sampling_rate, work or Work())
    found = list(resampled(blocks, sampling_rate, to_rate, samples.shape[1]))
    return np.concatenate(found) if found else samples[:0]


def _blocks(samples: Samples, sampling_rate: int, work: Work) -> Iterator[Samples]:
    size = max(1, round(_BLOCK_S * sampling_rate))
    for at in range(0, len(samples), size):
        work.step(at / len(samples))
        yield samples[at : at + size]

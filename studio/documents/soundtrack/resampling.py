"""Changing the sampling rate block by block with soxr, at high quality."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from studio.documents.soundtrack.sound_files import Samples


def resampled(
    blocks: Iterable[Samples], from_rate: int, to_rate: int, channels: int
) -> Iterator[Samples]:
    """Yield ``blocks`` (float32 (samples, channels)) at another rate; the same when it is equal.

    The length of all together is the old length times the ratio, rounded.
    """
    if from_rate == to_rate:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="HQ")
    for block in blocks:
        out = stream.resample_chunk(np.ascontiguousarray(block))
        if len(out):
            yield out.reshape(-1, channels)
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    if len(rest):
        yield rest.reshape(-1, channels)


def resampled_whole(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Return ``samples`` (float32 (samples, channels)) at another rate."""
    if from_rate == to_rate or not len(samples):
        return samples
    import soxr

    whole = soxr.resample(samples, from_rate, to_rate, quality="HQ")
    return np.asarray(whole, np.float32).reshape(-1, samples.shape[1])

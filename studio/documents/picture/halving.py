"""Pictures at half their size, for showing them from further away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from studio.documents.picture.geometry import TILE_PX
from studio.documents.picture.tiles import Bytes

HALF_PX = TILE_PX // 2
MAX_SHRINK = 8
"""Eight halvings make one pixel of a tile."""

_EVEN = np.uint32(0x00FF00FF)
_ROUND = np.uint32(0x00020002)


def halved_interleaved(pixels: Bytes) -> Bytes:
    """Return a picture at half its size: each pixel is the mean of four, weighted by alpha.

    Args:
        pixels: uint8 (height, width, 4), straight, with even sides.

    Returns:
        uint8 (height / 2, width / 2, 4), straight.
    """
    if pixels[..., 3].min() == 255:
        return _halved_opaque(pixels)
    alpha = pixels[..., 3].astype(np.uint32)
    total = _sums(alpha)
    divisor = np.maximum(total, 1)
    result = np.empty((*total.shape, 4), np.uint8)
    result[..., 3] = (total + 2) >> 2
    seen = total >= 2
    for channel in range(3):
        weighted = _sums(pixels[..., channel] * alpha)
        result[..., channel] = (weighted + (divisor >> 1)) // divisor * seen
    return result


def _halved_opaque(pixels: Bytes) -> Bytes:
    """Return the mean of four, two channels of 16 bits at a time."""
    words = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
    even = _sums(words & _EVEN)
    odd = _sums((words >> np.uint32(8)) & _EVEN)
    for lanes in (even, odd):
        lanes += _ROUND
        lanes >>= np.uint32(2)
        lanes &= _EVEN
    odd <<= np.uint32(8)
    even |= odd
    return even.view(np.uint8).reshape(*even.shape, 4)


def _sums(plane: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    rows = plane[0::2] + plane[1::2]
    return rows[:, 0::2] + rows[:, 1::2]

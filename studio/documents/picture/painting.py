"""The arithmetic of paint: what becomes of a tile when colour, pixels or nothing is laid on it.

Everything works on straight colour: αo = αs + αb (1 - αs), Co = Cb + (Cs - Cb) αs / αo, which is
"source over" of the W3C solved for straight colour. Where αs is 0, a byte stays what it was.
Every thread has its own scratch planes.
"""

from __future__ import annotations

import threading
from typing import Literal

import numpy as np

from studio.documents.picture.geometry import TILE_PX
from studio.documents.picture.tiles import Bytes, Floats

Colour = tuple[int, int, int]
Effect = Literal["paint", "erase", "tint"]
"""Lay colour on, take it away, or colour only what is there."""
_TINY = np.float32(1e-6)


class _Scratch(threading.local):
    """Planes that are used again and again, one set for each thread."""

    def __init__(self) -> None:
        self.planes: list[Floats] = [np.empty(TILE_PX * TILE_PX, np.float32) for _ in range(3)]

    def like(self, planes: Bytes) -> tuple[Floats, Floats, Floats]:
        """Return three planes of the same height and width, without gaps in memory."""
        height, width = planes.shape[1:]
        one, two, three = (plane[: height * width].reshape(height, width) for plane in self.planes)
        return one, two, three


_own = _Scratch()


def lay_colour(
    base: Bytes | None, out: Bytes, coverage: Floats, colour: Colour, effect: Effect = "paint"
) -> None:
    """Lay one colour over pixels, or take them away.

    Args:
        base: uint8 (4, height, width), what was there; ``None`` for nothing.
        out: uint8 (4, height, width), gets the result; may be ``base``. At most one tile.
        coverage: float32 (height, width), how much of the colour, 0 to 1.
        colour: Red, green, blue, 0 to 255.
        effect: What is done with it.
    """
    if base is None:
        _lay_on_nothing(out, coverage, colour, effect)
        return
    if effect == "erase":
        _erase(base, out, coverage)
        return
    share, alpha, work = _own.like(out)
    if effect == "tint":
        np.multiply(coverage, base[3] > 0, out=share)
        out[3] = base[3]
    else:
        _over(base[3], coverage, alpha, share, work)
    for channel in range(3):
        work[...] = base[channel]
        np.subtract(np.float32(colour[channel]), work, out=alpha)
        np.multiply(alpha, share, out=alpha)
        np.add(work, alpha, out=work)
        _round(work, out[channel])
    if effect == "paint":
        _alpha_over(base[3], coverage, out[3], alpha, work)


def lay_pixels(
    base: Bytes | None, out: Bytes, source: Bytes, coverage: Floats | None, *, tint: bool = False
) -> None:
    """Lay pixels over others.

    Args:
        base: uint8 (4, height, width), what was there; ``None`` for nothing.
        out: uint8 (4, height, width), gets the result; may be ``base``. At most one tile.
        source: uint8 (4, height, width), straight.
        coverage: float32 (height, width), how much of ``source``, 0 to 1; ``None`` for all.
        tint: Colour only what is there, and leave its transparency alone.
    """
    if not tint and coverage is None and (base is None or source[3].min() == 255):
        out[...] = source
        return
    amount = np.multiply(source[3], np.float32(1 / 255))
    if coverage is not None:
        amount *= coverage
    if base is None:
        base = np.zeros_like(source)
    share, alpha, work = _own.like(out)
    if tint:
        np.multiply(amount, base[3] > 0, out=share)
    else:
        _over(base[3], amount, alpha, share, work)
    for channel in range(3):
        work[...] = base[channel]
        np.subtract(source[channel], work, out=alpha)
        np.multiply(alpha, share, out=alpha)
        np.add(work, alpha, out=work)
        _round(work, out[channel])
    if tint:
        out[3] = base[3]
    else:
        _alpha_over(base[3], amount, out[3], alpha, work)
    clear_hidden(out)


def exchange_pixels(base: Bytes | None, out: Bytes, source: Bytes, coverage: Floats) -> None:
    """Fade from what was there to other pixels, their transparency included.

    Args:
        base: uint8 (4, height, width), what was there; ``None`` for nothing.
        out: uint8 (4, height, width), gets the result; may be ``base``.
        source: uint8 (4, height, width), straight.
        coverage: float32 (height, width), 0 for what was there, 1 for ``source``.
    """
    if base is None:
        base = np.zeros_like(source)
    old = base[3] * (1 - coverage)
    new = source[3] * coverage
    total = old + new
    share = new / np.maximum(total, _TINY)
    for channel in range(3):
        under = base[channel].astype(np.float32)
        _round(under + (source[channel] - under) * share, out[channel])
    _round(total, out[3])
    clear_hidden(out)


def clear_hidden(planes: Bytes) -> None:
    """Set the colour of fully transparent pixels to 0, as tiles have it."""
    seen = planes[3] > 0
    if not seen.all():
        np.multiply(planes[:3], seen, out=planes[:3])


def _lay_on_nothing(out: Bytes, coverage: Floats, colour: Colour, effect: Effect) -> None:
    if effect != "paint":
        out[...] = 0
        return
    work = _own.like(out)[0]
    np.multiply(coverage, np.float32(255), out=work)
    _round(work, out[3])
    seen = out[3] > 0
    for channel in range(3):
        np.multiply(seen, np.uint8(colour[channel]), out=out[channel])


def _erase(base: Bytes, out: Bytes, coverage: Floats) -> None:
    work = _own.like(out)[0]
    np.subtract(np.float32(1), coverage, out=work)
    np.multiply(work, base[3], out=work)
    _round(work, out[3])
    seen = out[3] > 0
    np.multiply(base[:3], seen, out=out[:3])


def _over(under: Bytes, amount: Floats, alpha: Floats, share: Floats, work: Floats) -> None:
    """Write αs / αo into ``share``; 0 where nothing becomes visible."""
    np.multiply(under, np.float32(1 / 255), out=alpha)
    np.subtract(np.float32(1), amount, out=work)
    np.multiply(alpha, work, out=alpha)
    np.add(alpha, amount, out=alpha)
    np.maximum(alpha, _TINY, out=work)
    np.divide(amount, work, out=share)
    np.multiply(share, alpha >= np.float32(0.5 / 255), out=share)


def _alpha_over(under: Bytes, amount: Floats, out: Bytes, alpha: Floats, work: Floats) -> None:
    work[...] = under
    np.subtract(np.float32(255), work, out=alpha)
    np.multiply(alpha, amount, out=alpha)
    np.add(work, alpha, out=work)
    _round(work, out)


def _round(values: Floats, out: Bytes) -> None:
    np.add(values, np.float32(0.5), out=values)
    np.copyto(out, values, casting="unsafe")

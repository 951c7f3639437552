"""Moving, turning, scaling and shearing of tiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import Rect, require_near
from studio.documents.picture.halving import halved_interleaved
from studio.documents.picture.painting import clear_hidden
from studio.documents.picture.tiles import Bytes, Floats

Resample = Literal["nearest", "bilinear", "bicubic"]
Rows = Sequence[Sequence[float]]
Gather = Callable[[Rect], Bytes]
"""Gives the pixels in a rectangle: uint8 (4, height, width), straight."""
MAX_TILES = 4096
_REACH_PX = 2
"""How far from a place bicubic resampling looks."""
_MARGIN_PX = _REACH_PX + 1


@dataclass(frozen=True)
class Affine:
    """x' = a x + b y + e, y' = c x + d y + f, in pixels of the picture."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    @classmethod
    def of(cls, rows: Rows) -> Affine:
        """Return a matrix ((a, b, e), (c, d, f)), a third row (0, 0, 1) allowed.

        Raises:
            BadInputError: It is none, or flattens everything.
        """
        try:
            (a, b, e), (c, d, f) = ([float(value) for value in row] for row in rows[:2])
            last = [float(value) for value in rows[2]] if len(rows) == 3 else [0.0, 0.0, 1.0]
        except (TypeError, ValueError, IndexError) as error:
            raise BadInputError("A transform has two rows of three numbers.") from error
        found = cls(a, b, c, d, e, f)
        size = a * d - b * c
        if not all(map(math.isfinite, (a, b, c, d, e, f))) or last != [0.0, 0.0, 1.0]:
            raise BadInputError("A transform has two rows of three numbers.")
        if abs(size) < 1e-6:
            raise BadInputError("Nothing would be left of the layer.", hint="Make it less flat.")
        return found

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point goes."""
        return self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f

    def inverse(self) -> Affine:
        """Return what takes every point back."""
        size = self.a * self.d - self.b * self.c
        a, b, c, d = self.d / size, -self.b / size, -self.c / size, self.a / size
        return Affine(a, b, c, d, -(a * self.e + b * self.f), -(c * self.e + d * self.f))

    def bounds(self, rect: Rect) -> Rect:
        """Return the smallest rectangle around where ``rect`` goes."""
        if rect.is_empty:
            return Rect()
        corners = [self.point(x, y) for x in (rect.x, rect.right) for y in (rect.y, rect.bottom)]
        xs, ys = zip(*corners, strict=True)
        # A corner meant to be whole may lie a rounding error past it.
        return Rect.around(min(xs) + 1e-6, min(ys) + 1e-6, max(xs) - 1e-6, max(ys) - 1e-6)

    @property
    def shift(self) -> tuple[int, int] | None:
        """Whole pixels by which it only moves; ``None`` when it does more than that."""
        if (self.a, self.b, self.c, self.d) != (1.0, 0.0, 0.0, 1.0):
            return None
        if not (self.e.is_integer() and self.f.is_integer()):
            return None
        return int(self.e), int(self.f)

    @property
    def is_exact(self) -> bool:
        """Whether every pixel goes onto a pixel: moves, mirrors and quarter turns."""
        whole = all(value in (-1.0, 0.0, 1.0) for value in (self.a, self.b, self.c, self.d))
        turned = abs(self.a) == abs(self.d) != abs(self.b) == abs(self.c)
        return whole and turned and self.e.is_integer() and self.f.is_integer()

    @property
    def halvings(self) -> int:
        """How often what it makes smaller is halved first, so that no pixel is left out."""
        longest = math.sqrt(abs(self.a * self.d - self.b * self.c))
        return max(0, min(8, math.floor(-math.log2(longest)))) if longest < 1 else 0


class Warp:
    """Pixels seen through a transform."""

    def __init__(self, gather: Gather, affine: Affine, resample: Resample) -> None:
        """Take where pixels come from and what happens to them.

        Raises:
            BadInputError: No such way to resample.
        """
        if resample not in get_args(Resample):
            raise BadInputError("There is no such way to resample.", resample=resample)
        self._gather = gather
        self._affine = affine
        self._back = affine.inverse()
        self._resample: Resample = "nearest" if affine.is_exact else resample

    def pixels(self, rect: Rect) -> Bytes:
        """Return what is seen in ``rect``: uint8 (4, height, width), straight."""
        shift = self._affine.shift
        if shift is not None:
            return self._gather(rect.moved(-shift[0], -shift[1]))
        halvings = 0 if self._resample == "nearest" else self._affine.halvings
        step = 1 << halvings
        source = self._back.bounds(rect).grown(_MARGIN_PX * step).aligned(step)
        planes = self._gather(source)
        if not planes[3].any():
            return np.zeros((4, rect.height, rect.width), np.uint8)
        if halvings:
            planes = _halved(planes, halvings)
        coefficients = self._coefficients(rect, source, step)
        if self._resample == "nearest":
            return np.stack([_through(plane, rect, coefficients, "nearest") for plane in planes])
        return self._resampled(planes, rect, coefficients)

    def _coefficients(self, rect: Rect, source: Rect, step: int) -> tuple[float, ...]:
        """Return what Pillow wants: from a pixel of the result to one of the source."""
        back, x, y = self._back, rect.x, rect.y
        left, top = back.point(x, y)
        return (
            back.a / step,
            back.b / step,
            (left - source.x) / step,
            back.c / step,
            back.d / step,
            (top - source.y) / step,
        )

    def _resampled(self, planes: Bytes, rect: Rect, coefficients: tuple[float, ...]) -> Bytes:
        alpha = planes[3].astype(np.float32)
        weight = alpha * np.float32(1 / 255)
        result = np.empty((4, rect.height, rect.width), np.uint8)
        seen: Floats = np.asarray(_through(alpha, rect, coefficients, self._resample))
        # What overshoots beside an edge does so in colour and alpha alike: divided first.
        factor = np.float32(255) / np.maximum(seen, np.float32(1e-6))
        for channel in range(3):
            colour = _through(planes[channel] * weight, rect, coefficients, self._resample)
            result[channel] = np.clip(colour * factor, 0, 255) + np.float32(0.5)
        result[3] = np.clip(seen, 0, 255) + np.float32(0.5)
        clear_hidden(result)
        return result


def _through(
    plane: Bytes | Floats, rect: Rect, coefficients: tuple[float, ...], resample: Resample
) -> Bytes | Floats:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(plane))
    how = Image.Resampling[resample.upper()]
    size = (rect.width, rect.height)
    return np.asarray(image.transform(size, Image.Transform.AFFINE, coefficients, how))


def _halved(planes: Bytes, halvings: int) -> Bytes:
    pixels = np.ascontiguousarray(planes.transpose(1, 2, 0))
    for _ in range(halvings):
        pixels = halved_interleaved(pixels)
    return pixels.transpose(2, 0, 1)


def transformed_area(affine: Affine, area: Rect) -> Rect:
    """Return where ``area`` goes, with what resampling adds around it.

    Raises:
        BadInputError: It would be too large or too far out.
    """
    found = require_near(affine.bounds(area))
    if not affine.is_exact:
        found = affine.bounds(area.grown(_REACH_PX)).grown(1)
    if found.aligned(256).area > MAX_TILES * 65536:
        raise BadInputError("The layer would become too large.", hint="Make it less large.")
    return found

"""Painting several places at once: mirrors and turns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from studio.core.errors import BadInputError

MAX_COPIES = 64


@dataclass(frozen=True)
class Mirror:
    """Also paints on the other side of an axis.

    Attributes:
        x: Place of a vertical axis; left and right are exchanged.
        y: Place of a horizontal axis; above and below are exchanged.
    """

    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class Radial:
    """Also paints turned around a centre.

    Attributes:
        x: The centre.
        y: The centre.
        count: How often in a full turn.
    """

    x: float
    y: float
    count: int = 6


Symmetry = Mirror | Radial


@dataclass(frozen=True)
class Image:
    """Where a point goes: x' = a x + b y + e, y' = c x + d y + f; a turn or a mirrored turn."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point goes."""
        return self.a * x + self.b * y + self.e, self.c * x + self.d * y + self.f

    def angle(self, angle: float) -> float:
        """Return how a direction (radians, clockwise) is turned."""
        if self == _SAME:
            return angle
        x, y = math.cos(angle), math.sin(angle)
        return math.atan2(self.c * x + self.d * y, self.a * x + self.b * y)

    def after(self, first: Image) -> Image:
        """Return what ``first`` and then this one does."""
        e, f = self.point(first.e, first.f)
        return Image(
            self.a * first.a + self.b * first.c,
            self.a * first.b + self.b * first.d,
            self.c * first.a + self.d * first.c,
            self.c * first.b + self.d * first.d,
            e,
            f,
        )


_SAME = Image()


def images(symmetry: Sequence[Symmetry]) -> tuple[Image, ...]:
    """Return everywhere a point is painted, the point itself first.

    Raises:
        BadInputError: More than ``MAX_COPIES`` places, or a count below 1.
    """
    found: tuple[Image, ...] = (_SAME,)
    for one in symmetry:
        found = tuple(more.after(image) for more in _own_images(one) for image in found)
        if len(found) > MAX_COPIES:
            raise BadInputError(f"At most {MAX_COPIES} places can be painted at once.")
    return found


def _own_images(one: Symmetry) -> tuple[Image, ...]:
    if isinstance(one, Radial):
        if one.count < 1:
            raise BadInputError("Painting around a centre needs at least one direction.")
        if one.count > MAX_COPIES:
            raise BadInputError(f"At most {MAX_COPIES} places can be painted at once.")
        return tuple(_turn(one.x, one.y, math.tau * n / one.count) for n in range(one.count))
    found: tuple[Image, ...] = (_SAME,)
    if one.x is not None:
        found += (Image(a=-1.0, e=2.0 * one.x),)
    if one.y is not None:
        found += tuple(Image(d=-1.0, f=2.0 * one.y).after(image) for image in found)
    return found


def _turn(x: float, y: float, angle: float) -> Image:
    if angle == 0.0:
        return _SAME
    cosine, sine = math.cos(angle), math.sin(angle)
    return Image(cosine, -sine, sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y)

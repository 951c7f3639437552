"""Colour gradients: from a point to another, or around one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import Rect
from studio.documents.picture.tiles import Bytes

GradientKind = Literal["linear", "radial", "conical"]
Stop = tuple[float, Sequence[int]]
"""Place from 0 to 1, and red, green, blue and, if given, alpha, 0 to 255."""
_ENTRIES = 4096


@dataclass(frozen=True)
class Gradient:
    """Colours along a line; made by :meth:`of`.

    Attributes:
        start: Where the first stop is.
        end: Where the last one is.
        kind: "linear" along the line, "radial" around its start, "conical" turning around it.
        table: uint8 (4, n), the colours from 0 to 1, straight.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    kind: GradientKind
    table: Bytes

    @classmethod
    def of(
        cls,
        start: tuple[float, float],
        end: tuple[float, float],
        stops: Sequence[Stop],
        kind: GradientKind,
    ) -> Gradient:
        """Check and make a gradient; colours are mixed premultiplied, as CSS does.

        Raises:
            BadInputError: No such kind, a length of 0, or stops that cannot be used.
        """
        if kind not in get_args(GradientKind):
            raise BadInputError("There is no such kind of gradient.", kind=kind)
        if not all(math.isfinite(value) for value in (*start, *end)) or start == end:
            raise BadInputError(
                "A gradient needs a length.", hint="Drag from one place to another."
            )
        return cls(start, end, kind, _table(stops))

    def planes(self, rect: Rect) -> Bytes:
        """Return its colours in ``rect``: uint8 (4, height, width), straight."""
        x = (np.arange(rect.width, dtype=np.float32) + np.float32(rect.x + 0.5 - self.start[0]))[
            None, :
        ]
        y = (np.arange(rect.height, dtype=np.float32) + np.float32(rect.y + 0.5 - self.start[1]))[
            :, None
        ]
        way_x, way_y = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length = math.hypot(way_x, way_y)
        if self.kind == "linear":
            place = x * np.float32(way_x / length**2) + y * np.float32(way_y / length**2)
        elif self.kind == "radial":
            place = np.sqrt(x * x + y * y) * np.float32(1 / length)
        else:
            turned = np.arctan2(y, x) - np.float32(math.atan2(way_y, way_x))
            place = np.mod(turned * np.float32(1 / math.tau), np.float32(1))
        index = np.clip(place * (_ENTRIES - 1) + np.float32(0.5), 0, _ENTRIES - 1).astype(np.intp)
        return np.stack([np.take(self.table[channel], index) for channel in range(4)])


def _table(stops: Sequence[Stop]) -> Bytes:
    if len(stops) < 2:
        raise BadInputError("A gradient needs at least two colours.")
    places = [float(place) for place, _ in stops]
    colours = [(*colour, 255)[:4] for _, colour in stops]
    fits = all(0 <= place <= 1 for place in places) and places == sorted(places)
    if not fits or not all(0 <= value <= 255 for colour in colours for value in colour):
        raise BadInputError("The colours of a gradient are out of order or out of range.")
    straight = np.array(colours, np.float64)
    weight = straight[:, 3:] / 255
    mixed = np.concatenate([straight[:, :3] * weight, straight[:, 3:]], axis=1)
    at = np.linspace(0, 1, _ENTRIES)
    found = np.stack([np.interp(at, places, mixed[:, channel]) for channel in range(4)])
    found[:3] *= 255 / np.maximum(found[3], 1e-9)
    found[:3, found[3] < 0.5] = 0
    return np.asarray(found + 0.5).astype(np.uint8)

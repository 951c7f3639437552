"""Rectangles on a canvas that has no edges, and the grid of tiles under them.

Coordinates are whole pixels, x to the right and y downwards; a picture may grow past its origin in
every direction, so both may be negative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from studio.core.errors import BadInputError

TILE_PX = 256
"""Width and height of a tile in pixels."""
FAR_PX = 1_000_000
"""How far from the origin anything may lie; past it, floats no longer tell half pixels apart."""

Key = tuple[int, int]
"""Column and row of a tile; tile (0, 0) begins at the origin."""


@dataclass(frozen=True)
class Rect:
    """A rectangle of whole pixels.

    Attributes:
        x: Left edge.
        y: Upper edge.
        width: In pixels; 0 or less means empty.
        height: In pixels; 0 or less means empty.
    """

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0

    @property
    def right(self) -> int:
        """The first column past it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row past it."""
        return self.y + self.height

    @property
    def corner(self) -> tuple[int, int]:
        """Its upper left pixel."""
        return self.x, self.y

    @property
    def is_empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.width <= 0 or self.height <= 0

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return 0 if self.is_empty else self.width * self.height

    @classmethod
    def between(cls, left: int, top: int, right: int, bottom: int) -> Rect:
        """Return the rectangle with these edges, ``right`` and ``bottom`` not included."""
        return cls(left, top, right - left, bottom - top)

    @classmethod
    def around(cls, left: float, top: float, right: float, bottom: float) -> Rect:
        """Return the smallest rectangle of whole pixels around these edges.

        Raises:
            BadInputError: It lies further out than a picture may reach.
        """
        edges = (left, top, right, bottom)
        if not all(math.isfinite(edge) and abs(edge) <= 2 * FAR_PX for edge in edges):
            raise too_far()
        return cls.between(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))

    def united(self, other: Rect) -> Rect:
        """Return the smallest rectangle around both; an empty one adds nothing."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Rect.between(
            min(self.x, other.x),
            min(self.y, other.y),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def intersected(self, other: Rect) -> Rect:
        """Return what both have in common; empty where they do not meet."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if right <= left or bottom <= top:
            return Rect()
        return Rect.between(left, top, right, bottom)

    def grown(self, by: int) -> Rect:
        """Return it with ``by`` pixels more on every side; an empty one stays empty."""
        if self.is_empty:
            return Rect()
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def moved(self, dx: int, dy: int) -> Rect:
        """Return it ``dx`` to the right and ``dy`` downwards."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)

    def aligned(self, step: int) -> Rect:
        """Return it grown outwards until all edges are multiples of ``step``."""
        if self.is_empty:
            return Rect()
        return Rect.between(
            self.x // step * step,
            self.y // step * step,
            -(-self.right // step) * step,
            -(-self.bottom // step) * step,
        )

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point lies in it."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def covers(self, other: Rect) -> bool:
        """Return whether all of ``other`` lies in it."""
        return other.is_empty or self.intersected(other) == other


def bounds_of(rects: Iterable[Rect]) -> Rect:
    """Return the smallest rectangle around all of them."""
    found = Rect()
    for rect in rects:
        found = found.united(rect)
    return found


def tile_rect(key: Key) -> Rect:
    """Return where a tile lies."""
    return Rect(key[0] * TILE_PX, key[1] * TILE_PX, TILE_PX, TILE_PX)


def tiles_over(rect: Rect) -> Iterator[Key]:
    """Yield the tiles a rectangle touches, row by row."""
    if rect.is_empty:
        return
    for row in range(rect.y // TILE_PX, (rect.bottom - 1) // TILE_PX + 1):
        for column in range(rect.x // TILE_PX, (rect.right - 1) // TILE_PX + 1):
            yield column, row


def windows(rect: Rect) -> Iterator[tuple[Key, tuple[slice, slice], tuple[slice, slice]]]:
    """Yield each tile a rectangle touches, with what it covers there.

    Yields:
        The tile; rows and columns within the tile; the same rows and columns within ``rect``.
    """
    for key in tiles_over(rect):
        tile = tile_rect(key)
        part = tile.intersected(rect)
        yield key, part_of(tile, part), part_of(rect, part)


def part_of(whole: Rect, part: Rect) -> tuple[slice, slice]:
    """Return rows and columns of ``part`` in an array that shows ``whole``."""
    top, left = part.y - whole.y, part.x - whole.x
    return slice(top, top + part.height), slice(left, left + part.width)


def require_near(rect: Rect) -> Rect:
    """Return ``rect`` if a picture may reach that far.

    Raises:
        BadInputError: It lies too far out.
    """
    if not rect.is_empty and not Rect(-FAR_PX, -FAR_PX, 2 * FAR_PX, 2 * FAR_PX).covers(rect):
        raise too_far()
    return rect


def too_far() -> BadInputError:
    """Return the refusal of a place no picture reaches."""
    return BadInputError(
        "That is too far out on the canvas.",
        hint=f"A picture may reach {FAR_PX:,} pixels from its origin in every direction.",
    )

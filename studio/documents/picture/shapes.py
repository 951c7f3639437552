"""Masks of shapes, antialiased by how much of each pixel they cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import (
    TILE_PX,
    Key,
    Rect,
    require_near,
    tile_rect,
    tiles_over,
    windows,
)
from studio.documents.picture.selection import ALL, NOTHING, cut
from studio.documents.picture.tiles import Bytes

MAX_POINTS = 100_000
_STEPS = 1024
_Doubles = npt.NDArray[np.float64]


def rectangle(rect: Rect) -> dict[Key, Bytes]:
    """Return a rectangle's mask as tiles.

    Raises:
        BadInputError: It is too far out.
    """
    require_near(rect)
    tiles: dict[Key, Bytes] = {}
    for key, inside, _ in windows(rect):
        if tile_rect(key).intersected(rect) == tile_rect(key):
            tiles[key] = ALL
            continue
        tiles[key] = NOTHING.copy()
        tiles[key][inside] = 255
    return tiles


def ellipse(rect: Rect) -> dict[Key, Bytes]:
    """Return the mask of the ellipse that fills ``rect``, as tiles.

    A pixel's share is told from the distance of its middle to the edge, to first order.

    Raises:
        BadInputError: It is too far out.
    """
    require_near(rect)
    a, b = rect.width / 2, rect.height / 2
    middle_x, middle_y = rect.x + a, rect.y + b
    tiles: dict[Key, Bytes] = {}
    for key in tiles_over(rect):
        place = tile_rect(key)
        x: _Doubles = np.arange(place.x, place.right) + np.float64(0.5 - middle_x)
        y: _Doubles = np.arange(place.y, place.bottom) + np.float64(0.5 - middle_y)
        furthest = (np.abs(x[[0, -1]]).max() + 1) ** 2 / a**2
        if furthest + (np.abs(y[[0, -1]]).max() + 1) ** 2 / b**2 <= 1.0:
            tiles[key] = ALL
            continue
        tile = _ellipse_part(x[None, :], y[:, None], a, b)
        if tile.any():
            tiles[key] = tile
    return tiles


def _ellipse_part(x: _Doubles, y: _Doubles, a: float, b: float) -> Bytes:
    value = np.sqrt((x / a) ** 2 + (y / b) ** 2)
    slope = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2) / np.maximum(value, 1e-9)
    inside = (1.0 - value) / np.maximum(slope, 1e-9)  # distance to the edge, in pixels
    middle = (np.abs(x) < 0.5) & (np.abs(y) < 0.5)
    share = np.where(middle, min(1.0, 4 * a * b), np.clip(inside + 0.5, 0.0, 1.0))
    return np.asarray(share * 255 + 0.5).astype(np.uint8)


def polygon(points: Sequence[tuple[float, float]]) -> dict[Key, Bytes]:
    """Return the mask of a closed polygon, as tiles.

    Every pixel gets exactly the share of it that is inside. Where the outline crosses itself,
    what it goes around in either direction is inside.

    Raises:
        BadInputError: It has too many points, or is too far out.
    """
    if len(points) > MAX_POINTS:
        raise BadInputError(f"An outline has {MAX_POINTS:,} points at most.")
    if len(points) < 3:
        return {}
    # In steps nobody sees, so that no edge is too short to be divided by.
    outline = np.round(np.array(points, np.float64) * _STEPS) / _STEPS
    low, high = outline.min(axis=0), outline.max(axis=0)
    rect = require_near(Rect.around(low[0], low[1], high[0], high[1]))
    if rect.is_empty:
        return {}
    start, end = outline, np.roll(outline, -1, axis=0)
    tiles: dict[Key, Bytes] = {}
    for band in _bands(rect):
        tiles.update(cut(band, _band(start, end, band)))
    return tiles


def _bands(rect: Rect) -> Iterator[Rect]:
    top = rect.y // TILE_PX * TILE_PX
    while top < rect.bottom:
        yield rect.intersected(Rect(rect.x, top, rect.width, TILE_PX))
        top += TILE_PX


def _band(start: _Doubles, end: _Doubles, band: Rect) -> Bytes:
    """Return the mask inside a band, by summing up signed areas along each row.

    As font rasterisers do it (R. Levien, "Inside the fastest font renderer in the world"): every
    piece of the outline that lies in one pixel adds its height, times its direction, to that pixel
    as far as it is left of the piece, and the rest to the next; running sums are the coverage.
    """
    start, end = _within(start, end, band.y, band.bottom)
    start, end = _pieces(start - (band.x, band.y), end - (band.x, band.y))
    middle = (start + end) / 2
    row = np.clip(np.floor(middle[:, 1]).astype(np.int64), 0, band.height - 1)
    column = np.clip(np.floor(middle[:, 0]).astype(np.int64), 0, band.width - 1)
    height = end[:, 1] - start[:, 1]
    share = middle[:, 0] - column
    stride = band.width + 1
    place = row * stride + column
    size = band.height * stride
    sums = np.bincount(place, height * (1 - share), size)
    sums += np.bincount(place + 1, height * share, size)
    covered = np.abs(np.cumsum(sums.reshape(band.height, stride), axis=1)[:, :-1])
    return np.asarray(np.minimum(covered, 1.0) * 255 + 0.5).astype(np.uint8)


def _within(start: _Doubles, end: _Doubles, top: float, bottom: float) -> tuple[_Doubles, _Doubles]:
    """Return the edges cut off above ``top`` and below ``bottom``; level ones cover nothing."""
    keep = (np.maximum(start[:, 1], end[:, 1]) > top) & (
        np.minimum(start[:, 1], end[:, 1]) < bottom
    )
    start, end = start[keep], end[keep]
    rise = end[:, 1] - start[:, 1]
    level = rise == 0
    start, end, rise = start[~level], end[~level], rise[~level]
    first = np.clip((np.clip(start[:, 1], top, bottom) - start[:, 1]) / rise, 0, 1)
    last = np.clip((np.clip(end[:, 1], top, bottom) - start[:, 1]) / rise, 0, 1)
    way = end - start
    return start + way * first[:, None], start + way * last[:, None]


def _pieces(start: _Doubles, end: _Doubles) -> tuple[_Doubles, _Doubles]:
    """Return edges cut wherever they go from one pixel into another."""
    way = end - start
    edges = np.arange(len(start))
    which, shares = [edges, edges], [np.zeros(len(start)), np.ones(len(start))]
    for axis in (0, 1):
        low = np.minimum(start[:, axis], end[:, axis])
        high = np.maximum(start[:, axis], end[:, axis])
        first = np.floor(low) + 1
        count = np.maximum(np.ceil(high) - first, 0).astype(np.int64)
        crossed = np.repeat(edges, count)
        line = first[crossed] + _counted(count)
        which.append(crossed)
        shares.append((line - start[crossed, axis]) / way[crossed, axis])
    of, share = np.concatenate(which), np.clip(np.concatenate(shares), 0, 1)
    order = np.lexsort((share, of))
    of, share = of[order], share[order]
    places = start[of] + way[of] * share[:, None]
    same = of[1:] == of[:-1]
    return places[:-1][same], places[1:][same]


def _counted(count: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return 0..n-1 for every n in ``count``, one after the other."""
    total = int(count.sum())
    return np.arange(total) - np.repeat(np.cumsum(count) - count, count)

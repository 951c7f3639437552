"""Selections with softer, wider or narrower edges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import TILE_PX, Key, Rect, tile_rect, windows
from studio.documents.picture.selection import ALL, NOTHING, Selection, selection_of
from studio.documents.picture.tiles import Bytes

MAX_RADIUS_PX = 500

Change = Callable[[Bytes], Bytes]
"""Makes a mask of another, ``reach`` pixels smaller on every side."""


def feathered(selection: Selection, radius_px: float, limits: Rect) -> Selection | None:
    """Return a selection whose edges fade over ``radius_px`` to both sides.

    The fading is close to a Gaussian with half of ``radius_px`` as its standard deviation.

    Raises:
        BadInputError: The radius is out of range.
    """
    radius_px = _checked(radius_px)
    if radius_px == 0:
        return selection
    sigma = radius_px / 2
    reach = math.ceil(3 * sigma) + 1

    def blur(mask: Bytes) -> Bytes:
        from PIL import Image, ImageFilter

        blurred = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(sigma))
        return np.asarray(blurred)[reach:-reach, reach:-reach]

    return _changed(selection, reach, blur, limits)


def grown(selection: Selection, by_px: int, limits: Rect) -> Selection | None:
    """Return a selection that reaches ``by_px`` further, or less far where that is negative.

    Raises:
        BadInputError: It is more than ``MAX_RADIUS_PX``.
    """
    reach = int(_checked(abs(by_px)))
    if reach == 0:
        return selection
    if by_px > 0:
        return _changed(selection, reach, lambda mask: _widened(mask, reach), limits)
    return _changed(selection, reach, lambda mask: 255 - _widened(255 - mask, reach), limits)


def _checked(radius_px: float) -> float:
    if not 0 <= radius_px <= MAX_RADIUS_PX:
        raise BadInputError(
            "The edge of a selection cannot be changed by so much.",
            hint=f"At most {MAX_RADIUS_PX} pixels.",
        )
    return radius_px


def _changed(selection: Selection, reach: int, change: Change, limits: Rect) -> Selection | None:
    tiles: dict[Key, Bytes] = {}
    for block in _blocks(selection, reach):
        around = block.grown(reach)
        uniform = _uniform(selection, around)
        if uniform is not None:
            tiles.update({key: uniform for key, _, _ in windows(block)})
            continue
        mask = change(selection.mask(around))
        for key, _, there in windows(block):
            tiles[key] = np.ascontiguousarray(mask[there])
    return selection_of(tiles, selection.outside, limits)


def _blocks(selection: Selection, reach: int) -> Iterator[Rect]:
    """Yield squares of tiles over everything the change can reach, larger ones for far reach."""
    side = 1 if reach <= 96 else 4
    far = -(-reach // TILE_PX)
    seen = {
        ((column + right) // side, (row + down) // side)
        for column, row in selection.tiles
        for right in range(-far, far + 1)
        for down in range(-far, far + 1)
    }
    for column, row in sorted(seen):
        first = tile_rect((column * side, row * side))
        yield Rect(first.x, first.y, side * TILE_PX, side * TILE_PX)


def _uniform(selection: Selection, rect: Rect) -> Bytes | None:
    """Return the tile that all of ``rect`` looks like, if one does."""
    found = {id(tile): tile for tile in (selection.tile(key) for key, _, _ in windows(rect))}
    tile = next(iter(found.values()))
    return tile if len(found) == 1 and (tile is ALL or tile is NOTHING) else None


def _widened(mask: Bytes, reach: int) -> Bytes:
    """Return the greatest value within a disc around each pixel, ``reach`` smaller on each side.

    Rows of the disc are done from the shortest to the longest, each made of the one before.
    """
    height, width = mask.shape[0] - 2 * reach, mask.shape[1] - 2 * reach
    result = np.zeros((height, width), np.uint8)
    row, half = mask, 0
    for down in range(reach, -1, -1):
        wanted = math.isqrt(reach * reach + reach - down * down)  # round, and the same turned
        while half < wanted:
            step = min(wanted - half, 2 * half + 1)
            row, half = _spread(row, step), half + step
        for at in {reach - down, reach + down}:
            part = row[at : at + height, reach : reach + width]
            np.maximum(result, part, out=result)
    return result


def _spread(mask: Bytes, step: int) -> Bytes:
    """Return the greatest of each pixel and those ``step`` to its left and right."""
    wider = mask.copy()
    np.maximum(wider[:, step:], mask[:, :-step], out=wider[:, step:])
    np.maximum(wider[:, :-step], mask[:, step:], out=wider[:, :-step])
    return wider

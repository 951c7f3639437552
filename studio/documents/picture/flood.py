"""Regions of a similar colour, for the magic wand and the paint bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import (
    TILE_PX,
    Key,
    Rect,
    part_of,
    tile_rect,
    tiles_over,
)
from studio.documents.picture.tiles import Bytes

Look = Callable[[Key], "Bytes | None"]
"""Gives a tile's pixels: uint8 (4, 256, 256), straight; ``None`` where there is nothing."""
_LAST = TILE_PX - 1


@dataclass
class _Region:
    """A tile while the region is looked for.

    Attributes:
        amount: uint8 (256, 256), how well each pixel matches.
        labels: int32 (256, 256), which connected part it belongs to; 0 for none.
        chosen: bool by label: which parts belong to the region.
    """

    amount: Bytes
    labels: npt.NDArray[np.int32]
    chosen: npt.NDArray[np.bool_]


def similar(
    look: Look, x: int, y: int, *, tolerance: int, contiguous: bool, limits: Rect
) -> dict[Key, Bytes]:
    """Return where the colour is like that at a point, as tiles of a mask.

    Colours are as far apart as their most different channel, premultiplied, alpha included. Up to
    ``tolerance`` a pixel belongs fully; to half as much again, less and less, for a soft edge.

    Args:
        look: Gives the pixels.
        x: The point.
        y: The point.
        tolerance: 0 to 255.
        contiguous: Only what is connected with the point, by pixels side by side.
        limits: Where to look at all.

    Raises:
        BadInputError: The tolerance is out of range, or the point lies outside.
    """
    if not 0 <= tolerance <= 255:
        raise BadInputError("Tolerance goes from 0 to 255.", tolerance=tolerance)
    if not limits.contains(x, y):
        raise BadInputError(
            "There is no picture at this place.", hint="Click inside the picture or its frame."
        )
    start = (x // TILE_PX, y // TILE_PX)
    colour = _premultiplied(look(start))[:, y % TILE_PX, x % TILE_PX]
    match = _Matcher(look, colour, tolerance, limits)
    if contiguous:
        return _connected(match, start, x % TILE_PX, y % TILE_PX)
    found = {key: match.amount(key) for key in tiles_over(limits)}
    return {key: amount for key, amount in found.items() if amount.any()}


class _Matcher:
    """Tells how well the pixels of a tile match a colour."""

    def __init__(
        self, look: Look, colour: npt.NDArray[np.int16], tolerance: int, limits: Rect
    ) -> None:
        self._look = look
        self._colour = colour[:, None, None]
        self._tolerance = tolerance
        self._limits = limits

    def amount(self, key: Key) -> Bytes:
        planes = _premultiplied(self._look(key))
        apart = np.abs(planes - self._colour).max(axis=0).astype(np.float32)
        if self._tolerance == 0:
            amount = np.where(apart == 0, np.uint8(255), np.uint8(0))
        else:
            share = np.clip(3 - apart * np.float32(2 / self._tolerance), 0, 1)
            amount = np.asarray(share * 255 + np.float32(0.5)).astype(np.uint8)
        place = tile_rect(key)
        inside = place.intersected(self._limits)
        if inside == place:
            return amount
        rows, columns = part_of(place, inside)
        limited = np.zeros_like(amount)
        if not inside.is_empty:
            limited[rows, columns] = amount[rows, columns]
        return limited

    def region(self, key: Key) -> _Region:
        from scipy.ndimage import label

        amount = self.amount(key)
        labels, count = label(amount)
        return _Region(amount, labels, np.zeros(count + 1, bool))


def _connected(match: _Matcher, start: Key, column: int, row: int) -> dict[Key, Bytes]:
    """Walk from tile to tile wherever the region goes on across their edges."""
    regions: dict[Key, _Region] = {}
    first = regions[start] = match.region(start)
    waiting = [(start, np.array([first.labels[row, column]]))]
    while waiting:
        key, labels = waiting.pop()
        region = regions[key]
        fresh = labels[~region.chosen[labels]]
        fresh = np.unique(fresh[fresh > 0])
        if not fresh.size:
            continue
        region.chosen[fresh] = True
        for step, mine, theirs in _SIDES:
            edge = region.labels[mine]
            crossing = np.isin(edge, fresh)
            if not crossing.any():
                continue
            other = (key[0] + step[0], key[1] + step[1])
            if other not in regions:
                regions[other] = match.region(other)
            waiting.append((other, np.unique(regions[other].labels[theirs][crossing])))
    found = {key: one.amount * one.chosen[one.labels] for key, one in regions.items()}
    return {key: amount for key, amount in found.items() if amount.any()}


_SIDES = (
    ((-1, 0), np.s_[:, 0], np.s_[:, _LAST]),
    ((1, 0), np.s_[:, _LAST], np.s_[:, 0]),
    ((0, -1), np.s_[0, :], np.s_[_LAST, :]),
    ((0, 1), np.s_[_LAST, :], np.s_[0, :]),
)


def _premultiplied(planes: Bytes | None) -> npt.NDArray[np.int16]:
    if planes is None:
        return np.zeros((4, TILE_PX, TILE_PX), np.int16)
    if planes[3].min() == 255:
        return planes.astype(np.int16)
    result = planes.astype(np.uint16)
    result[:3] = (result[:3] * result[3] + 127) // 255
    return result.astype(np.int16)

"""Actions on whole layers: fill, gradient, transform, merge. Each works inside an open edit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.compositing import PICTURE, WHOLE, View, compose
from studio.documents.picture.editing import Edit, State
from studio.documents.picture.geometry import Key, Rect, tile_rect, tiles_over, windows
from studio.documents.picture.layers import SHOWN_KINDS, Layer, replaced
from studio.documents.picture.painting import (
    Colour,
    Effect,
    exchange_pixels,
    lay_colour,
    lay_pixels,
)
from studio.documents.picture.selection import ALL, Selection, selection_of
from studio.documents.picture.tiles import Bytes, Floats, Tile, content_of
from studio.documents.picture.transforming import Affine, Resample, Warp, transformed_area


class Layering:
    """Changes the tiles of one layer as far as they are selected."""

    def __init__(self, state: State, edit: Edit, layer: Layer) -> None:
        self._state = state
        self._edit = edit
        self._layer = layer
        self._selection = state.selection

    def colour(
        self, amounts: Mapping[Key, Bytes], colour: Colour, share: float, effect: Effect
    ) -> None:
        """Lay one colour where ``amounts`` (uint8 tiles) says."""
        for key, amount in amounts.items():
            coverage = self._coverage(key, amount)
            if coverage is not None:
                if share != 1.0:
                    coverage = coverage * np.float32(share)
                base, tile = self._writable(key)
                lay_colour(base, tile.pixels, coverage, colour, effect)
                tile.written()

    def pixels(self, keys: Iterable[Key], look: Callable[[Rect], Bytes]) -> None:
        """Lay pixels over tiles: ``look`` gives uint8 (4, height, width)."""
        for key in keys:
            coverage = self._coverage(key, ALL)
            if coverage is not None:
                base, tile = self._writable(key)
                source = look(tile_rect(key))
                tint = self._layer.alpha_locked
                lay_pixels(base, tile.pixels, source, coverage, tint=tint)
                tile.written()

    def _coverage(self, key: Key, amount: Bytes) -> Floats | None:
        if self._selection is not None:
            selected = self._selection.tile(key)
            if not selected.any():
                return None
            return amount * (selected * np.float32(1 / 255**2))
        return amount * np.float32(1 / 255)

    def _writable(self, key: Key) -> tuple[Bytes | None, Tile]:
        had = self._state.tile(self._layer.id, key) is not None
        tile = self._state.writable(self._edit, self._layer.id, key)
        return (tile.pixels if had else None), tile


def write_planes(
    state: State,
    edit: Edit,
    layer_id: str,
    planes: Bytes,
    at: tuple[int, int],
    mask: Bytes | None,
    *,
    exchange: bool = False,
    tint: bool = False,
) -> None:
    """Lay pixels on a layer.

    Args:
        state: The picture.
        edit: The action that is going on.
        layer_id: The layer.
        planes: uint8 (4, height, width), straight.
        at: Where their upper left corner lies.
        mask: uint8 (height, width), 255 where they are laid; ``None`` for everywhere.
        exchange: They take the place of what was there, transparency included.
        tint: They only colour what is there.
    """
    rect = Rect(at[0], at[1], planes.shape[2], planes.shape[1])
    for key, inside, (rows, columns) in windows(rect):
        coverage: Floats | None = None
        if mask is not None:
            part = mask[rows, columns]
            if not part.any():
                continue
            coverage = part * np.float32(1 / 255)
        had = state.tile(layer_id, key) is not None
        tile = state.writable(edit, layer_id, key)
        target = tile.pixels[:, inside[0], inside[1]]
        source = planes[:, rows, columns]
        base = target if had else None
        if exchange and not tint:
            whole = np.ones(target.shape[1:], np.float32) if coverage is None else coverage
            exchange_pixels(base, target, source, whole)
        else:
            lay_pixels(base, target, source, coverage, tint=tint)
        tile.written()


def transform(state: State, edit: Edit, layer_id: str, affine: Affine, resample: Resample) -> None:
    """Transform a layer's pixels, or what of them is selected.

    Raises:
        BadInputError: It would become too large or reach too far out.
    """
    tiles = state.grid(layer_id).lend()
    selection = state.selection
    lifted = tiles if selection is None else _lifted(tiles, selection)
    gather = _gatherer(lifted.get)
    area = content_of(lifted)
    warp = Warp(gather, affine, resample)
    targets = set(tiles_over(transformed_area(affine, area))) if lifted else set()
    if selection is not None:
        _erase(state, edit, layer_id, selection)
    else:
        for key in set(tiles) - targets:
            state.put(edit, layer_id, key, None)
    for key, pixels in _seen_through(warp, targets):
        if selection is None:
            state.put(edit, layer_id, key, Tile(pixels) if pixels[3].any() else None)
        elif pixels[3].any():
            tile = state.writable(edit, layer_id, key)
            lay_pixels(tile.pixels, tile.pixels, pixels, None)
            tile.written()


def _seen_through(warp: Warp, keys: Iterable[Key]) -> Iterator[tuple[Key, Bytes]]:
    """Yield what tiles show through a transform, several at a time: Pillow lets others run."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "picture-transform") as pool:
        ordered = sorted(keys)
        yield from zip(ordered, pool.map(warp.pixels, map(tile_rect, ordered)), strict=True)


def transformed_selection(
    selection: Selection, affine: Affine, resample: Resample, limits: Rect
) -> Selection | None:
    """Return a selection transformed like the pixels in it.

    Raises:
        BadInputError: It would become too large or reach too far out.
    """
    if selection.outside:
        return selection

    def gather(rect: Rect) -> Bytes:
        planes = np.zeros((4, rect.height, rect.width), np.uint8)
        planes[3] = selection.mask(rect)
        return planes

    warp = Warp(gather, affine, resample)
    keys = tiles_over(transformed_area(affine, selection.bounds))
    found = {key: np.ascontiguousarray(warp.pixels(tile_rect(key))[3]) for key in keys}
    return selection_of(found, 0, limits)


def _lifted(tiles: Mapping[Key, Tile], selection: Selection) -> dict[Key, Tile]:
    found: dict[Key, Tile] = {}
    for key, tile in tiles.items():
        amount = selection.tile(key)
        if amount is ALL:
            found[key] = tile
        elif amount.any():
            pixels = tile.pixels.copy()
            share = amount * np.float32(1 / 255)
            pixels[3] = pixels[3] * share + np.float32(0.5)
            pixels[:3] *= pixels[3] > 0
            found[key] = Tile(pixels)
    return found


def _erase(state: State, edit: Edit, layer_id: str, selection: Selection) -> None:
    for key in tuple(state.grid(layer_id)):
        amount = selection.tile(key)
        if amount is ALL:
            state.put(edit, layer_id, key, None)
        elif amount.any():
            tile = state.writable(edit, layer_id, key)
            share = amount * np.float32(1 / 255)
            lay_colour(tile.pixels, tile.pixels, share, (0, 0, 0), "erase")
            tile.written()


def _gatherer(get: Callable[[Key], Tile | None]) -> Callable[[Rect], Bytes]:
    def gather(rect: Rect) -> Bytes:
        planes = np.zeros((4, rect.height, rect.width), np.uint8)
        for key, (rows, columns), there in windows(rect):
            tile = get(key)
            if tile is not None:
                planes[:, there[0], there[1]] = tile.pixels[:, rows, columns]
        return planes

    return gather


def merge(state: State, edit: Edit, layers: Sequence[Layer], into: Layer) -> tuple[Layer, ...]:
    """Write what ``layers`` show together as the tiles of ``into``, and empty the others.

    Returns:
        Masks, controls and regions among them that were not merged, since they are no part of
        the picture.
    """
    view = PICTURE if into.kind in SHOWN_KINDS else View(overlays=True)
    inside = [one for layer in layers for one in layer.walk()]
    merged = [one for one in inside if one.kind in (into.kind, "group")]
    tiles: dict[Key, Tile | None] = {}
    for key in {key for one in merged for key in state.grid(one.id)}:
        planes = compose(layers, partial(_tile_at, state, key), view, WHOLE)
        tiles[key] = None if planes is None else Tile(np.array(planes))
    for one in merged:
        for key in tuple(state.grid(one.id)):
            state.put(edit, one.id, key, None)
    for key, tile in tiles.items():
        state.put(edit, into.id, key, tile)
    return tuple(one for one in inside if one not in merged)


def merge_down(state: State, edit: Edit, upper: Layer, lower: Layer) -> None:
    """Merge two neighbours into the lower one, which keeps its name and blend mode.

    Raises:
        BadInputError: They are of different kinds.
    """
    if upper.kind not in (lower.kind, "group") or lower.kind == "group":
        raise BadInputError(
            f"“{upper.name}” cannot be merged into “{lower.name}”.",
            hint="Only layers of the same kind can be merged.",
        )
    kept = replace(lower, opacity=1.0, meta={**upper.meta, **lower.meta})
    left = merge(state, edit, (replace(lower, blend_mode="normal"), upper), kept)
    tree = replaced(state.tree, upper.id, lambda _: ())
    state.tree = replaced(tree, lower.id, lambda _: (kept, *left))


def merge_group(state: State, edit: Edit, group: Layer) -> None:
    """Make a group one layer that looks the same."""
    mode = "normal" if group.blend_mode == "pass-through" else group.blend_mode
    made = replace(group, kind="raster", opacity=1.0, blend_mode=mode, children=())
    left = merge(state, edit, (replace(group, blend_mode="normal"),), made)
    state.tree = replaced(state.tree, group.id, lambda _: (made, *left))


def flatten(state: State, edit: Edit, made: Layer, *, keep_hidden: bool) -> None:
    """Make one layer of everything visible in the picture, where the lowest of it lies."""
    tree = state.tree
    shown = [one for one in tree if one.kind in SHOWN_KINDS and one.visible]
    left = merge(state, edit, shown, made)
    first = tree.index(shown[0])
    kept: list[Layer] = []
    for place, layer in enumerate(tree):
        if place == first:
            kept += [made, *left]
        elif layer in shown:
            continue
        elif keep_hidden or layer.kind not in SHOWN_KINDS:
            kept.append(layer)
        else:
            state.drop_layer(edit, layer)
    state.tree = tuple(kept)


def _tile_at(state: State, key: Key, layer_id: str) -> Tile | None:
    return state.tile(layer_id, key)

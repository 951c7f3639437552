"""What all layers together look like, one tile at a time.

A tile is folded from below in float32 and rounded once at its end, so no order of caching changes
a byte. Every thread has its own scratch planes.

Follows packaging/docs/decisions/0120-how-pictures-are-composed.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from studio.documents.picture.blending import lay
from studio.documents.picture.geometry import TILE_PX
from studio.documents.picture.layers import SHOWN_KINDS, Layer
from studio.documents.picture.tiles import Bytes, Floats, Tile

Fetch = Callable[[str], "Tile | None"]
"""Gives a layer's tile at the place that is composed."""
Window = tuple[slice, slice]
WHOLE: Window = (slice(0, TILE_PX), slice(0, TILE_PX))
_TINY = np.float32(1e-6)


@dataclass(frozen=True)
class View:
    """Which layers are composed.

    Attributes:
        only: These and what is in them, whatever their kind and even when hidden; ``None`` for
            the picture.
        without: These are left out.
        overlays: Masks, controls and regions that are visible are shown, too.
    """

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    overlays: bool = False


PICTURE = View()


@dataclass(frozen=True)
class _Part:
    """Something that is laid over what is below it: a tile, or a group's parts."""

    opacity: float
    mode: str
    tile: Tile | None = None
    parts: tuple[_Part, ...] = ()

    @property
    def hides_below(self) -> bool:
        return (
            self.tile is not None
            and self.opacity == 1.0
            and self.mode == "normal"
            and self.tile.is_opaque
        )


def compose(tree: Sequence[Layer], fetch: Fetch, view: View, window: Window) -> Bytes | None:
    """Return one tile of what the layers show together.

    Args:
        tree: Layers, bottom first.
        fetch: Gives each layer's tile here.
        view: Which of them count.
        window: Rows and columns within the tile.

    Returns:
        uint8 (4, height, width), straight; a view of a layer's tile where that is all there is,
        so it must not be written. ``None`` where there is nothing.
    """
    parts = _parts(tree, fetch, view, view.only is None)
    if not parts:
        return None
    first = parts[0]
    if len(parts) == 1 and first.tile is not None and first.opacity == 1.0:
        return first.tile.pixels[:, window[0], window[1]]
    below = _scratch(0, window)
    _fold(parts, below, window, 1)
    return _straight(below, opaque=first.hides_below)


def _parts(tree: Sequence[Layer], fetch: Fetch, view: View, shown: bool) -> tuple[_Part, ...]:
    """Return what there is to lay here, bottom first, beginning with what hides all below it."""
    found: list[_Part] = []
    for layer in tree:
        if layer.id in view.without:
            continue
        named = view.only is not None and layer.id in view.only
        counts = shown or named
        if not counts and layer.kind == "group":
            found.extend(_parts(layer.children, fetch, view, False))
        elif not named and (not layer.visible or layer.opacity == 0.0):
            continue
        elif layer.kind == "group":
            _add_group(found, layer, _parts(layer.children, fetch, view, counts))
        elif counts and (named or view.overlays or layer.kind in SHOWN_KINDS):
            tile = fetch(layer.id)
            if tile is not None:
                found.append(_Part(layer.opacity, layer.blend_mode, tile))
                if found[-1].hides_below:
                    del found[:-1]
    return tuple(found)


def _add_group(found: list[_Part], group: Layer, parts: tuple[_Part, ...]) -> None:
    if not parts:
        return
    if group.opacity == 1.0 and (
        group.blend_mode == "pass-through"
        or (len(parts) == 1 and group.blend_mode == "normal" and parts[0].mode == "normal")
    ):
        if parts[0].hides_below:
            found.clear()
        found.extend(parts)
        return
    found.append(_Part(group.opacity, group.blend_mode, None, parts))


def _fold(parts: Sequence[_Part], below: Floats, window: Window, level: int) -> None:
    """Lay parts over each other into ``below``, whose content does not matter."""
    below[...] = 0
    _lay_parts(parts, below, window, level, bare=True)


def _lay_parts(
    parts: Sequence[_Part], below: Floats, window: Window, level: int, *, bare: bool
) -> None:
    opaque = bare and parts[0].hides_below  # and stays so, whatever is laid over it
    for place, part in enumerate(parts):
        if part.mode == "pass-through":
            _lay_through(part, below, window, level)
        elif bare and place == 0:
            _load(part, below, window, level)
        elif opaque and part.tile is not None and part.mode == "normal":
            _fade(part, part.tile, below, window, level)
        else:
            source = _scratch(level, window)
            _load(part, source, window, level)
            lay(below, source, part.mode, _alpha(window))


def _load(part: _Part, into: Floats, window: Window, level: int) -> None:
    """Write what a part shows into planes, premultiplied."""
    if part.tile is None:
        _fold(part.parts, into, window, level + 1)
    else:
        into[...] = part.tile.pixels[:, window[0], window[1]]
        if not part.tile.is_opaque:
            alpha = _alpha(window)
            np.multiply(into[3], np.float32(1 / 255), out=alpha)
            np.multiply(into[:3], alpha, out=into[:3])
    if part.opacity != 1.0:
        np.multiply(into, np.float32(part.opacity), out=into)


def _fade(part: _Part, tile: Tile, below: Floats, window: Window, level: int) -> None:
    """Lay a tile over opaque planes: co = cb + (cs - cb) αs, which is less to do."""
    colours, alpha = _scratch(level, window)[:3], _alpha(window)
    pixels = tile.pixels[:, window[0], window[1]]
    np.multiply(pixels[3], np.float32(part.opacity / 255), out=alpha)
    np.subtract(pixels[:3], below[:3], out=colours)
    np.multiply(colours, alpha, out=colours)
    np.add(below[:3], colours, out=below[:3])


def _lay_through(part: _Part, below: Floats, window: Window, level: int) -> None:
    """Lay what is in a group on what is under the group, and fade between both."""
    through = _scratch(level, window)
    through[...] = below
    _lay_parts(part.parts, through, window, level + 1, bare=False)
    np.subtract(through, below, out=through)
    np.multiply(through, np.float32(part.opacity), out=through)
    np.add(below, through, out=below)


def _straight(planes: Floats, *, opaque: bool) -> Bytes:
    """Return premultiplied planes as straight bytes, rounded; the planes are spoilt."""
    if not opaque:
        alpha = planes[3]
        factor = np.divide(np.float32(255), np.maximum(alpha, _TINY))
        factor[alpha < 0.5] = 0
        np.multiply(planes[:3], factor, out=planes[:3])
    np.add(planes, np.float32(0.5), out=planes)
    np.minimum(planes, np.float32(255), out=planes)
    return planes.astype(np.uint8)


class _Scratch(threading.local):
    """Planes that are used again and again, one set for each thread.

    A smaller window gets the beginning of the same memory without gaps: numpy runs over that in
    one go, and a window cut out of a larger plane costs three times as much.
    """

    def __init__(self) -> None:
        self.planes: list[Floats] = []
        self.alpha: Floats = np.empty(TILE_PX * TILE_PX, np.float32)


_own = _Scratch()


def _scratch(level: int, window: Window) -> Floats:
    while len(_own.planes) <= level:
        _own.planes.append(np.empty(4 * TILE_PX * TILE_PX, np.float32))
    height, width = _size(window)
    return _own.planes[level][: 4 * height * width].reshape(4, height, width)


def _alpha(window: Window) -> Floats:
    height, width = _size(window)
    return _own.alpha[: height * width].reshape(height, width)


def _size(window: Window) -> tuple[int, int]:
    rows, columns = window
    return rows.stop - rows.start, columns.stop - columns.start

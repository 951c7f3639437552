"""What a picture must look like, computed the slow and obvious way, and ways to make pictures.

Nothing of the package's arithmetic is used here: layers are put together pixel by pixel in double
precision, as "Compositing and Blending Level 1" writes it down.
"""

from __future__ import annotations

import numpy as np

from studio.documents.picture.geometry import TILE_PX, Rect

ZERO = (0.0, 0.0, 0.0)


def pixels_of(snapshot, layer_id: str, rect: Rect) -> np.ndarray:
    """Return a layer's own pixels: uint8 (height, width, 4)."""
    out = np.zeros((rect.height, rect.width, 4), np.uint8)
    tiles = snapshot.tiles[layer_id]
    for y in range(rect.y // TILE_PX, (rect.bottom - 1) // TILE_PX + 1):
        for x in range(rect.x // TILE_PX, (rect.right - 1) // TILE_PX + 1):
            if (x, y) not in tiles:
                continue
            left, top = max(rect.x, x * TILE_PX), max(rect.y, y * TILE_PX)
            right, bottom = min(rect.right, (x + 1) * TILE_PX), min(rect.bottom, (y + 1) * TILE_PX)
            planes = tiles[x, y].pixels
            part = planes[
                :,
                top - y * TILE_PX : bottom - y * TILE_PX,
                left - x * TILE_PX : right - x * TILE_PX,
            ]
            out[top - rect.y : bottom - rect.y, left - rect.x : right - rect.x] = np.moveaxis(
                part, 0, 2
            )
    return out


def composite(snapshot, rect: Rect) -> np.ndarray:
    """Return premultiplied float64 (height, width, 4) of 0 to 1."""
    nothing = np.zeros((rect.height, rect.width, 4))
    return _layers(snapshot, snapshot.layers, rect, nothing)


def _layers(snapshot, layers, rect: Rect, below: np.ndarray) -> np.ndarray:
    for layer in layers:
        if not layer.visible or layer.kind not in ("raster", "group"):
            continue
        if layer.blend_mode == "pass-through":
            through = _layers(snapshot, layer.children, rect, below)
            below = below + (through - below) * layer.opacity
            continue
        if layer.kind == "group":
            nothing = np.zeros((rect.height, rect.width, 4))
            source = _layers(snapshot, layer.children, rect, nothing)
        else:
            source = pixels_of(snapshot, layer.id, rect) / 255
            source[..., :3] *= source[..., 3:]
        below = over(below, source * layer.opacity, layer.blend_mode)
    return below


def over(below: np.ndarray, source: np.ndarray, mode: str) -> np.ndarray:
    """Lay premultiplied ``source`` over premultiplied ``below``."""
    if mode == "plus":
        return np.minimum(below + source, 1)
    ab, as_ = below[..., 3:], source[..., 3:]
    cb = np.divide(below[..., :3], ab, out=np.zeros_like(below[..., :3]), where=ab > 0)
    cs = np.divide(source[..., :3], as_, out=np.zeros_like(below[..., :3]), where=as_ > 0)
    flat_b, flat_s = cb.reshape(-1, 3), cs.reshape(-1, 3)
    if mode == "normal":
        mixed = cs
    else:
        mixed = np.array(
            [blend(mode, tuple(b), tuple(s)) for b, s in zip(flat_b, flat_s, strict=True)]
        ).reshape(cb.shape)
    colour = as_ * (1 - ab) * cs + as_ * ab * mixed + (1 - as_) * ab * cb
    return np.concatenate([colour, as_ + ab - as_ * ab], axis=-1)


def blend(mode: str, cb: tuple, cs: tuple) -> tuple:
    """Return B(Cb, Cs) for one pixel, word for word as in sections 9.1 and 10."""
    if mode == "hue":
        return set_lum(set_sat(cs, sat(cb)), lum(cb))
    if mode == "saturation":
        return set_lum(set_sat(cb, sat(cs)), lum(cb))
    if mode == "color":
        return set_lum(cs, lum(cb))
    if mode == "luminosity":
        return set_lum(cb, lum(cs))
    return tuple(channel(mode, b, s) for b, s in zip(cb, cs, strict=True))


def channel(mode: str, cb: float, cs: float) -> float:
    if mode == "multiply":
        return cb * cs
    if mode == "screen":
        return cb + cs - cb * cs
    if mode == "overlay":
        return channel("hard-light", cs, cb)
    if mode == "darken":
        return min(cb, cs)
    if mode == "lighten":
        return max(cb, cs)
    if mode == "color-dodge":
        return 0.0 if cb < 1e-9 else 1.0 if cs > 1 - 1e-9 else min(1.0, cb / (1 - cs))
    if mode == "color-burn":
        return 1.0 if cb > 1 - 1e-9 else 0.0 if cs < 1e-9 else 1 - min(1.0, (1 - cb) / cs)
    if mode == "hard-light":
        if cs <= 0.5:
            return cb * (2 * cs)
        return channel("screen", cb, 2 * cs - 1)
    if mode == "soft-light":
        if cs <= 0.5:
            return cb - (1 - 2 * cs) * cb * (1 - cb)
        d = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else cb**0.5
        return cb + (2 * cs - 1) * (d - cb)
    if mode == "difference":
        return abs(cb - cs)
    if mode == "exclusion":
        return cb + cs - 2 * cb * cs
    raise AssertionError(mode)


def lum(c: tuple) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def sat(c: tuple) -> float:
    return max(c) - min(c)


def clip_color(c: tuple) -> tuple:
    light, low, high = lum(c), min(c), max(c)
    if low < 0.0:
        c = tuple(light + (v - light) * light / (light - low) for v in c)
    if high > 1.0:
        c = tuple(light + (v - light) * (1 - light) / (high - light) for v in c)
    return c


def set_lum(c: tuple, light: float) -> tuple:
    d = light - lum(c)
    return clip_color(tuple(v + d for v in c))


def set_sat(c: tuple, s: float) -> tuple:
    order = sorted(range(3), key=lambda i: c[i])
    low, mid, high = order
    out = [0.0, 0.0, 0.0]
    if c[high] > c[low]:
        out[mid] = (c[mid] - c[low]) * s / (c[high] - c[low])
        out[high] = s
    return tuple(out)


def assert_shows(got: np.ndarray, expected: np.ndarray, *, slack: float = 0.02) -> None:
    """Check straight bytes against premultiplied floats: nothing but the last rounding differs."""
    alpha = expected[..., 3] * 255
    assert np.abs(got[..., 3] - alpha).max() <= 0.5 + slack
    seen = got[..., 3] > 0
    straight = expected[..., :3] * 255 / np.maximum(expected[..., 3:], 1e-12)
    apart = np.abs(got[..., :3] - straight)[seen]
    assert not apart.size or apart.max() <= 0.5 + slack
    assert not got[~seen].any()


def noise(seed: int, width: int, height: int, *, opaque: bool = False) -> np.ndarray:
    """Return pixels with every kind of alpha, colour 0 where it is 0."""
    dice = np.random.default_rng(seed)
    pixels = dice.integers(0, 256, (height, width, 4), dtype=np.uint8)
    kind = dice.integers(0, 4, (height, width))
    pixels[..., 3] = np.where(kind == 0, 0, np.where(kind == 1, 255, pixels[..., 3]))
    if opaque:
        pixels[..., 3] = 255
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def flat(width: int, height: int, *colour: int) -> np.ndarray:
    """Return pixels of one colour."""
    return np.full((height, width, 4), (*colour, 255)[:4], np.uint8)

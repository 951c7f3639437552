"""How a layer's colours mix with what lies under them.

Names and formulas are those of W3C "Compositing and Blending Level 1" (sections 9.1 and 10) and,
for "plus", of "Level 2" (plus-lighter); OpenRaster's ``composite-op`` takes the same names. As
there, and as in every painting program with 8 bits a channel, colours are mixed as the sRGB
numbers they are stored as.

All planes are float32; what is mixed here is premultiplied and goes from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from studio.documents.picture.tiles import Floats

Mix = Callable[[Floats, Floats], Floats]
"""B(Cb, Cs) of the W3C: backdrop and source, straight colours (3, height, width) of 0 to 1."""

_TINY = np.float32(1e-6)
_HALF = np.float32(0.5)


@dataclass(frozen=True)
class BlendMode:
    """One way to mix.

    Attributes:
        name: As in CSS ``mix-blend-mode``.
        title: What a list shows.
        composite_op: OpenRaster's name of it.
        mix: The formula; ``None`` where no colours are mixed ("normal", "plus").
    """

    name: str
    title: str
    composite_op: str
    mix: Mix | None = None


def _multiply(cb: Floats, cs: Floats) -> Floats:
    return cb * cs


def _screen(cb: Floats, cs: Floats) -> Floats:
    return cb + cs - cb * cs


def _hard_light(cb: Floats, cs: Floats) -> Floats:
    double = 2 * cs
    return np.where(cs <= _HALF, _multiply(cb, double), _screen(cb, double - 1))


def _overlay(cb: Floats, cs: Floats) -> Floats:
    return _hard_light(cs, cb)


def _color_dodge(cb: Floats, cs: Floats) -> Floats:
    bright = np.minimum(1, cb / np.maximum(1 - cs, _TINY))
    return np.where(cb <= _TINY, np.float32(0), bright)


def _color_burn(cb: Floats, cs: Floats) -> Floats:
    dark = 1 - np.minimum(1, (1 - cb) / np.maximum(cs, _TINY))
    return np.where(cb >= 1 - _TINY, np.float32(1), dark)


def _soft_light(cb: Floats, cs: Floats) -> Floats:
    curve = np.where(cb <= 0.25, ((16 * cb - 12) * cb + 4) * cb, np.sqrt(cb))
    dark = cb - (1 - 2 * cs) * cb * (1 - cb)
    return np.where(cs <= _HALF, dark, cb + (2 * cs - 1) * (curve - cb))


def _difference(cb: Floats, cs: Floats) -> Floats:
    return np.asarray(np.abs(cb - cs))


def _exclusion(cb: Floats, cs: Floats) -> Floats:
    return cb + cs - 2 * cb * cs


def _hue(cb: Floats, cs: Floats) -> Floats:
    return _with_luminosity(_with_saturation(cs, _saturation_of(cb)), _luminosity_of(cb))


def _saturation(cb: Floats, cs: Floats) -> Floats:
    return _with_luminosity(_with_saturation(cb, _saturation_of(cs)), _luminosity_of(cb))


def _color(cb: Floats, cs: Floats) -> Floats:
    return _with_luminosity(cs, _luminosity_of(cb))


def _luminosity(cb: Floats, cs: Floats) -> Floats:
    return _with_luminosity(cb, _luminosity_of(cs))


def _luminosity_of(colour: Floats) -> Floats:
    weights = np.array([0.3, 0.59, 0.11], np.float32)[:, None, None]
    return np.asarray((colour * weights).sum(axis=0), np.float32)


def _saturation_of(colour: Floats) -> Floats:
    return np.asarray(colour.max(axis=0) - colour.min(axis=0), np.float32)


def _with_luminosity(colour: Floats, luminosity: Floats) -> Floats:
    """SetLum and ClipColor of the W3C, section 10.2."""
    shifted = colour + (luminosity - _luminosity_of(colour))
    light = _luminosity_of(shifted)
    low, high = shifted.min(axis=0), shifted.max(axis=0)
    up = light + (shifted - light) * (light / np.maximum(light - low, _TINY))
    shifted = np.where(low < 0, up, shifted)
    down = light + (shifted - light) * ((1 - light) / np.maximum(high - light, _TINY))
    return np.where(high > 1, down, shifted)


def _with_saturation(colour: Floats, saturation: Floats) -> Floats:
    """SetSat of the W3C: the least channel becomes 0, the greatest ``saturation``."""
    low, high = colour.min(axis=0), colour.max(axis=0)
    spread = high - low
    scale = np.where(spread > _TINY, saturation / np.maximum(spread, _TINY), np.float32(0))
    return np.asarray((colour - low) * scale, np.float32)


BLEND_MODES: Mapping[str, BlendMode] = {
    mode.name: mode
    for mode in (
        BlendMode("normal", "Normal", "svg:src-over"),
        BlendMode("darken", "Darken", "svg:darken", np.minimum),
        BlendMode("multiply", "Multiply", "svg:multiply", _multiply),
        BlendMode("color-burn", "Colour burn", "svg:color-burn", _color_burn),
        BlendMode("lighten", "Lighten", "svg:lighten", np.maximum),
        BlendMode("screen", "Screen", "svg:screen", _screen),
        BlendMode("color-dodge", "Colour dodge", "svg:color-dodge", _color_dodge),
        BlendMode("plus", "Add", "svg:plus"),
        BlendMode("overlay", "Overlay", "svg:overlay", _overlay),
        BlendMode("soft-light", "Soft light", "svg:soft-light", _soft_light),
        BlendMode("hard-light", "Hard light", "svg:hard-light", _hard_light),
        BlendMode("difference", "Difference", "svg:difference", _difference),
        BlendMode("exclusion", "Exclusion", "svg:exclusion", _exclusion),
        BlendMode("hue", "Hue", "svg:hue", _hue),
        BlendMode("saturation", "Saturation", "svg:saturation", _saturation),
        BlendMode("color", "Colour", "svg:color", _color),
        BlendMode("luminosity", "Luminosity", "svg:luminosity", _luminosity),
    )
}


def lay(below: Floats, source: Floats, mode: str, alpha: Floats) -> None:
    """Lay ``source`` over ``below``, in place.

    co = cs + cb (1 - αs) for "normal"; with a blend formula, section 10.1.1:
    co = cs (1 - αb) + αs αb B(Cb, Cs) + cb (1 - αs).

    Args:
        below: (4, height, width), premultiplied, 0 to 255; becomes the result.
        source: The same of what comes over it; spoilt afterwards.
        mode: One of ``BLEND_MODES``.
        alpha: (height, width) of scratch.
    """
    if mode == "plus":
        np.add(below, source, out=below)
        np.minimum(below, np.float32(255), out=below)
        return
    mix = BLEND_MODES[mode].mix
    if mix is not None:
        _mix_colours(below, source, mix)
    np.multiply(source[3], np.float32(-1 / 255), out=alpha)
    np.add(alpha, np.float32(1), out=alpha)
    np.multiply(below, alpha, out=below)
    np.add(below, source, out=below)


def _mix_colours(below: Floats, source: Floats, mix: Mix) -> None:
    """Turn the source's colours into what "normal" makes the blended result of."""
    under, over = below[3] * np.float32(1 / 255), source[3]
    backdrop = np.clip(below[:3] / np.maximum(below[3], _TINY), 0, 1)
    straight = np.clip(source[:3] / np.maximum(over, _TINY), 0, 1)
    mixed = mix(backdrop, straight)
    source[:3] += under * (mixed * over - source[:3])

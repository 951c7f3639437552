"""Colours as prompts name them: naming a picture's colour, and repainting it in another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

RAMPS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]] = {
    "red": ((96, 8, 16), (222, 40, 44), (255, 196, 190)),
    "orange": ((120, 52, 0), (248, 132, 20), (255, 222, 176)),
    "yellow": ((138, 96, 0), (250, 206, 40), (255, 246, 196)),
    "green": ((10, 70, 24), (52, 168, 70), (200, 242, 196)),
    "blue": ((10, 36, 110), (40, 116, 232), (196, 224, 255)),
    "purple": ((52, 16, 98), (138, 66, 210), (228, 206, 255)),
    "pink": ((134, 22, 82), (250, 112, 176), (255, 220, 236)),
    "brown": ((50, 26, 12), (134, 80, 44), (222, 186, 156)),
    "black": ((6, 6, 10), (46, 46, 54), (136, 136, 148)),
    "white": ((150, 154, 166), (236, 238, 242), (255, 255, 255)),
}
"""Dark, middle and light of every colour a caption may name (sRGB, 0 to 255)."""

COLOURS = tuple(RAMPS)


def hue_saturation_value(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """Hue (0 to 1), saturation and value of ``rgb`` (height, width, 3) in 0 to 1."""
    high, low = rgb.max(-1), rgb.min(-1)
    span = high - low
    safe = np.where(span > 1e-6, span, 1)
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    hue = np.where(
        high == red,
        (green - blue) / safe % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = np.where(span > 1e-6, hue / 6, 0)
    saturation = np.where(high > 1e-6, span / np.maximum(high, 1e-6), 0)
    return hue.astype(np.float32), saturation.astype(np.float32), high.astype(np.float32)


def _main_hue(rgb: Floats, alpha: Floats) -> tuple[float, Floats, float]:
    """The hue that covers most, the membership of every pixel, and the share covered."""
    hue, saturation, value = hue_saturation_value(rgb)
    weight = alpha * saturation * (saturation > 0.18) * (value > 0.15)
    bins = np.bincount((hue * 24).astype(int).ravel() % 24, weight.ravel(), minlength=24)
    smooth = bins + 0.6 * (np.roll(bins, 1) + np.roll(bins, -1))
    best = (int(smooth.argmax()) + 0.5) / 24
    distance = np.abs((hue - best + 0.5) % 1 - 0.5)
    near = np.clip((0.14 - distance) / 0.05, 0, 1)
    coloured = np.clip((saturation - 0.10) / 0.12, 0, 1)
    member = (near * coloured).astype(np.float32)
    share = float((member * alpha).sum() / max(float(alpha.sum()), 1))
    return best, member, share


def repaint(picture: Picture, colour: str) -> Picture:
    """``picture`` (height, width, 4, straight alpha) with its main colour turned to ``colour``.

    Pixels of the hue that covers most follow the colour's ramp by their brightness; a picture
    without a main hue is repainted whole, but for its darkest lines.
    """
    rgb = picture[..., :3].astype(np.float32) / 255
    alpha = picture[..., 3].astype(np.float32) / 255
    _, member, share = _main_hue(rgb, alpha)
    grey = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    if share < 0.4:
        member = np.clip((grey - 0.12) / 0.15, 0, 1)
    mass = member * alpha
    if mass.sum() < 1:
        return picture.copy()
    middle = float((grey * mass).sum() / mass.sum())
    position = np.where(
        grey < middle,
        0.5 * grey / max(middle, 1e-3),
        0.5 + 0.5 * (grey - middle) / max(1 - middle, 1e-3),
    )
    ramp = np.array(RAMPS[colour], np.float32) / 255
    painted = np.stack(
        [np.interp(position, [0, 0.5, 1], ramp[:, channel]) for channel in range(3)], -1
    )
    mixed = rgb + (painted.astype(np.float32) - rgb) * member[..., None]
    out = picture.copy()
    out[..., :3] = np.round(mixed.clip(0, 1) * 255)
    return out


def name_colour(picture: Picture) -> str | None:
    """The colour word for a picture whose visible area is mostly one colour, else None."""
    rgb = picture[..., :3].astype(np.float32) / 255
    alpha = picture[..., 3].astype(np.float32) / 255
    shares = colour_shares(rgb, alpha)
    best = max(shares, key=lambda colour: shares[colour])
    return best if shares[best] > 0.55 else None


def colour_shares(rgb: Floats, alpha: Floats) -> dict[str, float]:
    """Share of the visible area that each colour word covers."""
    hue, saturation, value = hue_saturation_value(rgb)
    degrees = hue * 360
    vivid = (saturation >= 0.22) & (value >= 0.22)
    warm = (degrees < 45) | (degrees >= 345)
    brown = vivid & warm & (degrees >= 8) & (value < 0.66)
    white = ~vivid & (value > 0.8)
    black = ((saturation < 0.35) & (value < 0.36)) | (value < 0.22)
    pink = vivid & (
        ((degrees >= 290) & (degrees < 345) & (value > 0.6))
        | (((degrees >= 335) | (degrees < 8)) & (saturation < 0.5) & (value > 0.8))
    )
    free = vivid & ~brown & ~pink & ~black
    masks = {
        "red": free & ((degrees >= 335) | (degrees < 15)),
        "orange": free & (degrees >= 15) & (degrees < 41),
        "yellow": free & (degrees >= 41) & (degrees < 68),
        "green": free & (degrees >= 68) & (degrees < 170),
        "blue": free & (degrees >= 170) & (degrees < 255),
        "purple": free & (degrees >= 255) & (degrees < 335),
        "pink": pink & ~black,
        "brown": brown & ~black,
        "black": black,
        "white": white & ~black,
    }
    total = max(float(alpha.sum()), 1.0)
    return {colour: float((alpha * mask).sum()) / total for colour, mask in masks.items()}

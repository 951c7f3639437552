"""Maps for ControlNets, drawn from a picture: its edges. For a background thread; numpy only.

Depth and poses need models of their own; a map made elsewhere is used as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MapKind = Literal["as it is", "edges", "inverted"]
KINDS: tuple[MapKind, ...] = get_args(MapKind)
LOW, HIGH = 0.1, 0.25
"""Shares of the strongest slope from which on an edge goes on, and from which on it begins."""
BLUR_PX = 1.4
LONGEST_STEPS = 64
"""Weak edges are followed so far, in px; further on, noise begins."""


def control_map(pixels: NDArray[np.uint8], kind: MapKind) -> NDArray[np.uint8]:
    """Return a picture as the map a ControlNet wants.

    Args:
        pixels: uint8 (height, width, 4), straight alpha.
        kind: "edges": white lines on black, as Canny's; "inverted": black on white turned round,
            for drawings; "as it is": it is a map already.

    Returns:
        uint8 (height, width, 4), opaque.
    """
    flat = _on_white(pixels)
    if kind == "edges":
        lines = edges(flat)
        flat = np.repeat(lines[:, :, None], 3, axis=2)
    elif kind == "inverted":
        flat = 255 - flat
    alpha = np.full((*flat.shape[:2], 1), 255, np.uint8)
    return np.concatenate((flat, alpha), axis=2)


def edges(flat: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return where a picture (height, width, 3) has edges, 255 on 0 (Canny 1986)."""
    from PIL import Image, ImageFilter

    grey = Image.fromarray(flat).convert("L").filter(ImageFilter.GaussianBlur(BLUR_PX))
    light = np.pad(np.asarray(grey, np.float32), 1, mode="edge")
    across = light[1:-1, 2:] - light[1:-1, :-2]
    down = light[2:, 1:-1] - light[:-2, 1:-1]
    slope = np.hypot(across, down)
    steepest = float(slope.max())
    if steepest < 1:
        return np.zeros(slope.shape, np.uint8)
    ridge = slope * _is_ridge(slope, across, down)
    strong, weak = ridge >= HIGH * steepest, ridge >= LOW * steepest
    return np.where(_grown_within(strong, weak), np.uint8(255), np.uint8(0))


def _is_ridge(
    slope: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return where the slope is steepest along its own direction."""
    wide = np.pad(slope, 1)
    sector = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(np.int8) % 4
    height, width = slope.shape
    kept = np.zeros(slope.shape, bool)
    for number, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = wide[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        behind = wide[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        kept |= (sector == number) & (slope >= ahead) & (slope > behind)
    return kept


def _grown_within(strong: NDArray[np.bool_], weak: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the weak edges that hang together with strong ones."""
    from PIL import Image, ImageFilter

    found = strong
    for _ in range(LONGEST_STEPS):
        wider = Image.fromarray(found).convert("L").filter(ImageFilter.MaxFilter(3))
        grown = (np.asarray(wider) > 0) & weak
        if np.array_equal(grown, found):
            break
        found = grown
    return found


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = pixels[:, :, 3:].astype(np.uint16)
    return ((pixels[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)

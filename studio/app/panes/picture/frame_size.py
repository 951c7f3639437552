"""Which part of the canvas a model is given, and at which resolution it works. No Qt, no numpy.

A model paints well near the size it was taught at and badly far from it, so the area is scaled to
that many pixels, kept in shape, and what comes back is scaled to the area again.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from studio.documents.picture.geometry import Rect
from studio.models.info import ModelInfo

DEFAULT_SIDE = 1024
SIDES = {
    "sd-1": 512,
    "sd-2-base": 512,
    "sd-2-inpaint": 512,
    "sd-2": 768,
    "lcm": 512,
    "sdxl": 1024,
    "sd-3": 1024,
    "flux": 1024,
    "z-image": 1024,
    "qwen-image": 1328,
}
"""Side of the square each family was taught at, in px; the longest fitting name counts."""
STEP = 16
"""Every picture model known works on multiples of this, in px."""
LATENT_PX = 8
"""Pixels of one latent, where a model's folder does not say."""
SIDE_MAX = 2048
ASPECT_MAX = 3.0
"""Wider pictures than this come out with everything in them twice."""
CONTEXT = 0.5
"""How much around a selection the model sees, as a share of its longer side, on each side."""
APART_MAX = 2.0
"""A picture of several parts is made so many times the model's own side at most."""
STEPS_DOWN_MAX = 1.5
"""An area up to so many times the model's own side is taken whole; details survive that."""


@dataclass(frozen=True)
class Resolution:
    """Size in px a model works at."""

    width: int
    height: int


def taught_side(model: ModelInfo | None) -> int:
    """Return the side of the square a model was taught at, in px. Reads small files."""
    if model is None:
        return DEFAULT_SIDE
    told = _side_in_folder(model.path)
    if told:
        return told
    fitting = [name for name in SIDES if model.family.startswith(name)]
    return SIDES[max(fitting, key=len)] if fitting else DEFAULT_SIDE


def draws_apart(model: ModelInfo | None) -> bool:
    """Say whether a model draws parts with prompts of their own as pictures of their own.

    So do models that read the prompt once for the whole picture. Reads a small file.
    """
    if model is None or model.path is None or not model.path.is_dir():
        return False
    return _read(model.path / "unet" / "config.json").get("addition_embed_type") == "text"


def side_for_parts(side: int, smallest: float) -> int:
    """Return the side of the square at which a model that draws parts apart works.

    Args:
        side: What :func:`taught_side` says, in px.
        smallest: Share of the picture that its smallest part has, above 0 to 1.
    """
    return round(side * min(APART_MAX, math.sqrt(1 / smallest)))


def resolution_for(area: Rect, side: int, *, step: int = STEP) -> Resolution:
    """Return the size at which ``area`` is painted.

    Args:
        area: Part of the canvas; not empty.
        side: What :func:`taught_side` says, in px.
        step: Both sides are multiples of this, in px.
    """
    aspect = min(ASPECT_MAX, max(1 / ASPECT_MAX, area.width / area.height))
    width, height = side * math.sqrt(aspect), side / math.sqrt(aspect)
    return Resolution(_stepped(width, step), _stepped(height, step))


def work_area(frame: Rect, selected: Rect, side: int) -> Rect:
    """Return the part of the canvas to work on.

    Without a selection that is the frame. A selection in a frame not much larger than the
    model's own size is repainted within the frame; in a larger one, or outside of it, the model
    gets the selection with some of what is around it, so that it keeps its details.

    Args:
        frame: The generation frame.
        selected: Bounds of the selection; empty without one.
        side: What :func:`taught_side` says, in px.
    """
    if selected.is_empty:
        return frame
    inside = frame.covers(selected)
    if inside and max(frame.width, frame.height) <= side * STEPS_DOWN_MAX:
        return frame
    around = selected.grown(round(max(selected.width, selected.height) * CONTEXT))
    area = _shaped(_at_least(around, min(side, max(frame.width, frame.height))))
    return _pushed_into(area, frame) if inside else area


def _at_least(area: Rect, side: int) -> Rect:
    wider, higher = max(0, side - area.width), max(0, side - area.height)
    return Rect(area.x - wider // 2, area.y - higher // 2, area.width + wider, area.height + higher)


def _shaped(area: Rect) -> Rect:
    """Return it grown until it is no wider or higher than models can take."""
    width = max(area.width, math.ceil(area.height / ASPECT_MAX))
    height = max(area.height, math.ceil(area.width / ASPECT_MAX))
    return Rect(
        area.x - (width - area.width) // 2, area.y - (height - area.height) // 2, width, height
    )


def _pushed_into(area: Rect, frame: Rect) -> Rect:
    """Return it moved into the frame, and cut where it is larger."""
    width, height = min(area.width, frame.width), min(area.height, frame.height)
    x = min(max(area.x, frame.x), frame.right - width)
    y = min(max(area.y, frame.y), frame.bottom - height)
    return Rect(x, y, width, height)


def _stepped(length: float, step: int) -> int:
    return max(step, min(SIDE_MAX, round(length / step) * step))


def _side_in_folder(folder: Path | None) -> int:
    """Return what a model's own folder says; 0 where it says nothing."""
    if folder is None or not folder.is_dir():
        return 0
    network = _read(folder / "unet" / "config.json") or _read(
        folder / "transformer" / "config.json"
    )
    sample = network.get("sample_size")
    if not isinstance(sample, int) or sample <= 0:
        return 0
    blocks = _read(folder / "vae" / "config.json").get("block_out_channels")
    scale = 2 ** (len(blocks) - 1) if isinstance(blocks, list) and blocks else LATENT_PX
    return max(STEP, min(SIDE_MAX, sample * scale))


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}

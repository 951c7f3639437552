"""Where the prompts of a request hold: shares of each place, from the masks of its regions.

Light apart from numpy, which is imported when a request has regions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.requests import Region
from studio.engine.backends import _diffusers_repaint as repaint
from studio.engine.backends._diffusers_frames import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Rows and columns of an area: top, bottom, left, right."""


def shares_of(
    regions: Sequence[Region],
    masks: Sequence[bytes],
    frame: Frame,
    cell_px: int,
    base: float,
) -> NDArray[np.floating[Any]]:
    """Return how much each region's prompt counts in each place.

    A region fades in from its edge inwards, over one cell; where regions overlap they share.

    Args:
        regions: What shall be where.
        masks: Their pictures.
        frame: The sizes.
        cell_px: Side of a cell of latents, in px of what the model computes.
        base: How much the main prompt counts inside regions, 0 to 1.

    Returns:
        float32 (regions, rows of cells, columns of cells); they sum up to 1 - ``base`` at most,
        and are exactly 0 in every cell a region does not touch.

    Raises:
        BadInputError: A mask is no picture, of another shape, or empty.
    """
    import numpy as np

    wanted = [
        _in_cells(inside, cell_px) * np.float32(region.weight)
        for region, inside in zip(regions, _insides(regions, masks, frame, cell_px), strict=True)
    ]
    stacked = np.stack(wanted)
    crowd = np.maximum(stacked.sum(axis=0), 1)
    found: NDArray[np.floating[Any]] = stacked / crowd * np.float32(1 - base)
    return found


def cleared_outside(
    pixels: NDArray[np.uint8],
    regions: Sequence[Region],
    masks: Sequence[bytes],
    frame: Frame,
    edge_px: int,
) -> NDArray[np.uint8]:
    """Return a picture (model_height, model_width, 4) with nothing outside of its regions.

    Args:
        pixels: The picture.
        regions: What is in it.
        masks: Their pictures.
        frame: The sizes.
        edge_px: How softly they end, inside their edges.
    """
    import numpy as np

    inside = np.maximum.reduce(_insides(regions, masks, frame, edge_px))
    found = pixels.copy()
    found[..., 3] = np.rint(pixels[..., 3] * inside).astype(np.uint8)
    return found


def box_around(share: NDArray[np.floating[Any]], least: int, multiple: int) -> Box:
    """Return the cells a region is drawn in: around what it touches, and not too small.

    Args:
        share: (rows, columns).
        least: The least side, in cells.
        multiple: Sides are multiples of this, unless the whole is smaller.
    """
    import numpy as np

    rows, columns = np.flatnonzero(share.any(axis=1)), np.flatnonzero(share.any(axis=0))
    if not rows.size:
        return 0, share.shape[0], 0, share.shape[1]
    return (
        *_span(int(rows[0]), int(rows[-1]) + 1, share.shape[0], least, multiple),
        *_span(int(columns[0]), int(columns[-1]) + 1, share.shape[1], least, multiple),
    )


def _span(start: int, end: int, whole: int, least: int, multiple: int) -> tuple[int, int]:
    length = math.ceil(max(end - start, least) / multiple) * multiple
    if length >= whole:
        return 0, whole
    start = min(max(0, (start + end - length + 1) // 2), whole - length)
    return start, start + length


def _insides(
    regions: Sequence[Region], masks: Sequence[bytes], frame: Frame, edge_px: int
) -> list[NDArray[np.floating[Any]]]:
    """Return how far inside each region each pixel is, 0..1: (model_height, model_width)."""
    found = []
    for region, data in zip(regions, masks, strict=True):
        mask = repaint.read_mask(data, frame.width, frame.height, empty=_empty(region))
        found.append(repaint.fading(frame.enter(mask), edge_px))
    return found


def _in_cells(inside: NDArray[np.floating[Any]], cell_px: int) -> NDArray[np.floating[Any]]:
    rows, columns = inside.shape[0] // cell_px, inside.shape[1] // cell_px
    cut = inside[: rows * cell_px, : columns * cell_px]
    cells = cut.reshape(rows, cell_px, columns, cell_px)
    found: NDArray[np.floating[Any]] = cells.mean(axis=(1, 3), dtype="float32")
    return found


def _empty(region: Region) -> BadInputError:
    words = " ".join(region.prompt.split())
    words = words if len(words) <= 40 else f"{words[:40]}…"
    return BadInputError(
        f"The region “{words}” covers no part of the picture.",
        hint="Paint its area, or leave it out.",
    )

"""From a snapshot of the canvas to what a model is given, and back. For a background thread.

What is repainted is a little more than what was selected: the model gets the selection with a
rim, and the rim is where the result fades into what was there. No Qt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.app.panes.picture.frame_size import Resolution, work_area
from studio.app.panes.picture.intents import Intent, Situation, is_masked
from studio.app.panes.picture.regions import smallest_share, taking_part
from studio.core.errors import BadInputError
from studio.core.media import Picture
from studio.core.picture_files import encode_picture
from studio.documents.picture.geometry import Rect, bounds_of
from studio.documents.picture.layers import walk
from studio.documents.picture.tiles import content_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.layers import Layer
    from studio.documents.picture.scene import Snapshot

RIM_SHARE = 0.04
"""Width of the rim as a share of the selection's longer side."""
RIM_LEAST_PX = 12
"""And at least so wide at the size the model works at; latents are 8 px wide."""
RIM_MOST_PX = 96
REACH = 1.8
"""A blurred edge is still seen this many standard deviations away."""
SEEN = 9
"""What counts as seen, of 255."""
SURVEY_SIDE = 256
"""Situations are told from a picture of about this size."""
PNG_LEVEL = 1
BAND_PX = 128
"""Rows of the answer that are composed in one go."""


@dataclass(frozen=True)
class Survey:
    """What there is to work with, and where.

    Attributes:
        area: The part of the canvas to work on.
        situation: What is in it.
        revision: The document's revision this is true of.
        regions: The layers of parts with prompts of their own.
        smallest: Share of the area that the smallest of these has, above 0 to 1.
    """

    area: Rect
    situation: Situation
    revision: int = -1
    regions: tuple[Layer, ...] = ()
    smallest: float = 1.0


@dataclass(frozen=True)
class Composed:
    """What a model is given for an area of the canvas.

    Attributes:
        area: The part of the canvas.
        resolution: The size the model works at.
        image: The picture there, as a PNG of that size; ``None`` when it is made from nothing.
        mask: Where to repaint, likewise.
        blend: How much of the result is taken, uint8 (area.height, area.width); ``None``: all.
    """

    area: Rect
    resolution: Resolution
    image: bytes | None = field(default=None, repr=False)
    mask: bytes | None = field(default=None, repr=False)
    blend: NDArray[np.uint8] | None = field(default=None, repr=False)


class Shown:
    """What a picture shows, from what the document keeps composed: that costs next to nothing.

    It is read in bands, so that whoever paints meanwhile waits for one band at most.

    Args:
        picture: The document.
        snapshot: The state that is wanted.
        exact: When the picture changed meanwhile, compose the snapshot instead, which is slow;
            without it, the newest state will do, as for live painting.
    """

    def __init__(self, picture: PictureDocument, snapshot: Snapshot, *, exact: bool) -> None:
        self._picture = picture
        self._snapshot = snapshot
        self._exact = exact

    def composite(self, rect: Rect, *, shrink: int = 0) -> NDArray[np.uint8]:
        """Return what ``PictureDocument.composite`` does."""
        whole = rect.aligned(1 << shrink)
        bands = []
        for top in range(whole.y, whole.bottom, BAND_PX << shrink):
            height = min(BAND_PX << shrink, whole.bottom - top)
            band = Rect(whole.x, top, whole.width, height)
            bands.append(self._picture.composite(band, shrink=shrink))
        if self._exact and self._picture.revision != self._snapshot.revision:
            return self._snapshot.composite(rect, shrink=shrink)
        return np.concatenate(bands)


class Chosen:
    """What of a picture is to be repainted: the selection, or else what mask layers cover."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._masks = [
            layer.id
            for layer in walk(snapshot.layers)
            if layer.kind == "mask" and layer.visible and snapshot.selection is None
        ]

    @property
    def bounds(self) -> Rect:
        """The smallest rectangle around it; empty when nothing is chosen."""
        selection = self._snapshot.selection
        if selection is not None:
            if selection.outside:
                return selection.bounds.united(self._snapshot.frame)
            return selection.bounds
        return bounds_of(content_of(self._snapshot.tiles[layer_id]) for layer_id in self._masks)

    def mask(self, rect: Rect) -> NDArray[np.uint8] | None:
        """Return uint8 (height, width), 255 where chosen; ``None`` when nothing is chosen."""
        selection = self._snapshot.selection
        if selection is not None:
            return selection.mask(rect)
        if not self._masks:
            return None
        found = np.zeros((rect.height, rect.width), np.uint8)
        for layer_id in self._masks:
            np.maximum(found, self._snapshot.mask(layer_id, rect), out=found)
        return found


def survey(snapshot: Snapshot, side: int, shown: Shown | None = None) -> Survey:
    """Look at what there is.

    Args:
        snapshot: The picture.
        side: Side of the square the model was taught at, in px.
        shown: Composes it; ``None`` composes the snapshot, which is slow for a large one.
    """
    chosen = Chosen(snapshot)
    area = work_area(snapshot.frame, chosen.bounds, side)
    shrink = _shrink(area, SURVEY_SIDE)
    alpha = (shown or snapshot).composite(area, shrink=shrink)[:, :, 3] >= 128
    mask = chosen.mask(area.aligned(1 << shrink))
    selected = None if mask is None else mask[:: 1 << shrink, :: 1 << shrink] >= 128
    situation = Situation(
        covered=float(alpha.mean()),
        solidity=_solidity(alpha),
        selected=_share_selected(mask, selected),
        selected_covered=_share_within(alpha, selected),
        selected_edge=0.0 if selected is None else _edge_share(selected),
    )
    regions = taking_part(snapshot, area)
    smallest = smallest_share(snapshot, area, regions)
    return Survey(area, situation, snapshot.revision, regions, smallest)


def compose(
    snapshot: Snapshot,
    found: Survey,
    intent: Intent,
    resolution: Resolution,
    shown: Shown | None = None,
) -> Composed:
    """Return what a model is given for an intent.

    Args:
        snapshot: The picture.
        found: What there is in it.
        intent: What shall be done.
        resolution: The size the model works at.
        shown: Composes the picture; ``None`` composes the snapshot.

    Raises:
        BadInputError: The area is too large in one piece, or there is nothing to repaint.
    """
    area = found.area
    blend = mask = None
    if is_masked(intent, found.situation):
        hard = _what_to_repaint(snapshot, found, intent)
        rim = _rim_px(hard, area, resolution)
        blend, wide = faded(hard, rim)
        mask = _mask_png(wide, resolution)
    if intent is Intent.GENERATE:
        return Composed(area, resolution, blend=blend)
    pixels = picture_of(snapshot, area, resolution, shown=shown)
    return Composed(area, resolution, png(pixels), mask, blend)


def picture_of(
    snapshot: Snapshot,
    area: Rect,
    resolution: Resolution,
    only: str = "",
    shown: Shown | None = None,
) -> NDArray[np.uint8]:
    """Return what an area shows at another size: uint8 (height, width, 4), straight alpha.

    Args:
        snapshot: The picture.
        area: What to show.
        resolution: At which size.
        only: Id of the one layer to show; "" for all that make up the picture.
        shown: Composes the picture; ``None`` composes the snapshot.
    """
    shrink = _shrink(area, max(resolution.width, resolution.height))
    if only:
        pixels = snapshot.composite(area, shrink=shrink, only=(only,))
    else:
        pixels = (shown or snapshot).composite(area, shrink=shrink)
    return resized(pixels, resolution.width, resolution.height)


def result_pixels(picture: Picture, composed: Composed) -> NDArray[np.uint8]:
    """Return a result as the pixels of a layer at ``composed.area``, its edges faded."""
    pixels = resized(picture.pixels(), composed.area.width, composed.area.height)
    if composed.blend is None:
        return pixels
    alpha = pixels[:, :, 3].astype(np.uint16) * composed.blend
    pixels = pixels.copy()
    pixels[:, :, 3] = (alpha + 127) // 255
    return pixels


def resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, 4) in another size; colours behind alpha do not bleed."""
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBa")
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS).convert("RGBA"))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels (height, width, 4) as a PNG, written fast rather than small."""
    return encode_picture(Picture.of(pixels), ".png", compress_level=PNG_LEVEL)


def faded(hard: NDArray[np.uint8], rim_px: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return how much of the result is taken, and where the model repaints.

    Args:
        hard: What was selected, uint8 (height, width).
        rim_px: Width of the rim around it.

    Returns:
        The selection, fading to nothing within the rim; and the selection with all of the rim,
        0 or 255.
    """
    if rim_px <= 0:
        return hard, np.where(hard > 0, np.uint8(255), np.uint8(0))
    near = _blurred(np.where(hard > 0, np.uint8(255), np.uint8(0)), rim_px / REACH)
    wide = np.where((near >= SEEN) | (hard > 0), np.uint8(255), np.uint8(0))
    # From 0 at the rim's end to 255 in the selection: a blurred edge is at half where it begins.
    ramp = np.clip((near.astype(np.int16) - SEEN) * (255 / (127 - SEEN)), 0, 255).astype(np.uint8)
    return np.maximum(hard, ramp), wide


def _what_to_repaint(snapshot: Snapshot, found: Survey, intent: Intent) -> NDArray[np.uint8]:
    area = found.area
    hard = Chosen(snapshot).mask(area)
    if hard is None or not found.situation.has_selection:
        alpha = snapshot.composite(area)[:, :, 3]
        hard = 255 - alpha
    if not hard.any():
        words = "There is nothing left to expand into."
        if intent is not Intent.EXPAND:
            words = "Nothing is marked to be repainted."
        raise BadInputError(words, hint="Select a part, or move the frame over an empty place.")
    return hard


def _rim_px(hard: NDArray[np.uint8], area: Rect, resolution: Resolution) -> float:
    rows, columns = np.flatnonzero(hard.any(axis=1)), np.flatnonzero(hard.any(axis=0))
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 if rows.size else 0
    scale = area.width / resolution.width
    return float(max(RIM_LEAST_PX * scale, min(RIM_MOST_PX * max(scale, 1.0), side * RIM_SHARE)))


def _mask_png(mask: NDArray[np.uint8], resolution: Resolution) -> bytes:
    import io

    from PIL import Image

    size = (resolution.width, resolution.height)
    image: Any = Image.fromarray(mask)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=PNG_LEVEL)
    return file.getvalue()


def _blurred(mask: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    from PIL import Image, ImageFilter

    blurred: Any = Image.fromarray(mask).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred)


def _shrink(area: Rect, side: int) -> int:
    """Return how often an area can be halved and still be at least ``side`` px long."""
    longer = max(area.width, area.height)
    return max(0, min(8, math.floor(math.log2(longer / side)))) if longer > side else 0


def _solidity(alpha: NDArray[np.bool_]) -> float:
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not rows.size:
        return 1.0
    inside = alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(inside.mean())


def _share_selected(mask: NDArray[np.uint8] | None, selected: NDArray[np.bool_] | None) -> float:
    """Return how much is selected; a line so thin that the survey misses it is something too."""
    if mask is None or selected is None or not mask.any():
        return 0.0
    return max(float(selected.mean()), 1 / mask.size)


def _share_within(alpha: NDArray[np.bool_], selected: NDArray[np.bool_] | None) -> float:
    if selected is None or not selected.any():
        return 0.0
    height = min(alpha.shape[0], selected.shape[0])
    width = min(alpha.shape[1], selected.shape[1])
    alpha, selected = alpha[:height, :width], selected[:height, :width]
    return float(alpha[selected].mean()) if selected.any() else 0.0


def _edge_share(selected: NDArray[np.bool_]) -> float:
    edges = (selected[0], selected[-1], selected[:, 0], selected[:, -1])
    return float(np.concatenate(edges).mean())

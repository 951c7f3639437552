"""What is looked at before a picture is changed; each refusal is a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import Rect, require_near
from studio.documents.picture.layers import Layer, Tree, walk
from studio.documents.picture.painting import Colour
from studio.documents.picture.tiles import Bytes

MAX_SIDE_PX = 16384
"""Longest side of pixels laid on a layer at once."""
MAX_LAYERS = 1000


def planes_of(pixels: Bytes, at: tuple[int, int]) -> Bytes:
    """Return pixels (height, width, 4) as planes, with colour 0 where alpha is 0.

    Raises:
        BadInputError: They cannot be used.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 4 or pixels.dtype != np.uint8:
        raise BadInputError(
            "These are no pixels of red, green, blue and alpha.", shape=str(pixels.shape)
        )
    height, width = pixels.shape[:2]
    if height == 0 or width == 0:
        raise BadInputError("A picture needs at least one pixel.", width=width, height=height)
    if max(height, width) > MAX_SIDE_PX:
        raise BadInputError(
            f"{width} by {height} pixels are too many for a layer.",
            hint=f"At most {MAX_SIDE_PX} on a side fit.",
        )
    require_near(Rect(at[0], at[1], width, height))
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    if planes[3].min() == 0:
        planes[:3] *= planes[3] > 0
    return planes


def require_unlocked(path: Sequence[Layer]) -> None:
    """Refuse layers of which one is locked.

    Raises:
        BadInputError: With a sentence why.
    """
    for one in path:
        if one.locked:
            raise BadInputError(f"“{one.name}” is locked.", hint="Unlock it in the list of layers.")


def require_visible(path: Sequence[Layer]) -> None:
    """Refuse layers of which one is hidden.

    Raises:
        BadInputError: With a sentence why.
    """
    for one in path:
        if not one.visible:
            raise BadInputError(
                f"“{one.name}” is hidden, so nobody would see what happens to it.",
                hint="Show it in the list of layers.",
            )


def require_erasable(layer: Layer) -> None:
    """Refuse a layer whose transparency is locked.

    Raises:
        BadInputError: With a sentence why.
    """
    if layer.alpha_locked:
        raise BadInputError(
            f"The transparency of “{layer.name}” is locked, so nothing can be erased.",
            hint="Unlock its transparency in the list of layers.",
        )


def colour_of(colour: Sequence[int]) -> tuple[Colour, float]:
    """Return a colour's red, green and blue, and its alpha as 0 to 1.

    Raises:
        BadInputError: It is no colour.
    """
    if len(colour) not in (3, 4) or not all(0 <= value <= 255 for value in colour):
        raise BadInputError("A colour has red, green and blue from 0 to 255.")
    red, green, blue = (int(value) for value in colour[:3])
    return (red, green, blue), (colour[3] / 255 if len(colour) == 4 else 1.0)


def require_room(tree: Tree, more: int = 1) -> None:
    """Refuse more layers than a picture has.

    Raises:
        BadInputError: With a sentence why.
    """
    if sum(1 for _ in walk(tree)) + more > MAX_LAYERS:
        raise BadInputError(f"A picture has {MAX_LAYERS} layers at most.")

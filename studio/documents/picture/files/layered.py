"""A picture with layers as it stands in a file, before it is a document or after it was one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import BadInputError

Pixels = NDArray[np.uint8]
MAX_PIXELS = 200_000_000
"""Of one picture or layer: 800 MB decoded. More is refused before anything is decoded."""
MAX_SIDE_PX = 65_535
MAX_LAYERS = 2_000
MAX_DEPTH = 30


@dataclass(frozen=True)
class FileLayer:
    """One layer.

    Attributes:
        name: What the user called it.
        pixels: uint8 (height, width, 4), RGBA, straight alpha, sRGB; ``None`` for a group.
        x: Of its left edge, in px from the canvas's.
        y: Of its top edge, likewise.
        kind: As :class:`studio.documents.picture.layers.Layer` has it.
        opacity: 0 to 1.
        blend_mode: A name of ``blending.BLEND_MODES``.
        visible: Whether it is shown.
        locked: Whether its pixels are locked.
        alpha_locked: Whether its transparency is locked.
        children: Of a group, bottom first.
    """

    name: str = ""
    pixels: Pixels | None = field(default=None, repr=False, compare=False)
    x: int = 0
    y: int = 0
    kind: Literal["raster", "mask", "control", "region", "group"] = "raster"
    opacity: float = 1.0
    blend_mode: str = "normal"
    visible: bool = True
    locked: bool = False
    alpha_locked: bool = False
    children: tuple[FileLayer, ...] = ()

    def walk(self) -> Iterator[FileLayer]:
        """Yield it and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class LayeredPicture:
    """A picture with layers.

    Attributes:
        width: Of the canvas, in px.
        height: Likewise.
        layers: Bottom first.
        icc_profile: The profile the file's numbers were in; the pixels here are sRGB already.
        notices: What could not be taken over, in sentences.
    """

    width: int
    height: int
    layers: tuple[FileLayer, ...]
    icc_profile: bytes = field(default=b"", repr=False)
    notices: tuple[str, ...] = ()

    def walk(self) -> Iterator[FileLayer]:
        """Yield every layer, bottom first, groups before what is in them."""
        for layer in self.layers:
            yield from layer.walk()


def check_size(width: int, height: int, name: str) -> None:
    """Refuse a picture that is empty or would fill the memory.

    Raises:
        BadInputError: It is one of these.
    """
    if width < 1 or height < 1:
        raise BadInputError(f"{name} is empty: it is {width} by {height} px.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise BadInputError(
            f"{name} is {width} by {height} px, which is more than can be opened here.",
            hint=f"Make it smaller than {MAX_PIXELS // 1_000_000} million pixels elsewhere first.",
            width=width,
            height=height,
        )


def broken(name: str, reason: object) -> BadInputError:
    """Return the error for a file that cannot be read to its end."""
    return BadInputError(
        f"{name} is damaged or not the kind of picture its name says.",
        hint="Open it in the program it came from, and save it again.",
        reason=str(reason)[:300],
    )

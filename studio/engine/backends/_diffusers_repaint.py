"""Pictures and masks on their way into and out of painting anew: numpy and Pillow only.

What lies outside the mask comes out as it went in, to the byte: the model repaints more than it
has to, and only what the mask covers is taken over, fading in at its edge.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.media import MAX_SIDE_PX
from studio.engine.backends._diffusers_frames import resized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: How far the shapes of a mask and its picture may differ, as a share.
_SAME_SHAPE = 0.02
_NOISE = 0.08  # of the brightness; enough for a model to see that nothing is drawn there yet


def read_picture(data: bytes) -> NDArray[np.uint8]:
    """Return an encoded picture's pixels, uint8 (height, width, 4), RGBA, straight alpha.

    Raises:
        BadInputError: Not a picture, damaged, or larger than 16384 px a side.
    """
    import numpy as np

    return np.array(_open(data).convert("RGBA"))


def read_mask(
    data: bytes, width: int, height: int, empty: BadInputError | None = None
) -> NDArray[np.uint8]:
    """Return an encoded mask as grey, uint8 (height, width), in its picture's size.

    Args:
        data: The mask, encoded.
        width: Of the picture, in px.
        height: Likewise.
        empty: What is said of a mask without anything in it; ``None``: that of repainting.

    Raises:
        BadInputError: Not a picture, of another shape than the picture, or empty.
    """
    import numpy as np

    mask = np.array(_open(data).convert("L"))
    if mask.shape != (height, width):
        own, wanted = mask.shape[1] / mask.shape[0], width / height
        if abs(own / wanted - 1) > _SAME_SHAPE:
            raise BadInputError(
                f"The mask is {mask.shape[1]} x {mask.shape[0]} px and the picture "
                f"{width} x {height} px.",
                hint="Make the mask of the same size as the picture.",
            )
        mask = resized(mask, width, height)
    if not mask.any():
        raise empty or BadInputError(
            "The mask is empty: nothing is marked to be repainted.", hint="Mark a place first."
        )
    return mask


def _open(data: bytes) -> Any:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data))
            if max(image.size) > MAX_SIDE_PX:
                raise BadInputError(
                    f"This picture is {image.width} x {image.height} px.",
                    hint=f"Pictures of up to {MAX_SIDE_PX} px a side can be used.",
                )
            return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInputError(
            "This file is not a picture, or a damaged one.",
            hint="Try a PNG, JPEG or WebP file.",
            reason=str(error)[:500],
        ) from error


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (height, width, 4) laid on white, (height, width, 3)."""
    import numpy as np

    alpha = pixels[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return np.ascontiguousarray(pixels[..., :3])
    mixed = pixels[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def filled(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return a picture whose transparent parts are continued from the rest, (height, width, 3).

    The colours around flow in, as through a pyramid of ever smaller pictures, and some noise lies
    on them so that a model sees something to draw on rather than a finished blur.
    """
    import numpy as np

    known = pixels[..., 3:].astype(np.float32) / 255
    if known.min() == 1:
        return np.ascontiguousarray(pixels[..., :3])
    colours = pixels[..., :3].astype(np.float32)
    nothing = known.max() == 0
    flowed = np.full_like(colours, 127.5) if nothing else _flow(colours * known, known)
    chance = np.random.default_rng(seed)
    noise = chance.standard_normal(colours.shape, dtype=np.float32) * (255 * _NOISE)
    mixed = colours * known + (flowed + noise) * (1 - known)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _flow(
    weighted: NDArray[np.floating[Any]], weights: NDArray[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """Return colours for every px from ``weighted`` sums with their ``weights``."""
    import numpy as np

    height, width = weights.shape[:2]
    if min(height, width) <= 1 or weights.min() > 0.5:
        mean = weighted.sum((0, 1)) / max(float(weights.sum()), 1e-6)
        flat: NDArray[np.floating[Any]]
        flat = np.where(weights > 1e-6, weighted / np.maximum(weights, 1e-6), mean)
        return flat
    sides = ((0, height % 2), (0, width % 2), (0, 0))
    halves = []
    for whole in (weighted, weights):
        even = np.pad(whole, sides, mode="edge")
        halves.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
    coarse = _flow(halves[0], halves[1])
    smooth = _doubled(coarse, width, height)
    own = np.minimum(weights, 1.0)
    return np.where(
        weights > 1e-6, weighted / np.maximum(weights, 1e-6) * own + smooth * (1 - own), smooth
    )


def _doubled(
    coarse: NDArray[np.floating[Any]], width: int, height: int
) -> NDArray[np.floating[Any]]:
    import numpy as np
    from PIL import Image

    size = (coarse.shape[1] * 2, coarse.shape[0] * 2)
    bands = [
        np.asarray(Image.fromarray(coarse[..., band]).resize(size, Image.Resampling.BILINEAR))
        for band in range(coarse.shape[2])
    ]
    return np.stack(bands, axis=-1)[:height, :width]


def for_model(mask: NDArray[np.uint8], blur: int) -> NDArray[np.uint8]:
    """Return what the model repaints, 0 or 255: all the mask touches, and ``blur`` px around."""
    import numpy as np

    touched = np.where(mask > 0, np.uint8(255), np.uint8(0))
    if not blur:
        return touched
    return np.where(_blurred(touched, blur / 2) > 5, np.uint8(255), np.uint8(0))


def fading(mask: NDArray[np.uint8], blur: int) -> NDArray[np.floating[Any]]:
    """Return how much of the new picture is taken, 0..1: 0 wherever the mask is 0."""
    import numpy as np

    share = mask.astype(np.float32) / 255
    if blur:
        touched = np.where(mask > 0, np.uint8(255), np.uint8(0))
        inside = _blurred(touched, blur / 3).astype(np.float32) / 255
        share = share * np.clip(2 * inside - 1, 0, 1)
    return share


def blended(
    old: NDArray[np.uint8], new: NDArray[np.uint8], share: NDArray[np.floating[Any]]
) -> NDArray[np.uint8]:
    """Return ``old`` with ``share`` of ``new``; where the share is 0, ``old`` to the byte.

    Args:
        old: uint8 (height, width, 4), RGBA, straight alpha.
        new: Likewise.
        share: (height, width), 0..1.
    """
    import numpy as np

    part = share[..., None]
    old_alpha, new_alpha = (each[..., 3:].astype(np.float32) for each in (old, new))
    alpha = old_alpha * (1 - part) + new_alpha * part
    mixed = old[..., :3] * (old_alpha * (1 - part)) + new[..., :3] * (new_alpha * part)
    colours = mixed / np.maximum(alpha, 1e-6)
    result = np.concatenate((np.where(alpha > 0, colours, new[..., :3]), alpha), axis=-1)
    whole = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    return np.where(part > 0, whole, old)


def _blurred(mask: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """Return a mask blurred as if it went on beyond the picture's edges."""
    import numpy as np
    from PIL import Image, ImageFilter

    margin = round(radius * 3) + 1
    wide = np.pad(mask, margin, mode="edge")
    soft = np.asarray(Image.fromarray(wide).filter(ImageFilter.GaussianBlur(radius)))
    return soft[margin:-margin, margin:-margin]

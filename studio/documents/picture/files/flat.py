"""Pictures of one layer: PNG, JPEG, WebP, AVIF, TIFF, and what else Pillow reads."""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.core.errors import BadInputError, storage_errors
from studio.documents.picture.files.layered import (
    FileLayer,
    LayeredPicture,
    Pixels,
    broken,
    check_size,
)

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".tif", ".tiff"})
"""What is also written, and its other spellings."""
OTHER_SUFFIXES = frozenset({".gif", ".bmp", ".tga", ".ppm", ".pgm", ".ico"})
"""What is only read."""
READABLE = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "GIF", "BMP", "TGA", "PPM", "ICO")
"""Formats Pillow may be asked for; its others reach programs such as Ghostscript."""
DECODER_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    SyntaxError,
    EOFError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    AttributeError,
)
"""What Pillow's decoders raise on damaged files; ``SyntaxError`` is how its PNG reader says so."""


def read(path: Path) -> LayeredPicture:
    """Return a picture file as one layer, upright, in sRGB.

    Raises:
        BadInputError: Damaged, too large, or no picture.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "opening the picture"):
        data = path.read_bytes()
    return decode(data, path.name)


def decode(data: bytes, name: str) -> LayeredPicture:
    """Return the bytes of a picture file as one layer; see :func:`read`."""
    from PIL import Image, ImageOps

    Image.init()  # else only the commonest formats are known by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sizes are checked here, before anything is decoded
            with Image.open(io.BytesIO(data), formats=READABLE) as opened:
                check_size(opened.width, opened.height, name)
                frames = getattr(opened, "n_frames", 1)
                profile = opened.info.get("icc_profile") or b""
                pixels = _pixels(_in_srgb(ImageOps.exif_transpose(opened), profile))
    except Image.DecompressionBombError as error:
        raise BadInputError(f"{name} is larger than can be opened here.") from error
    except BadInputError:
        raise
    except DECODER_ERRORS as error:
        raise broken(name, error) from error
    notices = (f"{name} holds {frames} pictures; the first was opened.",) if frames > 1 else ()
    height, width = pixels.shape[:2]
    layer = FileLayer(name=Path(name).stem, pixels=pixels)
    return LayeredPicture(width, height, (layer,), icc_profile=profile, notices=notices)


def from_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """Return sRGB pixels as the numbers of another RGB profile; alpha stays.

    Raises:
        BadInputError: The profile cannot be used.
    """
    from PIL import Image, ImageCms

    image = Image.fromarray(np.ascontiguousarray(pixels))
    try:
        target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(
            image.convert("RGB"), ImageCms.createProfile("sRGB"), target, outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise BadInputError(
            "The picture's colour profile cannot be written.", hint="Save it as sRGB."
        ) from error
    assert changed is not None
    return np.dstack((np.asarray(changed), pixels[..., 3]))


def _in_srgb(image: Image, profile: bytes) -> Image:
    if not profile:
        return image
    from PIL import ImageCms

    alpha = image.getchannel("A") if "A" in image.getbands() else None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        base = image if image.mode in ("RGB", "CMYK", "L", "LAB") else image.convert("RGB")
        changed = ImageCms.profileToProfile(base, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        log.info("a colour profile was left aside: %s", error)
        return image
    assert changed is not None
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def _pixels(image: Image) -> Pixels:
    if image.mode.startswith(("I", "F")):
        return _deep(image)
    return np.array(image.convert("RGBA"))


def _deep(image: Image) -> Pixels:
    """Return a grey picture of 16 bits or more, or of floating point, in 8."""
    grey = np.asarray(image).astype(np.float64)
    grey = np.nan_to_num(grey, nan=0.0, posinf=0.0, neginf=0.0)
    full = 1.0 if image.mode.startswith("F") and grey.max(initial=0) <= 1 else 65535.0
    eight = np.clip(np.rint(grey * (255 / full)), 0, 255).astype(np.uint8)
    return np.dstack((eight, eight, eight, np.full_like(eight, 255)))

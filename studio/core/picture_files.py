"""Pictures as bytes of a file, with A1111's settings text in the place where others look for it.

Pillow is imported when a picture is encoded. Record, mark and signature come afterwards, from
:mod:`studio.core.provenance`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.media import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".avif": "AVIF",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""Suffix to Pillow's name of the format."""
_USER_COMMENT, _EXIF_IFD = 0x9286, 0x8769


def encode_picture(
    picture: Picture,
    suffix: str,
    *,
    settings: str = "",
    quality: int = 92,
    compress_level: int = 6,
    icc_profile: bytes = b"",
) -> bytes:
    """Return a picture as a file of the format ``suffix`` names.

    Args:
        picture: What to write; formats without alpha get it on white.
        suffix: One of ``FORMATS``.
        settings: A1111's text: into ``parameters`` of a PNG, else into EXIF's UserComment.
        quality: Of JPEG, WebP and AVIF, 1..100.
        compress_level: Of PNG, 0..9; 1 is several times faster than 6.
        icc_profile: The colour profile the numbers are in; empty: sRGB, untagged.

    Raises:
        BadInputError: No such format here.
    """
    kind = FORMATS.get(suffix.lower())
    if kind is None:
        raise BadInputError(
            f"Pictures cannot be written as “{suffix}”.",
            hint="Choose PNG, JPEG, WebP, AVIF or TIFF.",
        )
    image = _image(picture, alpha=kind != "JPEG")
    values: dict[str, Any] = {"icc_profile": icc_profile} if icc_profile else {}
    if kind == "PNG":
        values |= {"compress_level": compress_level, "pnginfo": _text_chunk(settings)}
    elif kind == "TIFF":
        values["compression"] = "tiff_adobe_deflate"
    else:
        values["quality"] = quality
    if settings and kind in ("JPEG", "WEBP", "AVIF"):
        values["exif"] = _user_comment(settings)
    file = io.BytesIO()
    image.save(file, format=kind, **values)
    return file.getvalue()


def _image(picture: Picture, *, alpha: bool) -> Image:
    from PIL import Image

    image = Image.frombytes("RGBA", (picture.width, picture.height), picture.rgba)
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    if alpha:
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _text_chunk(settings: str) -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if settings.isascii():
        info.add_text("parameters", settings)
    elif settings:
        info.add_itxt("parameters", settings)
    return info


def _user_comment(settings: str) -> bytes:
    from PIL import Image

    exif = Image.Exif()
    comment = b"UNICODE\0" + settings.encode("utf-16-be", "replace")
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = comment
    return exif.tobytes()  # as an object it counts as empty, having a sub-directory only

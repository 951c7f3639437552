"""Photoshop's PSD, through psd-tools: layers, groups, opacity, blend modes, places, locks.

Text, shapes and smart objects are opened as the pixels they show; adjustments and effects are
left aside with a notice. Written files are 8 bits a channel, RGB.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from studio.core.errors import BadInputError, storage_errors
from studio.documents.picture.files.flat import DECODER_ERRORS
from studio.documents.picture.files.layered import (
    MAX_DEPTH,
    MAX_LAYERS,
    MAX_PIXELS,
    FileLayer,
    LayeredPicture,
    Pixels,
    broken,
    check_size,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_PASS_THROUGH = "pass-through"
_MODES = {
    "normal": "NORMAL",
    "darken": "DARKEN",
    "multiply": "MULTIPLY",
    "color-burn": "COLOR_BURN",
    "lighten": "LIGHTEN",
    "screen": "SCREEN",
    "color-dodge": "COLOR_DODGE",
    "plus": "LINEAR_DODGE",
    "overlay": "OVERLAY",
    "soft-light": "SOFT_LIGHT",
    "hard-light": "HARD_LIGHT",
    "difference": "DIFFERENCE",
    "exclusion": "EXCLUSION",
    "hue": "HUE",
    "saturation": "SATURATION",
    "color": "COLOR",
    "luminosity": "LUMINOSITY",
    _PASS_THROUGH: "PASS_THROUGH",
}
"""Our blend modes by Photoshop's names of them; "Linear Dodge (Add)" is its plus."""
_NAMES = {theirs: ours for ours, theirs in _MODES.items()}
_PIXEL_KINDS = frozenset({"pixel", "type", "shape", "smartobject"})
_MAX_SIDE_PX = 30_000


def read(path: Path) -> LayeredPicture:
    """Return a PSD or PSB file.

    Raises:
        BadInputError: Damaged, too large, or no such file.
        StorageError: The system does not let us read it.
    """
    from psd_tools import PSDImage

    with storage_errors(path, "opening the picture"), path.open("rb") as file:
        try:
            psd = PSDImage.open(file, max_alloc_bytes=MAX_PIXELS * 16)
            check_size(psd.width, psd.height, path.name)
            return _Reader(path.name).picture(psd)
        except BadInputError:
            raise
        except DECODER_ERRORS as error:
            raise broken(path.name, error) from error


def write(file: BinaryIO, picture: LayeredPicture, merged: Pixels) -> None:
    """Write a picture as PSD.

    Args:
        file: Where to, opened for writing.
        picture: With its layers.
        merged: What it looks like, uint8 (height, width, 4).

    Raises:
        BadInputError: It is larger than a PSD can be.
    """
    from PIL import Image
    from psd_tools import PSDImage

    if max(picture.width, picture.height) > _MAX_SIDE_PX:
        raise BadInputError(
            f"A PSD can be {_MAX_SIDE_PX} px wide and high at most.",
            hint="Save it as OpenRaster, which has no such limit.",
        )
    psd = PSDImage.frompil(Image.fromarray(np.ascontiguousarray(merged)))
    _put_in(psd, picture.layers)
    psd.save(file)


def _put_in(group: Any, layers: Iterable[FileLayer]) -> None:
    from psd_tools.constants import BlendMode

    for layer in layers:
        values = {
            "opacity": round(layer.opacity * 255),
            "blend_mode": BlendMode[_MODES.get(layer.blend_mode, "NORMAL")],
        }
        if layer.kind == "group":
            made = group.create_group(name="Group", **values)
            _put_in(made, layer.children)
        else:
            made = group.create_pixel_layer(
                _image(layer), name="Layer", top=layer.y, left=layer.x, **values
            )
        made.name = layer.name[:255] or "Layer"  # unlike the name given above, this is Unicode
        made.visible = layer.visible
        if layer.locked or layer.alpha_locked:
            made.unlock()  # in psd-tools 1.26 the first call only makes room for the setting
            made.lock(_locks(layer))


def _image(layer: FileLayer) -> Image:
    from PIL import Image

    pixels = layer.pixels
    if pixels is None or not pixels.size:
        pixels = np.zeros((1, 1, 4), np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels))


def _locks(layer: FileLayer) -> int:
    from psd_tools.constants import ProtectedFlags

    pixels = int(ProtectedFlags.COMPOSITE) if layer.locked else 0
    return pixels | (int(ProtectedFlags.TRANSPARENCY) if layer.alpha_locked else 0)


class _Reader:
    """Reads one file, counting layers and pixels so that a hostile one ends soon."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._pixels = 0
        self._left_out: set[str] = set()

    def picture(self, psd: Any) -> LayeredPicture:
        layers = self._layers(psd, 0)
        if not layers:
            image = psd.topil()
            if image is None:
                raise broken(self._name, "it has no pixels")
            pixels = np.array(image.convert("RGBA"))
            layers = (FileLayer(name=Path(self._name).stem, pixels=pixels),)
        notices: tuple[str, ...] = ()
        if self._left_out:
            kinds = ", ".join(sorted(self._left_out))
            notices = (f"These parts of {self._name} were left aside: {kinds}.",)
        return LayeredPicture(psd.width, psd.height, layers, notices=notices)

    def _layers(self, group: Any, depth: int) -> tuple[FileLayer, ...]:
        if depth > MAX_DEPTH:
            raise BadInputError(f"{self._name} has groups that lie too deep in each other.")
        found = (self._layer(layer, depth) for layer in group)
        return tuple(layer for layer in found if layer is not None)

    def _layer(self, layer: Any, depth: int) -> FileLayer | None:
        self._count += 1
        if self._count > MAX_LAYERS:
            raise BadInputError(f"{self._name} has more than {MAX_LAYERS} layers.")
        mode = _NAMES.get(layer.blend_mode.name)
        if mode is None:
            self._left_out.add(f"the blend mode “{layer.blend_mode.name.lower()}”")
        values: dict[str, Any] = {
            "name": layer.name.rstrip("\0"),  # Krita ends names with one
            "opacity": layer.opacity / 255,
            "blend_mode": mode or "normal",
            "visible": bool(layer.visible),
        }
        if layer.kind == "group":
            return FileLayer(**values, kind="group", children=self._layers(layer, depth + 1))
        if layer.kind not in _PIXEL_KINDS:
            self._left_out.add(f"the {layer.kind} layer “{layer.name[:40]}”")
            return None
        return self._with_pixels(layer, values)

    def _with_pixels(self, layer: Any, values: dict[str, Any]) -> FileLayer:
        self._pixels += layer.width * layer.height
        if self._pixels > MAX_PIXELS * 4:
            raise BadInputError(f"{self._name} has more pixels in its layers than can be opened.")
        if layer.effects:
            self._left_out.add("effects of layers")
        locks = layer.locks
        image = layer.topil() if layer.width and layer.height else None
        pixels = np.zeros((1, 1, 4), np.uint8) if image is None else np.array(image.convert("RGBA"))
        return FileLayer(
            **values,
            pixels=_masked(layer, pixels),
            x=layer.left,
            y=layer.top,
            locked=bool(locks and locks.composite),
            alpha_locked=bool(locks and locks.transparency),
        )


def _masked(layer: Any, pixels: Pixels) -> Pixels:
    """Return the pixels with the layer's mask laid into their alpha, as there is no other here."""
    mask = layer.mask if layer.has_mask() else None
    if mask is None or mask.disabled:
        return pixels
    height, width = pixels.shape[:2]
    whole = np.full((height, width), mask.background_color, np.uint8)
    image = mask.topil()
    if image is not None:
        part = np.array(image.convert("L"))
        top, left = mask.top - layer.top, mask.left - layer.left
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(height, top + part.shape[0]), min(width, left + part.shape[1])
        if y1 > y0 and x1 > x0:
            whole[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
    changed = pixels.copy()
    changed[..., 3] = (pixels[..., 3].astype(np.uint16) * whole + 127) // 255
    return changed

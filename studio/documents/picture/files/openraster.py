"""OpenRaster: layers as PNG files in a zip, as Krita, MyPaint and GIMP exchange them.

After the OpenRaster specification 0.0.6 (freedesktop.org): ``mimetype`` first and stored,
``stack.xml`` with the topmost layer first, ``mergedimage.png`` and a thumbnail of at most 256 px.
What OpenRaster has no word for (our kinds of layers, alpha lock) stands in attributes of our own
namespace, which other programs skip.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import numpy as np

from studio.core.errors import BadInputError, storage_errors
from studio.core.media import Picture
from studio.core.picture_files import encode_picture
from studio.documents.picture.blending import BLEND_MODES
from studio.documents.picture.files import flat
from studio.documents.picture.files.layered import (
    MAX_DEPTH,
    MAX_LAYERS,
    FileLayer,
    LayeredPicture,
    Pixels,
    broken,
    check_size,
)

MEDIA_TYPE = "image/openraster"
THUMBNAIL_PX = 256
_OURS = "{urn:triptych:openraster}"
_MAX_MEMBER_BYTES = 1_000_000_000
_MAX_XML_BYTES = 16_000_000
_KINDS = frozenset({"raster", "mask", "control", "region"})
_BY_OP = {mode.composite_op: name for name, mode in BLEND_MODES.items()}
_BY_OP["svg:src-over"] = "normal"
_PASS_THROUGH = "pass-through"


def read(path: Path) -> LayeredPicture:
    """Return an OpenRaster file.

    Raises:
        BadInputError: Damaged, too large, or no OpenRaster.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "opening the picture"), path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _Reader(archive, path.name).picture()
        except (zipfile.BadZipFile, ElementTree.ParseError, zlib.error, KeyError) as error:
            raise broken(path.name, error) from error
        except (ValueError, OverflowError, NotImplementedError, EOFError, RuntimeError) as error:
            raise broken(path.name, error) from error


def write(file: BinaryIO, picture: LayeredPicture, merged: Pixels) -> None:
    """Write a picture as OpenRaster.

    Args:
        file: Where to, opened for writing.
        picture: With its layers.
        merged: What it looks like, uint8 (height, width, 4).
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MEDIA_TYPE)
        image = ElementTree.Element(
            "image", version="0.0.6", w=str(picture.width), h=str(picture.height)
        )
        stack = ElementTree.SubElement(image, "stack")
        _Writer(archive).put_in(stack, picture.layers)
        ElementTree.register_namespace("triptych", _OURS.strip("{}"))
        xml = ElementTree.tostring(image, encoding="UTF-8", xml_declaration=True)
        archive.writestr("stack.xml", xml, zipfile.ZIP_DEFLATED)
        archive.writestr("mergedimage.png", _png(merged))
        archive.writestr("Thumbnails/thumbnail.png", _png(_small(merged)))


class _Writer:
    """Puts layers into the archive, each under a name of its own."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._count = 0

    def put_in(self, stack: ElementTree.Element, layers: tuple[FileLayer, ...]) -> None:
        """Add layers to a stack; the file has the topmost first."""
        for layer in reversed(layers):
            if layer.kind == "group":
                inner = ElementTree.SubElement(stack, "stack", _attributes(layer))
                isolated = layer.blend_mode != _PASS_THROUGH
                inner.set("isolation", "isolate" if isolated else "auto")
                self.put_in(inner, layer.children)
            else:
                entry = ElementTree.SubElement(stack, "layer", _attributes(layer))
                entry.set("src", self._stored(layer))

    def _stored(self, layer: FileLayer) -> str:
        name = f"data/layer{self._count:04}.png"
        self._count += 1
        pixels = layer.pixels
        if pixels is None or not pixels.size:
            pixels = np.zeros((1, 1, 4), np.uint8)
        self._archive.writestr(name, _png(pixels))
        return name


class _Reader:
    """Reads one archive, counting layers so that a hostile one ends soon."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self._name = name
        self._count = 0
        self._notices: list[str] = []

    def picture(self) -> LayeredPicture:
        if self._member("mimetype", 64).strip() != MEDIA_TYPE.encode("ascii"):
            raise broken(self._name, "the archive says it is something else")
        xml = self._member("stack.xml", _MAX_XML_BYTES)
        if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
            raise broken(self._name, "its list of layers has a document type")
        image = ElementTree.fromstring(xml)
        width, height = int(image.get("w", "0")), int(image.get("h", "0"))
        check_size(width, height, self._name)
        stack = image.find("stack")
        if stack is None:
            raise broken(self._name, "it has no list of layers")
        layers = self._layers(stack, 0)
        return LayeredPicture(width, height, layers, notices=tuple(dict.fromkeys(self._notices)))

    def _layers(self, stack: ElementTree.Element, depth: int) -> tuple[FileLayer, ...]:
        if depth > MAX_DEPTH:
            raise BadInputError(f"{self._name} has groups that lie too deep in each other.")
        found = [self._layer(entry, depth) for entry in stack if entry.tag in ("layer", "stack")]
        return tuple(reversed(found))

    def _layer(self, entry: ElementTree.Element, depth: int) -> FileLayer:
        self._count += 1
        if self._count > MAX_LAYERS:
            raise BadInputError(f"{self._name} has more than {MAX_LAYERS} layers.")
        group = entry.tag == "stack"
        kind = entry.get(f"{_OURS}kind", "raster")
        common = {
            "name": entry.get("name", ""),
            "x": int(float(entry.get("x", "0"))),
            "y": int(float(entry.get("y", "0"))),
            "opacity": min(1.0, max(0.0, float(entry.get("opacity", "1")))),
            "blend_mode": self._blend_mode(entry, group),
            "visible": entry.get("visibility", "visible") != "hidden",
            "locked": entry.get("edit-locked", "false") == "true",
            "alpha_locked": entry.get(f"{_OURS}alpha-locked", "false") == "true",
        }
        if group:
            children = self._layers(entry, depth + 1)
            return FileLayer(**common, kind="group", children=children)  # type: ignore[arg-type]
        pixels = self._pixels(entry.get("src", ""))
        kind = kind if kind in _KINDS else "raster"
        return FileLayer(**common, kind=kind, pixels=pixels)  # type: ignore[arg-type]

    def _blend_mode(self, entry: ElementTree.Element, group: bool) -> str:
        op = entry.get("composite-op", "svg:src-over")
        if group and entry.get("isolation") == "auto" and op == "svg:src-over":
            return _PASS_THROUGH
        known = _BY_OP.get(op)
        if known is None:
            self._notices.append(
                f"The blend mode “{op[:40]}” is not known here; “normal” stands in for it."
            )
        return known or "normal"

    def _pixels(self, source: str) -> Pixels:
        data = self._member(source, _MAX_MEMBER_BYTES)
        layer = flat.decode(data, f"{self._name}/{source}").layers[0]
        assert layer.pixels is not None
        return layer.pixels

    def _member(self, name: str, most: int) -> bytes:
        if self._archive.getinfo(name).file_size > most:
            raise BadInputError(f"{self._name} holds a part that is larger than can be opened.")
        with self._archive.open(name) as part:
            data = part.read(most + 1)
        if len(data) > most:
            raise BadInputError(f"{self._name} holds a part that is larger than it says.")
        return data


def _attributes(layer: FileLayer) -> dict[str, str]:
    mode = BLEND_MODES.get(layer.blend_mode)
    values = {
        "name": "".join(c for c in layer.name if c.isprintable()),
        "x": str(layer.x),
        "y": str(layer.y),
        "opacity": f"{layer.opacity:.6g}",
        "visibility": "visible" if layer.visible else "hidden",
        "composite-op": mode.composite_op if mode else "svg:src-over",
    }
    if layer.locked:
        values["edit-locked"] = "true"
    if layer.alpha_locked:
        values[f"{_OURS}alpha-locked"] = "true"
    if layer.kind in _KINDS - {"raster"}:
        values[f"{_OURS}kind"] = layer.kind
    return values


def _png(pixels: Pixels) -> bytes:
    return encode_picture(Picture.of(pixels), ".png", compress_level=4)


def _small(pixels: Pixels) -> Pixels:
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return np.asarray(image.convert("RGBA"))

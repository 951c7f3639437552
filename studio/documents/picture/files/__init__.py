"""Pictures in files: read any into a document, write one to any, whole or not at all.

    document, notices = read_picture(path)
    notices = write_picture(document.snapshot(), path)

A document has no edges, so what is written is what is visible in it, or the rectangle asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from studio.core.atomic_write import atomic_file, atomic_write
from studio.core.errors import BadInputError
from studio.core.media import Picture
from studio.core.picture_files import FORMATS, encode_picture
from studio.core.provenance import ProvenanceRecord
from studio.core.provenance.credentials import seal_if_possible
from studio.core.provenance.keys import SigningKey
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.files import flat, openraster, photoshop
from studio.documents.picture.files.layered import FileLayer, LayeredPicture, Pixels, check_size
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import Layer
from studio.documents.picture.scene import Snapshot
from studio.documents.picture.tiles import content_of

__all__ = ["READABLE", "WRITABLE", "picture_of", "read_picture", "write_picture"]

_LAYERED = {".ora": openraster, ".psd": photoshop}
READABLE = flat.SUFFIXES | flat.OTHER_SUFFIXES | {".psb"} | set(_LAYERED)
"""Suffixes of pictures that can be opened."""
WRITABLE = tuple(FORMATS) + tuple(_LAYERED)
"""Suffixes of pictures that can be written; the last two keep layers."""
_DOING = "saving the picture"


def read_picture(path: Path) -> tuple[PictureDocument, tuple[str, ...]]:
    """Return a picture file as a new document, its frame as large as the file's canvas.

    Args:
        path: A file of one of ``READABLE``.

    Returns:
        The document, with nothing to undo, and what could not be taken over, in sentences.

    Raises:
        BadInputError: No picture, damaged, or too large.
        StorageError: The system does not let us read it.
    """
    picture = read_layers(path)
    document = PictureDocument()
    for layer in picture.layers:
        _add(document, layer, None)
    document.frame = Rect(0, 0, picture.width, picture.height)
    document.forget_undo()
    return document, picture.notices


def read_layers(path: Path) -> LayeredPicture:
    """Return a picture file as it is; see :func:`read_picture`."""
    suffix = path.suffix.lower()
    if suffix == ".psb":
        return photoshop.read(path)
    return _LAYERED[suffix].read(path) if suffix in _LAYERED else flat.read(path)


def write_picture(
    snapshot: Snapshot,
    path: Path,
    *,
    rect: Rect | None = None,
    record: ProvenanceRecord | None = None,
    key: Callable[[], SigningKey | None] = lambda: None,
    settings: str = "",
    with_prompt: bool = True,
    quality: int = 92,
    icc_profile: bytes = b"",
) -> tuple[str, ...]:
    """Write a picture; the format is the suffix's, and nothing is left behind on failure.

    Args:
        snapshot: The picture; read on the calling thread, which should not be the window's.
        path: A file of one of ``WRITABLE``; an existing one is replaced when all is written.
        rect: What of it; ``None``: what is visible.
        record: Where it came from; ``None`` writes no record.
        key: Returns the key to sign with.
        settings: A1111's text, for formats that carry it.
        with_prompt: Whether what the user asked for goes along.
        quality: Of JPEG, WebP and AVIF, 1..100.
        icc_profile: An RGB profile the file's numbers shall be in; empty: sRGB.

    Returns:
        What the file could not take, in sentences.

    Raises:
        BadInputError: No such format, or nothing to write.
        StorageError: It could not be written.
    """
    suffix = path.suffix.lower()
    area = rect or snapshot.extent()
    if area.is_empty:
        raise BadInputError("There is nothing in this picture yet.", hint="Draw something first.")
    check_size(area.width, area.height, path.name)
    merged = snapshot.composite(area)
    if suffix in _LAYERED:
        layered = picture_of(snapshot, area)
        with atomic_file(path, doing=_DOING) as file:
            _LAYERED[suffix].write(file, layered, merged)
        kind = suffix[1:].upper()
        unsaid = f"{kind} has no place for where a picture came from, so it says nothing."
        return () if record is None else (unsaid,)
    if icc_profile:
        merged = flat.from_srgb(merged, icc_profile)
    data = encode_picture(
        Picture.of(merged),
        suffix,
        settings=settings if with_prompt else "",
        quality=quality,
        icc_profile=icc_profile,
    )
    notices: tuple[str, ...] = ()
    if record is not None:
        sealed = seal_if_possible(data, suffix, record, key, with_prompt=with_prompt)
        data, notices = sealed.data, (sealed.notice,) if sealed.notice else ()
    atomic_write(path, data, doing=_DOING)
    return notices


def picture_of(snapshot: Snapshot, area: Rect) -> LayeredPicture:
    """Return the layers of a picture as they stand in a file whose canvas is ``area``."""
    layers = tuple(_file_layer(snapshot, layer, area) for layer in snapshot.layers)
    return LayeredPicture(area.width, area.height, layers)


def _file_layer(snapshot: Snapshot, layer: Layer, area: Rect) -> FileLayer:
    pixels, place = _own_pixels(snapshot, layer)
    return FileLayer(
        name=layer.name,
        pixels=pixels,
        x=place.x - area.x,
        y=place.y - area.y,
        kind=layer.kind,
        opacity=layer.opacity,
        blend_mode=layer.blend_mode,
        visible=layer.visible,
        locked=layer.locked,
        alpha_locked=layer.alpha_locked,
        children=tuple(_file_layer(snapshot, child, area) for child in layer.children),
    )


def _own_pixels(snapshot: Snapshot, layer: Layer) -> tuple[Pixels | None, Rect]:
    """Return what is painted on a layer, as if it were alone and fully shown."""
    if layer.kind == "group":
        return None, Rect()
    place = content_of(snapshot.tiles[layer.id])
    if place.is_empty:
        return np.zeros((0, 0, 4), np.uint8), Rect()
    alone = replace(layer, kind="raster", opacity=1.0, blend_mode="normal", visible=True)
    return replace(snapshot, layers=(alone,)).composite(place), place


def _add(document: PictureDocument, layer: FileLayer, parent: str | None) -> None:
    pixels = layer.pixels
    if pixels is not None and (not pixels.size or not pixels[..., 3].any()):
        pixels = None
    made = document.add_layer(
        layer.kind, layer.name, pixels=pixels, at=(layer.x, layer.y), parent=parent
    )
    for child in layer.children:
        _add(document, child, made)
    document.set_layer(
        made,
        opacity=layer.opacity,
        blend_mode=layer.blend_mode,
        visible=layer.visible,
        alpha_locked=layer.alpha_locked,
        locked=layer.locked,
    )

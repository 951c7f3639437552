"""Small pictures of layers, for their list. No Qt; drawn in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.media import Picture

if TYPE_CHECKING:
    from studio.documents.picture.scene import Snapshot

THUMB_PX = 32


def small_pictures(snapshot: Snapshot) -> dict[str, Picture]:
    """Return a small picture of every layer that holds pixels; runs in the background."""
    from dataclasses import replace

    from studio.documents.picture.layers import walk
    from studio.documents.picture.tiles import content_of

    found: dict[str, Picture] = {}
    for layer in walk(snapshot.layers):
        tiles = snapshot.tiles.get(layer.id)
        area = content_of(tiles) if tiles else None
        if layer.kind == "group" or area is None or area.is_empty:
            continue
        shrink = 0
        while max(area.width, area.height) >> shrink > THUMB_PX * 6 and shrink < 6:
            shrink += 1
        alone = replace(layer, kind="raster", opacity=1.0, blend_mode="normal", visible=True)
        pixels = replace(snapshot, layers=(alone,)).composite(area, shrink=shrink)
        if pixels.size:
            found[layer.id] = Picture.of(pixels)
    return found

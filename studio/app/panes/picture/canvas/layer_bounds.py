"""Where the pixels of a layer, or what is selected of them, are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.documents.picture.geometry import Rect, bounds_of
from studio.documents.picture.tiles import content_of

if TYPE_CHECKING:
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.scene import Snapshot


def layer_bounds(document: PictureDocument, layer_id: str) -> Rect:
    """Return the rectangle around what a move or a transformation of a layer takes along.

    Args:
        document: The picture.
        layer_id: A layer, or a group with all that is in it.

    Returns:
        Empty where there is nothing.
    """
    seen = document.snapshot()
    found = content(seen, layer_id)
    selection = seen.selection
    if selection is None or selection.outside:
        return found
    return found.intersected(selection.bounds)


def content(seen: Snapshot, layer_id: str) -> Rect:
    """Return the rectangle around everything on a layer and in what lies in it."""
    return bounds_of(content_of(seen.tiles[one.id]) for one in seen.layer(layer_id).walk())

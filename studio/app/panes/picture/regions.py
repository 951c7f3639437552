"""Region layers: parts of the canvas with prompts of their own, and what a request has of them.

A region layer is painted like any other. Where it has paint, its prompt holds; the upper of two
hides the lower. How strongly it is shown says nothing about how strongly it acts. No Qt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studio.core.requests import REGIONS_MAX, Region
from studio.documents.picture.layers import Layer, walk
from studio.documents.picture.tiles import content_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.app.panes.picture.composing import Composed
    from studio.core.inputs import InputRef, InputStore
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.geometry import Rect
    from studio.documents.picture.scene import Snapshot

PROMPT, WEIGHT, COLOUR = "prompt", "weight", "colour"
"""What a region layer's ``meta`` has."""
SHOWN_OPACITY = 0.45
"""New ones let the picture shine through."""
LEAST_ALPHA = 8
"""Fainter paint than this, of 255, is none."""
LEAST_WEIGHT = 0.05
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def prompt_of(layer: Layer) -> str:
    """Return what a region layer says."""
    return str(layer.meta.get(PROMPT) or "")


def weight_of(layer: Layer) -> float:
    """Return how much of the main prompt a region displaces, above 0 to 1."""
    value = layer.meta.get(WEIGHT, 1.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 1.0
    return min(1.0, max(LEAST_WEIGHT, float(value)))


def colour_of(layer: Layer) -> str:
    """Return the colour a region is painted in, as "#rrggbb"; "" for the brush's."""
    value = str(layer.meta.get(COLOUR) or "")
    return value if _COLOUR.fullmatch(value) else ""


def region_layers(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Yield the region layers that are visible, topmost first."""
    for layer in reversed(layers):
        if not layer.visible:
            continue
        if layer.kind == "region":
            yield layer
        yield from region_layers(layer.children)


def taking_part(snapshot: Snapshot, area: Rect) -> tuple[Layer, ...]:
    """Return the regions that have a say in an area: visible, painted there, with a prompt."""
    found = []
    for layer in region_layers(snapshot.layers):
        tiles = snapshot.tiles.get(layer.id)
        if prompt_of(layer).strip() and tiles and not area.intersected(content_of(tiles)).is_empty:
            found.append(layer)
    return tuple(found[:REGIONS_MAX])


def smallest_share(snapshot: Snapshot, area: Rect, regions: Sequence[Layer]) -> float:
    """Return the share of an area that the smallest of its regions has; 1 without any."""
    boxes = (area.intersected(content_of(snapshot.tiles[layer.id])) for layer in regions)
    return min((box.area / area.area for box in boxes), default=1.0)


def requested(
    snapshot: Snapshot, composed: Composed, put: Callable[[bytes], InputRef]
) -> tuple[Region, ...]:
    """Return the regions of a request, with their masks at the model's size. Slow.

    Args:
        snapshot: The canvas.
        composed: The area and the size the model works at.
        put: Takes a mask in, as a PNG.
    """
    import numpy as np

    area, found = composed.area, []
    above = np.zeros((area.height, area.width), np.uint8)
    for layer in taking_part(snapshot, area):
        own = snapshot.mask(layer.id, area)
        seen = np.minimum(own, 255 - above)
        np.maximum(above, own, out=above)
        if seen.max(initial=0) >= LEAST_ALPHA:
            data = _png(seen, composed.resolution.width, composed.resolution.height)
            if data:
                found.append(Region(prompt_of(layer), put(data), weight_of(layer)))
    return tuple(found)


def add_region(picture: PictureDocument, colours: Sequence[str], label: str) -> str:
    """Add a region layer in a colour of its own, painted where something is selected.

    Args:
        picture: The picture.
        colours: "#rrggbb" to choose from.
        label: What undo calls it.

    Returns:
        Its id.
    """
    selection = picture.selection
    colour = free_colour(picture.layers, colours)
    with picture.group(label):
        area = None
        if selection is not None:
            area = picture.frame if selection.outside else selection.bounds
        if area is None or area.is_empty or selection is None:
            layer_id = picture.add_layer("region", meta={COLOUR: colour})
        else:
            pixels = _painted(selection.mask(area), colour)
            layer_id = picture.add_layer(
                "region", pixels=pixels, at=(area.x, area.y), meta={COLOUR: colour}
            )
            picture.clear_selection()  # it would be taken for what to repaint
        picture.set_layer(layer_id, opacity=SHOWN_OPACITY)
    return layer_id


def restore(
    picture: PictureDocument,
    regions: Sequence[Region],
    inputs: InputStore,
    colours: Sequence[str],
    label: str,
) -> int:
    """Lay regions of a request over the frame again; those there were are hidden. Slow.

    Args:
        picture: The picture.
        regions: Of the request.
        inputs: Has their masks, or has them no more.
        colours: "#rrggbb" to choose from.
        label: What undo calls it.

    Returns:
        How many could not be laid down, because their masks are gone.
    """
    from studio.core.errors import InputMissingError

    masks = []
    for region in regions:
        try:
            masks.append((region, _mask(inputs.get(region.mask), picture.frame)))
        except InputMissingError:
            continue
    if masks:
        with picture.group(label):
            for layer in list(region_layers(picture.layers)):
                picture.set_layer(layer.id, visible=False)
            for region, mask in reversed(masks):
                _lay(picture, region, mask, free_colour(picture.layers, colours))
    return len(regions) - len(masks)


def free_colour(layers: Sequence[Layer], colours: Sequence[str]) -> str:
    """Return the colour that fewest regions have."""
    used = [layer.meta.get(COLOUR) for layer in walk(tuple(layers)) if layer.kind == "region"]
    return min(colours, key=used.count)


def said(layer: Layer, prompt: str | None = None, weight: float | None = None) -> dict[str, Any]:
    """Return the ``meta`` of a region that says something else."""
    changes: Mapping[str, Any] = {PROMPT: prompt, WEIGHT: weight}
    return {**layer.meta, **{name: value for name, value in changes.items() if value is not None}}


def _lay(picture: PictureDocument, region: Region, mask: NDArray[np.uint8], colour: str) -> None:
    layer_id = picture.add_layer(
        "region",
        pixels=_painted(mask, colour),
        at=(picture.frame.x, picture.frame.y),
        meta={COLOUR: colour, PROMPT: region.prompt, WEIGHT: region.weight},
    )
    picture.set_layer(layer_id, opacity=SHOWN_OPACITY)


def _painted(mask: NDArray[np.uint8], colour: str) -> NDArray[np.uint8]:
    """Return pixels (height, width, 4) of one colour where a mask is."""
    import numpy as np

    pixels = np.empty((*mask.shape, 4), np.uint8)
    pixels[:, :, :3] = tuple(bytes.fromhex(colour.removeprefix("#")))
    pixels[:, :, 3] = mask
    return pixels


def _mask(data: bytes, frame: Rect) -> NDArray[np.uint8]:
    import io

    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        grey: Any = image.convert("L")
    return np.asarray(grey.resize((frame.width, frame.height), Image.Resampling.BILINEAR))


def _png(mask: NDArray[np.uint8], width: int, height: int) -> bytes:
    """Return a mask at another size; nothing when it is too small to be left of there."""
    import io

    from PIL import Image

    image: Any = Image.fromarray(mask)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    if not image.getbbox():
        return b""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()

"""What is wanted of a picture model, and the request it becomes. No Qt.

A :class:`Wish` is made on the GUI thread from what the user set; :func:`request_for` runs on a
background thread, since it composes, scales and compresses pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from studio.app.panes.picture.composing import Composed, picture_of, png
from studio.app.panes.picture.control_maps import MapKind, control_map
from studio.app.panes.picture.frame_size import Resolution
from studio.app.panes.picture.intents import Intent, capability_of, takes_strength
from studio.app.panes.picture.regions import requested
from studio.app.panes.picture.wording import words_for
from studio.core.errors import BadInputError
from studio.core.inputs import InputRef, InputStore
from studio.core.options import OptionValue
from studio.core.requests import Capability, ControlUse, ImageRequest, LoraUse, ReferenceUse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from studio.app.panes.picture.intents import Situation
    from studio.documents.picture.scene import Snapshot

SourceKind = Literal["canvas", "layer", "file"]
PNG = "image/png"
LABEL_LENGTH = 48


@dataclass(frozen=True)
class Source:
    """Where a picture that steers a model comes from.

    Attributes:
        kind: The whole picture, one of its layers, or a file.
        layer: Id of the layer.
        file: The file.
    """

    kind: SourceKind = "canvas"
    layer: str = ""
    file: str = ""


@dataclass(frozen=True)
class Control:
    """A ControlNet as the user set it.

    Attributes:
        model: Its id in the store.
        source: Where its picture comes from.
        map_kind: What the picture is turned into first.
        weight: How strongly, 0..2.
        begin: Share of the steps after which it begins, 0..1.
        end: Share of the steps after which it ends, 0..1.
        on: Whether it is used.
    """

    model: str
    source: Source = field(default_factory=Source)
    map_kind: MapKind = "as it is"
    weight: float = 1.0
    begin: float = 0.0
    end: float = 1.0
    on: bool = True


@dataclass(frozen=True)
class Reference:
    """A picture whose look is taken up, as the user set it.

    Attributes:
        model: The IP-Adapter's id in the store.
        source: Where its picture comes from.
        weight: How strongly, 0..1.
        on: Whether it is used.
    """

    model: str
    source: Source = field(default_factory=Source)
    weight: float = 0.6
    on: bool = True


@dataclass(frozen=True)
class Lora:
    """A LoRA as the user set it.

    Attributes:
        model: Its id in the store.
        weight: How strongly.
        on: Whether it is used.
    """

    model: str
    weight: float = 0.8
    on: bool = True


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Everything a request needs besides the pictures.

    Attributes:
        intent: What to do.
        label: What undo, history and the job list call it.
        prompt: What the user wrote.
        negative_prompt: What the user wants kept out.
        model: Id of the model.
        seed: Of the first picture.
        count: How many pictures.
        strength: How far from what is there, 0..1, for refining.
        options: The backend's options by capability; the one that fits is taken.
        loras: LoRAs.
        controls: ControlNets.
        references: IP-Adapters.
        vae: Id of an autoencoder to use in place of the model's own.
        regions: Region layers have a say.
        transient: A passing result, as in live painting.
    """

    intent: Intent
    label: str
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    seed: int = 0
    count: int = 1
    strength: float = 0.6
    options: Mapping[Capability, Mapping[str, OptionValue]] = field(default_factory=dict)
    loras: tuple[Lora, ...] = ()
    controls: tuple[Control, ...] = ()
    references: tuple[Reference, ...] = ()
    vae: str = ""
    regions: bool = True
    transient: bool = False


def request_for(
    wish: Wish,
    situation: Situation,
    composed: Composed,
    snapshot: Snapshot,
    inputs: InputStore,
) -> ImageRequest:
    """Return the request; its pictures are put into ``inputs``.

    Raises:
        BadInputError: A control's picture is not there, or the request cannot be made.
        StorageError: A picture could not be kept or read.
    """
    capability = capability_of(wish.intent, situation)
    words = words_for(wish.intent, wish.prompt, wish.negative_prompt)
    keep = not wish.transient
    size = composed.resolution

    def put(data: bytes) -> InputRef:
        return inputs.put(data, PNG, keep=keep)

    def picture(source: Source) -> NDArray[np.uint8]:
        return source_pixels(source, snapshot, composed, size)

    return ImageRequest(
        capability=capability,
        seed=wish.seed,
        model=wish.model,
        options=wish.options.get(capability, {}),
        label=job_label(wish),
        transient=wish.transient,
        prompt=words.prompt,
        negative_prompt=words.negative_prompt,
        width=size.width,
        height=size.height,
        num_images_per_prompt=wish.count,
        image=put(composed.image) if composed.image is not None else None,
        mask_image=put(composed.mask)
        if composed.mask is not None and capability is Capability.IMAGE_INPAINT
        else None,
        strength=wish.strength if takes_strength(wish.intent) else 1.0,
        loras=tuple(LoraUse(each.model, each.weight) for each in wish.loras if each.on),
        controls=tuple(
            ControlUse(
                model=each.model,
                image=put(png(control_map(picture(each.source), each.map_kind))),
                weight=each.weight,
                begin=min(each.begin, each.end),
                end=max(each.begin, each.end),
            )
            for each in wish.controls
            if each.on
        ),
        references=tuple(
            ReferenceUse(model=each.model, image=put(png(picture(each.source))), weight=each.weight)
            for each in wish.references
            if each.on
        ),
        vae=wish.vae,
        # What goes goes everywhere: the words of a region would bring it back.
        regions=requested(snapshot, composed, put)
        if wish.regions and wish.intent is not Intent.REMOVE
        else (),
    )


def source_pixels(
    source: Source, snapshot: Snapshot, composed: Composed, size: Resolution
) -> NDArray[np.uint8]:
    """Return the picture of a source at the model's size, uint8 (height, width, 4).

    Raises:
        BadInputError: The layer or the file is not there or no picture.
    """
    if source.kind == "file":
        return _file_pixels(source.file, size)
    if source.kind == "layer":
        if source.layer not in snapshot.tiles:
            raise BadInputError(
                "The layer that steers the picture is not in this picture.",
                hint="Choose another layer under Control.",
            )
        return picture_of(snapshot, composed.area, size, only=source.layer)
    return picture_of(snapshot, composed.area, size)


def job_label(wish: Wish) -> str:
    """Return what the job list shows."""
    words = " ".join(wish.prompt.split())
    if len(words) > LABEL_LENGTH:
        words = f"{words[:LABEL_LENGTH].rsplit(' ', 1)[0]}…"
    return f"{wish.label}: {words}" if words else wish.label


def _file_pixels(file: str, size: Resolution) -> NDArray[np.uint8]:
    """Return a file's picture, cut to the shape of what is made."""
    from PIL import Image, ImageOps

    if not file:
        raise BadInputError(
            "A picture that steers is not chosen yet.",
            hint="Choose a file for it, or switch it off.",
        )
    from studio.documents.picture.files import read_picture

    document, _ = read_picture(Path(file))
    whole = Image.fromarray(document.composite(document.frame))
    import numpy as np

    fitted = ImageOps.fit(whole.convert("RGBa"), (size.width, size.height))
    return np.asarray(fitted.convert("RGBA"))

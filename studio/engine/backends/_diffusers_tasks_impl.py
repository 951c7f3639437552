"""What a request means for a pipeline: its inputs, its size, and what becomes of the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.requests import Capability, ImageRequest
from studio.engine.api import JobContext
from studio.engine.backends import _diffusers_repaint as repaint
from studio.engine.backends._diffusers_frames import Frame, resized
from studio.engine.backends.diffusers_image import ImageOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

#: The most a model is asked to compute at once, in millions of px.
MAX_MEGAPIXELS = 64


@dataclass(frozen=True)
class Task:
    """One request, ready to be computed.

    Attributes:
        frame: The sizes.
        values: Arguments for the pipeline that come from pictures and sizes.
        finish: Makes of what the model drew, uint8 (model_height, model_width, 4), the result.
        unchanged: The result, where nothing is to be changed.
    """

    frame: Frame
    values: dict[str, Any] = field(default_factory=dict)
    finish: Callable[[Any], Any] = lambda pixels: pixels
    unchanged: Any = None


def task_for(
    request: ImageRequest,
    options: ImageOptions,
    own: tuple[int, int],
    multiple: int,
    alpha: bool,
    ctx: JobContext,
) -> Task:
    """Return what is to be computed for a request.

    Args:
        request: What was asked.
        options: Its options.
        own: Width and height of the model's own pictures, in px.
        multiple: Sides of what is computed are multiples of this.
        alpha: The model draws transparency.
        ctx: Where the pictures are.

    Raises:
        BadInputError: A picture, mask or size that cannot be used.
    """
    if request.capability is Capability.IMAGE_TXT2IMG:
        frame = Frame.of(request.width or own[0], request.height or own[1], multiple, centred=True)
        _check(frame)
        return Task(frame, _sides(frame), frame.leave)
    assert request.image is not None
    source = repaint.read_picture(ctx.input(request.image))
    ctx.checkpoint()
    source = resized(source, request.width or source.shape[1], request.height or source.shape[0])
    frame = Frame.of(source.shape[1], source.shape[0], multiple, centred=False)
    _check(frame)
    if request.strength == 0:
        return Task(frame, unchanged=source)
    values = {**_sides(frame), "strength": _strength(request, options)}
    if request.capability is Capability.IMAGE_IMG2IMG:
        return Task(frame, {**values, "image": _image(frame.enter(source), alpha, 0)}, frame.leave)
    return _into_mask(request, options, source, frame, values, alpha, ctx)


def _into_mask(
    request: ImageRequest, options: ImageOptions, source: Pixels, frame: Frame,
    values: dict[str, Any], alpha: bool, ctx: JobContext,
) -> Task:  # fmt: skip
    assert request.mask_image is not None
    mask = repaint.read_mask(ctx.input(request.mask_image), frame.width, frame.height)
    share = repaint.fading(mask, options.mask_blur)
    wanted = frame.enter(repaint.for_model(mask, options.mask_blur))
    from PIL import Image

    values |= {
        "image": _image(frame.enter(source), alpha, request.seed, fill=True),
        "mask_image": Image.fromarray(wanted),
    }

    def finish(pixels: Pixels) -> Pixels:
        return repaint.blended(source, frame.leave(pixels), share)

    return Task(frame, values, finish)


def _image(pixels: Pixels, alpha: bool, seed: int, *, fill: bool = False) -> Any:
    from PIL import Image

    if alpha:
        return Image.fromarray(pixels)
    return Image.fromarray(repaint.filled(pixels, seed) if fill else repaint.on_white(pixels))


def _sides(frame: Frame) -> dict[str, Any]:
    return {"width": frame.model_width, "height": frame.model_height}


def _strength(request: ImageRequest, options: ImageOptions) -> float:
    """Return the strength, at least so much that one step is taken."""
    return max(request.strength, 1.0 / options.num_inference_steps + 1e-6)


def _check(frame: Frame) -> None:
    if frame.megapixels > MAX_MEGAPIXELS:
        raise BadInputError(
            f"{frame.width} x {frame.height} px is more than a model can draw at once.",
            hint="Make a smaller one and enlarge it afterwards.",
            width=frame.width,
            height=frame.height,
        )

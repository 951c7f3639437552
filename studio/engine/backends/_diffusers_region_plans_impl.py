"""What the regions of a request mean for a model: which way they act, or why they cannot."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from studio.core.errors import UnsupportedModelError
from studio.core.prompts import Prompt, parse
from studio.core.requests import Capability, ImageRequest
from studio.engine.api import JobContext
from studio.engine.backends._diffusers_areas import cleared_outside, shares_of
from studio.engine.backends._diffusers_families import Family
from studio.engine.backends._diffusers_flux_regions_impl import PATCH, FluxRegions, texts_of
from studio.engine.backends._diffusers_pipelines_impl import draws_alpha
from studio.engine.backends._diffusers_regions_impl import Regions, reads_once
from studio.engine.backends._diffusers_tasks_impl import Task
from studio.engine.backends._prompt_encoding_impl import Encoded
from studio.engine.backends.diffusers_image import ImageOptions


@dataclasses.dataclass(frozen=True)
class RegionPlan:
    """The regions of one request.

    Attributes:
        prompts: What each says.
        shares: How much each counts in each place: float32 (regions, rows, columns).
        task: What is computed, with what becomes of its outside.
    """

    prompts: tuple[Prompt, ...]
    shares: Any
    task: Task

    def regions(self, pipeline: Any, encoded: Callable[[Prompt], Encoded]) -> Regions | FluxRegions:
        """Return what lets them act.

        Args:
            pipeline: What draws.
            encoded: Encodes a prompt for it.
        """
        if getattr(pipeline, "unet", None) is None:
            return FluxRegions(texts_of(pipeline, self.prompts), self.shares)
        return Regions([encoded(prompt) for prompt in self.prompts], self.shares)


def plan_for(
    request: ImageRequest,
    options: ImageOptions,
    family: Family,
    title: str,
    pipeline: Any,
    task: Task,
    ctx: JobContext,
) -> RegionPlan | None:
    """Return what the regions of a request mean; ``None`` when it has none.

    Args:
        request: What was asked.
        options: Its options.
        family: How the model is run.
        title: What people call the model.
        pipeline: What draws.
        task: What is computed.
        ctx: Where the masks are.

    Raises:
        BadInputError: A mask that cannot be used.
        UnsupportedModelError: The model cannot have regions, or not together with the rest.
    """
    if not request.regions or task.unchanged is not None:
        return None
    _check(request, options, family, title, pipeline)
    masks = [ctx.input(region.mask) for region in request.regions]
    cell = int(pipeline.vae_scale_factor) * (PATCH if family.packed else 1)
    # Where the main prompt says nothing, nothing of it is mixed in.
    said = bool(request.prompt.strip())
    base = options.region_base if said else 0.0
    shares = shares_of(request.regions, masks, task.frame, cell, base)
    if not said and request.capability is Capability.IMAGE_TXT2IMG and draws_alpha(pipeline):
        task = _clear_outside(request, masks, task, cell)
    return RegionPlan(tuple(parse(each.prompt) for each in request.regions), shares, task)


def _clear_outside(request: ImageRequest, masks: Sequence[bytes], task: Task, cell: int) -> Task:
    """Return the task with nothing where nobody asked for anything: it would be chance."""

    def finish(pixels: Any) -> Any:
        return task.finish(cleared_outside(pixels, request.regions, masks, task.frame, cell))

    return dataclasses.replace(task, finish=finish)


def _check(
    request: ImageRequest, options: ImageOptions, family: Family, title: str, pipeline: Any
) -> None:
    if not family.regions:
        raise UnsupportedModelError(
            f"“{title}” cannot have regions with prompts of their own.",
            hint="Leave the regions out, or choose a Stable Diffusion 1, 2 or XL or FLUX model.",
        )
    unet = getattr(pipeline, "unet", None)
    if request.controls and unet is not None and reads_once(unet):
        raise UnsupportedModelError(
            f"“{title}” cannot have regions and control pictures at once.",
            hint="Leave one of them out, or choose another model.",
        )
    if unet is None and options.true_cfg_scale > 1:
        raise UnsupportedModelError(
            f"“{title}” cannot have regions together with true guidance.",
            hint="Set true guidance to 1, or leave the regions out.",
        )

"""Loads picture models with diffusers and makes pictures with them.

Everything here runs on engine threads: ``load`` under the load lock, ``generate`` under the
device's lease. Pictures of a request are made one after the other: each is the same, to the byte,
when it is asked for alone (packaging/docs/decisions/0111-one-picture-at-a-time.md).
"""

from __future__ import annotations

import gc
import time
from typing import Any

import diffusers  # noqa: TID253
import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253

from studio.core.artifacts import ImageArtifact
from studio.core.errors import ModelNotFoundError, UnsupportedModelError
from studio.core.requests import ImageRequest
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.engine.backends._diffusers_families import Family, family_of
from studio.engine.backends._diffusers_loading_impl import foreign_errors, read_folder
from studio.engine.backends._diffusers_pipelines_impl import (
    Pipelines,
    draws_alpha,
    multiple_of,
    own_size,
)
from studio.engine.backends._diffusers_previews_impl import Previews, fitted
from studio.engine.backends._diffusers_pulse_impl import Pulse
from studio.engine.backends._diffusers_run_impl import Pace, Run, seeds_of
from studio.engine.backends._diffusers_schedulers import DEFAULT, scheduler_for
from studio.engine.backends._diffusers_tasks_impl import Task, task_for
from studio.engine.backends.diffusers_image import ImageOptions, resolved_options
from studio.engine.devices import set_threads
from studio.models.identify import identify
from studio.models.info import ModelInfo

for _library in (diffusers, transformers):  # what matters is raised, not printed
    _library.utils.logging.set_verbosity_error()
    _library.utils.logging.disable_progress_bar()


def warm_imports() -> None:
    """Import the modules that the first load and the first picture would import."""
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    _ = (AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel, CLIPTextModel, CLIPTokenizer)


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> PictureModel:
    """Load a model.

    Raises:
        ModelError: Damaged, unsupported or unsafe.
        JobCancelled: The user stopped.
    """
    family = family_of(model)
    if model.path is None or not model.path.exists():
        raise ModelNotFoundError(
            f"The files of {model.title} are gone.",
            hint="They may have been moved, or lie on a drive that is not connected.",
            path=str(model.path),
        )
    if family is None:
        raise UnsupportedModelError(
            f"{model.title} is of a kind that cannot be run here.",
            hint="Look for the same model as a folder of diffusers.",
        )
    identify(model.path)  # what was whole at the last scan may be damaged by now
    ctx.raise_if_cancelled()
    parts, settings = read_folder(model, device, ctx)
    ctx.raise_if_cancelled()
    ctx.loading(0.9, "Getting ready")
    with foreign_errors(model.title, model.path):
        for part in parts.values():
            if isinstance(part, torch.nn.Module):
                _settle(part, device)
        loaded = PictureModel(model, family, Pipelines(parts, settings, family), device)
    ctx.loading(1.0, "Ready")
    return loaded


def _settle(network: Any, device: Device) -> None:
    """Put a network where and how it computes fastest."""
    network.eval().requires_grad_(False)
    if device.dtype != "float32" and any(p.ndim == 4 for p in network.parameters()):
        network.to(memory_format=torch.channels_last)
    network.to(device.torch_name)


class PictureModel(LoadedModel):
    """A picture model in memory."""

    def __init__(
        self, model: ModelInfo, family: Family, pipelines: Pipelines, device: Device
    ) -> None:
        self._model = model
        self._family = family
        self._pipelines = pipelines
        self._device = device
        self._pulse = Pulse()
        self._pulse.watch(pipelines.parts)
        self._matrix: torch.Tensor | None = None
        self._pace = Pace()
        self.memory_bytes = _bytes_of(pipelines.parts)

    def generate(self, request: ImageRequest, ctx: JobContext) -> ImageArtifact:
        """Make the pictures; see :meth:`LoadedModel.generate`."""
        started = time.perf_counter()
        options = resolved_options(self._model, self._family, request.options)
        self._use_threads()
        seeds = seeds_of(request.seed, request.num_images_per_prompt)
        with self._pulse.of(ctx):
            pipeline = self._pipeline(request, options)
            try:
                with torch.inference_mode():
                    task = self._task(request, options, pipeline, ctx)
                    run = Run(
                        pipeline=pipeline,
                        task=task,
                        values=self._values(request, options),
                        seeds=seeds,
                        steps=options.num_inference_steps,
                        previews=self._previews(pipeline),
                        pace=self._pace,
                        ctx=ctx,
                    )
                    pictures = run.pictures()
            finally:
                pipeline.maybe_free_model_hooks()
        return ImageArtifact(
            request=request,
            model=request.model or self._model.id,
            backend="diffusers-image",
            duration_s=time.perf_counter() - started,
            pictures=pictures,
            seeds=seeds,
            facts=self._facts(request, options, pipeline),
        )

    def unload(self) -> None:
        """Give the memory back."""
        self._pipelines.clear()
        self._matrix = None
        self.memory_bytes = 0
        gc.collect()

    def _use_threads(self) -> None:
        # torch hands the number on to threads that come later, so it is set when it differs.
        if self._device.kind == "cpu" and torch.get_num_threads() != self._device.threads:
            set_threads(max(1, self._device.threads))

    def _pipeline(self, request: ImageRequest, options: ImageOptions) -> Any:
        pipeline = self._pipelines.get(request.capability)
        own = self._pipelines.parts["scheduler"]
        pipeline.scheduler = scheduler_for(own, options.scheduler)
        return pipeline

    def _task(
        self, request: ImageRequest, options: ImageOptions, pipeline: Any, ctx: JobContext
    ) -> Task:
        return task_for(
            request,
            options,
            own=own_size(pipeline, self._family),
            multiple=multiple_of(pipeline, self._family),
            alpha=draws_alpha(pipeline),
            ctx=ctx,
        )

    def _values(self, request: ImageRequest, options: ImageOptions) -> dict[str, Any]:
        values: dict[str, Any] = {
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "guidance_rescale": options.guidance_rescale,
            "clip_skip": options.clip_skip or None,
            "eta": options.eta,
            "true_cfg_scale": options.true_cfg_scale,
        }
        values[self._family.guidance] = options.guidance_scale
        return values

    def _previews(self, pipeline: Any) -> Previews | None:
        if self._matrix is None:
            self._matrix = fitted(pipeline.vae)
        return None if self._matrix is None else Previews(self._matrix, self._family)

    def _facts(self, request: ImageRequest, options: ImageOptions, pipeline: Any) -> dict[str, str]:
        chosen = type(pipeline.scheduler).__name__
        return {
            "scheduler": options.scheduler if options.scheduler != DEFAULT else chosen,
            "num_inference_steps": str(options.num_inference_steps),
            "guidance_scale": f"{options.guidance_scale:g}",
            "prompt": request.prompt,
        }


def _bytes_of(parts: dict[str, Any]) -> int:
    """Return the bytes of all weights, each counted once."""
    seen: dict[int, int] = {}
    for part in parts.values():
        if isinstance(part, torch.nn.Module):
            for tensor in (*part.parameters(), *part.buffers()):
                seen[tensor.data_ptr()] = max(seen.get(tensor.data_ptr(), 0), tensor.nbytes)
    return sum(seen.values())

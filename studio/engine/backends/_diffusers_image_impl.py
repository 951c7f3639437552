"""Loads picture models with diffusers and makes pictures with them.

Everything here runs on engine threads: ``load`` under the load lock, ``generate`` under the
device's lease. Pictures of a request are made one after the other: each is the same, to the byte,
when it is asked for alone (packaging/docs/decisions/0111-one-picture-at-a-time.md).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from typing import Any

import diffusers  # noqa: TID253 - private module, imported when a model is loaded
import torch  # noqa: TID253
import transformers  # noqa: TID253

from studio.core.artifacts import ImageArtifact
from studio.core.errors import ModelNotFoundError, UnsupportedModelError
from studio.core.prompts import Prompt, parse
from studio.core.requests import ImageRequest
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.engine.backends import _diffusers_repaint as repaint
from studio.engine.backends._diffusers_adapters_impl import (
    Embeddings,
    Loras,
    References,
    named_in,
)
from studio.engine.backends._diffusers_controls_impl import Beside, control_values
from studio.engine.backends._diffusers_families import Family, family_of
from studio.engine.backends._diffusers_loading_impl import (
    foreign_errors,
    read_folder,
    read_single_file,
    settle,
)
from studio.engine.backends._diffusers_memory_impl import Ladder, bytes_of
from studio.engine.backends._diffusers_pipelines_impl import (
    Pipelines,
    draws_alpha,
    multiple_of,
    own_size,
)
from studio.engine.backends._diffusers_previews_impl import Previews, TinyDecoder, fitted
from studio.engine.backends._diffusers_prompts_impl import PromptCache
from studio.engine.backends._diffusers_pulse_impl import Pulse
from studio.engine.backends._diffusers_region_plans_impl import plan_for
from studio.engine.backends._diffusers_room_impl import check, needs_tiles
from studio.engine.backends._diffusers_run_impl import Pace, Run, seeds_of
from studio.engine.backends._diffusers_schedulers import DEFAULT, scheduler_for
from studio.engine.backends._diffusers_tasks_impl import Task, task_for
from studio.engine.backends._prompt_choices import draw_chosen, leaves_a_choice
from studio.engine.backends._prompt_encoding_impl import Encoded
from studio.engine.backends.diffusers_image import ImageOptions, resolved_options
from studio.engine.devices import set_threads
from studio.models.identify import identify
from studio.models.info import ModelInfo

for _library in (diffusers, transformers):  # what matters is raised, not printed
    _library.utils.logging.set_verbosity_error()
    _library.utils.logging.disable_progress_bar()


_TINY = "AutoencoderTiny"


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
    read = read_folder if model.format == "diffusers" else read_single_file
    parts, settings = read(model, device, ctx)
    ctx.raise_if_cancelled()
    ctx.loading(0.9, "Getting ready")
    with foreign_errors(model.title, model.path):
        for part in parts.values():
            if isinstance(part, torch.nn.Module):
                settle(part, device)
        loaded = PictureModel(model, family, Pipelines(parts, settings, family), device)
    ctx.loading(1.0, "Ready")
    return loaded


class PictureModel(LoadedModel):
    """A picture model in memory."""

    def __init__(
        self, model: ModelInfo, family: Family, pipelines: Pipelines, device: Device
    ) -> None:
        self._model = model
        self._family = family
        self._pipelines = pipelines
        self._device = device
        self._loras = Loras(model)
        self._embeddings = Embeddings(model)
        self._references = References(model, device)
        self._beside = Beside(model, device)
        self._prompts = PromptCache()
        self._ladder = Ladder(pipelines.parts, device, self._beside.clear)
        self._pulse = Pulse()
        self._pace = Pace()
        self._matrices: dict[int, torch.Tensor | None] = {}
        self._tiny: TinyDecoder | None = None
        self._account()

    def generate(self, request: ImageRequest, ctx: JobContext) -> ImageArtifact:
        """Make the pictures; see :meth:`LoadedModel.generate`."""
        if leaves_a_choice(request):
            seeds = seeds_of(request.seed, request.num_images_per_prompt)
            return draw_chosen(request, seeds, ctx, self._draw)
        return self._draw(request, ctx)

    def _draw(self, request: ImageRequest, ctx: JobContext) -> ImageArtifact:
        started = time.perf_counter()
        options = resolved_options(self._model, self._family, request.options)
        self._use_threads()
        prompt, negative = parse(request.prompt), parse(request.negative_prompt)
        with self._pulse.of(ctx):
            pipeline = self._pipeline(request, options, ctx)
            try:
                run = self._run(request, options, prompt, negative, pipeline, ctx)
                with torch.inference_mode():
                    pictures = run.pictures()
            finally:
                pipeline.maybe_free_model_hooks()
                self._account()
        return ImageArtifact(
            request=request,
            model=request.model or self._model.id,
            backend="diffusers-image",
            duration_s=time.perf_counter() - started,
            pictures=pictures,
            seeds=run.seeds,
            facts=_facts(options, prompt, pipeline),
        )

    def economise(self) -> str | None:
        """Take the next step of the ladder in ``_diffusers_memory_impl``."""
        done = self._ladder.next()
        self._account()
        return done

    def count_tokens(self, text: str) -> int | None:
        """Return how many tokens ``text`` has for the first text encoder."""
        tokenizer = self._pipelines.parts.get("tokenizer")
        if tokenizer is None:
            return None
        return len(tokenizer(text, truncation=False, verbose=False).input_ids)

    def unload(self) -> None:
        """Give the memory back."""
        self._pulse.let_go()
        self._pipelines.clear()
        self._beside.clear()
        self._references.clear()
        self._prompts.clear()
        self._matrices.clear()
        self._tiny = None
        self.memory_bytes = 0
        gc.collect()

    def _use_threads(self) -> None:
        # torch hands the number on to threads that come later, so it is set when it differs.
        if self._device.kind == "cpu" and torch.get_num_threads() != self._device.threads:
            set_threads(max(1, self._device.threads))

    def _pipeline(self, request: ImageRequest, options: ImageOptions, ctx: JobContext) -> Any:
        """Return the pipeline for a request, with all that it names besides the model."""
        parts = self._pipelines.parts
        extra: dict[str, Any] = {}
        if request.vae:
            extra["vae"] = self._beside.vae(ctx.find_model(request.vae), parts["vae"])
        if request.controls:
            drawer = parts.get("unet") or parts.get("transformer")
            nets = []
            for use in request.controls:
                ctx.checkpoint()
                nets.append(self._beside.controlnet(ctx.find_model(use.model), drawer))
            extra["controlnet"] = nets if len(nets) > 1 else nets[0]
        pipeline = self._pipelines.get(request.capability, **extra)
        pipeline.scheduler = scheduler_for(parts["scheduler"], options.scheduler)
        self._pulse.watch(pipeline.components)
        return pipeline

    def _run(
        self,
        request: ImageRequest,
        options: ImageOptions,
        prompt: Prompt,
        negative: Prompt,
        pipeline: Any,
        ctx: JobContext,
    ) -> Run:
        task = self._task(request, options, pipeline, ctx)
        self._make_room(pipeline, task)
        title = self._model.title
        plan = plan_for(request, options, self._family, title, pipeline, task, ctx)
        prompts = (prompt, *plan.prompts) if plan is not None else (prompt,)
        values = self._lay_over(request, prompts, negative, pipeline, task, ctx)
        ctx.checkpoint()
        self._ladder.apply(pipeline)

        def encoded(wanted: Prompt) -> Encoded:
            return self._prompts.encoded(
                pipeline, wanted, negative, options, request.strength, self._loras.acting, ctx
            )

        with torch.inference_mode():
            whole = encoded(prompt)
            regions = plan.regions(pipeline, encoded) if plan is not None else None
            previews = self._previews(pipeline, ctx)
        return Run(
            pipeline=pipeline,
            task=plan.task if plan is not None else task,
            values={**self._values(options), **values},
            encoded=whole,
            seeds=seeds_of(request.seed, request.num_images_per_prompt),
            steps=options.num_inference_steps,
            previews=previews,
            pace=self._pace,
            ctx=ctx,
            regions=regions,
        )

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

    def _make_room(self, pipeline: Any, task: Task) -> None:
        if task.unchanged is not None:
            return
        vae = getattr(pipeline, "vae", None)
        if vae is not None:
            self._ladder.tile(vae, needs_tiles(vae, task.frame, self._device))
        check(self._pipelines.parts, vae, task.frame, self.memory_bytes, self._device)

    def _lay_over(
        self,
        request: ImageRequest,
        prompts: Sequence[Prompt],
        negative: Prompt,
        pipeline: Any,
        task: Task,
        ctx: JobContext,
    ) -> dict[str, Any]:
        """Switch adapters on and off; return the arguments that they and controls need."""
        self._loras.use(pipeline, _loras_of(request, prompts, ctx))
        words = "\n".join(prompt.text for prompt in (*prompts, negative))
        self._embeddings.use(pipeline, named_in(words, ctx))
        references = [
            (ctx.find_model(use.model), _seen(ctx.input(use.image)), use.weight)
            for use in request.references
        ]
        values = self._references.use(pipeline, references)
        if request.controls:
            maps = [
                _seen(task.frame.enter(repaint.read_picture(ctx.input(use.image))))
                for use in request.controls
            ]
            values |= control_values(pipeline, request.controls, maps)
        return values

    def _values(self, options: ImageOptions) -> dict[str, Any]:
        return {
            "guidance_rescale": options.guidance_rescale,
            "eta": options.eta,
            "true_cfg_scale": options.true_cfg_scale,
            self._family.guidance: options.guidance_scale,
        }

    def _previews(self, pipeline: Any, ctx: JobContext) -> Previews | None:
        if not ctx.wants_preview():
            return None
        vae = pipeline.vae
        if id(vae) not in self._matrices:
            self._matrices[id(vae)] = fitted(vae)
        matrix = self._matrices[id(vae)]
        return None if matrix is None else Previews(matrix, self._family, self._tiny_for(vae, ctx))

    def _tiny_for(self, vae: Any, ctx: JobContext) -> TinyDecoder | None:
        """Return the small autoencoder of the store that draws what ``vae`` draws, if any."""
        if self._tiny is None and vae is self._pipelines.parts.get("vae"):
            found = [info for info in ctx.store_models("vae") if _is_tiny_for(info, self._model)]
            if found and type(vae).__name__ != _TINY:
                self._tiny = TinyDecoder(self._beside.vae(found[0], vae))
        return self._tiny if vae is self._pipelines.parts.get("vae") else None

    def _account(self) -> None:
        parts = {**self._pipelines.parts, **self._beside.parts, **self._references.parts}
        self.memory_bytes = bytes_of(parts, self._device.kind)


def _is_tiny_for(info: ModelInfo, model: ModelInfo) -> bool:
    whole_folder = info.path is not None and info.path.is_dir()
    return (
        info.architecture == _TINY
        and bool(info.family)
        and (info.family == model.family and whole_folder)
    )


def _loras_of(
    request: ImageRequest, prompts: Sequence[Prompt], ctx: JobContext
) -> dict[str, tuple[ModelInfo, float]]:
    """Return the LoRAs of a request and of its prompts with their weights, by id."""
    named = [(use.model, use.weight) for use in request.loras]
    named += [(tag.name, tag.weight) for prompt in prompts for tag in prompt.loras]
    found: dict[str, tuple[ModelInfo, float]] = {}
    for name, weight in named:
        info = ctx.find_model(name)
        before = found[info.id][1] if info.id in found else 0.0
        found[info.id] = info, before + weight
    return found


def _seen(picture: Any) -> Any:
    """Return a picture, encoded or as pixels, as Pillow's, without transparency."""
    from PIL import Image

    pixels = repaint.read_picture(picture) if isinstance(picture, bytes) else picture
    return Image.fromarray(repaint.on_white(pixels))


def _facts(options: ImageOptions, prompt: Prompt, pipeline: Any) -> Mapping[str, str]:
    own = type(pipeline.scheduler).__name__
    return {
        "scheduler": own if options.scheduler == DEFAULT else options.scheduler,
        "num_inference_steps": str(options.num_inference_steps),
        "guidance_scale": f"{options.guidance_scale:g}",
        "prompt": prompt.text,
    }

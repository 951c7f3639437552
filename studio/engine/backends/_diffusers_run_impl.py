"""One request on its way through a pipeline: picture by picture, step by step."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.errors import BackendError
from studio.core.media import SEED_MAX, Picture
from studio.engine.api import JobContext
from studio.engine.backends._diffusers_flux_regions_impl import FluxRegions
from studio.engine.backends._diffusers_pipelines_impl import takes
from studio.engine.backends._diffusers_previews_impl import Previews
from studio.engine.backends._diffusers_regions_impl import Regions
from studio.engine.backends._diffusers_tasks_impl import Task
from studio.engine.backends._prompt_encoding_impl import Encoded, for_callback


@dataclass
class Pace:
    """How long decoding takes on this computer, in steps; measured, for the time that is left."""

    decode_steps: int = 1

    def measured(self, step_s: float, decode_s: float, steps: int) -> None:
        """Note what one picture took."""
        if step_s > 0:
            self.decode_steps = min(max(1, round(decode_s / step_s)), 4 * max(1, steps))


@dataclass
class Run:
    """One request, being computed.

    Attributes:
        pipeline: Made for the task.
        task: What is computed.
        values: What the pipeline is called with besides: the options.
        encoded: The prompt.
        seeds: Of each picture.
        steps: How many steps are asked for.
        previews: Shows pictures while they form; ``None``: nothing is shown.
        pace: Of the model.
        ctx: Of the job.
        regions: Parts with prompts of their own; ``None``: there are none.
    """

    pipeline: Any
    task: Task
    values: dict[str, Any]
    encoded: Encoded
    seeds: tuple[int, ...]
    steps: int
    previews: Previews | None
    pace: Pace
    ctx: JobContext
    regions: Regions | FluxRegions | None = None
    _index: int = 0
    _done: int = 0
    _total: int = 0
    _step_times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._decode_steps = self.pace.decode_steps  # what is told stays whole during one run

    def pictures(self) -> tuple[Picture, ...]:
        """Compute every picture.

        Raises:
            JobCancelled: The user stopped.
            BackendError: A picture came out as nothing but wrong numbers.
        """
        if self.task.unchanged is not None:
            return (Picture.of(self.task.unchanged),) * len(self.seeds)
        self._tell(0, 0)
        acting = self.regions.acting(self.pipeline) if self.regions else nullcontext()
        made = []
        with acting:
            for index, seed in enumerate(self.seeds):
                self._index = index
                self.ctx.checkpoint()
                made.append(Picture.of(self.task.finish(self._picture(seed))))
        return tuple(made)

    def _picture(self, seed: int) -> Any:
        self._step_times = [time.perf_counter()]
        if self.previews is not None:
            self.previews.begin()
        if self.regions is not None:
            self.regions.at_step(0)
        values = {**self.values, **self.encoded.kwargs, **self.task.values}
        values |= {
            "generator": torch.Generator("cpu").manual_seed(seed),
            "num_inference_steps": self.steps,
            "output_type": "pt",
        }
        values |= self._callback()
        known = {name: value for name, value in values.items() if takes(self.pipeline, name)}
        drawn = self.pipeline(**known).images
        self._measure()
        self._tell(self._index + 1, 0)
        return _bytes(drawn)

    def _callback(self) -> dict[str, Any]:
        if takes(self.pipeline, "callback_on_step_end"):
            return {"callback_on_step_end": self._step_end}

        def older(step: int, timestep: Any, latents: torch.Tensor) -> None:
            self._step_end(self.pipeline, step, timestep, {"latents": latents})

        return {"callback": older, "callback_steps": 1}

    def _step_end(
        self, pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        self._step_times.append(time.perf_counter())
        latents = tensors["latents"]
        self._total = int(getattr(pipeline, "num_timesteps", 0) or self.steps)
        if step + 1 in (1, self._total) and not bool(torch.isfinite(latents).all()):
            raise wrong_numbers()
        self._tell(self._index, step + 1)
        if self.previews is not None:
            self.previews.step(pipeline, latents, self._grid(), self.ctx, self._index, step + 1)
        self.ctx.checkpoint()
        if self.regions is not None:
            self.regions.at_step(step + 1)
        if not self.encoded.later:
            return {}
        guided = bool(getattr(pipeline, "do_classifier_free_guidance", False))
        return for_callback(self.encoded, step + 1, guided)

    def _tell(self, pictures: int, steps: int) -> None:
        """Tell that so many whole pictures and steps of the next are done."""
        each = (self._total or self.steps) + self._decode_steps
        self._done = max(self._done, pictures * each + steps)
        self.ctx.progress(self._done, len(self.seeds) * each)

    def _grid(self) -> tuple[int, int]:
        scale = self.pipeline.vae_scale_factor
        return self.task.frame.model_height // scale, self.task.frame.model_width // scale

    def _measure(self) -> None:
        times = self._step_times
        if len(times) > 2:
            step_s = (times[-1] - times[1]) / (len(times) - 2)
            self.pace.measured(step_s, time.perf_counter() - times[-1], self.steps)


def seeds_of(seed: int, count: int) -> tuple[int, ...]:
    """Return the seed of each of ``count`` pictures."""
    return tuple((seed + index) % (SEED_MAX + 1) for index in range(count))


def wrong_numbers() -> BackendError:
    """Return the error for a picture that would be black."""
    return BackendError(
        "The picture came out black: the model's numbers ran over.",
        hint="Try another scheduler or autoencoder, less guidance, or weaker LoRAs; the model "
        "file itself may also be damaged.",
    )


def _bytes(drawn: torch.Tensor) -> Any:
    """Return what a pipeline drew, (1, 3 or 4, height, width) in 0..1, as RGBA bytes.

    Raises:
        BackendError: It is nothing but wrong numbers, or all black.
    """
    first = drawn[0].float()
    if not bool(torch.isfinite(first).all()) or (len(first) == 3 and not bool(first.any())):
        raise wrong_numbers()
    scaled = (first * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    if scaled.shape[2] == 4:
        return scaled
    return np.concatenate((scaled, np.full((*scaled.shape[:2], 1), 255, np.uint8)), axis=2)

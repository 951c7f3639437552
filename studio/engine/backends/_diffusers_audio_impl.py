"""Runs pipelines of diffusers that make sound; imported when one is loaded."""

from __future__ import annotations

import importlib
import inspect
import time
import warnings
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BackendError, BadInputError
from studio.core.media import Sound
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.engine.backends._diffusers_loading_impl import foreign_errors, read_folder
from studio.engine.backends.diffusers_audio import FAMILIES, Family
from studio.models.info import ModelInfo


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
    """Return the model of a folder.

    Raises:
        ModelError: Damaged, unsupported or unsafe.
        JobCancelled: The user stopped.
    """
    assert model.path is not None
    with warnings.catch_warnings(), foreign_errors(model.title, model.path):
        # Stable Audio's codec is built with what torch has renamed meanwhile.
        warnings.simplefilter("ignore", FutureWarning)
        parts, settings = read_folder(model, device, ctx)
        kind = getattr(importlib.import_module("diffusers"), model.architecture)
        wanted = inspect.signature(kind.__init__).parameters
        # Parts that only judge the result are never read; the pipelines do without them.
        given = {name: parts.get(name, settings.get(name)) for name in wanted if name != "self"}
        pipeline = kind(**given)
        ctx.loading(0.95, "Moving it to where it runs")
        pipeline.to(device.torch_name)
        pipeline.set_progress_bar_config(disable=True)
    return DiffusersAudio(model, device, pipeline, FAMILIES[model.architecture])


class DiffusersAudio(LoadedModel):
    """A pipeline in memory.

    Args:
        model: What is known about it.
        device: Where it runs.
        pipeline: The pipeline of diffusers.
        family: What is particular to its kind.
    """

    def __init__(self, model: ModelInfo, device: Device, pipeline: Any, family: Family) -> None:
        self._model = model
        self._device = device
        self._pipeline = pipeline
        self._family = family
        self.memory_bytes = sum(
            weight.numel() * weight.element_size()
            for part in pipeline.components.values()
            if isinstance(part, torch.nn.Module)
            for weight in part.parameters()
        )

    def generate(self, request: AudioRequest, ctx: JobContext) -> AudioArtifact:
        """Make a sound; see :meth:`LoadedModel.generate`."""
        _check(request)
        started = time.perf_counter()
        seconds = self._seconds(request, ctx)
        steps = int(str(request.options.get("num_inference_steps") or self._family.steps))
        guidance = float(str(request.options.get("guidance_scale") or self._family.guidance))

        def after(step: int, _time: Any, _latents: Any) -> None:
            ctx.checkpoint()
            ctx.progress(min(step + 1, steps), steps)

        ctx.checkpoint()
        with torch.inference_mode():
            made = self._pipeline(
                **self._words(request),
                num_inference_steps=steps,
                guidance_scale=guidance,
                generator=torch.Generator("cpu").manual_seed(request.seed),
                callback=after,
                callback_steps=1,
                output_type="np",
                **{self._family.length: seconds},
            )
        ctx.checkpoint()
        facts = {
            "num_inference_steps": str(steps),
            "guidance_scale": f"{guidance:g}",
            "audio_end_in_s": f"{seconds:g}",
        }
        return AudioArtifact(
            request=request,
            model=self._model.id,
            backend="diffusers-audio",
            duration_s=time.perf_counter() - started,
            sound=self._sound(made.audios[0]),
            facts=facts,
        )

    def unload(self) -> None:
        """Give the memory back."""
        self._pipeline = None
        self.memory_bytes = 0

    def _words(self, request: AudioRequest) -> dict[str, Any]:
        """Return the prompts as the pipeline takes them."""
        if not self._family.clap:
            return {
                "prompt": request.prompt,
                "negative_prompt": request.negative_prompt or None,
            }
        return {
            "prompt_embeds": self._heard(request.prompt),
            "negative_prompt_embeds": self._heard(request.negative_prompt),
        }

    def _heard(self, text: str) -> Any:
        """Return what CLAP makes of a text, (1, projection)."""
        tokens = self._pipeline.tokenizer(
            text, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        ).to(self._device.torch_name)
        made = self._pipeline.text_encoder.get_text_features(**tokens)
        return made if isinstance(made, torch.Tensor) else made.pooler_output

    def _seconds(self, request: AudioRequest, ctx: JobContext) -> float:
        """Return the length to make; what the model cannot is told."""
        longest = self._family.longest_s or self._longest_s()
        asked = request.audio_end_in_s or min(self._family.seconds, longest)
        if asked > longest:
            ctx.notice(
                f"“{self._model.title}” makes {longest:g} s at most, so that is how long it is.",
                "length",
            )
        return min(asked, longest)

    def _longest_s(self) -> float:
        """Return how many seconds fit into what a Stable Audio transformer sees at once."""
        vae = self._pipeline.vae
        samples = self._pipeline.transformer.config.sample_size * vae.hop_length
        return float(samples) / float(vae.config.sampling_rate)

    def _sound(self, samples: Any) -> Sound:
        """Return what a pipeline made: (samples,) or (channels, samples)."""
        whole = np.asarray(samples, np.float32)
        if not np.isfinite(whole).all():
            raise BackendError(
                "The model made a sound that cannot be played.",
                hint="Try another seed, fewer steps or less guidance.",
            )
        whole = whole.T if whole.ndim == 2 else whole
        return Sound.of(np.clip(whole, -1.0, 1.0), self._sampling_rate())

    def _sampling_rate(self) -> int:
        vocoder = getattr(self._pipeline, "vocoder", None)
        config = vocoder.config if vocoder is not None else self._pipeline.vae.config
        return int(config.sampling_rate)


def _check(request: Any) -> None:
    if not isinstance(request, AudioRequest) or request.capability != Capability.AUDIO_MUSIC:
        raise BadInputError("This model makes music and sounds from a description.")
    if not request.prompt.strip():
        raise BadInputError(
            "There is no description yet.", hint="Say in a few words what it shall sound like."
        )

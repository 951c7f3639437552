"""Encoded prompts, kept for the next request: most requests change something else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from studio.core.prompts import Prompt
from studio.engine.api import JobContext
from studio.engine.backends._diffusers_pipelines_impl import takes
from studio.engine.backends._prompt_encoding_impl import CLIP_SKIP_UNUSED, Encoded, encode
from studio.engine.backends.diffusers_image import ImageOptions

_KEPT = 24  # that of a picture and those of its regions


class PromptCache:
    """The prompts that were encoded last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Encoded] = OrderedDict()

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def encoded(
        self,
        pipeline: Any,
        prompt: Prompt,
        negative: Prompt,
        options: ImageOptions,
        strength: float,
        acting: Hashable,
        ctx: JobContext,
    ) -> Encoded:
        """Return a prompt as the pipeline takes it, telling what it cannot take.

        Args:
            pipeline: Whose text encoders read it.
            prompt: What to draw.
            negative: What to keep out.
            options: Of the request.
            strength: Share of the steps that are taken.
            acting: Says which adapters act on the text encoders.
            ctx: Of the job.
        """
        steps = options.num_inference_steps
        total = max(1, int(steps * strength)) if takes(pipeline, "strength") else steps
        changing = total if prompt.changes or negative.changes else 0
        own = id(getattr(pipeline, "text_encoder", None)), type(pipeline).__name__
        key = (own, prompt.text, negative.text, options.clip_skip, changing, acting)
        if key not in self._kept:
            self._kept[key] = _encode(pipeline, prompt, negative, options.clip_skip, total)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found = self._kept[key]
        for notice in found.notices:
            ctx.notice(notice, code="prompt")
        return found


def _encode(pipeline: Any, prompt: Prompt, negative: Prompt, clip_skip: int, total: int) -> Encoded:
    found = encode(pipeline, prompt, negative, clip_skip=clip_skip, total=total)
    if "prompt" in found.kwargs and takes(pipeline, "clip_skip"):
        # The pipeline reads the words itself, and skips layers itself.
        kwargs = {**found.kwargs, "clip_skip": clip_skip or None}
        notices = tuple(each for each in found.notices if each != CLIP_SKIP_UNUSED)
        return replace(found, kwargs=kwargs, notices=notices)
    return found

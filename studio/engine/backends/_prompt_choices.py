"""Pictures whose prompt leaves something to be chosen: each gets a choice of its own.

Each picture is drawn as the request that makes just this one would draw it, from its own seed, so
that the same request with that seed draws it again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from studio.core.artifacts import ImageArtifact
from studio.core.media import Picture
from studio.core.paths import user_folders
from studio.core.prompts import chooses, expand
from studio.core.requests import ImageRequest, replaced
from studio.engine.api import JobContext

Draw = Callable[[ImageRequest, JobContext], ImageArtifact]


def leaves_a_choice(request: ImageRequest) -> bool:
    """Return whether a prompt of the request or of a region has ``{a|b}`` or ``__wildcard__``."""
    texts = (request.prompt, request.negative_prompt, *(each.prompt for each in request.regions))
    return any(chooses(text) for text in texts)


def chosen(request: ImageRequest, seed: int, folder: Path | None = None) -> ImageRequest:
    """Return the request for one picture with its choices made.

    Args:
        request: With choices in its prompts.
        seed: The picture's.
        folder: Of wildcard files; ``None``: the user's.

    Raises:
        BadInputError: A choice cannot be read.
    """
    folder = folder or user_folders().wildcards
    prompts = {
        name: expand(getattr(request, name), seed=seed, folder=folder)
        for name in ("prompt", "negative_prompt")
    }
    regions = tuple(
        dataclasses.replace(each, prompt=expand(each.prompt, seed=seed, folder=folder))
        for each in request.regions
    )
    found: ImageRequest = replaced(
        request, seed=seed, num_images_per_prompt=1, regions=regions, **prompts
    )
    return found


def draw_chosen(
    request: ImageRequest, seeds: Sequence[int], ctx: JobContext, draw: Draw
) -> ImageArtifact:
    """Draw each picture with the choice its seed makes.

    Args:
        request: With choices in its prompts.
        seeds: Of each picture.
        ctx: Of the job.
        draw: Draws one request without choices.

    Raises:
        BadInputError: A choice cannot be read; nothing was drawn.
    """
    requests = [chosen(request, seed) for seed in seeds]
    share = 1 / len(requests)
    made = [
        draw(each, cast(JobContext, _Nth(ctx.sub(index * share, share), index)))
        for index, each in enumerate(requests)
    ]
    return dataclasses.replace(
        made[0],
        request=request,
        duration_s=sum(each.duration_s for each in made),
        pictures=tuple(picture for each in made for picture in each.pictures),
        seeds=tuple(seeds),
        facts=_facts(made),
    )


def _facts(made: Sequence[ImageArtifact]) -> dict[str, str]:
    """Return what was used, with the prompt of each picture where there are several."""
    facts = dict(made[0].facts)
    prompts = [each.facts.get("prompt", "") for each in made]
    if len(set(prompts)) > 1:
        facts.pop("prompt", None)
        facts |= {f"prompt {number}": text for number, text in enumerate(prompts, 1)}
    return facts


class _Nth:
    """A job's context for its picture number ``index``; everything else passes through."""

    def __init__(self, whole: JobContext, index: int) -> None:
        self._whole = whole
        self._index = index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def preview(self, picture: Picture, *, index: int = 0, step: int = 0) -> None:
        """See :class:`studio.engine.api.JobContext`."""
        self._whole.preview(picture, index=self._index + index, step=step)

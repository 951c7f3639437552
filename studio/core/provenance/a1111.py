"""The settings text that A1111 began and every program reads: prompt, negative prompt, one line.

    a red fox
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768, Model: …, Version: …

Format after AUTOMATIC1111's ``modules/processing.py`` (``create_infotext``) and
``modules/infotext_utils.py`` (``parse_generation_parameters``): values with a comma, a colon or
a line end are written as JSON strings. It is the copy for others; our own record is the truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from studio import __version__
from studio.core.requests import Capability, ImageRequest

_FACTS = (
    ("num_inference_steps", "Steps"),
    ("scheduler", "Sampler"),
    ("guidance_scale", "CFG scale"),
)
_LATER = (("clip_skip", "Clip skip"), ("guidance_rescale", "CFG rescale"), ("eta", "Eta"))


def settings_text(
    request: ImageRequest,
    *,
    seed: int,
    width: int,
    height: int,
    model_title: str = "",
    facts: Mapping[str, str] | None = None,
) -> str:
    """Return the settings of one picture as A1111 writes them.

    Args:
        request: What was asked.
        seed: The picture's own seed.
        width: The picture's width in px.
        height: Its height in px.
        model_title: The model's name for people.
        facts: What was used besides the request, as in ``ImageArtifact.facts``.
    """
    used = {name: str(value) for name, value in request.options.items() if value is not None}
    used |= dict(facts or {})
    pairs = [(title, used[name]) for name, title in _FACTS if used.get(name)]
    pairs += [("Seed", str(seed)), ("Size", f"{width}x{height}")]
    if model_title or request.model:
        pairs.append(("Model", model_title or request.model))
    if request.capability in (Capability.IMAGE_IMG2IMG, Capability.IMAGE_INPAINT):
        pairs.append(("Denoising strength", f"{request.strength:g}"))
    pairs += [(title, used[name]) for name, title in _LATER if used.get(name)]
    # Where they lie is told by our own record alone; others read these as names they do not know.
    pairs += [(f"Region {number}", each.prompt) for number, each in enumerate(request.regions, 1)]
    pairs.append(("Version", f"Triptych {__version__}"))
    lines = [used.get("prompt") or request.prompt]
    if request.negative_prompt:
        lines.append(f"Negative prompt: {request.negative_prompt}")
    return "\n".join([*lines, _line(pairs)])


def _line(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {_quoted(value)}" for name, value in pairs)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if any(c in value for c in ",:\n") else value

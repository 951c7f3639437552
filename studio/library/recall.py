"""How a picture was made, in words the picture pane can take over.

Our own record says all of it; from other programs (A1111, ComfyUI, InvokeAI, Fooocus, NovelAI)
comes what sd-parsers finds, with samplers by their names here. Reads files: off the GUI thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.errors import BadInputError, storage_errors
from studio.core.media import MAX_SIDE_PX, SEED_MAX, clean_text
from studio.core.options import OptionValue
from studio.core.provenance import read
from studio.core.requests import ImageRequest
from studio.library.foreign import read_picture

_SIZE = re.compile(r"\s*(\d{1,5})\s*[x×]\s*(\d{1,5})\s*")
_STEPS = ("steps", "num_inference_steps", "Steps")
_GUIDANCE = ("cfg_scale", "cfg", "guidance_scale", "CFG scale", "scale")
_STRENGTH = ("denoise", "strength", "denoising_strength", "Denoising strength")
_SCHEDULES = ("scheduler", "schedule_type", "Schedule type")
_CLIP_SKIP = ("clip_skip", "Clip skip")
_SAMPLERS = {
    "euler": "euler",
    "eulera": "euler_a",
    "eulerancestral": "euler_a",
    "heun": "heun",
    "dpm2": "dpm2",
    "dpm2a": "dpm2_a",
    "dpm2ancestral": "dpm2_a",
    "dpmpp2m": "dpmpp_2m",
    "dpmpp2msde": "dpmpp_2m_sde",
    "dpmpp2s": "dpmpp_2s",
    "dpmpp2sa": "dpmpp_2s",
    "dpmpp2sancestral": "dpmpp_2s",
    "unipc": "unipc",
    "deis": "deis",
    "ddim": "ddim",
    "ddpm": "ddpm",
    "pndm": "pndm",
    "plms": "pndm",
    "lms": "lms",
    "lcm": "lcm",
    "tcd": "tcd",
}
"""Names of samplers elsewhere, in small letters without signs, by their names here."""
_WITH_KARRAS = frozenset({"euler", "dpmpp_2m", "dpmpp_2m_sde"})
_LORA = re.compile(r"<lora:([^:<>]+)(?::(-?[\d.]+))?[^<>]*>")


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """What is known of how a picture was made; what is not known stays empty.

    Attributes:
        program: Who wrote it down, for people, such as "Triptych" or "ComfyUI".
        request: All of it, where Triptych made the picture.
        prompt: What was asked for.
        negative_prompt: What was to be kept out.
        seed: ``None`` unknown.
        width: In px; 0 unknown.
        height: In px; 0 unknown.
        model: The model's name as it was written down.
        options: num_inference_steps, guidance_scale, scheduler, clip_skip, as far as known.
        strength: How far from the picture it was made from; ``None`` unknown.
        loras: Names and weights of LoRAs named in the prompt.
    """

    program: str
    request: ImageRequest | None = None
    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    width: int = 0
    height: int = 0
    model: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    strength: float | None = None
    loras: tuple[tuple[str, float], ...] = ()


def recall(path: Path) -> Recalled:
    """Return how the picture in a file was made.

    Raises:
        BadInputError: Nothing in it says so.
        StorageError: The system does not let us read it.
    """
    own = _own(path)
    if own is not None:
        return own
    facts = read_picture(path)
    if not (facts.prompt or facts.settings):
        raise BadInputError(
            f"{path.name} does not say how it was made.",
            hint="It comes from a camera or a painting program, or was shared without its prompt.",
        )
    return _foreign(
        json.loads(facts.settings) if _whole(facts.settings) else {},
        facts.width_px,
        facts.height_px,
    )


def _own(path: Path) -> Recalled | None:
    with storage_errors(path, "reading how the picture was made"):
        path.stat()
    record = read(path)
    if record is None or not record.has_prompt:
        return None
    try:
        request = record.make_again()
    except BadInputError:
        return None
    if not isinstance(request, ImageRequest):
        return None
    return Recalled(
        program="Triptych",
        request=request,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        seed=request.seed,
        width=request.width,
        height=request.height,
        model=record.model_title or request.model or record.model,
        options=dict(request.options),
        strength=request.strength if request.image is not None else None,
        loras=tuple((lora.model, lora.weight) for lora in request.loras),
    )


def _whole(settings: str) -> bool:
    """Whether the settings were kept whole; very long ones are cut and no JSON any more."""
    return settings.startswith("{") and settings.endswith("}")


def _foreign(plain: Mapping[str, Any], width: int, height: int) -> Recalled:
    """Return what another program wrote, as foreign.py collects it."""
    samplers = [each for each in plain.get("samplers", ()) if isinstance(each, dict)]
    # Of several passes (a workflow, an upscale) the first made the picture.
    first = samplers[0] if samplers else {}
    metadata = plain.get("metadata") if isinstance(plain.get("metadata"), dict) else {}
    values = {**(metadata or {}), **first}
    prompt = clean_text(str(plain.get("prompt") or ""))
    size = _SIZE.fullmatch(str(values.get("Size", "")))
    if size is not None:
        width, height = int(size[1]), int(size[2])
    names = [str(name) for name in plain.get("models", ()) if name]
    return Recalled(
        program=_title(str(plain.get("program") or "")),
        prompt=prompt,
        negative_prompt=clean_text(str(plain.get("negative_prompt") or "")),
        seed=_seed(first.get("seed", values.get("seed"))),
        width=width if width <= MAX_SIDE_PX else 0,
        height=height if height <= MAX_SIDE_PX else 0,
        model=clean_text(names[0])[:200] if names else "",
        options=dict(_options(first, values)),
        strength=_between(_first(values, _STRENGTH), 0.0, 1.0),
        loras=tuple(_loras(prompt)),
    )


def _options(
    first: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[str, OptionValue]]:
    steps = _between(_first(values, _STEPS), 1, 150)
    if steps is not None:
        yield "num_inference_steps", int(steps)
    guidance = _between(_first(values, _GUIDANCE), 0, 30)
    if guidance is not None:
        yield "guidance_scale", guidance
    sampler = _sampler(str(first.get("name") or ""), str(_first(values, _SCHEDULES) or ""))
    if sampler:
        yield "scheduler", sampler
    skip = _between(_first(values, _CLIP_SKIP), 1, 12)
    if skip is not None and skip > 1:
        yield "clip_skip", int(skip) - 1  # elsewhere 1 is "none left out"


def _sampler(name: str, schedule: str) -> str:
    """Return the scheduler that goes the way a sampler of another program goes; "" unknown."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower().replace("++", "pp")).removesuffix("gpu")
    karras = "karras" in schedule.lower() or plain.endswith("karras")
    plain = plain.removesuffix("karras")
    if plain not in _SAMPLERS and plain.removesuffix("k") in _SAMPLERS:
        karras, plain = True, plain.removesuffix("k")
    found = _SAMPLERS.get(plain, "")
    return f"{found}_karras" if karras and found in _WITH_KARRAS else found


def _loras(prompt: str) -> Iterator[tuple[str, float]]:
    for found in _LORA.finditer(prompt):
        weight = _between(found[2] or 1, -10, 10)
        yield found[1].strip(), 1.0 if weight is None else weight


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _between(value: Any, least: float, most: float) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if least <= number <= most else None


def _seed(value: Any) -> int | None:
    number = _between(value, 0, SEED_MAX)
    return None if number is None else int(value)


def _title(program: str) -> str:
    known = {"automatic1111": "A1111", "comfyui": "ComfyUI", "invokeai": "InvokeAI"}
    return known.get(program.lower(), program) or "another program"

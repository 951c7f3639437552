"""What diffusers' picture models are and which of its pipelines run them, as data.

Light: names only, nothing heavy is imported. Numbers are what the makers of each family recommend
in their model cards; the names of arguments are those of diffusers 0.42.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.requests import Capability
from studio.models.info import ModelInfo

TXT2IMG = Capability.IMAGE_TXT2IMG
IMG2IMG = Capability.IMAGE_IMG2IMG
INPAINT = Capability.IMAGE_INPAINT

_STRONG = "This family is steered by its own guidance; it takes no second look at the prompt."
_NO_CLIP = "Models of this family read the prompt in another way."
_NO_ETA = "Only diffusion models with the DDIM scheduler use it."
_NO_RESCALE = "Models of this family do not need it."


@dataclass(frozen=True, kw_only=True)
class Family:
    """Models that are run in the same way.

    Attributes:
        id: As ``ModelInfo.family`` says it.
        title: What people call it.
        pipelines: Name of diffusers' class for each task; ``module:Class`` names one of ours.
        controlled: The same with ControlNets.
        num_inference_steps: What its models are best run with.
        guidance_scale: Likewise.
        guidance: The argument that carries the guidance.
        flow: It straightens flows, and is run with the schedulers for that.
        side_px: Side of its pictures where no configuration tells it.
        multiple: Sides are multiples of this, in px, at least.
        packed: Latents are a row of patches of 2x2 while it computes.
        unused: Options that mean nothing to it, with the reason.
        goes_with: Families whose LoRAs, ControlNets and so on fit it; its own always do.
    """

    id: str
    title: str
    pipelines: Mapping[Capability, str]
    controlled: Mapping[Capability, str] = field(default_factory=dict)
    num_inference_steps: int = 28
    guidance_scale: float = 4.5
    guidance: str = "guidance_scale"
    flow: bool = True
    side_px: int = 1024
    multiple: int = 16
    packed: bool = False
    unused: Mapping[str, str] = field(default_factory=dict)
    goes_with: tuple[str, ...] = ()


_TRANSFORMER = {
    "clip_skip": _NO_CLIP,
    "eta": _NO_ETA,
    "guidance_rescale": _NO_RESCALE,
    "true_cfg_scale": _STRONG,
}
_UNET = {"true_cfg_scale": _STRONG}


def _three(stem: str, **more: str) -> dict[Capability, str]:
    """Return the classes of a family that has all three, named in the usual way."""
    return {
        TXT2IMG: f"{stem}Pipeline",
        IMG2IMG: f"{stem}Img2ImgPipeline",
        INPAINT: f"{stem}InpaintPipeline",
    }


def _sd(identity: str, title: str, **changes: Any) -> Family:
    values: dict[str, Any] = {
        "pipelines": _three("StableDiffusion"),
        "controlled": _three("StableDiffusionControlNet"),
        "num_inference_steps": 25,
        "guidance_scale": 7.0,
        "flow": False,
        "side_px": 512,
        "multiple": 8,
        "unused": _UNET,
    }
    return Family(id=identity, title=title, **{**values, **changes})


_ONLY_INPAINT = {"pipelines": {INPAINT: "StableDiffusionInpaintPipeline"}, "controlled": {}}
_XL = {
    "pipelines": _three("StableDiffusionXL"),
    "controlled": _three("StableDiffusionXLControlNet"),
    "guidance_scale": 5.0,
    "num_inference_steps": 30,
    "side_px": 1024,
}

FAMILIES: dict[str, Family] = {
    family.id: family
    for family in (
        _sd("sd-1", "Stable Diffusion 1"),
        _sd("sd-1-inpaint", "Stable Diffusion 1 for inpainting", **_ONLY_INPAINT,
            goes_with=("sd-1",)),
        _sd("sd-2-base", "Stable Diffusion 2 base", goes_with=("sd-2",)),
        _sd("sd-2", "Stable Diffusion 2", side_px=768, goes_with=("sd-2-base",)),
        _sd("sd-2-inpaint", "Stable Diffusion 2 for inpainting", **_ONLY_INPAINT,
            goes_with=("sd-2", "sd-2-base")),
        _sd("sdxl", "Stable Diffusion XL", **_XL),
        _sd("sdxl-inpaint", "Stable Diffusion XL for inpainting", **{**_XL,
            "pipelines": {INPAINT: "StableDiffusionXLInpaintPipeline"}, "controlled": {}},
            goes_with=("sdxl",)),
        _sd("sdxl-refiner", "Stable Diffusion XL refiner", **{**_XL,
            "pipelines": {IMG2IMG: "StableDiffusionXLImg2ImgPipeline"}, "controlled": {}}),
        _sd("kolors", "Kolors", **{**_XL, "controlled": {}, "pipelines": {
            TXT2IMG: "KolorsPipeline", IMG2IMG: "KolorsImg2ImgPipeline"}},),
        _sd("lcm", "Latent consistency", num_inference_steps=4, guidance_scale=8.5, controlled={},
            pipelines={TXT2IMG: "LatentConsistencyModelPipeline",
                       IMG2IMG: "LatentConsistencyModelImg2ImgPipeline"}, goes_with=("sd-1",)),
        Family(
            id="sd-3",
            title="Stable Diffusion 3",
            pipelines=_three("StableDiffusion3"),
            controlled={TXT2IMG: "StableDiffusion3ControlNetPipeline",
                        INPAINT: "StableDiffusion3ControlNetInpaintingPipeline"},
            unused={k: v for k, v in _TRANSFORMER.items() if k != "clip_skip"},
        ),
        Family(
            id="flux",
            title="FLUX.1",
            pipelines=_three("Flux"),
            controlled={TXT2IMG: "FluxControlNetPipeline",
                        IMG2IMG: "FluxControlNetImg2ImgPipeline",
                        INPAINT: "FluxControlNetInpaintPipeline"},
            guidance_scale=3.5,
            packed=True,
            unused={k: v for k, v in _TRANSFORMER.items() if k != "true_cfg_scale"},
        ),
        Family(
            id="flux-fill",
            title="FLUX.1 Fill",
            pipelines={INPAINT: "FluxFillPipeline"},
            guidance_scale=30.0,
            packed=True,
            unused=_TRANSFORMER,
            goes_with=("flux",),
        ),
        Family(
            id="flux-2",
            title="FLUX.2",
            pipelines={TXT2IMG: "Flux2Pipeline"},
            guidance_scale=4.0,
            packed=True,
            unused=_TRANSFORMER,
        ),
        Family(
            id="flux-2-klein",
            title="FLUX.2 klein",
            pipelines={TXT2IMG: "Flux2KleinPipeline", INPAINT: "Flux2KleinInpaintPipeline"},
            num_inference_steps=4,
            guidance_scale=1.0,
            packed=True,
            unused=_TRANSFORMER,
        ),
        Family(
            id="chroma",
            title="Chroma",
            pipelines=_three("Chroma"),
            num_inference_steps=35,
            guidance_scale=5.0,
            packed=True,
            unused=_TRANSFORMER,
        ),
        Family(
            id="z-image",
            title="Z-Image",
            pipelines=_three("ZImage"),
            num_inference_steps=30,
            guidance_scale=4.0,
            unused=_TRANSFORMER,
        ),
        Family(
            id="qwen-image",
            title="Qwen-Image",
            pipelines=_three("QwenImage"),
            num_inference_steps=40,
            guidance_scale=4.0,
            guidance="true_cfg_scale",
            packed=True,
            unused=_TRANSFORMER,
        ),
        Family(
            id="qwen-image-2.1",
            title="Qwen-Image 2.1",
            pipelines={TXT2IMG: "QwenImage21Pipeline"},
            num_inference_steps=40,
            guidance_scale=1.0,
            guidance="true_cfg_scale",
            packed=True,
            unused=_TRANSFORMER,
        ),
        Family(id="lumina-2", title="Lumina 2", pipelines={TXT2IMG: "Lumina2Pipeline"},
               num_inference_steps=30, guidance_scale=4.0, unused=_TRANSFORMER),
        Family(id="sana", title="Sana", pipelines={TXT2IMG: "SanaPipeline"},
               num_inference_steps=20, multiple=32, unused=_TRANSFORMER),
        Family(id="sana-sprint", title="Sana Sprint", pipelines={TXT2IMG: "SanaSprintPipeline"},
               num_inference_steps=2, multiple=32, unused=_TRANSFORMER),
        Family(id="pixart", title="PixArt", pipelines={TXT2IMG: "PixArtSigmaPipeline"},
               num_inference_steps=20, flow=False, unused=_TRANSFORMER),
        Family(id="pixart-alpha", title="PixArt alpha", pipelines={TXT2IMG: "PixArtAlphaPipeline"},
               num_inference_steps=20, flow=False, unused=_TRANSFORMER),
        Family(id="auraflow", title="AuraFlow", pipelines={TXT2IMG: "AuraFlowPipeline"},
               num_inference_steps=30, guidance_scale=3.5, unused=_TRANSFORMER),
        Family(id="hunyuan-dit", title="HunyuanDiT", pipelines={TXT2IMG: "HunyuanDiTPipeline"},
               num_inference_steps=30, guidance_scale=5.0, flow=False, unused=_TRANSFORMER),
        Family(id="cogview-4", title="CogView 4", pipelines={TXT2IMG: "CogView4Pipeline"},
               num_inference_steps=30, guidance_scale=5.0, multiple=32, unused=_TRANSFORMER),
        Family(id="ovis-image", title="Ovis-Image", pipelines={TXT2IMG: "OvisImagePipeline"},
               num_inference_steps=30, guidance_scale=5.0, packed=True, unused=_TRANSFORMER),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Distilled:
    """Models that were taught to need few steps.

    Attributes:
        pattern: What their names have in common.
        families: Those it can be found in.
        num_inference_steps: What they need.
        guidance_scale: What they were taught with.
        scheduler: The one they were taught for, "default" where they bring it.
        reason: Why guidance is not used; "" where it is.
    """

    pattern: str
    families: tuple[str, ...]
    num_inference_steps: int
    guidance_scale: float
    scheduler: str = "default"
    reason: str = ""


_TAUGHT = "This model was taught to do without guidance, and without a negative prompt."
_UNETS = ("sd-1", "sd-2", "sd-2-base", "sdxl")

DISTILLED: tuple[Distilled, ...] = (
    Distilled(r"lightning", ("sdxl",), 4, 0.0, "euler_trailing", _TAUGHT),
    Distilled(r"hyper", _UNETS, 8, 0.0, "euler_trailing", _TAUGHT),
    Distilled(r"\bdmd2?\b", ("sdxl",), 4, 0.0, "lcm", _TAUGHT),
    Distilled(r"\blcm\b", _UNETS, 6, 1.5, "lcm"),
    Distilled(r"turbo", (*_UNETS, "sd-3"), 4, 0.0, "default", _TAUGHT),
    Distilled(r"turbo", ("z-image",), 9, 0.0, "default", _TAUGHT),
    Distilled(r"schnell", ("flux",), 4, 0.0, "default", _TAUGHT),
    Distilled(r"flash", ("chroma",), 8, 0.0, "default", _TAUGHT),
    Distilled(r"lightning", ("qwen-image",), 8, 1.0, "default", _TAUGHT),
)

_STEPS = re.compile(r"(\d+)[\s_-]?steps?")

#: Pipelines whose folders belong to a family that is named after another of its classes.
_OTHER_CLASSES = {
    "StableDiffusionInpaintPipeline": "sd-1-inpaint",
    "StableDiffusionXLInpaintPipeline": "sdxl-inpaint",
}


@functools.cache
def _by_class() -> Mapping[str, Family]:
    found: dict[str, Family] = {}
    for family in FAMILIES.values():
        for name in (*family.pipelines.values(), *family.controlled.values()):
            found.setdefault(name, family)
    found.update({name: FAMILIES[family] for name, family in _OTHER_CLASSES.items()})
    return found


def family_of(model: ModelInfo) -> Family | None:
    """Return how the model is run, ``None`` when nothing here can."""
    if model.path is None or model.role or model.format not in ("diffusers", "checkpoint"):
        return None
    named = FAMILIES.get(model.family)
    if model.format == "checkpoint":
        return named
    by_class = _by_class().get(model.architecture)
    # The class tells the task, the name of the family what its parts go with.
    if named is None or (by_class is not None and INPAINT in by_class.pipelines
                         and len(by_class.pipelines) == 1):  # fmt: skip
        return by_class
    return named


def goes_with(family: Family, part: str) -> bool:
    """Say whether a LoRA, ControlNet … of the family called ``part`` fits; unknown ones may."""
    return not part or part == family.id or part in family.goes_with


def distilled(model: ModelInfo, family: Family) -> Distilled | None:
    """Return how the model is run when its name, or its configuration, tells few steps."""
    name = f"{model.title} {model.path.name if model.path else ''}".casefold()
    for kind in DISTILLED:
        if family.id in kind.families and re.search(kind.pattern, name):
            told = _STEPS.search(name)
            steps = min(max(int(told[1]), 1), 50) if told else kind.num_inference_steps
            return Distilled(**{**vars(kind), "num_inference_steps": steps})
    if family.id == "flux" and part_config(model, "transformer").get("guidance_embeds") is False:
        return next(kind for kind in DISTILLED if kind.pattern == "schnell")
    return None


def part_config(model: ModelInfo, part: str) -> Mapping[str, Any]:
    """Return the configuration of a part of a model's folder, empty when there is none."""
    if model.path is None or model.format != "diffusers":
        return {}
    name = "scheduler_config.json" if part == "scheduler" else "config.json"
    path = model.path / part / name
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read(path, changed)


@functools.lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

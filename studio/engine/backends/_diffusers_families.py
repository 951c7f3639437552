"""What diffusers' picture models are and which of its pipelines run them, as data.

Light: names only, nothing heavy is imported. Numbers are what the makers of each family recommend
in their model cards; the names of arguments are those of diffusers 0.42.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """Models that are run in the same way, by the class of diffusers that their files name.

    Attributes:
        id: Ours.
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
        lacks: Further ones that mean nothing to a task of it.
        unet: A UNet draws.
        regions: Parts of a picture can have prompts of their own.
        classes: Further classes whose files belong to it.
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
    lacks: Mapping[Capability, Mapping[str, str]] = field(default_factory=dict)
    unet: bool = False
    regions: bool = False
    classes: tuple[str, ...] = ()

    def unused_in(self, task: Capability) -> dict[str, str]:
        """Return the options that mean nothing to a task, with the reason."""
        return {**self.unused, **self.lacks.get(task, {})}


_TRANSFORMER = {
    "clip_skip": _NO_CLIP,
    "eta": _NO_ETA,
    "guidance_rescale": _NO_RESCALE,
    "true_cfg_scale": _STRONG,
}
_UNET = {"true_cfg_scale": _STRONG}
_NOT_HERE = {"guidance_rescale": "Pictures that are remade do not need it."}


def _without(*names: str) -> dict[str, str]:
    return {option: reason for option, reason in _TRANSFORMER.items() if option not in names}


def _three(stem: str) -> dict[Capability, str]:
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
        "lacks": {IMG2IMG: _NOT_HERE, INPAINT: _NOT_HERE},
        "unet": True,
        "regions": True,
    }
    return Family(id=identity, title=title, **{**values, **changes})


def _only(capability: Capability, name: str, controlled: str = "") -> dict[str, Any]:
    return {
        "pipelines": {capability: name},
        "controlled": {capability: controlled} if controlled else {},
    }


_XL = {
    "pipelines": _three("StableDiffusionXL"),
    "controlled": _three("StableDiffusionXLControlNet"),
    "guidance_scale": 5.0,
    "num_inference_steps": 30,
    "side_px": 1024,
    "lacks": {},
}


def _words_alone(identity: str, title: str, name: str, **changes: Any) -> Family:
    """Return a family that makes pictures from words and nothing else."""
    values: dict[str, Any] = {"pipelines": {TXT2IMG: name}, "unused": _TRANSFORMER, **changes}
    return Family(id=identity, title=title, **values)


FAMILIES: tuple[Family, ...] = (
    _sd("sd", "Stable Diffusion"),
    _sd(
        "sd-inpaint",
        "Stable Diffusion for inpainting",
        **_only(
            INPAINT, "StableDiffusionInpaintPipeline", "StableDiffusionControlNetInpaintPipeline"
        ),
    ),
    _sd("sdxl", "Stable Diffusion XL", **_XL),
    _sd(
        "sdxl-inpaint",
        "Stable Diffusion XL for inpainting",
        **{
            **_XL,
            **_only(
                INPAINT,
                "StableDiffusionXLInpaintPipeline",
                "StableDiffusionXLControlNetInpaintPipeline",
            ),
        },
    ),
    _sd(
        "sdxl-refiner",
        "Stable Diffusion XL refiner",
        **{**_XL, **_only(IMG2IMG, "StableDiffusionXLImg2ImgPipeline")},
    ),
    _sd(
        "kolors",
        "Kolors",
        **{
            **_XL,
            "controlled": {},
            "unused": _without("eta"),
            "regions": False,
            "pipelines": {TXT2IMG: "KolorsPipeline", IMG2IMG: "KolorsImg2ImgPipeline"},
        },
    ),
    _sd(
        "lcm",
        "Latent consistency",
        num_inference_steps=4,
        guidance_scale=8.5,
        controlled={},
        unused=_without("clip_skip"),
        lacks={},
        pipelines={
            TXT2IMG: "LatentConsistencyModelPipeline",
            IMG2IMG: "LatentConsistencyModelImg2ImgPipeline",
        },
    ),
    Family(
        id="sd-3",
        title="Stable Diffusion 3",
        pipelines=_three("StableDiffusion3"),
        controlled={
            TXT2IMG: "StableDiffusion3ControlNetPipeline",
            INPAINT: "StableDiffusion3ControlNetInpaintingPipeline",
        },
        unused=_without("clip_skip"),
    ),
    Family(
        id="flux",
        title="FLUX.1",
        pipelines=_three("Flux"),
        controlled={
            TXT2IMG: "FluxControlNetPipeline",
            IMG2IMG: "FluxControlNetImg2ImgPipeline",
            INPAINT: "FluxControlNetInpaintPipeline",
        },
        guidance_scale=3.5,
        packed=True,
        regions=True,
        unused=_without("true_cfg_scale"),
    ),
    Family(
        id="flux-fill",
        title="FLUX.1 Fill",
        pipelines={INPAINT: "FluxFillPipeline"},
        guidance_scale=30.0,
        packed=True,
        regions=True,
        unused=_TRANSFORMER,
    ),
    _words_alone("flux-2", "FLUX.2", "Flux2Pipeline", guidance_scale=4.0, packed=True),
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
    _words_alone(
        "qwen-image-2",
        "Qwen-Image 2.1",
        "QwenImage21Pipeline",
        num_inference_steps=40,
        guidance_scale=1.0,
        guidance="true_cfg_scale",
        packed=True,
    ),
    _words_alone("lumina-2", "Lumina 2", "Lumina2Pipeline", num_inference_steps=30),
    _words_alone("krea-2", "Krea 2", "Krea2Pipeline", packed=True),
    _words_alone("hidream", "HiDream", "HiDreamImagePipeline", num_inference_steps=40),
    _words_alone(
        "sana",
        "Sana",
        "SanaPipeline",
        num_inference_steps=20,
        multiple=32,
        unused=_without("eta"),
    ),
    _words_alone(
        "sana-sprint",
        "Sana Sprint",
        "SanaSprintPipeline",
        num_inference_steps=2,
        multiple=32,
        unused=_without("eta"),
    ),
    _words_alone(
        "pixart-sigma",
        "PixArt Sigma",
        "PixArtSigmaPipeline",
        num_inference_steps=20,
        flow=False,
        unused=_without("eta"),
    ),
    _words_alone(
        "pixart-alpha",
        "PixArt alpha",
        "PixArtAlphaPipeline",
        num_inference_steps=20,
        flow=False,
        unused=_without("eta"),
    ),
    _words_alone("auraflow", "AuraFlow", "AuraFlowPipeline", guidance_scale=3.5),
    _words_alone(
        "hunyuan-dit",
        "HunyuanDiT",
        "HunyuanDiTPipeline",
        guidance_scale=5.0,
        flow=False,
        unused=_without("eta", "guidance_rescale"),
    ),
    _words_alone("cogview-4", "CogView 4", "CogView4Pipeline", guidance_scale=5.0, multiple=32),
    _words_alone("ovis-image", "Ovis-Image", "OvisImagePipeline", guidance_scale=5.0, packed=True),
)

#: What a model that draws transparency is remade and painted into with: diffusers takes pictures
#: of four channels for latents.
WITH_ALPHA: Mapping[Capability, str] = {
    IMG2IMG: "_picture_small_pipeline_impl:PictureSmallImg2ImgPipeline",
    INPAINT: "_picture_small_pipeline_impl:PictureSmallInpaintPipeline",
}


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
_UNETS = ("sd", "sdxl")

DISTILLED: tuple[Distilled, ...] = (
    # The built-in picture model: not taught to need fewer steps, but small enough to.
    Distilled(r"picture[ -]small", ("sd",), 20, 3.0),
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


@functools.cache
def _by_class() -> Mapping[str, Family]:
    """Return the families by the class that draws from words, or by the only one they have."""
    found: dict[str, Family] = {}
    for family in FAMILIES:
        names = family.pipelines
        for name in (names.get(TXT2IMG, next(iter(names.values()))), *family.classes):
            found.setdefault(name, family)
    return found


def family_of(model: ModelInfo) -> Family | None:
    """Return how the model is run, ``None`` when nothing here can."""
    if model.path is None or model.role or model.format not in ("diffusers", "checkpoint"):
        return None
    return _by_class().get(model.architecture)


def tasks_of(model: ModelInfo) -> tuple[Capability, ...]:
    """Return what can be done with the model: what its family does and its files allow."""
    family = family_of(model)
    if family is None:
        return ()
    if draws_alpha(model):
        return (TXT2IMG, *WITH_ALPHA)
    known = [task for task in family.pipelines if str(task) in model.capabilities]
    return tuple(known or family.pipelines)


def distilled(model: ModelInfo, family: Family) -> Distilled | None:
    """Return how the model is run when its name, or its configuration, tells few steps."""
    name = f"{model.title} {model.path.name if model.path else ''}".casefold().replace("_", " ")
    for kind in DISTILLED:
        if family.id in kind.families and re.search(kind.pattern, name):
            told = _STEPS.search(name)
            steps = min(max(int(told[1]), 1), 50) if told else kind.num_inference_steps
            return replace(kind, num_inference_steps=steps)
    if family.id == "flux" and part_config(model, "transformer").get("guidance_embeds") is False:
        return next(kind for kind in DISTILLED if kind.pattern == "schnell")
    return None


def draws_alpha(model: ModelInfo) -> bool:
    """Say whether the model draws transparency, going by the configuration in its folder."""
    return part_config(model, "vae").get("in_channels") == 4


def recommended(model: ModelInfo) -> Mapping[str, Any]:
    """Return the values of options that a model's own folder recommends, by name.

    They stand in its ``model_index.json`` as ``"_recommended": {"guidance_scale": 3.0}``.
    """
    found = part_config(model, "").get("_recommended")
    return found if isinstance(found, dict) else {}


def part_config(model: ModelInfo, part: str) -> Mapping[str, Any]:
    """Return the configuration of a part of a model's folder, empty when there is none.

    Args:
        model: The model.
        part: Name of the part; "" for the folder itself.
    """
    if model.path is None or model.format != "diffusers":
        return {}
    path = model.path / part / _CONFIGS.get(part, "config.json")
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read(path, changed)


_CONFIGS = {"": "model_index.json", "scheduler": "scheduler_config.json"}


@functools.lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

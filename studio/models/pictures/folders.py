"""Says what a diffusers folder is, from the configs in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.requests import Capability
from studio.models.pictures.kinds import (
    INPAINT,
    PICTURES,
    TXT2IMG,
    family_of_class,
    family_of_width,
    family_title,
    tasks_of_class,
)
from studio.models.pictures.telling import Told

Config = Mapping[str, Any]

_COMPONENT_ROLES: tuple[tuple[str, str], ...] = (
    ("ControlNet", "controlnet"),
    ("ControlLora", "controlnet"),
    ("T2IAdapter", "t2i-adapter"),
    ("MultiAdapter", "t2i-adapter"),
    ("MotionAdapter", "motion-adapter"),
    ("Autoencoder", "vae"),
    ("AsymmetricAutoencoder", "vae"),
    ("ConsistencyDecoderVAE", "vae"),
    ("UNet", "diffusion-model"),
    ("Transformer", "diffusion-model"),
    ("Prior", "diffusion-model"),
)
_TEXT_ENCODERS = ("CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel",
                  "UMT5EncoderModel")  # fmt: skip
_IMAGE_ENCODERS = ("CLIPVisionModel", "CLIPVisionModelWithProjection", "SiglipVisionModel")


def tell_pipeline(name: str, parts: Mapping[str, Config]) -> Told:
    """Say what a whole pipeline in a folder is.

    Args:
        name: The class its ``model_index.json`` names.
        parts: The configs of its UNet or transformer and of its autoencoder, by part.
    """
    unet = parts.get("unet", {})
    width = unet.get("cross_attention_dim")
    family = family_of_class(name, width)
    what = family_title(family) if family else "A model"
    told = f"{what}: its folder names the class {name}"
    if family and isinstance(width, int):
        told += f", its UNet has {width}-d text states"
    return Told(
        family=family,
        architecture=name,
        capabilities=_tasks(name, unet, parts.get("vae", {})),
        told_by=f"{told}." if name else "",
    )


def _tasks(name: str, unet: Config, vae: Config) -> tuple[Capability, ...]:
    tasks = tasks_of_class(name)
    if name.startswith("StableDiffusion") and unet.get("in_channels") == 9:
        return (INPAINT,)
    if tasks == PICTURES and vae.get("in_channels", 3) != 3:
        return (TXT2IMG,)  # a picture with transparency needs more than the usual pipelines
    return tasks


def tell_component(config: Config) -> Told:
    """Say what one part of a pipeline is that lies in a folder of its own."""
    name = config.get("_class_name")
    name = name if isinstance(name, str) else ""
    role = next((role for word, role in _COMPONENT_ROLES if word in name), "")
    family = _component_family(name, role, config)
    goes = f" for {family_title(family)}" if family else ""
    return Told(
        role=role or "part",
        family=family,
        architecture=name,
        told_by=f"A part{goes}: its config.json names the class {name}.",
    )


def _component_family(name: str, role: str, config: Config) -> str:
    if role == "vae":
        if "Wan" in name:
            return "wan"
        scale = config.get("scaling_factor")
        return _BY_SCALE.get(scale, "") if isinstance(scale, float) else ""
    found = family_of_width(config.get("cross_attention_dim"))
    if found or role == "motion-adapter":
        return found
    if role == "t2i-adapter":
        kinds = {"full_adapter": "sd-1", "light_adapter": "sd-1", "full_adapter_xl": "sdxl"}
        return kinds.get(str(config.get("adapter_type")), "")
    return family_of_class(name.replace("SD3", "StableDiffusion3"), None)


#: Scaling factors of published autoencoders: their latents have no other mark.
_BY_SCALE = {0.18215: "sd-1", 0.13025: "sdxl", 1.5305: "sd-3", 0.3611: "flux"}


def encoder_role(architecture: str) -> str:
    """Return the role of a transformers model beside a picture model, "" for one of its own."""
    if architecture in _TEXT_ENCODERS:
        return "text-encoder"
    return "image-encoder" if architecture in _IMAGE_ENCODERS else ""

"""Picture models of diffusers: folders in its own form and single files of other tools.

Light: the heavy part, ``_diffusers_image_impl``, is imported when a model is loaded or when the
engine prepares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from studio.core.options import (
    OptionInfo,
    OptionValue,
    describe,
    option,
    validate,
    validate_leniently,
)
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.engine.backends._diffusers_families import (
    Family,
    distilled,
    draws_alpha,
    family_of,
    part_config,
    recommended,
    tasks_of,
)
from studio.engine.backends._diffusers_schedulers import CHOICES, DEFAULT, choices
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo

_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
NO_REGIONS = "Models of this family take one prompt for the whole picture."
_WORKING_BYTES = 512 * 1024**2  # what a picture of 512x512 takes on top of the weights


@dataclass(frozen=True, kw_only=True)
class ImageOptions:
    """What can be set for a picture; names and meanings are those of diffusers."""

    num_inference_steps: int = option(
        25,
        title="Steps",
        help="How often the picture is refined; more takes longer and pays off less and less.",
        ge=1,
        le=150,
        step=1,
    )
    guidance_scale: float = option(
        7.0,
        title="Guidance",
        help="How closely the picture keeps to the prompt; too much makes it harsh.",
        ge=0.0,
        le=30.0,
        step=0.5,
    )
    scheduler: str = option(
        DEFAULT,
        title="Scheduler",
        help="The way from noise to picture; “default” is the one the model brings.",
        choices=CHOICES,
    )
    mask_blur: int = option(
        8,
        title="Edge blur",
        help="How softly what is painted anew fades into the rest, inside the mask.",
        ge=0,
        le=256,
        step=1,
        unit="px",
    )
    region_base: float = option(
        0.2,
        title="Main prompt in regions",
        help="How much the main prompt still counts where a region has a prompt of its own.",
        ge=0.0,
        le=0.9,
        step=0.05,
        advanced=True,
    )
    clip_skip: int = option(
        0,
        title="CLIP skip",
        help="How many of the last layers that read the prompt are left out.",
        ge=0,
        le=11,
        step=1,
        advanced=True,
    )
    guidance_rescale: float = option(
        0.0,
        title="Guidance rescale",
        help="Takes back the harsh light that strong guidance brings; 0 is off.",
        ge=0.0,
        le=1.0,
        step=0.05,
        advanced=True,
    )
    true_cfg_scale: float = option(
        1.0,
        title="True guidance",
        help="Guidance by a negative prompt, at twice the time a step; 1 is off.",
        ge=1.0,
        le=10.0,
        step=0.5,
        advanced=True,
    )
    eta: float = option(
        0.0,
        title="Eta",
        help="How much new noise DDIM adds in each step; 0 is none.",
        ge=0.0,
        le=1.0,
        step=0.05,
        advanced=True,
    )


class DiffusersImageBackend(Backend):
    """Makes and remakes pictures with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="diffusers-image",
        title="Diffusers pictures",
        description="Picture models as folders or single safetensors files, run with torch.",
        licence="Apache-2.0",
        capabilities=(
            Capability.IMAGE_TXT2IMG,
            Capability.IMAGE_IMG2IMG,
            Capability.IMAGE_INPAINT,
        ),
        requires=("torch", "diffusers", "transformers", "safetensors", "accelerate", "peft"),
    )
    Options: ClassVar[type] = ImageOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return the tasks of the model's family."""
        return tasks_of(model)

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of the weights in the device's number type and some to work with."""
        weights = model.parameters * _DTYPE_BYTES.get(device.dtype, 4)
        return (weights or model.size_bytes) + _WORKING_BYTES

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options with the model's own defaults, and why it does not use some."""
        family = family_of(model)
        if family is None:
            return describe(ImageOptions)
        defaults = defaults_for(model, family)
        unused = unused_options(model, family, capability)
        names = scheduler_choices(model, family)
        return tuple(
            replace(
                info,
                default=defaults.get(info.name, info.default),
                choices=names if info.name == "scheduler" else info.choices,
                unused=unused.get(info.name, ""),
            )
            for info in describe(ImageOptions)
        )

    def prepare(self) -> None:
        """Import torch and diffusers, the window's only long stalls, before they are needed."""
        stay_offline()
        from studio.engine.backends import _diffusers_image_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load a folder or a single file.

        Raises:
            ModelError: Damaged, unsupported or unsafe.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _diffusers_image_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded


def resolved_options(
    model: ModelInfo, family: Family, values: Mapping[str, OptionValue]
) -> ImageOptions:
    """Return the options of a request, what it leaves open being the model's own defaults.

    Raises:
        BadInputError: An unknown name, or a value its option refuses.
    """
    return validate(ImageOptions, {**defaults_for(model, family), **values})


def defaults_for(model: ModelInfo, family: Family) -> dict[str, OptionValue]:
    """Return what the model is best run with."""
    few = distilled(model, family)
    found = few if few is not None else family
    defaults: dict[str, OptionValue] = {
        "num_inference_steps": found.num_inference_steps,
        "guidance_scale": found.guidance_scale,
        "scheduler": few.scheduler if few is not None else DEFAULT,
    }
    own, _ = validate_leniently(ImageOptions, recommended(model))
    return defaults | {
        name: getattr(own, name) for name in recommended(model) if hasattr(own, name)
    }


def unused_options(model: ModelInfo, family: Family, capability: Capability) -> dict[str, str]:
    """Return the options that mean nothing to the model, each with the reason."""
    unused = family.unused_in(capability)
    few = distilled(model, family)
    if few is not None and few.reason:
        unused["guidance_scale"] = few.reason
        unused["guidance_rescale"] = few.reason
    if draws_alpha(model):
        unused["clip_skip"] = "Its text encoder is not CLIP."
    if not family.regions:
        unused["region_base"] = NO_REGIONS
    if capability is not Capability.IMAGE_INPAINT:
        unused["mask_blur"] = "Only what is painted into a mask has such an edge."
    return unused


def scheduler_choices(model: ModelInfo, family: Family) -> tuple[str, ...]:
    """Return the schedulers that work with the model."""
    return choices(part_config(model, "scheduler"), flow=family.flow, unet=family.unet)

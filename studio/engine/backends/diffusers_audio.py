"""Music and sounds from a description, with diffusers: Stable Audio, AudioLDM 2, MusicLDM.

Light: the heavy part, ``_diffusers_audio_impl``, is imported when a model is loaded.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from studio.core.options import OptionInfo, describe, option
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo

_WORKING_BYTES = 700_000_000


@dataclass(frozen=True)
class Family:
    """What is particular to one kind of pipeline.

    Attributes:
        length: The name its pipeline has for the length in seconds.
        seconds: The length it makes when none is asked for.
        longest_s: The longest it was trained for; 0 when it says so itself.
        steps: Steps it needs.
        guidance: Guidance it needs.
        clap: Its prompts are read by CLAP alone, in a way the pipeline has lost: diffusers keeps
            it, deprecated, and transformers 5 returns another kind of answer.
    """

    length: str
    seconds: float
    longest_s: float
    steps: int
    guidance: float
    clap: bool = False


FAMILIES = {
    "StableAudioPipeline": Family("audio_end_in_s", 10.0, 0.0, 100, 7.0),
    "AudioLDM2Pipeline": Family("audio_length_in_s", 10.24, 60.0, 200, 3.5),
    "MusicLDMPipeline": Family("audio_length_in_s", 10.24, 60.0, 200, 2.0, clap=True),
}
"""Defaults are those of the pipelines' own ``__call__`` in diffusers 0.42."""


@dataclass(frozen=True, kw_only=True)
class AudioOptions:
    """What can be set for one sound; names and meanings are those of diffusers."""

    num_inference_steps: int = option(
        100,
        title="Steps",
        help="How often the sound is refined; more takes longer and pays off less and less.",
        ge=1,
        le=500,
        step=5,
    )
    guidance_scale: float = option(
        7.0,
        title="Guidance",
        help="How closely the sound keeps to the description; too much makes it harsh.",
        ge=1.0,
        le=20.0,
        step=0.5,
    )


class DiffusersAudioBackend(Backend):
    """Makes music and sounds with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="diffusers-audio",
        title="Diffusers sound",
        description="Music and sounds from a description: Stable Audio, AudioLDM 2, MusicLDM.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_MUSIC,),
        requires=("torch", "diffusers", "transformers", "safetensors"),
    )
    Options: ClassVar[type] = AudioOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return music for the pipelines this knows."""
        known = model.format == "diffusers" and model.architecture in FAMILIES
        return self.manifest.capabilities if known and model.path is not None else ()

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options with the pipeline's own defaults."""
        family = FAMILIES[model.architecture]
        own = {"num_inference_steps": family.steps, "guidance_scale": family.guidance}
        return tuple(
            dataclasses.replace(info, default=own[info.name]) for info in describe(AudioOptions)
        )

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of the weights and something to work with."""
        return model.size_bytes + _WORKING_BYTES

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load a folder that diffusers wrote.

        Raises:
            ModelError: Damaged, unsupported or unsafe.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _diffusers_audio_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded

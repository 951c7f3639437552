"""Speech and music with models of transformers, each in the folder it was published in.

Light: the heavy part, ``_transformers_audio_impl``, is imported when a model is loaded. What is
particular to an architecture stands in ``_sound_architectures`` and in its ``_sounder_…_impl``.
See packaging/docs/decisions/0144-speaking-models-of-transformers.md.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from studio.core.errors import BadInputError
from studio.core.options import OptionInfo, describe, option
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest, Voice
from studio.engine.backends._offline import stay_offline
from studio.engine.backends._sound_architectures import (
    ARCHITECTURES,
    WHY_NOT,
    Architecture,
    told_defaults,
    voices_of,
)
from studio.models.info import ModelInfo

_WORKING_BYTES = 300_000_000


@dataclass(frozen=True, kw_only=True)
class TransformersAudioOptions:
    """What can be set for one sound; names and meanings are those of transformers."""

    guidance_scale: float = option(
        3.0,
        title="Guidance",
        help="How closely the sound keeps to the words; 1 is off.",
        ge=1.0,
        le=15.0,
        step=0.5,
    )
    temperature: float = option(
        1.0,
        title="Temperature",
        help="How daring the sound is; less is more even.",
        ge=0.1,
        le=2.0,
        step=0.05,
    )
    num_inference_steps: int = option(
        1,
        title="Steps",
        help="How often each moment of the sound is refined; more is slower.",
        ge=1,
        le=50,
        step=1,
        advanced=True,
    )
    top_k: int = option(
        250,
        title="Top k",
        help="Only this many of the likeliest sounds are drawn from; 0 is all.",
        ge=0,
        le=2048,
        step=10,
        advanced=True,
    )
    top_p: float = option(
        1.0,
        title="Top p",
        help="Only the likeliest sounds that together have this share are drawn from; 1 is all.",
        ge=0.05,
        le=1.0,
        step=0.05,
        advanced=True,
    )


class TransformersAudioBackend(Backend):
    """Speaks and makes music with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="transformers-audio",
        title="Transformers sound",
        description="Voices (Pocket TTS, CSM, Dia, VibeVoice, VITS, MMS, SpeechT5, Bark) and music "
        "(MusicGen, also from a melody) from their folders.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_SPEECH, Capability.AUDIO_MUSIC),
        requires=("torch", "transformers", "safetensors"),
    )
    Options: ClassVar[type] = TransformersAudioOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return what the architecture does."""
        known = ARCHITECTURES.get(model.architecture)
        fits = known is not None and model.format == "transformers" and model.path is not None
        return (known.capability,) if known is not None and fits else ()

    def clones(self, model: ModelInfo) -> bool:
        """Return whether the architecture can speak in a lent voice."""
        return bool(self.supports(model)) and ARCHITECTURES[model.architecture].clones

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options with the model's defaults and what it does not use."""
        kind = ARCHITECTURES[model.architecture]
        told = told_defaults(model.path) if kind.told and model.path is not None else {}
        return tuple(
            _fitted(info, kind, told.get(kind.spelling.get(info.name, info.name)), model.title)
            for info in describe(TransformersAudioOptions)
        )

    def voices_for(self, model: ModelInfo) -> tuple[Voice, ...]:
        """Return the speakers that a model numbers, or those whose files lie in its folder."""
        return tuple(voices_of(model))

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of all weights in float32 and something to work with."""
        kind = ARCHITECTURES.get(model.architecture)
        beside = kind.beside_bytes if kind is not None else 0
        return (model.parameters * 4 or model.size_bytes) + beside + _WORKING_BYTES

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load a folder.

        Raises:
            ModelError: Damaged, unsupported or unsafe, or a part it needs is missing.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _transformers_audio_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded


def _fitted(info: OptionInfo, kind: Architecture, told: object, title: str) -> OptionInfo:
    """Return an option as it is for one model; ``told`` is what its folder says, or ``None``."""
    if info.name not in kind.uses:
        reason = {**WHY_NOT, **kind.why_not}[info.name]
        return dataclasses.replace(info, unused=reason.format(title=title))
    own = info.type(kind.defaults.get(info.name, info.default))
    fitted = dataclasses.replace(info, default=own, ge=kind.least.get(info.name, info.ge))
    if told is None:
        return fitted
    try:
        return dataclasses.replace(fitted, default=fitted.check(told))
    except BadInputError:
        return fitted  # a folder's default outside of what can be set is no default

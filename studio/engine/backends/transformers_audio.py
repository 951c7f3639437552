"""Speech and music with models of transformers: VITS and MMS, SpeechT5, Bark, MusicGen.

Light: the heavy part, ``_transformers_audio_impl``, is imported when a model is loaded. What is
particular to an architecture stands in ``ARCHITECTURES``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from studio.core.options import OptionInfo, describe, option
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest, Voice
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo

_WORKING_BYTES = 300_000_000
_MAX_CONFIG_BYTES = 4_000_000
_MOST_SPEAKERS = 512
SPEAKERS_FOLDER = "speakers"


@dataclass(frozen=True)
class Architecture:
    """What is particular to an architecture.

    Attributes:
        capability: What its models do.
        unused: Options its models do not use, with the reason.
        defaults: Options whose default is another than that of ``TransformersAudioOptions``.
        speed: Whether the speed of speech can be set.
    """

    capability: Capability
    unused: tuple[str, ...] = ()
    defaults: tuple[tuple[str, float], ...] = ()
    speed: bool = False


_DRAWN = ("guidance_scale", "temperature", "top_k")
ARCHITECTURES = {
    "VitsModel": Architecture(Capability.AUDIO_SPEECH, unused=_DRAWN, speed=True),
    "SpeechT5ForTextToSpeech": Architecture(Capability.AUDIO_SPEECH, unused=_DRAWN),
    "BarkModel": Architecture(
        Capability.AUDIO_SPEECH, unused=("guidance_scale",), defaults=(("temperature", 0.7),)
    ),
    "MusicgenForConditionalGeneration": Architecture(Capability.AUDIO_MUSIC),
}
VOCODER = "SpeechT5HifiGan"


@dataclass(frozen=True, kw_only=True)
class TransformersAudioOptions:
    """What can be set for one sound; names and meanings are those of transformers."""

    guidance_scale: float = option(
        3.0,
        title="Guidance",
        help="How closely the sound keeps to the description; 1 is off.",
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
    top_k: int = option(
        250,
        title="Top k",
        help="Only this many of the likeliest sounds are drawn from; 0 is all.",
        ge=0,
        le=2048,
        step=10,
        advanced=True,
    )


class TransformersAudioBackend(Backend):
    """Speaks and makes music with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="transformers-audio",
        title="Transformers sound",
        description="Voices (VITS, MMS, SpeechT5, Bark) and music (MusicGen) from their folders.",
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

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options with the architecture's defaults and what it does not use."""
        kind = ARCHITECTURES[model.architecture]
        reason = f"“{model.title}” draws nothing by chance that this could steer."
        defaults = dict(kind.defaults)
        return tuple(
            dataclasses.replace(
                info,
                default=defaults.get(info.name, info.default),
                unused=reason if info.name in kind.unused else "",
            )
            for info in describe(TransformersAudioOptions)
        )

    def voices_for(self, model: ModelInfo) -> tuple[Voice, ...]:
        """Return a VITS model's speakers, or those whose files lie beside a SpeechT5."""
        if model.path is None:
            return ()
        return tuple(_voices(model.architecture, model.path))

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of the weights in float32 and something to work with."""
        return (model.parameters * 4 or model.size_bytes) + _WORKING_BYTES

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


def _voices(architecture: str, folder: Path) -> Iterator[Voice]:
    if architecture == "VitsModel":
        count = _speakers(folder)
        if count > 1:
            for number in range(min(count, _MOST_SPEAKERS)):
                yield Voice(id=str(number), title=f"Speaker {number + 1}")
    elif architecture == "SpeechT5ForTextToSpeech":
        for file in sorted((folder / SPEAKERS_FOLDER).glob("*.npy")):
            yield Voice(id=file.stem, title=file.stem.replace("_", " ").capitalize())


def _speakers(folder: Path) -> int:
    """Return how many speakers a VITS model's configuration names; 1 when it cannot be read."""
    try:
        with (folder / "config.json").open("rb") as file:
            count = json.loads(file.read(_MAX_CONFIG_BYTES)).get("num_speakers", 1)
    except (OSError, ValueError, AttributeError, RecursionError):
        return 1
    return count if isinstance(count, int) else 1

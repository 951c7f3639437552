"""What is particular to each sound architecture of transformers, as data; imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.requests import Capability
from studio.engine.api import Voice
from studio.models.info import ModelInfo

SPEAKERS_FOLDER = "speakers"
VOICES_FOLDER = "voices"
VOCODER = "SpeechT5HifiGan"
_MAX_CONFIG_BYTES = 4_000_000
_MOST_SPEAKERS = 512
#: Speakers that a CSM tells apart by number; which voice each has is drawn with the seed.
_CSM_SPEAKERS = 4


@dataclass(frozen=True)
class Architecture:
    """What is particular to an architecture.

    Attributes:
        capability: What its models do.
        most_characters: How much text is spoken at once; 0: it is no speech.
        uses: Options its models use; the others are shown with the reason why not.
        defaults: Options whose default is another than that of the backend's ``Options``.
        least: Options that have a higher lower bound than in the backend's ``Options``.
        told: The folder's generation_config.json says better defaults.
        spelling: Options that its class calls otherwise.
        speed: Whether the speed of speech can be set.
        clones: Whether it can speak in a lent voice.
        melody: Whether a sound can be given whose melody the music follows.
        beside_bytes: About how much memory parts from other folders take.
        why_not: Reasons for options it does not use, where the usual one would be wrong.
    """

    capability: Capability
    most_characters: int = 0
    uses: tuple[str, ...] = ()
    defaults: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    told: bool = False
    spelling: Mapping[str, str] = field(default_factory=dict)
    speed: bool = False
    clones: bool = False
    melody: bool = False
    beside_bytes: int = 0
    why_not: Mapping[str, str] = field(default_factory=dict)


_NOT_DRAWN = "“{title}” draws nothing by chance that this could steer."
_NOT_STEERED = "“{title}” draws its sound from noise, which this does not steer."
_NOT_LISTED = "“{title}” draws from a range, not from a list, so there is nothing to leave out."
#: Why an option is of no use, by its name.
WHY_NOT = {
    "guidance_scale": "“{title}” has no guidance.",
    "temperature": _NOT_DRAWN,
    "top_k": _NOT_DRAWN,
    "top_p": _NOT_DRAWN,
    "num_inference_steps": "“{title}” makes its sound without such steps.",
}

_SPEECH, _MUSIC = Capability.AUDIO_SPEECH, Capability.AUDIO_MUSIC
ARCHITECTURES = {
    "VitsModel": Architecture(_SPEECH, 400, speed=True),
    "SpeechT5ForTextToSpeech": Architecture(_SPEECH, 250),
    "BarkModel": Architecture(
        _SPEECH,
        180,
        uses=("temperature",),
        defaults={"temperature": 0.7},
        why_not=dict.fromkeys(("top_k", "top_p"), "“{title}” does not take this into account."),
    ),
    "MusicgenForConditionalGeneration": Architecture(
        _MUSIC, uses=("guidance_scale", "temperature", "top_k", "top_p")
    ),
    "MusicgenMelodyForConditionalGeneration": Architecture(
        _MUSIC, uses=("guidance_scale", "temperature", "top_k", "top_p"), melody=True
    ),
    "PocketTTSForConditionalGeneration": Architecture(
        _SPEECH,
        200,
        uses=("temperature", "num_inference_steps"),
        defaults={"temperature": 0.7, "num_inference_steps": 1},
        told=True,
        spelling={"num_inference_steps": "num_flow_steps"},
        clones=True,
        beside_bytes=90_000_000,
        why_not={"top_k": _NOT_LISTED, "top_p": _NOT_LISTED},
    ),
    "DiaForConditionalGeneration": Architecture(
        _SPEECH,
        280,
        uses=("guidance_scale", "temperature", "top_k", "top_p"),
        defaults={"guidance_scale": 3.0, "temperature": 1.8, "top_k": 45, "top_p": 0.95},
        least={"temperature": 1.0},
        told=True,
        clones=True,
        beside_bytes=320_000_000,
    ),
    "CsmForConditionalGeneration": Architecture(
        _SPEECH,
        300,
        uses=("temperature", "top_k", "top_p"),
        defaults={"temperature": 0.9, "top_k": 50},
        told=True,
        clones=True,
    ),
    "VibeVoiceForConditionalGeneration": Architecture(
        _SPEECH,
        600,
        uses=("guidance_scale", "num_inference_steps"),
        defaults={"guidance_scale": 1.3, "num_inference_steps": 10},
        told=True,
        spelling={"num_inference_steps": "num_diffusion_steps"},
        clones=True,
        why_not=dict.fromkeys(("temperature", "top_k", "top_p"), _NOT_STEERED),
    ),
}


def told_defaults(folder: Path) -> Mapping[str, Any]:
    """Return what a folder's generation_config.json says; nothing when it cannot be read."""
    return read_config(folder, "generation_config.json")


def voices_of(model: ModelInfo) -> Iterator[Voice]:
    """Yield the voices that a model has of its own; those that lie in its folder are looked for."""
    if model.path is None:
        return
    if model.architecture == "VitsModel":
        count = read_config(model.path, "config.json").get("num_speakers", 1)
        yield from _numbered(count if isinstance(count, int) and count > 1 else 0)
    elif model.architecture == "SpeechT5ForTextToSpeech":
        yield from _files(model.path / SPEAKERS_FOLDER, "*.npy")
    elif model.architecture == "PocketTTSForConditionalGeneration":
        yield from _files(model.path / VOICES_FOLDER, "*.safetensors")
    elif model.architecture == "CsmForConditionalGeneration":
        yield from _numbered(_CSM_SPEAKERS)


def read_config(folder: Path, name: str) -> Mapping[str, Any]:
    """Return one of a folder's JSON files; nothing when it is not there or cannot be read."""
    try:
        with (folder / name).open("rb") as file:
            found = json.loads(file.read(_MAX_CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _numbered(count: int) -> Iterator[Voice]:
    for number in range(min(count, _MOST_SPEAKERS)):
        yield Voice(id=str(number), title=f"Speaker {number + 1}")


def _files(folder: Path, pattern: str) -> Iterator[Voice]:
    for file in sorted(folder.glob(pattern)):
        yield Voice(id=file.stem, title=file.stem.replace("_", " ").capitalize())

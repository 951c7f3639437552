"""A small model that "clones": what it makes tells which sound and which text it was given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from studio.core.artifacts import AudioArtifact
from studio.core.media import Sound
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Backend, Device, JobContext, LoadContext, LoadedModel, Manifest
from studio.models.info import ModelInfo

RATE = 16_000


def cloned(sound: bytes, text: str, seconds: float = 0.5) -> np.ndarray:
    """Return what the model makes of a voice: a noise that only these two give."""
    seed = int.from_bytes(hashlib.sha256(sound + text.encode()).digest()[:4], "little")
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE))
    return np.asarray(np.clip(noise, -1, 1), np.float32)


class CloningModel(LoadedModel):
    """Speaks as noise."""

    def __init__(self, model: ModelInfo) -> None:
        self.model = model
        self.memory_bytes = model.size_bytes

    def generate(self, request: AudioRequest, ctx: JobContext) -> AudioArtifact:
        ctx.checkpoint()
        voice = request.kept_voice
        sound = ctx.sub(0, 1).input(voice.audio) if voice is not None else b""
        samples = cloned(sound, voice.text if voice is not None else "")
        return AudioArtifact(
            request=request,
            model=self.model.id,
            backend="cloning",
            sound=Sound.of(samples, RATE),
            facts={"voice": "what the backend says", "speed": "1"},
        )

    def unload(self) -> None:
        self.memory_bytes = 0


class CloningBackend(Backend):
    """Two models: "cloner" clones, "reader" does not."""

    manifest: ClassVar[Manifest] = Manifest(
        id="cloning",
        title="Cloning",
        description="Clones for tests.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_SPEECH,),
    )

    def __init__(self) -> None:
        self.loads: list[str] = []

    def models(self) -> Iterable[ModelInfo]:
        for name in ("cloner", "reader"):
            yield ModelInfo(
                id=name, title=name.capitalize(), format="toy", size_bytes=9, backend="cloning"
            )

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        return self.manifest.capabilities if model.format == "toy" else ()

    def clones(self, model: ModelInfo) -> bool:
        return model.id == "cloner"

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        self.loads.append(model.id)
        return CloningModel(model)

"""The built-in voice: hibari, a small English voice that speaks a hundred times faster than life.

Light: its package is found, not imported, before a text is spoken. Only voices whose files lie in
the package are offered; the others it knows would be fetched from the network, which never
happens here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from studio.core.errors import ModelNotFoundError
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest, Voice
from studio.engine.backends._english_speech import READING_BYTES, SpeechOptions, hibari_assets
from studio.models.info import ModelInfo

MODEL_ID = "hibari"
FORMAT = "hibari"
_WORKING_BYTES = 160_000_000  # the network in memory, and one sentence being spoken


class HibariVoiceBackend(Backend):
    """Speaks English with onnxruntime."""

    manifest: ClassVar[Manifest] = Manifest(
        id="hibari-voice",
        title="Hibari voice",
        description="The built-in English voice, small and quick, on the processor.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_SPEECH,),
        requires=("hibari", "onnxruntime", "numpy"),
    )
    Options: ClassVar[type] = SpeechOptions

    def models(self) -> Iterable[ModelInfo]:
        """Return the voice model, when its package is installed."""
        files = [file for file, _ in _voices()]
        if not files:
            return ()
        return (
            ModelInfo(
                id=MODEL_ID,
                title="Hibari",
                path=files[0],
                format=FORMAT,
                architecture="hibari",
                capabilities=(Capability.AUDIO_SPEECH.value,),
                size_bytes=sum(file.stat().st_size for file in files),
                parameters=6_150_000 * len(files),
                licence="Apache-2.0",
                source="https://github.com/MMWilliams/hibari",
                built_in=True,
                backend=self.manifest.id,
            ),
        )

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return speech for the model of its own."""
        return self.manifest.capabilities if model.format == FORMAT and model.path else ()

    def voices_for(self, model: ModelInfo) -> tuple[Voice, ...]:
        """Return the voices whose files are in the package."""
        return tuple(voice for _, voice in _voices())

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return what the dictionaries, the network and a sentence take."""
        return READING_BYTES + _WORKING_BYTES

    def prepare(self) -> None:
        """Import onnxruntime and hibari."""
        from studio.engine.backends import _hibari_voice_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load the voice and the dictionaries.

        Raises:
            ModelError: Its files are damaged or gone.
        """
        ctx.loading(0.0, "Starting the voice")
        from studio.engine.backends import _hibari_voice_impl as implementation

        voices = _voices()
        if not voices:
            raise ModelNotFoundError(
                "The files of the built-in voice are gone.",
                hint="Set Triptych up again with --repair.",
            )
        loaded: Any = implementation.load(model, voices, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded


def _voices() -> list[tuple[Path, Voice]]:
    """Return each voice whose network lies in the package, with its file."""
    folder = hibari_assets()
    if folder is None:
        return []
    try:
        known = json.loads((folder / "voices.json").read_text("utf-8"))
    except (OSError, ValueError):
        return []
    found = []
    for name, facts in known.items():
        file = folder / Path(facts["file"]).name
        if file.is_file() and file.stat().st_size == facts["bytes"]:
            about = f"{facts['accent']}, {facts['gender']}"
            voice = Voice(
                id=name, title=name.title(), language=facts["language"], description=about
            )
            found.append((file, voice))
    return found

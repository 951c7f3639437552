"""Kokoro: many English voices, slower and fuller than the built-in one.

A folder with one ONNX network and a file for each voice. How English is pronounced comes from
hibari's dictionaries, so no espeak is needed and only English voices are offered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from studio.core.errors import ModelNotFoundError
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest, Voice
from studio.engine.backends._english_speech import READING_BYTES, SpeechOptions
from studio.models.info import ModelInfo
from studio.models.sound_models import KOKORO, kokoro_voices

_WORKING_BYTES = 350_000_000  # of one sentence being spoken
#: Those that sound best, by their maker's own grades; the rest follows by name.
_BEST_FIRST = ("af_heart", "af_bella", "bf_emma", "am_michael", "am_fenrir", "bm_george")
_ACCENTS = {"a": ("American", "en-US"), "b": ("British", "en-GB")}
_GENDERS = {"f": "female", "m": "male"}


class KokoroVoiceBackend(Backend):
    """Speaks English with onnxruntime."""

    manifest: ClassVar[Manifest] = Manifest(
        id="kokoro-voice",
        title="Kokoro voices",
        description="English voices of Kokoro-82M, on the processor.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_SPEECH,),
        requires=("hibari", "onnxruntime", "numpy"),
    )
    Options: ClassVar[type] = SpeechOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return speech for folders of Kokoro that hold an English voice."""
        fits = model.format == KOKORO and model.path is not None and voices_in(model.path)
        return self.manifest.capabilities if fits else ()

    def voices_for(self, model: ModelInfo) -> tuple[Voice, ...]:
        """Return the English voices of the folder."""
        found = voices_in(model.path) if model.path is not None else []
        return tuple(voice for _, voice in found)

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return what dictionaries, network and a sentence take."""
        return READING_BYTES + model.size_bytes + _WORKING_BYTES

    def prepare(self) -> None:
        """Import onnxruntime and the dictionaries' code."""
        from studio.engine.backends import _kokoro_voice_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load the network; voices and dictionaries follow when they are first needed.

        Raises:
            ModelError: Its files are damaged or gone.
        """
        ctx.loading(0.0, "Starting the voice")
        from studio.engine.backends import _kokoro_voice_impl as implementation

        voices = voices_in(model.path) if model.path is not None else []
        if not voices:
            raise ModelNotFoundError(
                f"The files of {model.title} are gone.",
                hint="They may have been moved, or lie on a drive that is not connected.",
                path=str(model.path),
            )
        loaded: Any = implementation.load(model, voices, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded


def voices_in(folder: Path) -> list[tuple[Path, Voice]]:
    """Return each English voice of a Kokoro folder with its file, the best first."""
    try:
        files = {file.stem: file for file in kokoro_voices(folder)}
    except OSError:
        return []
    names = [name for name in _BEST_FIRST if name in files]
    names += [name for name in files if name not in names]
    voices = ((files[name], _voice(name)) for name in names)
    return [(file, voice) for file, voice in voices if voice is not None]


def _voice(name: str) -> Voice | None:
    """Return what a voice's name says: accent, gender, name, as in "bf_emma"."""
    kind, mark, called = name.partition("_")
    if not mark or len(kind) != 2 or kind[0] not in _ACCENTS or kind[1] not in _GENDERS:
        return None
    accent, language = _ACCENTS[kind[0]]
    return Voice(
        id=name,
        title=called.title(),
        language=language,
        description=f"{accent}, {_GENDERS[kind[1]]}",
    )

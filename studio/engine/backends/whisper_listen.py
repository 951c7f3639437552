"""Listening: Whisper in the format of CTranslate2 writes down speech, with the time of each word.

The engine is CTranslate2 itself. Sound is read by libsndfile and resampled by soxr; what other
programs use for that, FFmpeg's build in the ``av`` package, brings parts under the GPL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from studio.core.options import OptionInfo, describe
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.engine.backends._listening_options import ListeningOptions, knows_only_english
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo
from studio.models.sound_models import CTRANSLATE2

_WORKING_BYTES = 250_000_000  # half a minute of speech in the encoder, and five beams


class WhisperListenBackend(Backend):
    """Writes down speech with CTranslate2."""

    manifest: ClassVar[Manifest] = Manifest(
        id="whisper-listen",
        title="Whisper listening",
        description="Whisper models converted for CTranslate2, as faster-whisper uses them.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_TRANSCRIBE,),
        requires=("ctranslate2", "tokenizers", "soundfile", "soxr", "numpy"),
    )
    Options: ClassVar[type] = ListeningOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return listening for folders of Whisper converted for CTranslate2."""
        fits = model.format == CTRANSLATE2 and model.architecture == "whisper"
        return self.manifest.capabilities if fits and model.path is not None else ()

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options; a model of English only has nothing to translate."""
        found = describe(self.Options)
        if model.path is None or not knows_only_english(model.path):
            return found
        unused = f"{model.title} knows English only."
        return tuple(
            replace(each, unused=unused) if each.name == "translate" else each for each in found
        )

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return what weights and half a minute of sound take."""
        return int(model.size_bytes * 1.3) + _WORKING_BYTES

    def prepare(self) -> None:
        """Import CTranslate2 and the libraries that read sound."""
        stay_offline()
        from studio.engine.backends import _whisper_listen_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load the folder.

        Raises:
            ModelError: Its files are damaged or gone.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _whisper_listen_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded

"""Loads Kokoro's network and speaks with it; runs on engine threads.

A voice is a table: for every number of phonemes up to 510, the 256 numbers that describe it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import ModelDamagedError, storage_errors
from studio.engine.api import Device, LoadContext, Voice
from studio.engine.backends._english_reading_impl import EnglishReading, open_network
from studio.engine.backends._english_speech import READING_BYTES
from studio.engine.backends._speaking_impl import Samples, SpeakingModel
from studio.models.info import ModelInfo

_INPUTS = {"tokens", "style", "speed"}
_LENGTHS, _STYLE = 510, 256


def warm_imports() -> None:
    """Import the modules that the first load would import."""
    from hibari.g2p import G2P

    _ = G2P


def load(
    model: ModelInfo, voices: Sequence[tuple[Path, Voice]], device: Device, ctx: LoadContext
) -> KokoroModel:
    """Load the network and the dictionaries of the first voice.

    Raises:
        ModelError: Damaged.
        JobCancelled: The user stopped.
    """
    assert model.path is not None
    file = min(model.path.glob("*.onnx"))
    ctx.loading(0.1, "Reading the voices")
    network = open_network(file, device.threads, model.title)
    if {each.name for each in network.get_inputs()} != _INPUTS:
        raise ModelDamagedError(
            f"{model.title} could not be loaded: {file.name} is another kind of network.",
            hint="Fetch it again.",
            path=str(file),
        )
    ctx.loading(0.8, "Reading the dictionaries")
    reading = EnglishReading()
    reading.load(british=_is_british(voices[0][1]))
    loaded = KokoroModel(model, voices, network, reading, file.stat().st_size)
    ctx.loading(1.0, "Ready")
    return loaded


def _is_british(voice: Voice) -> bool:
    return voice.language == "en-GB"


class KokoroModel(SpeakingModel):
    """Kokoro in memory."""

    most_characters: ClassVar[int] = 200  # first sound comes no sooner than its piece is done

    def __init__(
        self,
        model: ModelInfo,
        voices: Sequence[tuple[Path, Voice]],
        network: Any,
        reading: EnglishReading,
        file_bytes: int,
    ) -> None:
        super().__init__(model.id, "kokoro-voice", [voice for _, voice in voices])
        self._network = network
        self._reading: EnglishReading | None = reading
        self._files = {voice.id: file for file, voice in voices}
        self._styles: dict[str, NDArray[np.float32]] = {}
        self._reading_styles = threading.Lock()
        self.memory_bytes = READING_BYTES + 2 * file_bytes

    def phonemes(self, text: str, voice: Voice) -> str:
        """See :meth:`SpeakingModel.phonemes`."""
        assert self._reading is not None
        return self._reading.phonemes(text, british=_is_british(voice))

    def samples(self, phonemes: str, voice: Voice, speed: float, seed: int) -> Samples:
        """See :meth:`SpeakingModel.samples`."""
        assert self._reading is not None
        numbers = self._reading.numbers(phonemes)
        style = self._style(voice)[min(max(len(numbers) - 2, 0), _LENGTHS - 1)]
        given = {
            "tokens": np.asarray([numbers], np.int64),
            "style": style[None],
            "speed": np.asarray([speed], np.float32),
        }
        (sound,) = self._network.run(None, given)
        return np.asarray(sound, np.float32).reshape(-1)

    def _style(self, voice: Voice) -> NDArray[np.float32]:
        with self._reading_styles:
            if voice.id not in self._styles:
                file = self._files[voice.id]
                with storage_errors(file, "reading a voice"):
                    numbers = np.frombuffer(file.read_bytes(), "<f4")
                if numbers.size != _LENGTHS * _STYLE or not np.isfinite(numbers).all():
                    raise ModelDamagedError(
                        f"The voice {voice.title} is damaged.",
                        hint="Fetch it again.",
                        path=str(file),
                    )
                self._styles[voice.id] = numbers.reshape(_LENGTHS, _STYLE)
            return self._styles[voice.id]

    def unload(self) -> None:
        """Give the memory back."""
        self._network = None
        self._reading = None
        self._styles = {}
        self.memory_bytes = 0
        gc.collect()

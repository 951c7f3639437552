"""Loads hibari's networks and speaks with them; runs on engine threads."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hibari import dsp
from hibari.g2p import G2P

from studio.engine.api import Device, LoadContext, Voice
from studio.engine.backends._english_reading_impl import EnglishReading, open_network
from studio.engine.backends._english_speech import READING_BYTES
from studio.engine.backends._speaking_impl import Samples, SpeakingModel
from studio.models.info import ModelInfo

_MOST_THREADS = 4  # more only make the others wait
_BYTES_PER_FILE_BYTE = 4  # 8-bit weights, and what onnxruntime makes of them


def warm_imports() -> None:
    """Import the modules that the first load would import."""
    _ = (G2P, dsp.synth)


def load(
    model: ModelInfo, voices: Sequence[tuple[Path, Voice]], device: Device, ctx: LoadContext
) -> HibariModel:
    """Load every voice and the dictionaries they need.

    Raises:
        ModelError: Damaged.
        JobCancelled: The user stopped.
    """
    networks: dict[str, Any] = {}
    for number, (file, voice) in enumerate(voices):
        ctx.loading(0.1 + 0.4 * number / len(voices), "Reading the voice")
        networks[voice.id] = open_network(file, min(device.threads, _MOST_THREADS), model.title)
    reading = EnglishReading()
    for british in sorted({is_british(voice) for _, voice in voices}):
        ctx.loading(0.5, "Reading the dictionaries")
        reading.load(british=british)
    sizes = sum(file.stat().st_size for file, _ in voices)
    loaded = HibariModel(model.id, [voice for _, voice in voices], networks, reading, sizes)
    ctx.loading(1.0, "Ready")
    return loaded


def is_british(voice: Voice) -> bool:
    """Return whether a voice reads as in Britain."""
    return voice.language == "en-GB"


class HibariModel(SpeakingModel):
    """The built-in voice in memory."""

    def __init__(
        self,
        model_id: str,
        voices: Sequence[Voice],
        networks: dict[str, Any],
        reading: EnglishReading,
        file_bytes: int,
    ) -> None:
        super().__init__(model_id, "hibari-voice", voices)
        self._networks = networks
        self._reading: EnglishReading | None = reading
        self.memory_bytes = READING_BYTES + file_bytes * _BYTES_PER_FILE_BYTE

    def phonemes(self, text: str, voice: Voice) -> str:
        """See :meth:`SpeakingModel.phonemes`."""
        assert self._reading is not None
        return self._reading.phonemes(text, british=is_british(voice))

    def samples(self, phonemes: str, voice: Voice, speed: float, seed: int) -> Samples:
        """See :meth:`SpeakingModel.samples`."""
        assert self._reading is not None
        numbers = np.asarray([self._reading.numbers(phonemes)], np.int64)
        parts = self._networks[voice.id].run(
            None, {"ids": numbers, "speed": np.asarray([speed], np.float32)}
        )
        # The same seed in every sentence: one that did not change sounds the same wherever it is.
        noise = np.random.default_rng(seed)
        sound: Samples = dsp.synth(*(part[0] for part in parts), noise)
        return sound

    def unload(self) -> None:
        """Give the memory back."""
        self._networks = {}
        self._reading = None
        self.memory_bytes = 0
        gc.collect()

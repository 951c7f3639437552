"""VITS and MMS, SpeechT5 and Bark: voices that speak a sentence from its words alone."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.errors import ModelDamagedError, UnsupportedModelError
from studio.engine.backends._diffusers_loading_impl import foreign_errors
from studio.engine.backends._sound_architectures import SPEAKERS_FOLDER, VOCODER
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import Sounder, Wanted, nothing


class Vits(Sounder):
    """VITS and MMS: a whole sentence in one call."""

    unsaid = "{count} sentences have no letters this voice knows."
    all_unsaid = (
        "“{title}” knows none of the letters in this text.",
        "Choose a model that speaks this language.",
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._tokenizer = parts.tokenizer()
        if self._tokenizer.phonemize and importlib.util.find_spec("phonemizer") is None:
            raise UnsupportedModelError(
                f"“{self.info.title}” reads phonemes, which the package phonemizer makes of a "
                f"text.",
                hint="That package is under the GPL, so it is not part of Triptych. Choose an "
                "MMS voice, or install it yourself.",
            )
        self.sampling_rate = int(self.network.config.sampling_rate)

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self._tokenizer(text, return_tensors="pt").to(self.network.device)
        if inputs["input_ids"].shape[-1] < 2:
            return nothing()
        speaker = int(wanted.voice.id) if wanted.voice is not None else None
        speed = wanted.request.speed
        made = self.network(**inputs, speaker_id=speaker, speaking_rate=speed)
        return made.waveform[0]


class SpeechT5(Sounder):
    """SpeechT5 with the vocoder and the speakers that lie beside it."""

    needs_voice = f"Put speakers as .npy files into its folder “{SPEAKERS_FOLDER}”."

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._tokenizer = parts.tokenizer()
        # It ends in spectra, which nobody can hear.
        self._vocoder = parts.beside(VOCODER, lambda config: True, "a vocoder: “speecht5_hifigan”")
        self.sampling_rate = int(self._vocoder.config.sampling_rate)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.speecht5.decoder.prenet,)

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        assert wanted.voice is not None and self.info.path is not None
        file = self.info.path / SPEAKERS_FOLDER / f"{wanted.voice.id}.npy"
        with foreign_errors(self.info.title, file):
            speaker = np.load(file, allow_pickle=False).astype(np.float32).reshape(1, -1)
        width = self.network.config.speaker_embedding_dim
        if speaker.shape[1] != width or not np.isfinite(speaker).all():
            raise ModelDamagedError(
                f"{file.name} holds no speaker of “{self.info.title}”.",
                hint=f"A speaker is {width} numbers.",
            )
        inputs = self._tokenizer(text=text, return_tensors="pt").to(self.network.device)
        return self.network.generate(
            inputs["input_ids"],
            speaker_embeddings=torch.from_numpy(speaker).to(self.network.device),
            vocoder=self._vocoder,
        )

    def others(self) -> tuple[Any, ...]:
        """See :meth:`Sounder.others`."""
        return (self._vocoder,)


class Bark(Sounder):
    """Bark: three language models, one after the other, and a codec."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._processor = parts.processor()
        self.sampling_rate = int(self.network.config.codec_config.sampling_rate)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.semantic, self.network.coarse_acoustics, self.network.fine_acoustics)

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self._processor(text, return_tensors="pt").to(self.network.device)
        made = self.network.generate(
            **inputs,
            do_sample=True,
            fine_temperature=0.5,
            temperature=wanted.options["temperature"],
        )
        return made[0]

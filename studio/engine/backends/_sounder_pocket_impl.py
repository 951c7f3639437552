"""Pocket TTS: a small voice that speaks in real time on a laptop, in any voice it is shown."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253
from safetensors.torch import load_file  # noqa: TID253

from studio.core.errors import ModelDamagedError, UnsupportedModelError
from studio.core.requests import AudioRequest
from studio.engine.api import Voice
from studio.engine.backends._diffusers_loading_impl import foreign_errors
from studio.engine.backends._sound_architectures import VOICES_FOLDER
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import Example, Sounder, Wanted, nothing, usual_s
from studio.engine.backends._spoken_layout_impl import SOUND, SpokenLayout, said

#: As many speakers as a narration commonly has.
_REMEMBERED = 8
_CODEC = "PocketTTSAudioTokenizerModel"


class PocketTts(Sounder):
    """Pocket TTS with its codec, which turns both lent voices and what it says into numbers."""

    needs_voice = (
        f"Choose a voice that somebody lent you, or put voices as .safetensors files into its "
        f"folder “{VOICES_FOLDER}”."
    )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        config = self.network.config
        tokenizer = parts.tokenizer()
        extractor = parts.feature_extractor(transformers.PocketTTSFeatureExtractor)
        self._layout = SpokenLayout(parts, tokenizer)
        self._codec = parts.beside(
            _CODEC,
            lambda told: told.get("latent_dim", 32) == config.latent_dim,
            "its codec: “pocket-tts-audio-tokenizer”",
        )
        self._processor = parts.assembled(
            transformers.PocketTTSProcessor,
            feature_extractor=extractor,
            tokenizer=tokenizer,
            audio_tokenizer=self._codec,
            chat_template=self._layout.template,
        )
        self.sampling_rate = int(self._codec.config.sampling_rate)
        self._heard: OrderedDict[str, Any] = OrderedDict()
        laid_out = self._laid_out("A")
        self._layout.expect(laid_out, self._processor.audio_token)
        if not laid_out.endswith(self._processor.audio_bos_token):
            raise self._layout.unknown("no sound at its end")

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.model,)

    def steps(self, text: str, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`."""
        return int(usual_s(text) * self.network.config.frame_rate) + 1

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self._processor(
            text=self._laid_out(text),
            audio_prompt_latents=[self._speaker(wanted)],
            return_tensors="pt",
        )
        made = self.network.generate(
            **inputs.to(self.network.device),
            do_sample=True,
            return_dict_in_generate=True,
            **wanted.options,
        )
        if not made.audio_latents.shape[1]:
            return nothing()
        return self._processor.decode(made.audio_latents[0])

    def others(self) -> tuple[Any, ...]:
        """See :meth:`Sounder.others`."""
        return (self._codec,)

    def _speaker(self, wanted: Wanted) -> Any:
        """Return whose voice it is, (frames, latent_dim).

        To listen takes longer than to speak a sentence, so the last voices are remembered.
        """
        example, voice = wanted.example, wanted.voice
        if example is not None:
            return self._known(example.key, lambda: self._listened(example))
        assert voice is not None
        return self._known(f"{VOICES_FOLDER}/{voice.id}", lambda: self._kept(voice))

    def _known(self, key: str, find: Callable[[], Any]) -> Any:
        if key not in self._heard:
            self._heard[key] = find()
            if len(self._heard) > _REMEMBERED:
                self._heard.popitem(last=False)
        self._heard.move_to_end(key)
        return self._heard[key]

    def _listened(self, example: Example) -> Any:
        if self._codec.config.encoder_config is None:
            raise UnsupportedModelError(
                f"The codec of “{self.info.title}” can only speak, not listen.",
                hint="Get the codec with its encoder to speak in a voice that somebody lent you.",
            )
        inputs = self._processor.feature_extractor(
            example.samples, sampling_rate=self.sampling_rate
        ).to(self._codec.device)
        heard = self._codec.encode(inputs["input_values"], inputs["padding_mask"])
        return heard.latents[0][heard.latents_mask[0].bool()].float().cpu()

    def _kept(self, voice: Voice) -> Any:
        """Return a voice of the model's folder."""
        assert self.info.path is not None
        file = self.info.path / VOICES_FOLDER / f"{voice.id}.safetensors"
        with foreign_errors(self.info.title, file):
            tensors = list(load_file(file).values())
        latents = tensors[0].float() if len(tensors) == 1 else torch.zeros(0)
        latents = latents[0] if latents.ndim == 3 and len(latents) == 1 else latents
        width = self.network.config.latent_dim
        if latents.ndim != 2 or latents.shape[1] != width or not torch.isfinite(latents).all():
            raise ModelDamagedError(
                f"{file.name} holds no voice that can be read here.",
                hint=f"A voice is one table of {width} numbers for each moment of it.",
            )
        return latents

    def _laid_out(self, text: str) -> str:
        """Return a voice and the text it speaks as the model reads them."""
        return self._layout.text(("user", [SOUND, said(text)]))

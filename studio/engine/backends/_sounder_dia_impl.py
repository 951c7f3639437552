"""Dia: speaks dialogues, with laughter and sighs, in the voice of what it is shown before."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import transformers  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.errors import BadInputError
from studio.core.requests import AudioRequest
from studio.core.sentences import Sentence, sentences, split_long
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import (
    Example,
    Sounder,
    Wanted,
    longest_s,
    nothing,
    usual_s,
)

_CODEC = "DacModel"
#: Who speaks; a text for Dia begins with it, and whoever speaks next has the other one.
_SPEAKER = re.compile(r"\[S[12]\]\s*")
_FIRST = "[S1]"
#: What must be left for the text after the example, in seconds.
_LEAST_S = 4.0


class Dia(Sounder):
    """Dia with DAC, its codec, from a folder of its own."""

    wanders = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        config = self.network.config
        extractor = parts.feature_extractor(transformers.DiaFeatureExtractor)
        rate, channels = int(extractor.sampling_rate), int(config.decoder_config.num_channels)
        self._codec = parts.beside(
            _CODEC,
            lambda told: told.get("sampling_rate") == rate and told.get("n_codebooks") == channels,
            f"its codec: DAC of {rate / 1000:g} kHz, “dac_44khz”",
        )
        self._processor = transformers.DiaProcessor(extractor, parts.tokenizer(), self._codec)
        self.sampling_rate = rate
        self._frame_rate = rate / int(self._codec.config.hop_length)
        self._delay = int(max(config.delay_pattern))
        self._most_moments = int(config.decoder_config.max_position_embeddings)
        self._most_bytes = int(config.encoder_config.max_position_embeddings)
        self._tokens = {
            "bos_token_id": config.decoder_config.bos_token_id,
            "eos_token_id": config.decoder_config.eos_token_id,
            "pad_token_id": config.decoder_config.pad_token_id,
            "delay_pattern": list(config.delay_pattern),
        }

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.model.decoder,)

    def steps(self, text: str, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`."""
        return int(usual_s(text) * self._frame_rate) + self._delay

    def plan(self, prompt: str) -> list[Sentence]:
        """Return the sentences, each with who speaks it."""
        planned, speaker = [], _FIRST
        for sentence in sentences(prompt):
            text = sentence.text
            if not _SPEAKER.match(text):
                text = f"{speaker} {text}"
            speaker = _SPEAKER.findall(text)[-1].strip()
            if any(sign.isalnum() for sign in _SPEAKER.sub("", text)):
                planned.append(dataclasses.replace(sentence, text=text))
        return planned

    def pieces(self, text: str, example: Example | None) -> list[str]:
        """See :meth:`Sounder.pieces`; each begins with who speaks it."""
        head = _SPEAKER.match(text)
        speaker = head[0].strip() if head else _FIRST
        most = min(280, self._room(example))
        return [f"{speaker} {part}" for part in split_long(_SPEAKER.sub("", text, 1), most)]

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        example = wanted.example
        inputs = self._processor(
            text=[text if example is None else joined(example.text, text)],
            audio=[example.samples] if example is not None else None,
            sampling_rate=self.sampling_rate,
            return_tensors="pt",
            text_kwargs={"padding": False},
            **self._tokens,
        )
        shown = inputs["decoder_attention_mask"].shape[1] - self._delay
        codes = self.network.generate(
            **inputs.to(self.network.device),
            do_sample=True,
            max_new_tokens=self._most_steps(text, shown),
            return_dict_in_generate=False,
            **{**wanted.options, "top_k": self._top_k(wanted.options["top_k"])},
        )
        # The last moments only bring the delayed codebooks to their end.
        pad = self.network.config.decoder_config.pad_token_id
        if int((codes[0, shown:, 0] != pad).sum()) < 2:
            return nothing()
        return self._processor.decode(codes, audio_prompt_len=shown, **self._tokens)

    def others(self) -> tuple[Any, ...]:
        """See :meth:`Sounder.others`."""
        return (self._codec,)

    def _top_k(self, asked: int) -> int:
        """Return from how many sounds is drawn; its guidance knows no 0 and no more than all."""
        most = int(self.network.config.decoder_config.vocab_size)
        return min(asked or most, most)

    def _most_steps(self, text: str, shown: int) -> int:
        room = self._most_moments - shown - self._delay - 1
        return min(int(longest_s(text) * self._frame_rate) + self._delay, room)

    def _room(self, example: Example | None) -> int:
        """Return how many characters can be spoken after the example.

        Raises:
            BadInputError: Too few.
        """
        shown = len(example.samples) / self.sampling_rate if example is not None else 0.0
        seconds = self._most_moments / self._frame_rate
        left = seconds - self._delay / self._frame_rate - shown
        before = len(example.text.encode()) if example is not None else 0
        letters = self._most_bytes - before - 2 * len(_FIRST)
        if left < min(_LEAST_S, seconds / 2) or letters < 40:
            raise BadInputError(
                f"The reading of this voice is too long for “{self.info.title}”.",
                hint=f"It can go on after {seconds - _LEAST_S:.0f} s at most. Choose another "
                f"model, or a voice with a shorter reading.",
            )
        return max(40, min(letters // 2, int((left - 2) * 12)))


def joined(before: str, text: str) -> str:
    """Return what was said before and what follows; who speaks on is not named again."""
    shown = before if _SPEAKER.match(before) else f"{_FIRST} {before}"
    last = _SPEAKER.findall(shown)[-1].strip()
    return f"{shown} {text.removeprefix(last).strip()}"

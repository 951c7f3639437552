"""VibeVoice: a language model that says when to speak, and a diffusion head that says how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import diffusers  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253

from studio.core.errors import UnsupportedModelError
from studio.core.requests import AudioRequest
from studio.engine.backends._diffusers_loading_impl import foreign_errors
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import (
    Sounder,
    Wanted,
    longest_s,
    nothing,
    usual_s,
)
from studio.engine.backends._spoken_layout_impl import SOUND, SpokenLayout, said

#: The noise scheduler of the released models; their folders name it and its numbers.
_SCHEDULER = "DPMSolverMultistepScheduler"
_SCHEDULE = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}
_ROLE = "0"


class VibeVoice(Sounder):
    """VibeVoice with both of its codecs inside."""

    wanders = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        tokenizer = parts.tokenizer()
        extractor = parts.feature_extractor(transformers.VibeVoiceAcousticTokenizerFeatureExtractor)
        self._layout = SpokenLayout(parts, tokenizer)
        self._processor = parts.assembled(
            transformers.VibeVoiceProcessor,
            feature_extractor=extractor,
            tokenizer=tokenizer,
            chat_template=self._layout.template,
        )
        self.sampling_rate = int(extractor.sampling_rate)
        self._frame_rate = self.sampling_rate / int(self.network.config.audio_config.hop_length)
        self._noise_scheduler = self._scheduler()
        self._layout.expect(self._laid_out("A", True), self._processor.audio_token)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.model.language_model, self.network.model.diffusion_head)

    def steps(self, text: str, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`; each moment is looked at with and without the words."""
        return 2 * int(usual_s(text) * self._frame_rate) + 2

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        example = wanted.example
        inputs = self._processor(
            text=self._laid_out(text, example is not None),
            audio=[example.samples] if example is not None else None,
            sampling_rate=self.sampling_rate,
            return_tensors="pt",
        )
        made = self.network.generate(
            **inputs.to(self.network.device),
            max_new_tokens=int(longest_s(text) * self._frame_rate) + 2,
            do_sample=False,
            noise_scheduler=self._noise_scheduler,
            return_dict_in_generate=False,
            **wanted.options,
        )[0]
        return nothing() if made is None else made.reshape(-1)

    def _laid_out(self, text: str, shown: bool) -> str:
        """Return a text, and that somebody is shown speaking, as the model reads them."""
        return self._layout.text((_ROLE, [said(text), SOUND] if shown else [said(text)]))

    def _scheduler(self) -> Any:
        told = self.network.generation_config
        named = getattr(told, "noise_scheduler_class", _SCHEDULER)
        assert self.info.path is not None
        if named != _SCHEDULER:
            raise UnsupportedModelError(
                f"“{self.info.title}” wants a noise scheduler that is not used here.",
                hint=f"The models that were published use {_SCHEDULER}.",
                noise_scheduler=str(named)[:80],
            )
        with foreign_errors(self.info.title, self.info.path):
            return diffusers.DPMSolverMultistepScheduler(
                **(getattr(told, "noise_scheduler_config", None) or _SCHEDULE)
            )

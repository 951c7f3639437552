"""CSM: speaks as one of a conversation, in the voice of what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import transformers  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.errors import BadInputError
from studio.core.requests import AudioRequest
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import (
    Sounder,
    Wanted,
    longest_s,
    nothing,
    usual_s,
)
from studio.engine.backends._spoken_layout_impl import SOUND, SpokenLayout, said

#: The depth decoder draws all codes of a moment but the first.
_DEPTH = "depth_decoder_"


class Csm(Sounder):
    """CSM with Mimi, the codec inside of it."""

    wanders = True

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        tokenizer = parts.tokenizer()
        extractor = parts.feature_extractor(transformers.EncodecFeatureExtractor)
        self._layout = SpokenLayout(parts, tokenizer)
        self._processor = parts.assembled(
            transformers.CsmProcessor, feature_extractor=extractor, tokenizer=tokenizer
        )
        self.sampling_rate = int(self.network.config.codec_config.sampling_rate)
        self._frame_rate = float(self.network.config.codec_config.frame_rate)
        self._layout.expect(self._laid_out("A", "0", "B"), self._processor.audio_token)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.backbone_model, self.network.depth_decoder.model)

    def steps(self, text: str, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`."""
        return int(usual_s(text) * self._frame_rate) + 1

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self._inputs(text, wanted)
        room = self.network.config.max_position_embeddings - inputs["input_ids"].shape[1]
        if room < self._frame_rate:
            raise BadInputError(
                f"“{self.info.title}” has no room left for this text after what it was shown.",
                hint="Choose a voice with a shorter reading.",
            )
        drawn = {"do_sample": True, **wanted.options}
        codes = self.network.generate(
            **inputs.to(self.network.device),
            max_new_tokens=min(int(longest_s(text) * self._frame_rate), room),
            return_dict_in_generate=False,
            **drawn,
            **{f"{_DEPTH}{name}": value for name, value in drawn.items()},
        )[0]
        ended = (codes == self.network.config.codebook_eos_token_id).all(dim=-1).nonzero()
        codes = codes[: int(ended.min())] if len(ended) else codes
        if not len(codes):
            return nothing()
        # It can draw marks that are no sound in the middle of speech; the codec knows none of them.
        codes = codes.clamp(max=self.network.config.codec_config.codebook_size - 1)
        made = self.network.codec_model.decode(codes.transpose(0, 1).unsqueeze(0))
        return made.audio_values[0]

    def _inputs(self, text: str, wanted: Wanted) -> Any:
        """Return the text, and who speaks it as the turn before."""
        role = wanted.voice.id if wanted.voice is not None else "0"
        example = wanted.example
        return self._processor(
            text=self._laid_out(text, role, example.text if example is not None else None),
            audio=[example.samples] if example is not None else None,
            sampling_rate=self.sampling_rate,
            return_tensors="pt",
        )

    def _laid_out(self, text: str, role: str, before: str | None) -> str:
        """Return a text, and what the same person said before, as the model reads them."""
        turns = [(role, [said(before), SOUND])] if before is not None else []
        return self._layout.text(*turns, (role, [said(text)]))

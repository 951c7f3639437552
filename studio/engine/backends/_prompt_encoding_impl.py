"""Turns prompts in AUTOMATIC1111's syntax into what a diffusers pipeline is called with.

Pipelines with CLIP text encoders (Stable Diffusion 1, 2 and XL) get embeddings: weights scale the
states of their tokens and the mean is restored, long prompts are read in pieces of 75 tokens, as
AUTOMATIC1111 does (``sd_hijack_clip`` and ``sd_emphasis`` of stable-diffusion-webui). A BERT-like
encoder gets weights without pieces. Every other pipeline gets the words, and the user a notice.

Runs on an engine thread, under the device's lease; the caller wraps it in ``inference_mode``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.prompts import (
    BREAK,
    CHUNK_TOKENS,
    Chunk,
    Fragment,
    Prompt,
    cut,
    is_weighted,
    parse,
    parse_weights,
)

_LEAST_MEAN = 1e-3  # of the states' mean size; CLIP's have some 0.1

WEIGHTS_UNUSED = (
    "This model reads the prompt as plain words: weights in brackets and parts that change over "
    "the steps were left aside."
)
CLIP_SKIP_UNUSED = "This model has no layers of its text encoder to skip; clip_skip was left aside."


@dataclass(frozen=True)
class Encoded:
    """A prompt, ready for a pipeline.

    Attributes:
        kwargs: Arguments for the pipeline's call, batch size 1 (``num_images_per_prompt``
            multiplies it): either embeddings or prompts as text.
        later: From which step on other embeddings hold, in order; same shapes as in ``kwargs``.
        notices: Sentences for the user.
    """

    kwargs: Mapping[str, Any]
    later: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    notices: tuple[str, ...] = ()

    def at_step(self, step: int) -> Mapping[str, Any]:
        """Return the arguments that hold when ``step`` steps are done."""
        found = self.kwargs
        for start, kwargs in self.later:
            if start <= step:
                found = kwargs
        return found


def encode(
    pipeline: Any,
    prompt: Prompt | str,
    negative: Prompt | str = "",
    *,
    clip_skip: int = 0,
    total: int = 1,
) -> Encoded:
    """Encode a prompt and what to keep out.

    Args:
        pipeline: A diffusers pipeline with its text encoders.
        prompt: As written, or parsed.
        negative: Likewise.
        clip_skip: How many of the encoder's last layers to leave out, as diffusers counts: 1 is
            what AUTOMATIC1111 calls 2.
        total: Number of steps the picture takes, for parts that change.
    """
    wanted, unwanted = _parsed(prompt), _parsed(negative)
    encoder = _encoder_for(pipeline)
    if encoder is None:
        return _as_text(pipeline, wanted, unwanted, clip_skip)
    return _Embedding(pipeline, encoder, clip_skip).both(wanted, unwanted, total)


def for_callback(encoded: Encoded, step: int, guided: bool, count: int = 1) -> dict[str, Any]:
    """Return the tensors a pipeline's ``callback_on_step_end`` hands back for the next step.

    Args:
        encoded: What :func:`encode` returned.
        step: How many steps are done.
        guided: Whether the pipeline runs with classifier-free guidance, negative first.
        count: ``num_images_per_prompt``.

    Returns:
        ``prompt_embeds``, and ``add_text_embeds`` for SDXL; nothing when no change falls here.
    """
    if step not in {start for start, _ in encoded.later}:
        return {}
    now = encoded.at_step(step)
    found = {"prompt_embeds": _joined(now, "prompt_embeds", guided, count)}
    if "pooled_prompt_embeds" in now:
        found["add_text_embeds"] = _joined(now, "pooled_prompt_embeds", guided, count)
    return found


def count_tokens(tokenizer: Any, text: str) -> tuple[int, int]:
    """Return how many tokens a prompt has and how many fit without more pieces."""
    fragments = parse_weights(parse(text).at_step(0, 1000))
    if _is_clip_tokenizer(tokenizer):
        chunks = cut(fragments, lambda part: _ids(tokenizer, part), _comma(tokenizer))
        return chunks.count, chunks.limit
    words = "".join(fragment.text for fragment in fragments)
    limit = int(tokenizer.model_max_length) - int(tokenizer.num_special_tokens_to_add())
    return len(_ids(tokenizer, words)), limit


def _parsed(prompt: Prompt | str) -> Prompt:
    return parse(prompt) if isinstance(prompt, str) else prompt


def _joined(kwargs: Mapping[str, Any], name: str, guided: bool, count: int) -> torch.Tensor:
    parts = [kwargs[f"negative_{name}"], kwargs[name]] if guided else [kwargs[name]]
    return torch.cat([part.repeat_interleave(count, dim=0) for part in parts])


def _as_text(pipeline: Any, wanted: Prompt, unwanted: Prompt, clip_skip: int) -> Encoded:
    accepted = inspect.signature(type(pipeline).__call__).parameters
    kwargs: dict[str, Any] = {"prompt": wanted.plain}
    if "negative_prompt" in accepted:
        kwargs["negative_prompt"] = unwanted.plain
    notices = []
    if any(each.changes or is_weighted(each.at_step(0, 1000)) for each in (wanted, unwanted)):
        notices.append(WEIGHTS_UNUSED)
    if clip_skip:
        notices.append(CLIP_SKIP_UNUSED)
    return Encoded(kwargs, notices=tuple(notices))


@dataclass(frozen=True)
class _Part:
    """One text encoder with its tokenizer."""

    tokenizer: Any
    model: Any


@dataclass(frozen=True)
class _Kind:
    """How a pipeline's text encoders are used.

    Attributes:
        parts: Their outputs stand side by side.
        clip: They are CLIP's: 75 tokens a piece, layers can be skipped.
        xl: The last layer but one without its norm, and a pooled vector from the last encoder.
    """

    parts: tuple[_Part, ...]
    clip: bool
    xl: bool


def _encoder_for(pipeline: Any) -> _Kind | None:
    """Return how to encode for this pipeline, ``None`` when it shall do that itself."""
    if getattr(pipeline, "unet", None) is None or getattr(pipeline, "text_encoder_3", None):
        return None
    names = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
    parts = tuple(
        _Part(tokenizer, model)
        for tokenizer, model in (
            (getattr(pipeline, first, None), getattr(pipeline, second, None))
            for first, second in names
        )
        if tokenizer is not None and model is not None
    )
    if parts and all(_is_clip_tokenizer(part.tokenizer) for part in parts):
        return _Kind(parts, clip=True, xl=hasattr(pipeline, "text_encoder_2"))
    one = len(parts) == 1 and not hasattr(pipeline, "text_encoder_2")
    if one and getattr(parts[0].tokenizer, "cls_token_id", None) is not None:
        return _Kind(parts, clip=False, xl=False)
    return None


class _Embedding:
    """Encodes the texts of one request."""

    def __init__(self, pipeline: Any, kind: _Kind, clip_skip: int) -> None:
        self.pipeline = pipeline
        self.kind = kind
        self.clip_skip = clip_skip if kind.clip else 0
        self.notices = (CLIP_SKIP_UNUSED,) if clip_skip and not kind.clip else ()
        self.device = pipeline._execution_device
        self._seen: dict[tuple[str, int], tuple[torch.Tensor, torch.Tensor | None]] = {}

    def both(self, wanted: Prompt, unwanted: Prompt, total: int) -> Encoded:
        starts = sorted({start for each in (wanted, unwanted) for start, _ in each.over(total)})
        texts = [(wanted.at_step(s, total), unwanted.at_step(s, total)) for s in starts]
        pieces = max(self._pieces(text) for pair in texts for text in pair)
        found = [self._kwargs(pair, unwanted, pieces) for pair in texts]
        later = tuple(zip(starts[1:], found[1:], strict=True))
        return Encoded(found[0], later, self.notices)

    def _pieces(self, text: str) -> int:
        if not self.kind.clip:
            return 1
        return max(len(self._chunks(part, text)) for part in self.kind.parts)

    def _kwargs(self, pair: tuple[str, str], unwanted: Prompt, pieces: int) -> dict[str, Any]:
        states, pooled = self._text(pair[0], pieces)
        zero = self.kind.xl and not unwanted.text.strip() and self._zeros_for_nothing()
        if zero:
            against = torch.zeros_like(states)
            against_pooled = None if pooled is None else torch.zeros_like(pooled)
        else:
            against, against_pooled = self._text(pair[1], pieces)
        found: dict[str, Any] = {"prompt_embeds": states, "negative_prompt_embeds": against}
        if pooled is not None:
            found["pooled_prompt_embeds"] = pooled
            found["negative_pooled_prompt_embeds"] = against_pooled
        return found

    def _zeros_for_nothing(self) -> bool:
        return bool(getattr(self.pipeline.config, "force_zeros_for_empty_prompt", False))

    def _text(self, text: str, pieces: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the states (1, tokens, width) and the pooled vector (1, width) of a text."""
        key = (text, pieces)
        if key not in self._seen:
            states: list[torch.Tensor] = []
            pooled: torch.Tensor | None = None
            for part in self.kind.parts:
                if self.kind.clip:
                    chunks = self._chunks(part, text)
                    chunks += [Chunk()] * (pieces - len(chunks))
                    state, pooled = self._clip(part, chunks)
                else:
                    state = self._bert(part, parse_weights(text))
                states.append(state)
            self._seen[key] = torch.cat(states, dim=-1), pooled
        return self._seen[key]

    def _chunks(self, part: _Part, text: str) -> list[Chunk]:
        convert = getattr(self.pipeline, "maybe_convert_prompt", None)

        def tokenize(words: str) -> Sequence[int]:
            # Names of textual inversions become as many tokens as they have vectors.
            said = convert(words, part.tokenizer) if convert else words
            return _ids(part.tokenizer, said)

        return list(cut(parse_weights(text), tokenize, _comma(part.tokenizer)).pieces)

    def _clip(
        self, part: _Part, chunks: Sequence[Chunk]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        rows = [_row(part.tokenizer, chunk) for chunk in chunks]
        ids = torch.tensor(rows, device=self.device)
        hidden = self.kind.xl or self.clip_skip > 0
        output = part.model(ids, output_hidden_states=hidden)
        if self.kind.xl:
            states = output.hidden_states[-(self.clip_skip + 2)]
            pooled = output[0][:1] if output[0].ndim == 2 else None
        elif self.clip_skip:
            model = getattr(part.model, "text_model", part.model)
            states = model.final_layer_norm(output.hidden_states[-(self.clip_skip + 1)])
            pooled = None
        else:
            states, pooled = output[0], None
        weights = [(1.0, *chunk.weights, *_ones(CHUNK_TOKENS + 1, chunk)) for chunk in chunks]
        weighted = [_emphasised(*each) for each in zip(states, weights, strict=True)]
        return torch.cat(weighted).unsqueeze(0), pooled

    def _bert(self, part: _Part, fragments: Sequence[Fragment]) -> torch.Tensor:
        tokenizer, longest = part.tokenizer, int(part.tokenizer.model_max_length)
        found = [
            (token, each.weight)
            for each in fragments
            for token in (() if each is BREAK else _ids(tokenizer, each.text))
        ][: longest - 2]
        ids = [tokenizer.cls_token_id, *(token for token, _ in found), tokenizer.sep_token_id]
        weights = [1.0, *(weight for _, weight in found), 1.0]
        missing = longest - len(ids)
        mask = [1] * len(ids) + [0] * missing
        tokens = torch.tensor([ids + [tokenizer.pad_token_id] * missing], device=self.device)
        uses_mask = getattr(part.model.config, "use_attention_mask", False)
        attention = torch.tensor([mask], device=self.device) if uses_mask else None
        states = part.model(tokens, attention_mask=attention)[0]
        # After BERT's last norm the mean is near nothing: restoring it would blow the states up.
        return states * states.new_tensor(weights + [1.0] * missing)[None, :, None]


def _ones(length: int, chunk: Chunk) -> tuple[float, ...]:
    return (1.0,) * (length - len(chunk.weights))


def _row(tokenizer: Any, chunk: Chunk) -> list[int]:
    """Return a piece as the encoder reads it: begin, tokens, end, padding, 77 in all."""
    row = [tokenizer.bos_token_id, *chunk.tokens, tokenizer.eos_token_id]
    return row + [tokenizer.pad_token_id] * (CHUNK_TOKENS + 2 - len(row))


def _emphasised(states: torch.Tensor, weights: Sequence[float]) -> torch.Tensor:
    """Scale the states (tokens, width) by the weights and restore their mean."""
    if all(weight == 1.0 for weight in weights):
        return states
    scaled = states * states.new_tensor(weights)[:, None]
    before, after = float(states.mean()), float(scaled.mean())
    # Of an encoder whose states have no mean to speak of, the quotient would be chance.
    least = _LEAST_MEAN * float(states.abs().mean())
    if abs(before) < least or abs(after) < least:
        return scaled
    return scaled * (before / after)


def _ids(tokenizer: Any, text: str) -> list[int]:
    found = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
    return list(found)


def _comma(tokenizer: Any) -> int | None:
    found = tokenizer.get_vocab().get(",</w>")
    return None if found is None else int(found)


def _is_clip_tokenizer(tokenizer: Any) -> bool:
    return type(tokenizer).__name__.startswith("CLIPTokenizer")

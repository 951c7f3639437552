"""Chooses the next token, by the rules and in the order of transformers' logits processors.

repetition_penalty, temperature, top_k, top_p, min_p, then a draw; temperature 0 takes the
likeliest. Works on a few candidates wherever the options allow it, since sorting a whole vocabulary
costs as much as a tenth of a small model's step. Runs on the CPU, so that a seed means the same on
every device.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.errors import ModelDamagedError

_FIRST_CANDIDATES = 512


class Sampler:
    """Draws tokens for one request; knows which tokens came before."""

    def __init__(self, options: Any, seed: int, vocabulary: int, seen: Iterable[int]) -> None:
        """Prepare for one request.

        Args:
            options: ``temperature, top_k, top_p, min_p, repetition_penalty`` as attributes.
            seed: 0..2**32 - 1.
            vocabulary: Number of scores the model gives.
            seen: Tokens of the prompt.
        """
        self._options = options
        self._generator = torch.Generator("cpu").manual_seed(seed)
        self._seen: torch.Tensor | None = None
        if options.repetition_penalty != 1.0:
            self._seen = torch.zeros(vocabulary, dtype=torch.bool)
            ids = torch.tensor(list(seen), dtype=torch.long)
            self._seen[ids[ids < vocabulary]] = True

    def pick(self, scores: torch.Tensor) -> int:
        """Return the next token.

        Args:
            scores: The model's logits for one place, shape (vocabulary,), any dtype and device.

        Raises:
            ModelDamagedError: The scores are not numbers, so the model computed nonsense.
        """
        scores = scores.detach().to("cpu", torch.float32)
        best, index = scores.max(-1)
        if not torch.isfinite(best):
            raise ModelDamagedError(
                "The model's computation broke down: its scores are not numbers.",
                hint="Its files may be damaged; otherwise choose another device in the settings.",
            )
        if self._seen is not None:
            scores = self._penalise(scores)
            index = scores.argmax(-1)
        if self._options.temperature > 0:
            values, candidates = self._candidates(scores / self._options.temperature)
            drawn = torch.multinomial(values.softmax(-1), 1, generator=self._generator)
            token = int(candidates[drawn])
        else:
            token = int(index)
        if self._seen is not None:
            self._seen[token] = True
        return token

    def _penalise(self, scores: torch.Tensor) -> torch.Tensor:
        assert self._seen is not None
        penalty = self._options.repetition_penalty
        lowered = torch.where(scores < 0, scores * penalty, scores / penalty)
        return torch.where(self._seen, lowered, scores)

    def _candidates(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores and tokens that may be drawn, likeliest first."""
        options = self._options
        if 0 < options.top_k < scores.numel():
            least = scores.topk(options.top_k).values[-1]
            tokens = (scores >= least).nonzero().squeeze(-1)  # equals of the last one stay in
            values, order = scores[tokens].sort(descending=True, stable=True)
            tokens = tokens[order]
        elif options.top_p < 1.0:
            values, tokens = _likeliest(scores, options.top_p)
        else:
            values, tokens = scores, torch.arange(scores.numel())
        if options.top_p < 1.0:
            # Kept is what has less than top_p above it: likelihoods relative to what top_k left.
            total = values.logsumexp(-1) if options.top_k > 0 else scores.logsumexp(-1)
            shares = (values - total).exp()
            kept = shares.cumsum(-1) - shares < options.top_p
            kept[0] = True
            values, tokens = values[kept], tokens[kept]
        if options.min_p > 0.0:
            shares = values.softmax(-1)
            kept = shares >= options.min_p * shares.max()
            values, tokens = values[kept], tokens[kept]
        return values, tokens


def _likeliest(scores: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return at least the tokens that make up ``top_p``, likeliest first; few when few suffice."""
    total = scores.logsumexp(-1)
    count = min(_FIRST_CANDIDATES, scores.numel())
    while count < scores.numel():
        values, tokens = scores.topk(count)
        if float((values - total).exp().sum()) >= top_p:
            return values, tokens
        count *= 8
    values, tokens = scores.sort(descending=True, stable=True)
    return values, tokens

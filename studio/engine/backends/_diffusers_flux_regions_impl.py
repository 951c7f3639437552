"""Regions for FLUX, whose pictures and prompts look at each other in one attention.

The prompts of regions are appended to the main one, and a mask says who sees whom: places of the
picture see each prompt by its share there, a region's prompt sees itself and its own places, and
prompts do not see each other. Shares act as they would on the weights of attention: their
logarithm is added before the softmax (packaging/docs/decisions/0128-prompts-for-regions.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.prompts import Prompt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Side of a place in latents: FLUX sees patches of 2 x 2.
PATCH = 2


class FluxRegions:
    """The regions of one request to FLUX.

    Args:
        texts: Their prompts, each (1, tokens, width).
        shares: How much each counts in each place: (regions, rows, columns) of patches.
    """

    def __init__(self, texts: Sequence[torch.Tensor], shares: NDArray[np.floating[Any]]) -> None:
        self._texts = tuple(texts)
        self._shares = torch.from_numpy(shares).flatten(1)
        self._mask: torch.Tensor | None = None

    def at_step(self, step: int) -> None:
        """Nothing changes over the steps: this family reads prompts as plain words."""

    @contextmanager
    def acting(self, pipeline: Any) -> Iterator[None]:
        """Let them act on the pipeline's transformer for as long as this lasts."""

        def joined(_network: Any, args: Any, kwargs: dict[str, Any]) -> Any:
            text, places = kwargs["encoder_hidden_states"], kwargs["hidden_states"]
            whole = torch.cat((text, *(own.to(text) for own in self._texts)), dim=1)
            if self._mask is None:
                self._mask = self.mask(text.shape[1], places)
            ids = kwargs["txt_ids"]  # all prompts stand in the same place: nowhere
            changed = {
                "encoder_hidden_states": whole,
                "txt_ids": ids[:1].expand(whole.shape[1], -1),
                "joint_attention_kwargs": {
                    **(kwargs.get("joint_attention_kwargs") or {}),
                    "attention_mask": self._mask,
                },
            }
            return args, {**kwargs, **changed}

        handle = pipeline.transformer.register_forward_pre_hook(joined, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()
            self._mask = None

    def mask(self, tokens: int, like: torch.Tensor) -> torch.Tensor:
        """Return what is added before the softmax, (1, 1, all, all): prompts, then places.

        Args:
            tokens: Of the main prompt.
            like: Says device and number type; (1, places, width) are the places, perhaps with
                those of a picture to go on behind them.
        """
        shares = self._shares.to(like.device, torch.float32)
        lengths = [tokens, *(text.shape[1] for text in self._texts)]
        starts = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
        words, places = starts[-1], like.shape[1]
        found = torch.zeros((words + places, words + places), device=like.device)
        found[:words, :words] = -torch.inf
        for start, end in itertools.pairwise(starts):
            found[start:end, start:end] = 0
        base = (1 - shares.sum(dim=0)).clamp(min=0)
        for index, share in enumerate((base, *shares)):
            columns = slice(starts[index], starts[index + 1])
            found[words : words + len(share), columns] = share.log()[:, None]
            if index:
                outside = share == 0
                found[columns, words : words + len(share)][:, outside] = -torch.inf
        return found.to(like.dtype)[None, None]


def texts_of(pipeline: Any, prompts: Sequence[Prompt]) -> list[torch.Tensor]:
    """Return prompts as FLUX reads them, each (1, tokens, width)."""
    return [pipeline.encode_prompt(prompt=each.plain, prompt_2=None)[0] for each in prompts]

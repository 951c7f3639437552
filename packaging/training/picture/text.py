"""Token states of captions, as StableDiffusionPipeline computes them."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, BertModel

TOKENS = 24


class TextEncoder:
    """all-MiniLM-L6-v2, from the folder the application installs."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        self._device = device
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.tokenizer.model_max_length = TOKENS
        self.model = BertModel.from_pretrained(folder).eval().to(device)

    @torch.no_grad()
    def __call__(self, captions: list[str]) -> Tensor:
        """(captions, 24, 384) float32."""
        words = self.tokenizer(
            captions,
            padding="max_length",
            max_length=TOKENS,
            truncation=True,
            return_tensors="pt",
        ).to(self._device)
        return self.model(words.input_ids, attention_mask=words.attention_mask)[0]

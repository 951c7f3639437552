"""Counts a prompt's tokens against what the model's text encoder reads; no torch.

Making a counter reads a vocabulary (some 50 ms during which nothing else runs), counting takes
well under a millisecond: make it on a thread of the background, keep it, count anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import ModelDamagedError, storage_errors
from studio.core.prompts import cut, parse, parse_weights, without_weights
from studio.models.info import ModelInfo
from studio.models.single_file import configs_folder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_UNREADABLE = (AttributeError, KeyError, RecursionError, TypeError, ValueError)

#: Families, the shipped tokenizer of the encoder that reads most, and how many tokens it reads.
_FAMILIES = {
    "sd-1": ("clip", 75),
    "sd-2": ("clip", 75),
    "sdxl": ("clip", 75),
    "sdxl-refiner": ("clip", 75),
    "sd-3": ("t5", 256),
    "flux": ("t5", 512),
    "chroma": ("t5", 512),
    "z-image": ("qwen", 512),
    "flux-2": ("qwen", 512),
    "qwen-image": ("qwen", 1024),
}
#: Which tokenizer of a folder belongs to the encoder that reads most.
_COMPONENTS = {"sd-3": "tokenizer_3", "flux": "tokenizer_2", "sdxl-refiner": "tokenizer_2"}

_CLIP_SPLIT = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)
_QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class TokenCounter:
    """Counts for one model.

    Attributes:
        limit: How many tokens are read; for CLIP, how many fit into one piece.
        pieces: Longer prompts are read in several pieces, as CLIP's are.
    """

    tokenize: Callable[[str], Sequence[int]]
    comma: int | None
    limit: int
    pieces: bool

    def count(self, text: str) -> tuple[int, int]:
        """Return how many tokens a prompt has, and how many fit as it is read.

        Tags, comments and weights do not count; of parts that change over the steps the first.
        """
        words = parse(text).at_step(0, 1000)
        if not self.pieces:
            return len(self.tokenize(without_weights(words).strip())), self.limit
        chunks = cut(parse_weights(words), self.tokenize, self.comma, chunk_tokens=self.limit)
        return chunks.count, len(chunks.pieces) * self.limit


def token_counter(model: ModelInfo) -> TokenCounter | None:
    """Return what counts for a picture model, ``None`` when its tokenizer is not known.

    Raises:
        ModelDamagedError: Its tokenizer cannot be read.
        StorageError: The system does not let us read it.
    """
    if model.format == "diffusers" and model.path is not None:
        folder = model.path / _COMPONENTS.get(model.family, "tokenizer")
        if folder.is_dir():
            with storage_errors(folder, "reading the vocabulary"):
                return _of_folder(folder, _FAMILIES.get(model.family, ("", 0))[1])
    if model.family in _FAMILIES:
        name, limit = _FAMILIES[model.family]
        return _shipped(name, limit)
    return None


@cache
def _shipped(name: str, limit: int) -> TokenCounter:
    return _of_folder(configs_folder() / "tokenizers" / name, limit)


def _of_folder(folder: Path, limit: int) -> TokenCounter:
    try:
        return _counter(folder, limit)
    except Exception as error:
        # tokenizers raises bare Exceptions, which cannot be told apart in any other way.
        if type(error) is not Exception and not isinstance(error, _UNREADABLE):
            raise
        raise ModelDamagedError(
            f"The vocabulary in {folder} cannot be read.",
            hint="Fetch or copy the model again.",
            path=str(folder),
            reason=str(error),
        ) from error


def _counter(folder: Path, limit: int) -> TokenCounter:
    settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    tokenizer = _read(folder)
    is_clip = str(settings.get("tokenizer_class", "")).startswith("CLIP")
    longest = int(settings.get("model_max_length") or 0)
    return TokenCounter(
        tokenize=lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
        comma=tokenizer.token_to_id(",</w>") if is_clip else None,
        limit=limit or max(1, longest - 2),
        pieces=is_clip,
    )


def _read(folder: Path) -> Tokenizer:
    import tokenizers
    from tokenizers import models, normalizers, pre_tokenizers

    whole = folder / "tokenizer.json"
    if whole.is_file():
        found = tokenizers.Tokenizer.from_str(whole.read_text("utf-8"))
        found.no_truncation()
        found.no_padding()
        return found
    clip = (folder / "vocab.json").is_file() and _is_clip(folder)
    vocabulary, merges = models.BPE.read_file(
        str(folder / "vocab.json"), str(folder / "merges.txt")
    )
    end = "</w>" if clip else ""
    unknown = "<|endoftext|>" if clip else None
    model = models.BPE(vocabulary, merges, end_of_word_suffix=end, unk_token=unknown)
    found = tokenizers.Tokenizer(model)
    spaces = [normalizers.Replace(tokenizers.Regex(r"\s+"), " "), normalizers.Lowercase()]
    found.normalizer = normalizers.Sequence([normalizers.NFC(), *(spaces if clip else [])])
    split = tokenizers.Regex(_CLIP_SPLIT if clip else _QWEN_SPLIT)
    how = {"behavior": "removed", "invert": True} if clip else {"behavior": "isolated"}
    found.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(split, **how),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=clip),
        ]
    )
    return found


def _is_clip(folder: Path) -> bool:
    with (folder / "merges.txt").open(encoding="utf-8") as file:
        return any("</w>" in line for _, line in zip(range(200), file, strict=False))

"""A small Whisper in CTranslate2's format: the real classes and vocabulary sizes, no training.

Whatever it hears, it writes the same: its decoder's positions are made to say so. Where nobody
is loud it is not even asked, which is what the tests are about.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

#: What it writes of every window: words, and signs for times in seconds.
SCRIPT: tuple[str | float, ...] = (
    *(0.0, "Ġthe", "Ġold", "Ġsea", ".", 1.0),
    *(1.0, "Ġthe", "Ġkeeper", ".", 2.0),
)
TEXT = "the old sea. the keeper."
_SIZE = 64
_MARKS = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
_CODES = 99


def write_toy_whisper(folder: Path, *, english_only: bool = True, hears: str = "de") -> Path:
    """Write the model; one for many languages takes everything for ``hears``."""
    import ctranslate2

    work = folder.parent / f"{folder.name}-transformers"
    words = _write_tokenizer(work, english_only=english_only)
    opening = ["<|startoftranscript|>"]
    opening += [] if english_only else [f"<|{hears}|>", "<|transcribe|>"]
    _write_network(work, words, [*opening, *SCRIPT, "<|endoftext|>"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the converter leaves a file open
        converter = ctranslate2.converters.TransformersConverter(
            str(work), copy_files=["tokenizer.json"]
        )
        converter.convert(str(folder), force=True)
    config = {
        "alignment_heads": [[0, 0], [0, 1]],
        "lang_ids": [] if english_only else [words[f"<|{code}|>"] for code in _languages()],
        "suppress_ids": [words["<|startoftranscript|>"], words["<|startofprev|>"]],
        "suppress_ids_begin": [words["<|endoftext|>"]],
    }
    (folder / "config.json").write_text(json.dumps(config))
    shutil.rmtree(work)
    return folder


def _languages() -> list[str]:
    from studio.core.languages import LANGUAGES

    return [code for code in LANGUAGES if code != "yue"][:_CODES]


def _write_tokenizer(folder: Path, *, english_only: bool) -> dict[str, int]:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    plain = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain += [step for step in dict.fromkeys(SCRIPT) if isinstance(step, str) and step not in plain]
    plain += [f"filler{number}" for number in range(50_257 - english_only - len(plain))]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(plain)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = ["endoftext", "startoftranscript", *_languages(), *_MARKS]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in names])
    end = {f"{kind}_token": "<|endoftext|>" for kind in ("bos", "eos", "unk", "pad")}
    folder.mkdir(parents=True)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **end).save_pretrained(folder)
    return dict(tokenizer.get_vocab(with_added_tokens=True))


def _write_network(folder: Path, words: dict[str, int], script: list[str | float]) -> None:
    import torch
    from scipy.linalg import hadamard
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(3)
    end = words["<|endoftext|>"]
    network = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(words) + 1501,
            num_mel_bins=80,
            d_model=_SIZE,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            bos_token_id=end,
            eos_token_id=end,
            pad_token_id=end,
            decoder_start_token_id=words["<|startoftranscript|>"],
        )
    )
    decoder: Any = network.model.decoder
    layer = decoder.layers[0]
    times_from = words["<|notimestamps|>"] + 1
    ids = [
        words[step] if isinstance(step, str) else times_from + round(step / 0.02) for step in script
    ]
    # Directions that do not touch one another; the first is left out, since it has a mean.
    apart = torch.tensor(hadamard(_SIZE)[1:] / _SIZE**0.5, dtype=torch.float32)
    with torch.no_grad():
        for part in (layer.self_attn.out_proj, layer.encoder_attn.out_proj, layer.fc2):
            part.weight.zero_()
            part.bias.zero_()
        decoder.embed_tokens.weight.zero_()
        for place, token in enumerate(dict.fromkeys(ids)):
            decoder.embed_tokens.weight[token] = 3 * apart[place]
        decoder.embed_positions.weight.copy_(4 * decoder.embed_tokens.weight[end])
        for place, token in enumerate(ids[1:]):
            decoder.embed_positions.weight[place] = 4 * decoder.embed_tokens.weight[token]
    network.generation_config.suppress_tokens = []
    network.generation_config.begin_suppress_tokens = [end]
    network.generation_config.alignment_heads = [[0, 0], [0, 1]]
    network.save_pretrained(folder)

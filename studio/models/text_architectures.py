"""Which language-model architectures transformers can run, as data.

Kept here so that asking costs no import of transformers; ``tests/models`` compares it with the
tables of the installed transformers.
"""

from __future__ import annotations

GGUF_ARCHITECTURES = frozenset(
    {
        "bloom", "deci", "falcon", "gemma2", "gemma3", "gemma4", "gpt-oss", "gpt2", "lfm2",
        "llama", "mamba", "minimax-m2", "nemotron", "phi3", "qwen2", "qwen2moe", "qwen3",
        "qwen3moe", "stablelm", "starcoder2",
    }
)  # fmt: skip
"""Values of ``general.architecture`` in GGUF files that transformers unpacks into a causal LM."""

_CAUSAL_SUFFIXES = ("ForCausalLM", "LMHeadModel")
_CAUSAL_OTHERS = frozenset(
    {
        "BertGenerationDecoder",
        "Gemma3ForConditionalGeneration",
        "Gemma3nForConditionalGeneration",
        "Gemma4ForConditionalGeneration",
        "Gemma4UnifiedForConditionalGeneration",
        "ReformerModelWithLMHead",
    }
)


def is_causal_language_model(architecture: str) -> bool:
    """Return whether a class named in a ``config.json`` continues text."""
    return architecture.endswith(_CAUSAL_SUFFIXES) or architecture in _CAUSAL_OTHERS

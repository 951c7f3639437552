"""Prompts for pictures in AUTOMATIC1111's syntax: read, scheduled, counted, edited; no torch."""

from studio.core.prompts.chunks import CHUNK_TOKENS, Chunk, Chunks, cut
from studio.core.prompts.editing import change_weight
from studio.core.prompts.prompt import Prompt, named, parse
from studio.core.prompts.tags import NetworkTag
from studio.core.prompts.weights import (
    BREAK,
    Fragment,
    escape,
    is_weighted,
    parse_weights,
    without_weights,
)
from studio.core.prompts.wildcards import chooses, expand, variations

__all__ = [
    "BREAK",
    "CHUNK_TOKENS",
    "Chunk",
    "Chunks",
    "Fragment",
    "NetworkTag",
    "Prompt",
    "change_weight",
    "chooses",
    "cut",
    "escape",
    "expand",
    "is_weighted",
    "named",
    "parse",
    "parse_weights",
    "variations",
    "without_weights",
]

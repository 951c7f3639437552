"""What can be set for listening, and what a folder says of the languages its model knows; light."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

from studio.core.options import option

_FIRST_OF_ENGLISH_ONLY = 50_257  # the token that begins a text there; of others it ends one


@dataclass(frozen=True, kw_only=True)
class ListeningOptions:
    """What can be set for one sound; names and meanings are those of Whisper."""

    beam_size: int = option(
        5,
        title="Care",
        help="How many readings are weighed against one another; 1 is quickest.",
        ge=1,
        le=10,
    )
    translate: bool = option(
        False,
        title="Translate into English",
        help="What is said in another language is written down in English.",
    )
    no_speech_threshold: float = option(
        0.6,
        title="Silence threshold",
        help="Above this likelihood of silence, what the model is unsure of is left out.",
        ge=0.0,
        le=1.0,
        step=0.05,
        advanced=True,
    )


def knows_only_english(folder: Path) -> bool:
    """Whether a Whisper model has no words for other languages, from its config."""
    try:
        file = folder / "config.json"
        return _never_written(file, file.stat().st_mtime_ns)
    except (OSError, ValueError):
        return False


@functools.lru_cache(maxsize=64)
def _never_written(config: Path, changed_ns: int) -> bool:
    plain = json.loads(config.read_text("utf-8"))
    suppressed = plain.get("suppress_ids", ()) if isinstance(plain, dict) else ()
    return _FIRST_OF_ENGLISH_ONLY in suppressed

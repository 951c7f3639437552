"""What the English voices have in common in front of their models: options and finding hibari.

Light: nothing here imports hibari or numpy. Its package brings a voice, and the reading of
English spelling that both voice backends use; it is found without being imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import BackendError
from studio.core.options import option

HIBARI = "hibari"
#: Speeds at which the voices still sound like themselves.
SLOWEST, FASTEST = 0.5, 2.0
#: What reading English spelling takes in memory: dictionaries and a tagger.
READING_BYTES = 105_000_000


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    """What can be set for one text besides voice and speed."""

    sentence_pause_s: float = option(
        0.0,
        title="Sentence pause",
        help="Silence added to the voice's own between two sentences.",
        ge=0.0,
        le=5.0,
        step=0.1,
        unit="s",
    )
    paragraph_pause_s: float = option(
        0.4,
        title="Paragraph pause",
        help="Silence added to the voice's own where a paragraph ends.",
        ge=0.0,
        le=10.0,
        step=0.1,
        unit="s",
    )


def hibari_assets() -> Path | None:
    """Return the folder of hibari's files, ``None`` when it is not installed."""
    found = importlib.util.find_spec(HIBARI)
    places = found.submodule_search_locations if found is not None else None
    folder = Path(next(iter(places))) / "assets" if places else None
    return folder if folder is not None and folder.is_dir() else None


def need_hibari_assets() -> Path:
    """Return the folder of hibari's files.

    Raises:
        BackendError: It is not installed.
    """
    folder = hibari_assets()
    if folder is None:
        raise BackendError(
            "The package that reads English aloud, hibari-tts, is not installed.",
            hint="Set Triptych up again with --repair.",
        )
    return folder

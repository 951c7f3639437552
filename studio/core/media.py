"""The conventions every part keeps for text, pictures and sound.

Pictures: uint8 (height, width, 4) RGBA, straight alpha, sRGB unless tagged.
Masks: uint8 (height, width), 255 = repaint.
Sound: float32 (samples, channels) in -1..1, with ``sampling_rate`` in Hz.
Text: str, Unicode NFC, lines end with ``\\n``, no lone surrogates, no NUL.
Seeds: whole numbers 0..SEED_MAX, so that they fit what every library accepts.
"""

from __future__ import annotations

import secrets
import unicodedata

from studio.core.errors import BadInputError

SEED_MAX = 2**32 - 1


def clean_text(text: str) -> str:
    """Return ``text`` as the conventions want it.

    Lone surrogates (half of an emoji, from a broken clipboard) become U+FFFD, NUL goes, line
    ends become ``\\n``, and the rest is NFC.
    """
    # NUL first: what it kept apart may compose into one character once it is gone.
    text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def random_seed() -> int:
    """Return a fresh seed; made when a request is made, so the request can be repeated."""
    return secrets.randbelow(SEED_MAX + 1)


def check_seed(seed: int) -> int:
    """Return ``seed`` when it lies in range.

    Raises:
        BadInputError: Not a whole number from 0 to ``SEED_MAX``.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise BadInputError(f"The seed must be a whole number from 0 to {SEED_MAX}.", seed=seed)
    return seed

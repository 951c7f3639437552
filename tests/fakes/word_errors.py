"""How much of what was said was understood: word errors as speech recognition counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: lower case, no signs."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower().replace("’", "'"))


def wrong_words(said: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words were replaced, left out or added."""
    before = list(range(len(heard) + 1))
    for row, word in enumerate(said, 1):
        now = [row]
        for column, other in enumerate(heard, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (word != other)))
        before = now
    return before[-1]

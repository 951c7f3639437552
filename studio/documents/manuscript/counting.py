"""Words, sentences and characters of a text, and counts that follow edits without recounting.

A word is what stands between white space and dashes and has a letter or digit; an apostrophe or
hyphen inside does not end it. Chinese, Japanese and Korean signs count one each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN = "\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_SIGN}]|[^\W_{_SIGN}][^\W{_SIGN}]*(?:['’.\-][^\W_{_SIGN}]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[”’」』）]*|\n\s*\n")
_SPACE = re.compile(r"\s")


@dataclass(frozen=True)
class Counts:
    """How long a text is.

    Attributes:
        words: Words, see above.
        characters: Code points, line ends included.
        sentences: Sentences, an unfinished last one included.
    """

    words: int = 0
    characters: int = 0
    sentences: int = 0


def count_words(text: str) -> int:
    """Return how many words ``text`` has."""
    return sum(1 for _ in _WORD.finditer(text))


def count(text: str) -> Counts:
    """Count everything in ``text``."""
    return Counts(count_words(text), len(text), len(sentences(text)))


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the sentences of ``text`` as (start, end), without the space around them."""
    found: list[tuple[int, int]] = []
    start = 0
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    for end in (*ends, len(text)):
        piece = text[start:end]
        stripped = piece.strip()
        if any(character.isalnum() for character in stripped):
            first = start + len(piece) - len(piece.lstrip())
            found.append((first, first + len(stripped)))
        start = end
    return found


class WordCount:
    """The words of a text that changes, kept right by looking only at what changed."""

    def __init__(self, text: str = "") -> None:
        self.words = count_words(text)

    def replaced(self, before: str, after: str, position: int, removed: int, added: int) -> None:
        """Follow one replacement.

        Args:
            before: The whole text before.
            after: The whole text after.
            position: Where, in code points.
            removed: Characters that went.
            added: Characters that came.
        """
        first = _space_before(before, position)
        last = _space_after(before, position + removed)
        tail = last - (position + removed)
        self.words -= count_words(before[first:last])
        self.words += count_words(after[first : position + added + tail])


def _space_before(text: str, position: int) -> int:
    """Return the place after the last white space before ``position``; words end there."""
    step = 256
    while position > 0:
        low = max(0, position - step)
        for index in range(position - 1, low - 1, -1):
            if text[index].isspace():
                return index + 1
        position, step = low, step * 2
    return 0


def _space_after(text: str, position: int) -> int:
    """Return the place of the first white space at or after ``position``."""
    match = _SPACE.search(text, position)
    return match.start() if match else len(text)

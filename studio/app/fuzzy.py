"""How well a few typed letters fit a name. No Qt."""

from __future__ import annotations

WORD_START, RUN, TITLE = 8.0, 4.0, 6.0


def score(typed: str, text: str, title: str = "") -> float | None:
    """Return how well ``typed`` fits, larger is better; ``None`` when it does not.

    Every typed letter must come in ``text``, in order; spaces do not count. Starts of words and
    letters in a row weigh more, and so does a hit inside ``title`` as it was typed.
    """
    letters = [letter for letter in typed.casefold() if not letter.isspace()]
    if not letters:
        return 0.0
    where = text.casefold()
    best = _fit(letters, where, prefer_words=True)
    if best is None:
        best = _fit(letters, where, prefer_words=False)
    if best is None:
        return None
    if typed.casefold() in title.casefold():
        best += TITLE * len(letters)
        if title.casefold().startswith(typed.casefold()):
            best += TITLE
    return best - len(text) * 0.01


def _fit(letters: list[str], where: str, *, prefer_words: bool) -> float | None:
    total, at, previous = 0.0, 0, -2
    for letter in letters:
        found = _next(letter, where, at, prefer_words)
        if found < 0:
            return None
        total += 1.0
        if found == previous + 1:
            total += RUN
        if _starts_word(where, found):
            total += WORD_START
        previous, at = found, found + 1
    return total


def _next(letter: str, where: str, at: int, prefer_words: bool) -> int:
    """Return the next place of a letter: right here, else at a word's start, else anywhere."""
    first = found = where.find(letter, at)
    while prefer_words and found > at and not _starts_word(where, found):
        found = where.find(letter, found + 1)
    return first if found < 0 else found


def _starts_word(where: str, at: int) -> bool:
    return at == 0 or not where[at - 1].isalnum()

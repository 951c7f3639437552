"""What differs between a text then and now, in words, cut down to what a person looks at.

Pure functions; made for a background thread. Long texts are compared by lines first and by words
only inside what changed, so that a book takes a fraction of a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from studio.documents.spans import common_start

Kind = Literal["same", "then", "now", "gap"]

MOST_WORDS = 4000
"""A changed stretch with more words than this is shown as replaced in one piece."""
MOST_LINES = 20_000
SHOWN_WHOLE = 24_000
"""Texts up to this many characters are shown whole; of longer ones, what is near a change."""
NEAR = 600
MOST_SHOWN = 60_000

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_COUNTED = re.compile(r"\w+")


@dataclass(frozen=True)
class Piece:
    """A stretch of text.

    Attributes:
        kind: "same" (in both), "then" (only in the earlier text), "now" (only in the newer one)
            or "gap" (left out; ``text`` is empty).
        text: The stretch.
        words: How many words it has; of a gap, how many were left out.
    """

    kind: Kind
    text: str
    words: int = 0


@dataclass(frozen=True)
class Comparison:
    """Two texts side by side in one.

    Attributes:
        pieces: In reading order.
        words_then: Words only the earlier text has.
        words_now: Words only the newer text has.
    """

    pieces: tuple[Piece, ...]
    words_then: int = 0
    words_now: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(piece.kind in ("same", "gap") for piece in self.pieces)


def count_words(text: str) -> int:
    """Return how many words a text has."""
    return sum(1 for _ in _COUNTED.finditer(text))


def compare(then: str, now: str) -> Comparison:
    """Return the two texts as one, with what only one of them has marked."""
    found = _joined(_by_lines(then, now))
    words_then = sum(count_words(text) for kind, text in found if kind == "then")
    words_now = sum(count_words(text) for kind, text in found if kind == "now")
    return Comparison(tuple(_cut(found, len(then) + len(now))), words_then, words_now)


Raw = tuple[Kind, str]


def _by_lines(then: str, now: str) -> Iterator[Raw]:
    start = common_start(then, now)
    start = then.rfind("\n", 0, start) + 1
    longest = min(len(then), len(now)) - start
    end = common_start(then[len(then) - longest :][::-1], now[len(now) - longest :][::-1])
    stop = then.find("\n", len(then) - end)
    end = len(then) - stop - 1 if stop >= 0 and end else 0
    yield "same", then[:start]
    before, after = then[start : len(then) - end], now[start : len(now) - end]
    lines, others = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(lines) + len(others) > MOST_LINES:
        yield from (("then", before), ("now", after))
    else:
        yield from _aligned(lines, others)
    yield "same", then[len(then) - end :] if end else ""


def _aligned(lines: Sequence[str], others: Sequence[str]) -> Iterator[Raw]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, lines, others).get_opcodes():
        one, two = "".join(lines[i1:i2]), "".join(others[j1:j2])
        if tag == "equal":
            yield "same", one
        elif tag == "replace":
            yield from _by_words(one, two)
        else:
            yield from (("then", one), ("now", two))


def _by_words(then: str, now: str) -> Iterator[Raw]:
    one, two = _WORDS.findall(then), _WORDS.findall(now)
    if len(one) + len(two) > MOST_WORDS:
        yield from (("then", then), ("now", now))
        return
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    if matcher.quick_ratio() < 0.3:  # nothing in common but little words: not worth a mosaic
        yield from (("then", then), ("now", now))
        return
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield "same", "".join(one[i1:i2])
        else:
            yield from (("then", "".join(one[i1:i2])), ("now", "".join(two[j1:j2])))


def _joined(raw: Iterator[Raw]) -> list[Raw]:
    """Return the stretches without empty ones, equal neighbours joined.

    A space between two changes goes with them, so that a rewritten phrase reads in one piece.
    """
    found = [item for item in raw if item[1]]
    result: list[Raw] = []
    for at, (kind, text) in enumerate(found):
        changed_around = 0 < at < len(found) - 1 and found[at + 1][0] != "same"
        if kind == "same" and not text.strip() and "\n" not in text and changed_around:
            result = _added(_added(result, "then", text), "now", text)
        else:
            result = _added(result, kind, text)
    return result


def _added(result: list[Raw], kind: Kind, text: str) -> list[Raw]:
    """Add a stretch to the last one of its kind since something was the same."""
    for at in range(len(result) - 1, -1, -1):
        if result[at][0] == kind:
            result[at] = (kind, result[at][1] + text)
            return result
        if "same" in (kind, result[at][0]):
            break
    result.append((kind, text))
    return result


def _cut(found: list[Raw], size: int) -> Iterator[Piece]:
    """Yield the pieces; of what is the same in a long text, only what lies near a change."""
    whole, left = size <= 2 * SHOWN_WHOLE, MOST_SHOWN
    alone = len(found) == 1
    for at, (kind, text) in enumerate(found):
        if kind != "same" or whole or len(text) <= 2 * NEAR:
            yield from _limited(kind, text, left)
            left = max(0, left - len(text))
            continue
        if alone:
            yield from _limited(kind, text, left)
            return
        head = "" if at == 0 else text[: _line_end(text, NEAR)]
        tail = "" if at == len(found) - 1 else text[_line_start(text, len(text) - NEAR) :]
        if len(head) + len(tail) >= len(text):
            yield from _limited(kind, text, left)
            left = max(0, left - len(text))
            continue
        yield from _limited(kind, head, left)
        yield Piece("gap", "", count_words(text[len(head) : len(text) - len(tail)]))
        left = max(0, left - len(head))
        yield from _limited(kind, tail, left)
        left = max(0, left - len(tail))


def _limited(kind: Kind, text: str, left: int) -> Iterator[Piece]:
    if len(text) > left:
        if left:
            yield Piece(kind, text[:left], count_words(text[:left]))
        yield Piece("gap", "", count_words(text[left:]))
    elif text:
        yield Piece(kind, text, count_words(text))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + NEAR)
    return end + 1 if end >= 0 else at


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", max(0, at - NEAR), at) + 1 or at

"""The sentences of a text, for voices that speak one after the other and for marking them.

Positions are code points of the text as given. Pure and quick, so that windows may use it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Words whose full stop never ends a sentence, those that stand before a name, and those that
#: stand before a number.
_NEVER_LAST = frozenset(("e.g", "i.e", "vs", "cf", "approx", "viz"))
_BEFORE_NAMES = re.compile(
    r"(?:Mrs?|Ms|Dr|Prof|St|Mt|Ft|Gen|Gov|Sen|Rep|Capt|Lt|Col|Sgt|Cmdr|Rev|Hon|Pres|Supt|Cpl|Maj"
    r"|Adm|Fr|Msgr)"
)
_BEFORE_NUMBERS = re.compile(
    r"(?:nos?|vol|figs?|ch|pp?|ca?|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)", re.IGNORECASE
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[”’」』）]*")
_GAP = re.compile(r"[ \t]*\n\s*")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_LIST_MARK = re.compile(r"(?:#{1,6}|[-*+>]|\d{1,3}[.)])[ \t]")
_WRAPPED_FROM = 50  # a line at least this long, without a stop, goes on in the next one
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends, white space left out.
        text: What stands there.
        ends_paragraph: A blank line, a heading's end or the end of the text follows.
    """

    start: int
    end: int
    text: str
    ends_paragraph: bool = False


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of ``text`` in order, found as they are asked for.

    A line end inside a paragraph ends a sentence, as in a poem or a list, unless the line was
    only wrapped. White space and lines of nothing but signs belong to no sentence.
    """
    waiting: Sentence | None = None
    for start, end, closes in _stretches(text):
        piece = text[start:end]
        bare = piece.strip()
        if any(character.isalnum() for character in bare):
            if waiting is not None:
                yield waiting
            first = start + len(piece) - len(piece.lstrip())
            waiting = Sentence(first, first + len(bare), bare, closes)
        elif waiting is not None:
            # Signs alone, such as a scene's "* * *" or an emoji, only part what is around them.
            closes = closes or waiting.ends_paragraph
            waiting = Sentence(waiting.start, waiting.end, waiting.text, closes)
    if waiting is not None:
        yield Sentence(waiting.start, waiting.end, waiting.text, True)


def _stretches(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, closes a paragraph) of everything between two ends of sentences."""
    for line_start, line_end, closes in _lines(text):
        start = line_start
        for match in _END.finditer(text, line_start, line_end):
            end = match.end()
            if end < line_end and _ends_here(text, match, line_end):
                yield start, end, False
                start = end
        yield start, line_end, closes


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield stretches that no sentence crosses: paragraphs, lines of a poem, items of a list."""
    start = line = 0
    for gap in _GAP.finditer(text):
        blank = _BLANK_LINE.search(gap[0]) is not None
        heading = text.startswith("#", line)
        if blank or heading or not _only_wrapped(text, line, gap):
            yield start, gap.start(), blank or heading
            start = gap.end()
        line = gap.end()
    yield start, len(text), True


def _only_wrapped(text: str, line: int, gap: re.Match[str]) -> bool:
    if _LIST_MARK.match(text, gap.end()):
        return False
    after = text[gap.end() : gap.end() + 1]
    if after.islower():
        return True
    stopped = gap.start() > line and text[gap.start() - 1] in '.!?…:;"”’»)'
    return gap.start() - line >= _WRAPPED_FROM and not stopped


def _ends_here(text: str, match: re.Match[str], limit: int) -> bool:
    following = re.compile(r"\s*[\"'“‘«(\[]*").match(text, match.end(), limit)
    after = text[following.end() : following.end() + 1] if following else ""
    if after.islower():
        return False
    if match[0][0] != "." or len(match[0].rstrip("\"'”’»)]")) > 1:
        return True
    word_start = max(text.rfind(" ", 0, match.start()), text.rfind("\n", 0, match.start())) + 1
    word = text[word_start : match.start()].lstrip("(\"“'‘[«*_")
    if len(word) == 1 and word.isupper() and word != "I":
        return False  # an initial
    if word.casefold() in _NEVER_LAST:
        return False
    if _BEFORE_NAMES.fullmatch(word) and after.isalpha():
        return False
    return not (_BEFORE_NUMBERS.fullmatch(word) and after.isdigit())


# Sentences too long to be said at once

_CLAUSE = re.compile(r"(?<=[,;:—…])\s+|(?<=—)(?=\S)")
_JOINT = re.compile(r"\s+(?=(?:and|but|or|nor|so|yet|because|which|who|that|when|while|where)\b)")


def split_long(text: str, most: int) -> list[str]:
    """Return ``text`` in pieces of at most ``most`` characters, cut where a reader would breathe.

    At clauses first, then before joining words, then between words, at last anywhere.
    """
    pieces = [text]
    for pattern in (_CLAUSE, _JOINT, _SPACE):
        pieces = [
            piece
            for long in pieces
            for piece in (_joined(pattern.split(long), most) if len(long) > most else [long])
        ]
    return [piece[at : at + most] for piece in pieces if piece for at in range(0, len(piece), most)]


def _joined(parts: list[str], most: int) -> list[str]:
    """Join neighbours again as far as they stay within ``most`` together."""
    joined: list[str] = []
    for part in filter(None, parts):
        if joined and len(joined[-1]) + 1 + len(part) <= most:
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined

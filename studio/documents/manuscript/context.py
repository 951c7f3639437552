"""What of a long manuscript a model is shown: the part around the cursor, cut where it may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: More characters than this never fit a token, on average, in any language we know of; the
#: backend cuts exactly and says so, this only keeps megabytes out of the request.
CHARACTERS_PER_TOKEN = 6
#: Characters shown when a model does not say how much it can see.
UNKNOWN_BUDGET = 48_000
#: The part of the budget that what follows the cursor may take.
SUFFIX_SHARE = 0.25

_BREAK = re.compile(r"\n+|(?<=[.!?…])\s+")
_ENDS_SENTENCE = re.compile(r"[.!?…:;,][\"'”’»)\]]*$")


@dataclass(frozen=True)
class Surroundings:
    """The text around a place.

    Attributes:
        prefix: What stands before it, without white space at its end.
        suffix: What follows it.
        cut: Not everything fits; the far ends were left out.
    """

    prefix: str
    suffix: str
    cut: bool = False


def surroundings(text: str, start: int, end: int, context_length: int) -> Surroundings:
    """Return what a model is shown to write in place of ``start``..``end``.

    Args:
        text: The whole manuscript.
        start: First code point that is not shown.
        end: Code point after the last one that is not shown.
        context_length: Tokens the model can see; 0 when unknown.
    """
    budget = context_length * CHARACTERS_PER_TOKEN if context_length > 0 else UNKNOWN_BUDGET
    for_suffix = int(budget * SUFFIX_SHARE)
    suffix = text[end : end + for_suffix]
    suffix_cut = end + for_suffix < len(text)
    if suffix_cut:
        suffix = _until_break(suffix)
    first = max(0, start - (budget - len(suffix)))
    prefix = text[first:start]
    if first > 0:
        prefix = _from_break(prefix)
    if not suffix.strip():
        suffix = ""
    return Surroundings(prefix.rstrip(" \t"), suffix, first > 0 or suffix_cut)


def first_joint(before: str, written: str) -> str:
    """Return ``written`` so that its beginning fits what stands before it.

    White space that is already there is not doubled, and a sentence does not touch the one before.
    """
    if not before or before[-1].isspace():
        return written.lstrip(" \t\n") if not before or before.endswith("\n") else written.lstrip()
    if written[:1].isalnum() and _ENDS_SENTENCE.search(before[-8:]):
        return " " + written
    return written


def last_joint(written: str, after: str) -> str:
    """Return ``written`` so that its end fits what follows it."""
    if not after:
        return written.rstrip()
    if after[0].isspace():
        return written.rstrip()
    if written and not written[-1].isspace() and after[0].isalnum():
        return written + " "
    return written


def _from_break(text: str) -> str:
    """Return ``text`` from its first sentence on, when that is not far."""
    match = _BREAK.search(text, 0, 2000)
    return text[match.end() :] if match else text


def _until_break(text: str) -> str:
    """Return ``text`` up to its last whole sentence, when that is not far."""
    near = max(0, len(text) - 2000)
    ends = [match.start() for match in _BREAK.finditer(text, near)]
    return text[: ends[-1]] if ends else text

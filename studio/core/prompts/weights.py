"""Emphasis in prompts: ``(word)``, ``(word:1.2)``, ``[word]``, escapes and ``BREAK``.

The rules are AUTOMATIC1111's, documented with ``parse_prompt_attention`` in the module
``prompt_parser`` of stable-diffusion-webui. Two oddities of it are not kept: a number that is none
(``1.2.3``) is text here, and ``BREAK`` inside brackets breaks as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ROUND = 1.1
"""What one pair of round brackets multiplies by; square ones divide by it."""

_TOKEN = re.compile(
    r"""
    \\(?P<escaped>[()\[\]\\])
    | (?P<open>[(\[])
    | :\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\)
    | (?P<close>[)\]])
    | [^\\()\[\]:]+ | : | \\
    """,
    re.VERBOSE,
)
_BREAK = re.compile(r"\s*\bBREAK\b\s*")
_ESCAPED = re.compile(r"([\\()\[\]])")


@dataclass(frozen=True)
class Fragment:
    """A piece of a prompt.

    Attributes:
        text: The words, without brackets.
        weight: How much they count; 1 is as written plainly.
    """

    text: str
    weight: float = 1.0


BREAK = Fragment("BREAK", -1.0)
"""Stands in a list of fragments where the next part of the prompt begins anew."""


def parse_weights(text: str) -> tuple[Fragment, ...]:
    """Return the prompt as fragments of one weight each; at least one, ``BREAK`` by identity.

    Brackets that are never closed count to the end of the text.
    """
    found: list[Fragment] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}
    for token in _TOKEN.finditer(text):
        kind, whole = token.lastgroup, token[0]
        if kind == "escaped":
            found.append(Fragment(token["escaped"]))
        elif kind == "open":
            opened[whole].append(len(found))
        elif kind == "weight" and opened["("]:
            _multiply(found, opened["("].pop(), float(token["weight"]))
        elif kind == "close" and opened["(" if whole == ")" else "["]:
            pair = "(" if whole == ")" else "["
            _multiply(found, opened[pair].pop(), ROUND if pair == "(" else 1 / ROUND)
        else:
            found.extend(_words(whole))
    for start in opened["("]:
        _multiply(found, start, ROUND)
    for start in opened["["]:
        _multiply(found, start, 1 / ROUND)
    return tuple(_joined(found)) or (Fragment(""),)


def without_weights(text: str) -> str:
    """Return the words of a prompt alone, for models that know no weights."""
    parts = (" " if each is BREAK else each.text for each in parse_weights(text))
    return "".join(parts)


def is_weighted(text: str) -> bool:
    """Return whether any part of the prompt counts more or less, or begins anew."""
    return any(each is BREAK or each.weight != 1.0 for each in parse_weights(text))


def escape(text: str) -> str:
    """Return ``text`` so that its brackets are read as brackets."""
    return _ESCAPED.sub(r"\\\1", text)


def _words(text: str) -> list[Fragment]:
    found: list[Fragment] = []
    for number, part in enumerate(_BREAK.split(text)):
        if number:
            found.append(BREAK)
        found.append(Fragment(part))
    return found


def _multiply(fragments: list[Fragment], start: int, factor: float) -> None:
    for at in range(start, len(fragments)):
        each = fragments[at]
        if each is not BREAK:
            fragments[at] = Fragment(each.text, each.weight * factor)


def _joined(fragments: list[Fragment]) -> list[Fragment]:
    """Join neighbours of one weight; drop what is empty beside something else."""
    found: list[Fragment] = []
    for each in fragments:
        last = found[-1] if found else None
        if each is BREAK or last is None or last is BREAK or last.weight != each.weight:
            found.append(each)
        else:
            found[-1] = Fragment(last.text + each.text, each.weight)
    return [each for each in found if each is BREAK or each.text]

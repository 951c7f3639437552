"""Positions and characters: what an editor counts and what a project counts are not the same.

Qt counts UTF-16 code units, Python and the project count code points; they differ after the
first emoji. Everything that crosses between them goes through here.
"""

from __future__ import annotations

import re

from studio.documents.spans import common_start

_LONE = re.compile("[\ud800-\udfff]")
#: What text editors of Qt keep for themselves: paragraph and line separators, frame marks.
_EDITOR_MARKS = str.maketrans(
    {"\u2028": "\n", "\u2029": "\n", "\ufdd0": "\ufffd", "\ufdd1": "\ufffd", "\x00": "\ufffd"}
)


def from_editor(raw: str) -> str:
    """Return text read raw from an editor as plain text of the same number of UTF-16 units.

    Paragraph marks become line ends, lone surrogates U+FFFD; no-break spaces stay.
    """
    text = raw.translate(_EDITOR_MARKS)
    return text if text.isascii() else _LONE.sub("\ufffd", text)


def for_editor(text: str) -> str:
    """Return foreign text as an editor can hold it: plain, no marks of its own, ``\\n`` ends."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_EDITOR_MARKS)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def utf16_length(text: str) -> int:
    """Return how many UTF-16 code units ``text`` has; it holds no lone surrogates."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def to_utf16(text: str, position: int) -> int:
    """Return the UTF-16 position of the code point position ``position`` in ``text``."""
    return utf16_length(text[:position])


def to_code_points(text: str, units: int) -> int:
    """Return the code point position of the UTF-16 position ``units`` in ``text``.

    A position in the middle of a pair becomes the one before the character.
    """
    return len(text[:units].encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


def part_of(text: str, start: int, end: int) -> str:
    """Return what stands between two UTF-16 positions; half a pair at an end is left out."""
    if utf16_length(text) == len(text):
        return text[start:end]
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le", "ignore")


def common_ends(one: str, other: str) -> tuple[int, int]:
    """Return how many characters two texts share at the beginning and then at the end."""
    first = common_start(one, other)
    longest = min(len(one), len(other)) - first
    return first, common_start(one[len(one) - longest :][::-1], other[len(other) - longest :][::-1])

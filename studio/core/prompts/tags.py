"""What stands in a prompt without being words: ``<lora:name:0.8>`` and lines of comment.

As in AUTOMATIC1111: ``<lora:name>`` counts fully, further parts after the weight are for other
programs and are passed over. A line that begins with ``#`` is a comment; a ``#`` inside a line
stays, since it is more often a colour or a number than a comment.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_TAG = re.compile(r"<(\w+):([^<>]+)>")
_COMMENT = re.compile(r"^[ \t]*#[^\n]*(?:\n|\Z)", re.MULTILINE)
_KINDS = {"lora": "lora", "lyco": "lora", "hypernet": "hypernetwork"}


@dataclass(frozen=True)
class NetworkTag:
    """A model named in the prompt.

    Attributes:
        kind: "lora", or "hypernetwork", which nothing here can use.
        name: As written: a file's name without its ending, or a title.
        weight: How strongly; 1 when nothing is written.
    """

    kind: str
    name: str
    weight: float = 1.0


def without_comments(text: str) -> str:
    """Return the text without the lines that begin with ``#``."""
    return _COMMENT.sub("", text)


def take_tags(text: str) -> tuple[str, tuple[NetworkTag, ...]]:
    """Return the text without its tags, and the tags in order.

    What looks like a tag and is none (another kind, a weight that is no number) stays as text.
    """
    found: list[NetworkTag] = []

    def take(match: re.Match[str]) -> str:
        tag = _tag(match[1], match[2])
        if tag is None:
            return match[0]
        found.append(tag)
        return ""

    return _TAG.sub(take, text), tuple(found)


def _tag(kind: str, inside: str) -> NetworkTag | None:
    name, *rest = (part.strip() for part in inside.split(":"))
    if kind.lower() not in _KINDS or not name:
        return None
    try:
        weight = float(rest[0]) if rest and rest[0] else 1.0
    except ValueError:
        return None
    if not math.isfinite(weight):
        return None
    return NetworkTag(_KINDS[kind.lower()], name, weight)

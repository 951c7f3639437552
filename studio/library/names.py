"""File names of results, made from a template, that every operating system accepts.

A template such as ``{date}-{kind}-{slug}-{seed}`` may hold ``/`` for folders. Fields:

========  ==========================================  ====================
date      day of making                               2026-11-22
time      time of making                              04-15-09
year      ``month`` and ``day`` likewise              2026
kind      text, image, audio                          text
slug      the first words of the prompt               the-old-lighthouse
title     the same with capitals and spaces           The old lighthouse
seed      the request's seed                          7
model     id of the model                             smollm2-135m-instruct
========  ==========================================  ====================
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime

from studio.core.errors import BadInputError

DEFAULT_TEMPLATE = "{date}-{kind}-{slug}-{seed}"
FIELDS = ("date", "time", "year", "month", "day", "kind", "slug", "title", "seed", "model")

PART_BYTES = 150  # leaves room for a number, an extension and a temporary name in 255 bytes
SLUG_CHARACTERS = 48
MAX_DEPTH = 6

_FIELD = re.compile(r"\{([^{}]*)\}")
_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f/]')
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"]
)


def check_template(template: str) -> str:
    """Return the template when names can be made from it.

    Raises:
        BadInputError: It is empty or names a field that does not exist.
    """
    unknown = [name for name in _FIELD.findall(template) if name not in FIELDS]
    if unknown:
        raise BadInputError(
            f"File names have no field called {{{unknown[0]}}}.",
            hint=f"Known fields: {', '.join(FIELDS)}.",
            field=unknown[0],
        )
    if not template.strip(" ./\\"):
        raise BadInputError(
            "The template for file names is empty.", hint=f"The usual one is {DEFAULT_TEMPLATE}."
        )
    return template


def fields(*, made: datetime, kind: str, prompt: str, seed: int, model: str) -> dict[str, str]:
    """Return the values of all template fields for one result."""
    return {
        "date": made.strftime("%Y-%m-%d"),
        "time": made.strftime("%H-%M-%S"),
        "year": made.strftime("%Y"),
        "month": made.strftime("%m"),
        "day": made.strftime("%d"),
        "kind": kind,
        "slug": slug(prompt),
        "title": title(prompt),
        "seed": str(seed),
        "model": model,
    }


def file_name(template: str, values: Mapping[str, str]) -> str:
    """Return a relative path without extension, made from the template.

    Args:
        template: See the module's text; fields that do not exist stand as they are.
        values: A value for each field.

    Returns:
        Parts joined by ``/``; none is empty, reserved, hidden or longer than 150 bytes.
    """

    def value(match: re.Match[str]) -> str:
        return values.get(match[1], match[0]).replace("/", "-")

    parts = [_FIELD.sub(value, part) for part in template.replace("\\", "/").split("/")]
    parts = [safe_part(part) for part in parts if part.strip(" .")]
    return "/".join(parts[:MAX_DEPTH]) or "untitled"


def numbered(stem: str) -> Iterator[str]:
    """Yield the name itself, then with -2, -3 … for as long as the one before is taken."""
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def safe_part(name: str) -> str:
    """Return ``name`` as one path part that Linux, macOS and Windows accept."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = "".join("-" if _unprintable(character) else character for character in name)
    name = _FORBIDDEN.sub("-", name)
    name = re.sub(r"-{2,}", "-", name).strip(" .-")
    name = _clipped(name, PART_BYTES).rstrip(" .-")
    if name.split(".")[0].strip().casefold() in _RESERVED:
        name = f"_{name}"
    return name or "untitled"


def slug(text: str) -> str:
    """Return the first words of a text in lower case with hyphens, letters of any script kept."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text[:400]).casefold())
    return _first_words(words, "-") or "untitled"


def title(text: str) -> str:
    """Return the first words of a text as they are, for a file name with spaces."""
    return _first_words(text[:400].split(), " ") or "Untitled"


def _first_words(words: list[str], joint: str) -> str:
    taken = ""
    for word in words:
        longer = f"{taken}{joint}{word}" if taken else word
        if len(longer) > SLUG_CHARACTERS:
            break
        taken = longer
    return taken or (words[0][:SLUG_CHARACTERS] if words else "")


def _unprintable(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _clipped(text: str, limit: int) -> str:
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")

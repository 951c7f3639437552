"""What of a text a voice can say, and how it is written for it.

Pure and quick, so that windows may use it too. See :mod:`studio.core.sentences` for what is
given to a voice at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = re.compile(r"\s+")
_MARKS_AHEAD = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+)+")
_PICTURE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]+)\]\(\s*(?!/[^)]*/\s*\))[^)]*\)")
_SPELT_OUT = re.compile(r"(\[[^\]]+\]\(\s*/[^)]*/\s*\))")
_EMPHASIS = re.compile(r"(?<!\w)[*_~`]{1,3}(?=[^\s*_~`])|(?<=[^\s*_~`])[*_~`]{1,3}(?!\w)")
_MONEY = re.compile(
    r"([$£€])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{2}))?(?![\d.,]*\d)"
    r"(?!\s?(?:[kKmMbB]\b|hundred|thousand|million|billion|trillion))"
)
_MONEY_WORDS = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
}
_LONG_WORD = re.compile(r"[^\W\d_]{31,}")
_LONG_WORD_PIECE = 24
_PLAIN = str.maketrans(
    {
        "，": ",", "、": ",", "。": ".", "！": "!", "？": "?", "：": ":", "；": ";",
        "«": "“", "»": "”", "„": "“", "‚": "‘", "「": "“", "」": "”", "『": "“", "』": "”",
        "（": "(", "）": ")", "‐": "-", "‑": "-", "–": "-", "―": "—", "−": "-",
        "\u00a0": " ", "\u202f": " ", "\u200b": "", "\u2060": "", "\ufeff": "", "\u00ad": "",
    }
)  # fmt: skip
#: Signs the English reader knows, or that only shape how a sentence sounds.
_SAYABLE = frozenset(" \n\t.,;:!?…—-–'’‘\"“”()[]/&@%+=<>~#*^_|\\$£€¥₹₩¢°§¶±×÷™®©•→←½¼¾²³µ{}`")
_SCRIPTS = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
}
_JOINING = frozenset(("Cf", "Me", "Mn", "Sk"))  # what only changes the character before it
_FIRST_EMOJI = "\u2600"
_EXAMPLE_LENGTH = 24


@dataclass(frozen=True)
class LeftOut:
    """Something of a text that an English voice cannot say.

    Attributes:
        what: Its kind in words, such as "emoji" or "Cyrillic".
        example: The first of it.
    """

    what: str
    example: str


def spoken_english(text: str) -> str:
    """Return a sentence as an English voice is to read it, on one line.

    Marks of Markdown go, amounts of money become words, Latin letters in disguise (fullwidth,
    ligatures, circled) become plain ones, single Greek letters their names, and what
    :func:`left_out` tells of is left out. Pronunciations written ``[word](/phonemes/)`` stay.
    """
    text = _LINK.sub(r"\1", _PICTURE.sub(r"\1", _MARKS_AHEAD.sub("", text)))
    parts = _SPELT_OUT.split(text)
    parts[::2] = map(_said_part, parts[::2])
    return _SPACE.sub(" ", "".join(parts)).strip()


def _said_part(text: str) -> str:
    text = _EMPHASIS.sub("", text.translate(_PLAIN)).replace("--", "—")
    if not text.isascii():
        text = "".join(map(_said, _runs(text)))
    return _LONG_WORD.sub(_in_pieces, _MONEY.sub(_money, text))


def left_out(text: str) -> tuple[LeftOut, ...]:
    """Return what an English voice leaves out of ``text``, each kind once, in order."""
    if text.isascii():
        return ()
    found: dict[str, str] = {}
    text = _SPELT_OUT.sub("", text).translate(_PLAIN)
    for run in _runs(text):
        if run.kind and run.kind not in found and not _letter_name(run):
            example = run.text.strip()
            cut = len(example) > _EXAMPLE_LENGTH
            found[run.kind] = example[: _EXAMPLE_LENGTH - 1] + "…" if cut else example
    return tuple(LeftOut(kind, example) for kind, example in found.items())


def left_out_sentence(text: str, voice: str) -> str:
    """Return what is left out of ``text`` as a sentence for people, "" when nothing is.

    Args:
        text: What is to be spoken.
        voice: Who speaks, such as "This English voice".
    """
    found = left_out(text)
    if not found:
        return ""
    named = [f"{each.what} (“{each.example}”)" for each in found]
    listed = ", ".join(named[:-1]) + " and " + named[-1] if len(named) > 1 else named[0]
    return f"{voice} leaves out what it cannot say: {listed}."


@dataclass(frozen=True)
class _Run:
    """Characters of one kind; ``kind`` is "" for what is said."""

    kind: str
    text: str


def _runs(text: str) -> Iterator[_Run]:
    """Yield ``text`` cut where what can be said changes; spaces stay with what is around them."""
    kind, start = "", 0
    for position, character in enumerate(text):
        here = _kind(character)
        if here is None or here == kind:
            continue
        if position > start:
            yield _Run(kind, text[start:position])
        kind, start = here, position
    if start < len(text):
        yield _Run(kind, text[start:])


def _kind(character: str) -> str | None:
    """Return "" for what can be said, the kind of what cannot, ``None`` for what joins either."""
    if character.isascii():
        return None if character == " " else ""
    if character in _SAYABLE or unicodedata.category(character) == "Nd":
        return ""
    category = unicodedata.category(character)
    if category in _JOINING:
        return None
    name = unicodedata.name(character, "")
    if "LATIN" in name or _as_latin(character):
        return ""
    if name.startswith("GREEK"):
        return "Greek"
    if character.isalpha():
        script = name.partition(" ")[0]
        return _SCRIPTS.get(script, script.title() or "other letters")
    if category == "Sc":
        return ""
    return "emoji" if category in ("So", "Cn", "Co") and character >= _FIRST_EMOJI else "signs"


def _said(run: _Run) -> str:
    if run.kind:
        return f" {_letter_name(run)} "
    return "".join(map(_plain_character, run.text))


def _letter_name(run: _Run) -> str:
    """Return the English name of a Greek letter that stands alone, or ""."""
    letters = run.text.strip()
    if run.kind != "Greek" or len(letters) != 1:
        return ""
    words = unicodedata.name(letters).split(" LETTER ")[-1].split(" WITH ")
    return words[0].lower()


def _plain_character(character: str) -> str:
    if character.isascii() or character in _SAYABLE:
        return character
    category = unicodedata.category(character)
    if category in _JOINING:
        return ""
    if category == "Sc":
        return f" {unicodedata.name(character).removesuffix(' SIGN').lower()} "
    if category == "Nd":
        return str(unicodedata.digit(character))
    return _as_latin(character) or character


def _as_latin(character: str) -> str:
    """Return the plain letters or digits a compatibility character stands for, or ""."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain != character and plain.isascii() and plain.isalnum() else ""


def _money(match: re.Match[str]) -> str:
    one, many, small_one, small_many = _MONEY_WORDS[match[1]]
    whole, rest = match[2], int(match[3] or 0)
    words = f"{whole} {one if whole == '1' else many}"
    if rest:
        words += f" and {rest} {small_one if rest == 1 else small_many}"
    return words


def _in_pieces(match: re.Match[str]) -> str:
    word = match[0]
    pieces = range(0, len(word), _LONG_WORD_PIECE)
    return " ".join(word[at : at + _LONG_WORD_PIECE] for at in pieces)

"""The words of a search, understood: ``model:smollm seed:7 "a storm" -rain sub:ligh star:3``.

============================  =================================================================
lighthouse                    a word that begins so, anywhere in title, prompt or text
"the old keeper"              these words in this order
-rain                         not with this word; works before everything
sub:ghthou                    these characters in a row, in the middle of words too
title: prompt: text:          a word there only
model:smollm                  part of the model's name
seed:7   seed:1..99           a seed, or a range
kind:text                     text, image (or picture), audio (or sound)
date:2026-11   date:today     a year, month or day, ``2026-01..2026-03``, ``>2026-11-05``, today,
                              yesterday, week, month
tag:sea   board:"Chapter 2"   with this tag, on this board (``board:none`` for none)
star:3    star:0..2           at least three stars, or a range
is:trashed                    trashed, starred, missing, duplicate, foreign, tagged, untagged
about:"a man and the sea"     near in meaning
============================  =================================================================

Nothing a user types is an error: what cannot be used is left out and said in ``problems``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from studio.core.media import clean_text

MAX_TERMS = 64
MAX_CHARACTERS = 2000

TermKind = Literal[
    "word", "phrase", "sub", "model", "seed", "kind", "date", "tag", "board", "star", "is", "about"
]
STATES = ("trashed", "starred", "missing", "duplicate", "foreign", "tagged", "untagged")
_KIND_WORDS = {
    "text": "text",
    "image": "image",
    "picture": "image",
    "audio": "audio",
    "sound": "audio",
}
_COLUMNS = ("title", "prompt", "text")
_SEED_MAX = 2**63 - 1
_TOKEN = re.compile(r'(-?)(?:([A-Za-z]+):)?(?:"([^"]*)"?|(\S+))|(\S)')


@dataclass(frozen=True)
class Term:
    """One condition.

    Attributes:
        kind: What is looked at.
        value: A word, phrase, name or state.
        negated: Items that fulfil it are left out.
        column: "title", "prompt", "text", or "" for all of them.
        low: Smallest number allowed: a seed, stars, or seconds since 1970.
        high: Largest number allowed; for dates the first one no longer allowed.
    """

    kind: TermKind
    value: str = ""
    negated: bool = False
    column: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Query:
    """All conditions of a search; every one must hold."""

    terms: tuple[Term, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def about(self) -> str:
        """What the results shall be near to in meaning; "" when that was not asked."""
        return " ".join(term.value for term in self.terms if term.kind == "about")


def parse(text: str, *, now: Callable[[], datetime] = datetime.now) -> Query:
    """Understand what a user typed into the search field. Never raises.

    Args:
        text: Anything at all.
        now: The clock that "today" goes by.
    """
    terms: list[Term] = []
    problems: list[str] = []
    text = clean_text(text)
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS]
        problems.append("The search is very long; only its beginning is used.")
    for match in _TOKEN.finditer(text):
        minus, name, quoted, word, _ = match.groups()
        parsed = _term(minus == "-", (name or "").lower(), quoted, word or "", now)
        if isinstance(parsed, str):
            problems.append(parsed)
        elif parsed is not None:
            terms.append(parsed)
    if len(terms) > MAX_TERMS:
        problems.append(f"Only the first {MAX_TERMS} words of the search are used.")
    return Query(tuple(terms[:MAX_TERMS]), tuple(dict.fromkeys(problems)))


def quoted(value: str) -> str:
    """Return ``value`` as it must stand after a field's colon."""
    return f'"{value.replace(chr(34), " ").strip()}"'


def _term(
    negated: bool, name: str, phrase: str | None, word: str, now: Callable[[], datetime]
) -> Term | str | None:
    """Return one condition, a sentence about what is wrong, or nothing."""
    value = (phrase if phrase is not None else word).strip()
    if name and name not in _READERS and name not in _COLUMNS:
        value, name = f"{name}:{value}", ""  # such as a link, or a time of day
    if not value:
        return None
    if name in _READERS:
        read = _READERS[name](value, now)
        if isinstance(read, str):
            return read
        return Term(read.kind, read.value, negated, "", read.low, read.high)
    kind: TermKind = "word" if phrase is None else "phrase"
    return Term(kind, value, negated, name) if _has_letters(value) else None


def _has_letters(value: str) -> bool:
    return any(character.isalnum() for character in value)


def _sub(value: str, now: Callable[[], datetime]) -> Term | str:
    return Term("sub", value)


def _model(value: str, now: Callable[[], datetime]) -> Term | str:
    return Term("model", value.lower())


def _tag(value: str, now: Callable[[], datetime]) -> Term | str:
    return Term("tag", value)


def _board(value: str, now: Callable[[], datetime]) -> Term | str:
    return Term("board", "" if value.lower() == "none" else value)


def _about(value: str, now: Callable[[], datetime]) -> Term | str:
    return Term("about", value)


def _kind(value: str, now: Callable[[], datetime]) -> Term | str:
    kind = _KIND_WORDS.get(value.lower())
    return Term("kind", kind) if kind else f"There is no kind “{value}”: text, image or audio."


def _is(value: str, now: Callable[[], datetime]) -> Term | str:
    if value.lower() in STATES:
        return Term("is", value.lower())
    return f"“is:{value}” is not known: {', '.join(STATES)}."


def _seed(value: str, now: Callable[[], datetime]) -> Term | str:
    bounds = _range(value)
    return Term("seed", low=bounds[0], high=bounds[1]) if bounds else f"“{value}” is not a seed."


def _star(value: str, now: Callable[[], datetime]) -> Term | str:
    bounds = _range(value)
    if not bounds:
        return f"“{value}” is not a number of stars."
    return Term("star", low=bounds[0], high=bounds[1] if ".." in value else None)


def _range(value: str) -> tuple[int | None, int | None] | None:
    low, dots, high = value.partition("..")
    try:
        first = _whole(low) if low or not dots else None
        last = _whole(high) if high else (None if dots else first)
    except ValueError:
        return None
    return first, last


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(text)
    return min(int(text[:20]), _SEED_MAX)


def _date(value: str, now: Callable[[], datetime]) -> Term | str:
    wrong = f"“{value}” is not a date: write 2026, 2026-11, 2026-11-22 or today."
    try:
        sign = value[0] if value[0] in "<>" else ""
        low, dots, high = value[len(sign) :].lower().partition("..")
        first = _span(low, now) if low else None
        last = _span(high, now) if high else (None if dots else first)
        if first is None and last is None:
            return wrong
        begin, end = first and first[0], last and last[1]
        if sign and first:
            begin, end = (first[1], None) if sign == ">" else (None, first[0])
        return Term("date", low=_seconds(begin), high=_seconds(end))
    except (ValueError, OverflowError, OSError):
        return wrong


def _span(text: str, now: Callable[[], datetime]) -> tuple[date, date]:
    """Return the first day and the first day after."""
    today, day = now().date(), timedelta(days=1)
    named = {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "week": (today - 6 * day, today + day),
        "month": (today - 30 * day, today + day),
    }
    if text in named:
        return named[text]
    if not re.fullmatch(r"\d{4}(-\d{1,2}){0,2}", text, re.ASCII):
        raise ValueError(text)
    numbers = [int(part) for part in text.split("-")]
    if len(numbers) == 3:
        single = date(numbers[0], numbers[1], numbers[2])
        return single, single + day
    if len(numbers) == 2:
        begin = date(numbers[0], numbers[1], 1)
        return begin, (begin + 31 * day).replace(day=1)
    return date(numbers[0], 1, 1), date(numbers[0] + 1, 1, 1)


def _seconds(day: date | None) -> float | None:
    return None if day is None else datetime(day.year, day.month, day.day).timestamp()


_READERS: dict[str, Callable[[str, Callable[[], datetime]], Term | str]] = {
    "sub": _sub,
    "model": _model,
    "seed": _seed,
    "kind": _kind,
    "date": _date,
    "tag": _tag,
    "board": _board,
    "star": _star,
    "stars": _star,
    "is": _is,
    "about": _about,
}

"""A text as blocks and runs: what every format for import and export is translated to and from.

Only what survives in all of them: headings, paragraphs, lists, quotes, code, emphasis, links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"
    RULE = "rule"


@dataclass(frozen=True)
class Run:
    """A piece of text of one look; ``\\n`` in it ends a line.

    Attributes:
        text: The words.
        bold: Strong emphasis.
        italic: Emphasis.
        code: Fixed width.
        strike: Crossed out.
        link: Where it leads; empty for none.
    """

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    strike: bool = False
    link: str = ""

    def styled(self, looks: Mapping[str, bool]) -> Run:
        """Return the run with some looks (by their names) switched on or off."""
        return Run(
            self.text,
            looks.get("bold", self.bold),
            looks.get("italic", self.italic),
            looks.get("code", self.code),
            looks.get("strike", self.strike),
            self.link,
        )


@dataclass(frozen=True)
class Block:
    """A paragraph of some kind.

    Attributes:
        kind: What it is.
        runs: Its text.
        level: 1..6 of a heading; depth of a list item or a quote, from 0.
        ordered: The list item has a number.
    """

    kind: Kind
    runs: tuple[Run, ...] = ()
    level: int = 0
    ordered: bool = False

    @property
    def text(self) -> str:
        """The words without their look."""
        return "".join(run.text for run in self.runs)


SAFE_SCHEMES = ("http://", "https://", "mailto:")


def safe_link(link: str) -> str:
    """Return a link that may be written or shown: the web and mail only, else nothing."""
    cleaned = "".join(character for character in link.strip() if character > " ")
    return cleaned if cleaned.lower().startswith(SAFE_SCHEMES) else ""


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return runs with neighbours of the same look joined and empty ones left out."""
    result: list[Run] = []
    for run in runs:
        if not run.text:
            continue
        if result and replace(result[-1], text="") == replace(run, text=""):
            result[-1] = replace(run, text=result[-1].text + run.text)
        else:
            result.append(run)
    return tuple(result)


def trimmed(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return merged runs without white space at either end."""
    result = list(merged(runs))
    while result and not result[0].text.lstrip():
        result.pop(0)
    while result and not result[-1].text.rstrip():
        result.pop()
    if result:
        result[0] = replace(result[0], text=result[0].text.lstrip())
        result[-1] = replace(result[-1], text=result[-1].text.rstrip())
    return tuple(result)


def title_of(blocks: Sequence[Block], otherwise: str) -> str:
    """Return the text of the first heading."""
    for block in blocks:
        if block.kind is Kind.HEADING and block.text.strip():
            return " ".join(block.text.split())
    return otherwise

"""A text as blocks and runs: what every format is read into and written from.

Only what all formats can hold stands here: headings, paragraphs, lists, quotes, fixed-width
blocks, breaks between scenes, emphasis and links. :func:`tidied` brings blocks into the one form
in which each format gives back what it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

STARS = "* * *"
"""How a break between scenes is written where it must be words."""

MAX_LIST_DEPTH = 9
"""Word's and OpenOffice's lists have nine and ten levels; deeper items move up."""


@dataclass(frozen=True)
class Run:
    """A piece of text of one look.

    Attributes:
        text: The words; ``\\n`` ends a line within the paragraph.
        strong: Strong emphasis, usually bold.
        em: Emphasis, usually italic.
        strike: Crossed out.
        code: Fixed width, every character as it stands.
        link: A web or mail address from :func:`studio.documents.export.links.safe_link`, or "".
    """

    text: str
    strong: bool = False
    em: bool = False
    strike: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading; ``level`` is 1 to 6."""

    level: int
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Code:
    """Lines of fixed width, every character as it stands."""

    text: str


@dataclass(frozen=True)
class Rule:
    """A break between scenes: a line, or stars."""


@dataclass(frozen=True)
class Quote:
    """Quoted paragraphs."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ItemList:
    """A list with numbers (from ``start``) or without; tidy items begin with text."""

    items: tuple[tuple[Block, ...], ...]
    ordered: bool = False
    start: int = 1


Block: TypeAlias = "Heading | Paragraph | Code | Rule | Quote | ItemList"


@dataclass(frozen=True)
class Found:
    """What a file of another program holds.

    Attributes:
        blocks: Its text.
        title: What it says of itself; may be empty.
        left_out: What it has and a manuscript has no place for, such as "pictures".
    """

    blocks: tuple[Block, ...]
    title: str = ""
    left_out: frozenset[str] = frozenset()


_LINE_ENDS = str.maketrans({"\u0085": "\n", "\u2028": "\n", "\u2029": "\n", "\r": "\n"})
# What XML 1.0 (section 2.2) has no place for or advises against, and the byte-order mark.
_NO_CHARACTERS = "".join(chr(plane * 0x10000 + 0xFFFE + n) for plane in range(17) for n in (0, 1))
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff" + _NO_CHARACTERS + "]"
)
_LINES = re.compile(r"\s*\n\s*")
_SPACES = re.compile(r"[ \t]+")
_STARS = re.compile(r"(\*\s*){3,}|⁂")


def tidied(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Return the blocks in the one form that every format can hold.

    White space is single and never emphasised at an edge, nothing is empty, neighbouring runs of
    one look are one run, list items begin with text, quotes hold paragraphs.
    """
    return tuple(_joined(_tidied(blocks)))


def plain_text(runs: Iterable[Run]) -> str:
    """Return the words of runs on one line."""
    return " ".join("".join(run.text for run in runs).split())


def first_heading(blocks: Sequence[Block]) -> str:
    """Return the words of the first heading; empty without one."""
    return next((plain_text(b.runs) for b in blocks if isinstance(b, Heading)), "")


def writable(text: str) -> str:
    """Return ``text`` less the characters no format can hold, with ``\\n`` as line ends."""
    return _UNWRITABLE.sub("", text.translate(_LINE_ENDS))


def tidied_runs(runs: Iterable[Run]) -> tuple[tuple[Run, ...], ...]:
    """Return runs tidied; several tuples where empty lines part paragraphs."""
    paragraphs: list[list[Run]] = [[]]
    white = ""
    for piece in _pieces(runs):
        if not piece.text.strip():
            white += piece.text
            continue
        line = paragraphs[-1]
        if white.count("\n") > 1 and line:
            paragraphs.append([piece])
        elif white and line:
            line += [_between(line[-1], white, piece), piece]
        else:
            line.append(piece)
        white = ""
    return tuple(tuple(_merged(paragraph)) for paragraph in paragraphs if paragraph)


def _pieces(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield runs parted into words, each with its look, and white space."""
    for run in runs:
        text = writable(run.text)
        if run.code:
            text = " ".join(text.split())
        for part in re.split(r"(\s*\n\s*\n\s*)", text) if "\n" in text else [text]:
            core = part.strip()
            start = part.find(core) if core else len(part)
            if start:
                yield Run(part[:start])
            if core:
                words = core if run.code else _SPACES.sub(" ", _LINES.sub("\n", core))
                yield replace(run, text=words)
            if core and start + len(core) < len(part):
                yield Run(part[start + len(core) :])


def _between(one: Run, white: str, two: Run) -> Run:
    """Return white space with the looks that the runs on both sides have."""
    return Run(
        "\n" if "\n" in white else _SPACES.sub(" ", white),
        one.strong and two.strong,
        one.em and two.em,
        one.strike and two.strike,
        link=one.link if one.link == two.link else "",
    )


def _merged(runs: Iterable[Run]) -> list[Run]:
    """Return runs with neighbours of one look joined."""
    result: list[Run] = []
    words: list[str] = []
    for run in runs:
        if result and replace(result[-1], text=run.text) == run:
            words.append(run.text)
            continue
        if result:
            result[-1] = replace(result[-1], text=_composed("".join(words)))
        result.append(run)
        words = [run.text]
    if result:
        result[-1] = replace(result[-1], text=_composed("".join(words)))
    return result


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _tidied(blocks: Iterable[Block], depth: int = 0) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Heading():
                yield from _heading(block)
            case Paragraph():
                yield from _paragraphs(block)
            case Code():
                lines = _composed(writable(block.text)).split("\n")
                text = "\n".join(line.rstrip() for line in lines)
                if text.strip():
                    yield Code(text.strip("\n"))
            case Quote():
                yield from _quotes(block, depth)
            case ItemList():
                yield from _list(block, depth)
            case Rule():
                yield block


def _heading(heading: Heading) -> Iterator[Heading]:
    one_line = (replace(run, text=writable(run.text).replace("\n", " ")) for run in heading.runs)
    for runs in tidied_runs(one_line):
        if all(run.strong for run in runs if run.text.strip()):
            # Headings are bold by their style; that emphasis says nothing.
            runs = tuple(_merged(replace(run, strong=False) for run in runs))
        yield Heading(min(6, max(1, heading.level)), runs)


def _paragraphs(paragraph: Paragraph) -> Iterator[Block]:
    for runs in tidied_runs(paragraph.runs):
        stars = _STARS.fullmatch("".join(run.text for run in runs))
        yield Rule() if stars else Paragraph(runs)


def _quotes(quote: Quote, depth: int) -> Iterator[Block]:
    """Yield quotes of paragraphs only; lists, headings and code in them part the quote."""
    inner: list[Block] = []
    for block in _tidied(quote.blocks, depth):
        if isinstance(block, Paragraph):
            inner.append(block)
        elif isinstance(block, Quote):
            inner += block.blocks
        else:
            if inner:
                yield Quote(tuple(inner))
            inner = []
            yield block
    if inner:
        yield Quote(tuple(inner))


def _list(block: ItemList, depth: int) -> Iterator[Block]:
    if depth >= MAX_LIST_DEPTH:
        for item in block.items:
            yield from _tidied(item, depth)
        return
    items = tuple(found for item in block.items for found in _items(item, depth + 1))
    if items:
        start = min(max(0, block.start), 999_999_999) if block.ordered else 1
        yield ItemList(items, block.ordered, start)


def _items(item: Iterable[Block], depth: int) -> Iterator[tuple[Block, ...]]:
    """Yield an item that begins with text; a list right at its beginning gives its items up."""
    found: list[Block] = []
    for block in _joined(_in_item(_tidied(item, depth))):
        if isinstance(block, ItemList) and not found:
            yield from block.items
        else:
            found.append(block)
    if found:
        yield tuple(found)


def _in_item(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Heading():
                stars = _STARS.fullmatch(plain_text(block.runs))
                yield Paragraph((Run(STARS),) if stars else block.runs)
            case Quote():
                yield from block.blocks
            case Rule():
                yield Paragraph((Run(STARS),))
            case _:
                yield block


def _joined(blocks: Iterable[Block]) -> list[Block]:
    """Return blocks with neighbours joined that no format can tell apart."""
    result: list[Block] = []
    for block in blocks:
        last = result[-1] if result else None
        if isinstance(last, Quote) and isinstance(block, Quote):
            result[-1] = Quote(last.blocks + block.blocks)
        elif isinstance(last, Code) and isinstance(block, Code):
            result[-1] = Code(last.text + "\n" + block.text)
        elif (
            isinstance(last, ItemList)
            and isinstance(block, ItemList)
            and not (last.ordered or block.ordered)
        ):
            result[-1] = ItemList(last.items + block.items)
        else:
            result.append(block)
    return result

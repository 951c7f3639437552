"""Blocks to Markdown that reads back as the same blocks, with as few marks as that takes.

Markdown's rules for emphasis depend on the letters around it, so each paragraph is written the
plainest way first, read back, and written more carefully only when it came back different.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from studio.documents.export.blocks import (
    Block,
    Code,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Rule,
    Run,
    tidied,
)
from studio.documents.export.markdown_reader import read_markdown

Escape = Callable[[str], str]

MAX_CHECKED_CHARACTERS = 20_000
"""Longer paragraphs are written carefully at once: reading one takes the square of its length."""

_SUSPICIOUS = re.compile(r"[\\`*_\[\]<&~]|^[#>+\-=:|]|^\d{1,9}[.)]|#$|://", re.MULTILINE)
_FEW = re.compile(r"([\\`*_]|\](?=[(:])|<(?=[A-Za-z][\w.+-]*:|[^\s<>]*@)|~(?=~)|&(?=#?\w+;))")
_MARKS = re.compile(r"([\\`*_\[\]<&~])")
_ALL = re.compile(r"([!-/:-@\[-`{-~])")
_LINE_START = re.compile(r"^(?:([#>+\-=~])|(\d{1,9})([.)]))", re.MULTILINE)
_STYLES = ("strong", "em", "strike")
_FRAME = "\ufdd0\ufdd1"  # no characters, and in no tidy text


def write_markdown(blocks: Sequence[Block]) -> str:
    """Return Markdown; ``read_markdown`` of it gives the tidied blocks."""
    lines = list(_lines(tidied(blocks)))
    return "\n".join(lines) + "\n" if lines else ""


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    other_mark = False
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if index else None
        if index:
            yield ""
        if isinstance(block, ItemList):
            alike = isinstance(before, ItemList) and before.ordered == block.ordered
            other_mark = alike and not other_mark
            yield from _list(block, other_mark)
        else:
            yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield "#" * block.level + " " + _inline(block)
        case Paragraph():
            yield from _inline(block).split("\n")
        case Code():
            longest = max((len(ticks) for ticks in re.findall("`{3,}", block.text)), default=2)
            yield "`" * (longest + 1)
            yield from block.text.split("\n")
            yield "`" * (longest + 1)
        case Rule():
            yield "***"
        case Quote():
            for line in _lines(block.blocks):
                yield f"> {line}".rstrip()


def _list(block: ItemList, other_mark: bool) -> Iterator[str]:
    """Yield a list; ``other_mark`` keeps it apart from the one before it."""
    tight = all(_fits_tightly(item) for item in block.items)
    for number, item in enumerate(block.items):
        if block.ordered:
            mark = f"{min(block.start + number, 999_999_999)}{')' if other_mark else '.'} "
        else:
            mark = "* " if other_mark else "- "
        if number and not tight:
            yield ""
        for index, line in enumerate(_item(item, tight)):
            indent = " " * len(mark) if index else mark
            yield (indent + line).rstrip()


def _fits_tightly(item: Sequence[Block]) -> bool:
    """Whether an item needs no empty lines: a paragraph, and lists that may follow one at once."""
    lists = [block for block in item[1:] if isinstance(block, ItemList)]
    return (
        isinstance(item[0], Paragraph)
        and len(lists) == len(item) - 1
        and not any(block.ordered and block.start != 1 for block in lists)
        and len(lists) < 2
    )


def _item(item: Sequence[Block], tight: bool) -> Iterator[str]:
    if not tight:
        yield from _lines(item)
        return
    for inner in item:
        yield from _list(inner, False) if isinstance(inner, ItemList) else _block(inner)


def _inline(block: Heading | Paragraph) -> str:
    """Return a block's text, as plainly as it reads back the same."""
    runs = block.runs
    text = _marked(runs, _unchanged, "*")
    if len(runs) == 1 and runs[0] == Run(text) and not _SUSPICIOUS.search(text):
        return text
    outside, both = _hidden(runs, False), _hidden(runs, True)
    if sum(len(run.text) for run in runs) > MAX_CHECKED_CHARACTERS:
        return _unframed(_marked(outside, _marks, "*"))
    for escape, em, shown in (
        (_unchanged, "*", runs),
        (_few, "*", runs),
        (_few, "_", runs),
        (_few, "*", outside),
        (_few, "_", outside),
        (_all, "*", outside),
        (_all, "_", outside),
        (_all, "*", both),
        (_all, "_", both),
    ):
        text = _unframed(_marked(shown, escape, em))
        whole = text if isinstance(block, Paragraph) else "#" * block.level + " " + text
        if read_markdown(whole) == (block,):
            return text
    return _all("".join(run.text for run in runs))  # the words matter more than their look


def _unchanged(text: str) -> str:
    return text


def _few(text: str) -> str:
    text = _FEW.sub(r"\\\1", text)
    return re.sub(r"(#+)$", r"\\\1", _LINE_START.sub(_guarded, text))


def _marks(text: str) -> str:
    """Return text with every character hidden that can be a mark."""
    text = _LINE_START.sub(_guarded, _MARKS.sub(r"\\\1", text))
    return re.sub(r"(#+)$", r"\\\1", text)


def _guarded(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"


def _all(text: str) -> str:
    return _ALL.sub(r"\\\1", text)


def _marked(runs: Sequence[Run], escape: Escape, em: str) -> str:
    """Return runs with their marks."""
    parts: list[str] = []
    index = 0
    while index < len(runs):
        name, end = _widest(runs, index)
        part = runs[index:end]
        if not name:
            parts.append(_code(part[0].text) if part[0].code else escape(part[0].text))
        elif name == "link":
            parts.append(_link(part, escape, em))
        else:
            mark = {"strong": "**", "em": em, "strike": "~~"}[name]
            before, inner, after = _trimmed([_without(run, name) for run in part])
            parts += (before, mark, _marked(inner, escape, em), mark, after)
        index = end
    return "".join(parts)


def _trimmed(runs: list[Run]) -> tuple[str, list[Run], str]:
    """Return runs less the white space at both ends, which marks must not touch."""
    first = runs[0].text
    before = first[: len(first) - len(first.lstrip())]
    runs[0] = replace(runs[0], text=first.lstrip())
    last = runs[-1].text
    after = last[len(last.rstrip()) :]
    runs[-1] = replace(runs[-1], text=last.rstrip())
    return before, [run for run in runs if run.text], after


def _without(run: Run, name: str) -> Run:
    return replace(
        run,
        strong=run.strong and name != "strong",
        em=run.em and name != "em",
        strike=run.strike and name != "strike",
    )


def _hidden(runs: Sequence[Run], both_sides: bool) -> list[Run]:
    """Return runs whose letters beside a mark are framed, to be written as entities.

    A mark beside a letter and a quotation mark is no emphasis in Markdown; beside the ``;`` or
    ``&`` of an entity it is. Letters outside of the emphasis suffice nearly always.
    """
    result = list(runs)
    for index in range(len(runs) - 1):
        one, two = (_styles(run) for run in runs[index : index + 2])
        if two - one or (both_sides and one - two):
            result[index] = _framed(result[index], -1)
        if one - two or (both_sides and two - one):
            result[index + 1] = _framed(result[index + 1], 0)
    return result


def _styles(run: Run) -> set[str]:
    return {name for name in _STYLES if getattr(run, name)}


def _framed(run: Run, place: int) -> Run:
    letter = run.text[place]
    if run.code or letter.isspace() or letter in _FRAME:
        return run
    framed = f"{_FRAME[0]}{ord(letter)}{_FRAME[1]}"
    text = framed + run.text[1:] if place == 0 else run.text[:-1] + framed
    return replace(run, text=text)


def _unframed(text: str) -> str:
    return text.replace(_FRAME[0], "&#").replace(_FRAME[1], ";")


def _widest(runs: Sequence[Run], index: int) -> tuple[str, int]:
    """Return the look of the run that reaches furthest, and the index after its last run."""
    best, reach = "", index + 1
    link = runs[index].link
    if link:
        best, reach = "link", _extent(runs, index, "link", link)
    for name in _STYLES:
        if getattr(runs[index], name):
            end = _extent(runs, index, name, True)
            if not best or end > reach:
                best, reach = name, end
    return best, reach


def _extent(runs: Sequence[Run], index: int, name: str, value: object) -> int:
    """Return the index after the last run in a row whose ``name`` is ``value``."""
    while index < len(runs) and getattr(runs[index], name) == value:
        index += 1
    return index


def _link(runs: Sequence[Run], escape: Escape, em: str) -> str:
    target = runs[0].link
    if len(runs) == 1 and runs[0] == Run(target, link=target):
        return f"<{target}>"
    words = _marked([replace(run, link="") for run in runs], escape, em)
    target = re.sub(r"([()&*_])", r"\\\1", target) if re.search(r"[()]|&\w+;", target) else target
    return f"[{words}]({target})"


def _code(text: str) -> str:
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return ticks + pad + text + pad + ticks

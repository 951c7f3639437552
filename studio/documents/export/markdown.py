"""Markdown to blocks and back.

Read by markdown-it-py without HTML. Two rules serve people who write rather than mark up: a line
end stays a line end, and an indented line is a paragraph, not code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.core.media import clean_text
from studio.documents.export.tree import Block, Kind, Run, merged, safe_link, trimmed

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_NESTING = 20

_SPECIAL_IN_LINKS = re.compile(r"([()&*_`])")
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~!])")


def parse(text: str) -> tuple[Block, ...]:
    """Return the blocks of a Markdown text; every text is one."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING * 2})
    reader.enable("strikethrough").disable(["code", "html_block", "html_inline", "reference"])
    return _Blocks(reader.parse(clean_text(text))).found()


def render(blocks: Sequence[Block]) -> str:
    """Return blocks as Markdown that :func:`parse` reads as the same blocks."""
    lines: list[str] = []
    lists = _Lists()
    previous: Block | None = None
    for block in blocks:
        if previous is not None and not _together(previous, block):
            lines.append("")
        if block.kind is not Kind.ITEM:
            lists.end()
        lines += _rendered(block, lists)
        previous = block
    return "\n".join(lines) + ("\n" if lines else "")


def _together(one: Block, two: Block) -> bool:
    """Return whether two blocks follow each other without an empty line."""
    items = one.kind is two.kind is Kind.ITEM
    return items and (one.level != two.level or one.ordered == two.ordered)


class _Lists:
    """Numbers and indents of the lists that are open."""

    def __init__(self) -> None:
        self._open: list[tuple[bool, int]] = []
        self._indents = [0]

    def end(self) -> None:
        self._open.clear()
        del self._indents[1:]

    def marks(self, block: Block) -> tuple[str, str]:
        """Return what stands before an item's first line and before its others."""
        level = min(block.level, len(self._open))
        del self._open[level + 1 :]
        if len(self._open) == level or self._open[level][0] != block.ordered:
            self._open[level:] = [(block.ordered, 0)]
        number = self._open[level][1] + 1
        self._open[level] = (block.ordered, number)
        indent = " " * self._indents[level]
        mark = f"{number}. " if block.ordered else "- "
        self._indents[level + 1 :] = [len(indent) + len(mark)]
        return indent + mark, indent + " " * len(mark)


class _Blocks:
    """Turns markdown-it's flat list of tokens into blocks."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._blocks: list[Block] = []
        self._lists: list[bool] = []
        self._quotes = 0
        self._new_item = False
        self._heading = 0
        for token in tokens:
            self._take(token)

    def found(self) -> tuple[Block, ...]:
        return tuple(self._blocks)

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind in ("bullet_list_open", "ordered_list_open"):
            self._lists.append(kind.startswith("ordered"))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
        elif kind == "list_item_open":
            self._new_item = True
        elif kind == "list_item_close" and self._new_item:
            self._add(())
        elif kind == "blockquote_open":
            self._quotes += 1
        elif kind == "blockquote_close":
            self._quotes -= 1
        elif kind == "heading_open":
            self._heading = int(token.tag[1:])
        elif kind == "inline":
            self._add(_runs(token.children or []))
        elif kind == "fence":
            self._blocks.append(Block(Kind.CODE, merged([Run(token.content.rstrip("\n"))])))
            self._new_item = False
        elif kind == "hr":
            self._blocks.append(Block(Kind.RULE))
            self._new_item = False

    def _add(self, runs: tuple[Run, ...]) -> None:
        if self._heading:
            self._blocks.append(Block(Kind.HEADING, runs, self._heading))
        elif self._new_item:
            level = len(self._lists) - 1
            self._blocks.append(Block(Kind.ITEM, runs, level, self._lists[-1]))
        elif self._quotes:
            self._blocks.append(Block(Kind.QUOTE, runs))
        else:
            self._blocks.append(Block(Kind.PARAGRAPH, runs))
        self._heading, self._new_item = 0, False


def _runs(children: Sequence[Token]) -> tuple[Run, ...]:
    look, runs = Run(""), list[Run]()
    switches = {"strong": "bold", "em": "italic", "s": "strike"}
    for token in children:
        name, _, end = token.type.rpartition("_")
        if name in switches and end in ("open", "close"):
            look = look.styled({switches[name]: end == "open"})
        elif token.type == "link_open":
            look = replace(look, link=safe_link(str(token.attrs.get("href", ""))))
        elif token.type == "link_close":
            look = replace(look, link="")
        elif token.type in ("softbreak", "hardbreak"):
            runs.append(replace(look, text="\n"))
        elif token.type == "code_inline":
            runs.append(replace(look, text=token.content, code=True))
        elif token.type == "image":  # only its description: pictures are never fetched
            runs.append(replace(look, text=token.content))
        else:
            runs.append(replace(look, text=token.content))
    return trimmed(runs)


def _rendered(block: Block, lists: _Lists) -> list[str]:
    if block.kind is Kind.RULE:
        return ["---"]
    if block.kind is Kind.CODE:
        longest = max((len(ticks) for ticks in re.findall("`{3,}", block.text)), default=2)
        fence = "`" * (longest + 1)
        return [fence, *block.text.split("\n"), fence]
    lines = [_guarded(line.strip()) for line in _inline(block.runs).split("\n") if line.strip()]
    if block.kind is Kind.HEADING:
        return ["#" * max(1, min(6, block.level)) + " " + _closed(" ".join(lines))]
    if block.kind is Kind.QUOTE:
        return ["> " + line for line in lines]
    if block.kind is Kind.ITEM:
        first, others = lists.marks(block)
        lines = lines or [""]
        return [(first + lines[0]).rstrip(), *(others + line for line in lines[1:])]
    return lines


def _guarded(line: str) -> str:
    """Return a line that does not begin a heading, a list, a quote or a rule."""
    number = re.match(r"(\d{1,9})([.)])", line)
    if number:
        return f"{number[1]}\\{line[number.end(1) :]}"
    return "\\" + line if line[0] in "#>+=-" else line


def _closed(heading: str) -> str:
    """Return a heading's text whose last marks are not taken for its closing ones."""
    return re.sub(r"(#+)$", r"\\\1", heading)


def _inline(runs: Sequence[Run]) -> str:
    parts: list[str] = []
    for run in runs:
        if run.link:
            target = run.link
            for character in "\\<>":
                target = target.replace(character, f"%{ord(character):02X}")
            target = _SPECIAL_IN_LINKS.sub(r"\\\1", target)
            parts.append(f"[{_marked(run)}]({target})")
        else:
            parts.append(_marked(run))
    return "".join(parts)


def _marked(run: Run) -> str:
    """Return the text between its marks; white space at its ends stays outside them."""
    body = run.text.strip()
    if not body:
        return run.text
    before = run.text[: len(run.text) - len(run.text.lstrip())]
    after = run.text[len(run.text.rstrip()) :]
    if run.code:
        longest = max((len(ticks) for ticks in re.findall("`+", body)), default=0)
        ticks = "`" * (longest + 1)
        pad = " " if body[0] == "`" or body[-1] == "`" else ""
        inner = ticks + pad + body.replace("\n", " ") + pad + ticks
    else:
        inner = _SPECIAL.sub(r"\\\1", body)
    mark = ("**" if run.bold else "") + ("*" if run.italic else "")
    strike = "~~" if run.strike else ""
    return before + strike + mark + inner + mark[::-1] + strike + after

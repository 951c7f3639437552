"""Markdown to blocks, with markdown-it-py; HTML in it is text.

Two rules serve people who write rather than mark up: a line end stays a line end, and an
indented line is a paragraph, not code. Decision:
packaging/docs/decisions/0055-exchange-of-texts.md.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.core.media import clean_text
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
from studio.documents.export.links import safe_link

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_NESTING = 60
"""Levels of markdown-it, two for a list and one for a quote; deeper text stays text."""


def read_markdown(text: str) -> tuple[Block, ...]:
    """Return the tidy blocks of a Markdown text; every text is one."""
    tokens = _parser().parse(clean_text(text))
    blocks, _ = _blocks(tokens, 0)
    return tidied(blocks)


@functools.cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    parser.enable("strikethrough").disable("code")
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # safe_link decides
    return parser


def _blocks(tokens: Sequence[Token], position: int) -> tuple[list[Block], int]:
    """Return the blocks up to the token that closes them, and where that stands."""
    found: list[Block] = []
    while position < len(tokens) and tokens[position].nesting >= 0:
        token = tokens[position]
        position += 1
        if token.type in ("paragraph_open", "heading_open"):
            runs = _runs(tokens[position].children or ())
            heading = token.type == "heading_open"
            found.append(Heading(int(token.tag[1:]), runs) if heading else Paragraph(runs))
            position += 2
        elif token.type in ("fence", "code_block"):
            found.append(Code(token.content))
        elif token.type == "hr":
            found.append(Rule())
        elif token.nesting == 1:
            inner, position = _container(token, tokens, position)
            found.append(inner)
    return found, position


def _container(token: Token, tokens: Sequence[Token], position: int) -> tuple[Block, int]:
    """Return the quote or list that ``token`` opens, and where what follows it begins."""
    if token.type == "blockquote_open":
        blocks, position = _blocks(tokens, position)
        return Quote(tuple(blocks)), position + 1
    items: list[tuple[Block, ...]] = []
    while tokens[position].type == "list_item_open":
        blocks, position = _blocks(tokens, position + 1)
        items.append(tuple(blocks))
        position += 1
    start = int(token.attrs.get("start", 1))
    return ItemList(tuple(items), token.type == "ordered_list_open", start), position + 1


def _runs(children: Sequence[Token]) -> tuple[Run, ...]:
    runs: list[Run] = []
    depth = {"strong": 0, "em": 0, "s": 0}
    link = ""
    for token in children:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in depth:
            depth[name] += token.nesting
            continue
        if name == "link":
            link = safe_link(str(token.attrs.get("href", ""))) if token.nesting == 1 else ""
            continue
        look = Run("", depth["strong"] > 0, depth["em"] > 0, depth["s"] > 0, link=link)
        if token.type in ("softbreak", "hardbreak"):
            runs.append(replace(look, text="\n"))
        elif token.type == "code_inline":
            runs.append(replace(look, text=token.content, code=True))
        elif token.type == "image":  # its description: pictures are never fetched
            runs += [replace(look, text=run.text) for run in _runs(token.children or ())]
        else:
            runs.append(replace(look, text=token.content))
    return tuple(runs)

"""Blocks to HTML: a page of its own, or the inside of one (for EPUB); XML as well as HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

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
    writable,
)

STYLE = """body { font-family: serif; line-height: 1.5; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; break-after: avoid; }
pre { white-space: pre-wrap; }
hr { border: 0; border-top: 1px solid; margin: 2em auto; width: 30%; }
"""

_TAGS = (("code", "code"), ("em", "em"), ("strong", "strong"), ("strike", "s"))

HeadingId = Callable[[Heading], str]


def write_html(
    blocks: Sequence[Block], *, title: str = "", author: str = "", language: str = "en"
) -> str:
    """Return a whole page that loads nothing."""
    named = f'<meta name="author" content="{attribute(author)}"/>\n' if author else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{attribute(language)}">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\"/>\n"
        '<meta name="viewport" content="width=device-width"/>\n'
        f"{named}<title>{content(title)}</title>\n"
        f"<style>\n{STYLE}body {{ max-width: 40em; margin: 2em auto; padding: 0 1em; }}\n"
        f"</style>\n</head>\n<body>\n{body(blocks)}</body>\n</html>\n"
    )


def body(blocks: Sequence[Block], heading_id: HeadingId = lambda heading: "") -> str:
    """Return blocks as elements, one after the other.

    Args:
        blocks: The text.
        heading_id: Gives a heading the id it gets; empty for none.
    """
    return "".join(_element(block, heading_id) for block in tidied(blocks))


def content(text: str) -> str:
    """Return text as the content of an element."""
    return escape(writable(text), quote=False)


def attribute(text: str) -> str:
    """Return text as the value of an attribute."""
    return escape(writable(text))


def _element(block: Block, heading_id: HeadingId) -> str:
    match block:
        case Heading():
            name = heading_id(block)
            marked = f' id="{name}"' if name else ""
            return f"<h{block.level}{marked}>{_inline(block.runs)}</h{block.level}>\n"
        case Paragraph():
            return f"<p>{_inline(block.runs)}</p>\n"
        case Code():
            return f"<pre><code>\n{content(block.text)}</code></pre>\n"
        case Quote():
            inner = "".join(_element(part, heading_id) for part in block.blocks)
            return f"<blockquote>\n{inner}</blockquote>\n"
        case ItemList():
            return _list(block, heading_id)
        case Rule():
            return "<hr/>\n"


def _list(block: ItemList, heading_id: HeadingId) -> str:
    tag = "ol" if block.ordered else "ul"
    start = f' start="{block.start}"' if block.ordered and block.start != 1 else ""
    items = "".join(f"<li>{_item(item, heading_id)}</li>\n" for item in block.items)
    return f"<{tag}{start}>\n{items}</{tag}>\n"


def _item(item: Sequence[Block], heading_id: HeadingId) -> str:
    first, *others = item
    rest = "".join(_element(block, heading_id) for block in others)
    if isinstance(first, Paragraph) and not any(isinstance(part, Paragraph) for part in others):
        return _inline(first.runs) + ("\n" + rest if rest else "")
    return "\n" + _element(first, heading_id) + rest


def _inline(runs: Sequence[Run]) -> str:
    parts: list[str] = []
    index = 0
    while index < len(runs):
        link, inner = runs[index].link, ""
        while index < len(runs) and runs[index].link == link:
            inner += _run(runs[index])
            index += 1
        parts.append(f'<a href="{attribute(link)}">{inner}</a>' if link else inner)
    return "".join(parts)


def _run(run: Run) -> str:
    text = content(run.text).replace("\n", "<br/>\n")
    for name, tag in _TAGS:
        if getattr(run, name):
            text = f"<{tag}>{text}</{tag}>"
    return text

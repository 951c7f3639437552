"""HTML and XHTML: written for the web, EPUB and Qt's writers; read with nothing ever fetched."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

from studio.core.media import clean_text
from studio.documents.export.tree import Block, Kind, Run, merged, safe_link, trimmed

_TAGS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "cite": "italic"}
_TAGS |= {"code": "code", "tt": "code", "kbd": "code", "s": "strike", "del": "strike"}
_TAGS |= {"strike": "strike"}
_BREAKING = {"p", "div", "section", "article", "header", "footer", "main", "body", "tr", "table"}
_BREAKING |= {"blockquote", "ul", "ol", "li", "pre", "dl", "dt", "dd", "figure", "td", "th", "hr"}
_BREAKING |= {f"h{level}" for level in range(1, 7)}
_HIDDEN = {"script", "style", "head", "template", "noscript", "svg", "math", "object", "iframe"}
_EMPTY = {"br", "hr", "img", "meta", "link", "input", "wbr", "source", "col", "embed", "area"}

_SPACE = re.compile(r"[ \t\n\r\f]+")


def body(blocks: Sequence[Block]) -> str:
    """Return blocks as the inside of an XHTML body."""
    parts: list[str] = []
    depth: list[str] = []
    for index, block in enumerate(blocks):
        if block.kind is Kind.ITEM:
            _open_lists(parts, depth, block)
        else:
            _close_lists(parts, depth, 0)
        parts.append(_element(block, index))
    _close_lists(parts, depth, 0)
    return "\n".join(part for part in parts if part)


def page(blocks: Sequence[Block], title: str) -> str:
    """Return a whole HTML page."""
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8"/>\n'
        f"<title>{html.escape(title)}</title>\n</head>\n<body>\n{body(blocks)}\n</body>\n</html>\n"
    )


def parse(text: str) -> tuple[Block, ...]:
    """Return the blocks of an HTML text; scripts, styles, forms and pictures are left out."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.found()


def xml_safe(text: str) -> str:
    """Return ``text`` without the characters XML has no place for."""
    return "".join(c for c in text if c >= " " or c in "\t\n").translate({0xFFFE: "", 0xFFFF: ""})


def _escaped(text: str) -> str:
    return html.escape(xml_safe(text)).replace("\n", "<br/>")


def _inline(runs: Sequence[Run]) -> str:
    parts: list[str] = []
    for run in runs:
        text = _escaped(run.text)
        for wanted, tag in (
            (run.code, "code"),
            (run.italic, "em"),
            (run.bold, "strong"),
            (run.strike, "del"),
        ):
            text = f"<{tag}>{text}</{tag}>" if wanted else text
        link = safe_link(run.link)
        parts.append(f'<a href="{html.escape(link)}">{text}</a>' if link else text)
    return "".join(parts)


def _element(block: Block, index: int) -> str:
    inner = _inline(block.runs)
    match block.kind:
        case Kind.HEADING:
            level = max(1, min(6, block.level))
            return f'<h{level} id="part-{index}">{inner}</h{level}>'
        case Kind.QUOTE:
            return f"<blockquote><p>{inner}</p></blockquote>"
        case Kind.CODE:
            return f"<pre><code>{html.escape(xml_safe(block.text))}</code></pre>"
        case Kind.RULE:
            return "<hr/>"
        case Kind.ITEM:
            return inner
        case _:
            return f"<p>{inner}</p>"


def _open_lists(parts: list[str], depth: list[str], block: Block) -> None:
    """Bring the open lists to the item's level; each open list has one open item."""
    tag = "ol" if block.ordered else "ul"
    _close_lists(parts, depth, block.level + 1)
    if len(depth) == block.level + 1:
        if depth[-1] == tag:
            parts.append("</li>\n<li>")
            return
        _close_lists(parts, depth, block.level)
    while len(depth) < block.level + 1:
        parts.append(f"<{tag}>\n<li>")
        depth.append(tag)


def _close_lists(parts: list[str], depth: list[str], keep: int) -> None:
    while len(depth) > keep:
        parts.append(f"</li>\n</{depth.pop()}>")


class _Reader(HTMLParser):
    """Collects blocks; unknown tags count as their text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Block] = []
        self._runs: list[Run] = []
        self._looks: list[tuple[str, Run]] = []
        self._lists: list[bool] = []
        self._hidden = 0
        self._heading = self._quotes = self._pre = 0
        self._item = False

    def found(self) -> tuple[Block, ...]:
        self._end_block()
        return tuple(self._blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if self._hidden:
            return
        if tag in _BREAKING:
            self._end_block()
            self._start_block(tag)
        elif tag == "br":
            self._runs.append(replace(self._look, text="\n"))
        elif tag not in _EMPTY:
            self._looks.append((tag, self._looked(tag, dict(attrs))))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif self._hidden or tag in _EMPTY:
            return
        elif tag in _BREAKING:
            self._end_block()
            self._finish_block(tag)
        else:
            self._close_look(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        text = clean_text(data)
        if not self._pre:
            text = _SPACE.sub(" ", text)
            before = self._runs[-1].text[-1:] if self._runs else "\n"
            if before in (" ", "\n"):
                text = text.lstrip(" ")
        if text:
            self._runs.append(
                replace(self._look, text=text, code=self._look.code and not self._pre)
            )

    @property
    def _look(self) -> Run:
        return self._looks[-1][1] if self._looks else Run("")

    def _looked(self, tag: str, attrs: dict[str, str | None]) -> Run:
        look = self._look
        if tag in _TAGS:
            look = look.styled({_TAGS[tag]: True})
        style = (attrs.get("style") or "").replace(" ", "").lower()
        if "font-weight:" in style:
            weight = style.partition("font-weight:")[2].partition(";")[0]
            look = replace(look, bold=weight.startswith("bold") or weight in ("600", "700", "800"))
        if "font-style:italic" in style:
            look = replace(look, italic=True)
        if "line-through" in style:
            look = replace(look, strike=True)
        if tag == "a":
            look = replace(look, link=safe_link(attrs.get("href") or ""))
        return look

    def _close_look(self, tag: str) -> None:
        for index in range(len(self._looks) - 1, -1, -1):
            if self._looks[index][0] == tag:
                del self._looks[index:]
                return

    def _start_block(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._lists.append(tag == "ol")
        elif tag == "li":
            self._item = True
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "pre":
            self._pre += 1
        elif tag == "hr":
            self._blocks.append(Block(Kind.RULE))
        elif len(tag) == 2 and tag[1].isdigit():
            self._heading = int(tag[1])

    def _finish_block(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._item = False
        elif tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif len(tag) == 2 and tag[1].isdigit():
            self._heading = 0

    def _end_block(self) -> None:
        runs, self._runs = self._runs, []
        if self._pre:
            code = "".join(run.text for run in runs).strip("\n")
            if code:
                self._blocks.append(Block(Kind.CODE, (Run(code),)))
            return
        kept = _lines_trimmed(trimmed(runs))
        if not kept:
            return
        if self._heading:
            self._blocks.append(Block(Kind.HEADING, kept, self._heading))
        elif self._item and self._lists:
            level = len(self._lists) - 1
            self._blocks.append(Block(Kind.ITEM, kept, level, self._lists[-1]))
            self._item = False
        else:
            self._blocks.append(Block(Kind.QUOTE if self._quotes else Kind.PARAGRAPH, kept))


def _lines_trimmed(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    return merged(replace(run, text=re.sub(r" *\n *", "\n", run.text)) for run in runs)

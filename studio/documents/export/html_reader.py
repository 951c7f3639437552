"""HTML to blocks: words, emphasis, lists and links; scripts, styles and pictures are dropped.

Nothing in a page is run, shown or fetched.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field

from studio.documents.export.blocks import (
    Block,
    Code,
    Found,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Rule,
    Run,
    tidied,
)
from studio.documents.export.html_scanner import Tag, scan, unescape
from studio.documents.export.links import safe_link

MAX_DEPTH = 40
MAX_INLINE_DEPTH = 200

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# fmt: off
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "body", "caption", "center", "dd", "details", "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "html",
        "main", "nav", "p", "section", "summary", "table", "tbody", "tfoot", "thead", "tr",
    }
)
# fmt: on
_FRAMES = frozenset({"ul", "ol", "li", "blockquote"})
_INLINE = {
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "em"),
    **dict.fromkeys(("s", "strike", "del"), "strike"),
    **dict.fromkeys(("code", "tt", "kbd", "samp"), "code"),
    **dict.fromkeys(("a", "span", "font", "u", "small", "sub", "sup", "q"), ""),
}
_DROPPED = frozenset({"svg", "math", "template", "select", "audio", "video", "object", "canvas"})
_EMPTY_ELEMENTS = frozenset({"br", "hr", "img", "wbr", "input", "meta", "link", "col", "source"})
_SPACE = re.compile(r"[ \t\n\r\f]+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_:.-]{2,40})""", re.I)
_LEGACY = re.compile(r"(?:iso8859|cp125|cp93|cp94|cp95|koi8|mac|euc|shift_jis|gb|big5).*", re.I)


def read_html(text: str) -> Found:
    """Return what a page holds; every text is one."""
    builder = _Builder()
    for piece in scan(text):
        if isinstance(piece, str):
            builder.words.append(piece)
        else:
            builder.add_tag(piece)
    return Found(builder.finished(), builder.title, frozenset(builder.left_out))


def decoded_html(data: bytes) -> str | None:
    """Return a page's text in the encoding that it names; ``None`` when that is for others."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    named = _CHARSET.search(data[:4096])
    if named is None or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    try:
        encoding = codecs.lookup(named[1].decode("ascii")).name
    except LookupError:
        return None
    return data.decode(encoding, "replace") if _LEGACY.fullmatch(encoding) else None


@dataclass
class _Frame:
    """An element that holds blocks, or a list that holds items."""

    tag: str
    blocks: list[Block] = field(default_factory=list)
    items: list[tuple[Block, ...]] = field(default_factory=list)
    start: int = 1


class _Builder:
    """Takes tags and words in their order, and makes blocks of them."""

    def __init__(self) -> None:
        self.title = ""
        self.left_out: set[str] = set()
        self.words: list[str] = []
        self._frames = [_Frame("body")]
        self._too_deep: Counter[str] = Counter()
        self._runs: list[Run] = []
        self._inline: list[tuple[str, frozenset[str], str]] = []
        self._looks: Counter[str] = Counter()
        self._heading = 0
        self._pre = 0
        self._dropped = ""
        self._dropped_depth = 0

    def finished(self) -> tuple[Block, ...]:
        self._take_words()
        self._flush()
        while len(self._frames) > 1:
            self._close_frame()
        return tidied(self._frames[0].blocks)

    def _take_words(self) -> None:
        """Make the words since the last tag a run of the look that is on."""
        text = "".join(self.words)
        self.words.clear()
        if self._dropped or not text:
            return
        if not self._pre:
            text = _SPACE.sub(" ", text)
        links = [link for _, _, link in self._inline if link]
        looks = self._looks
        self._runs.append(
            Run(
                text,
                looks["strong"] > 0,
                looks["em"] > 0,
                looks["strike"] > 0,
                looks["code"] > 0 and not self._pre,
                links[-1] if links else "",
            )
        )

    def add_tag(self, tag: Tag) -> None:
        self._take_words()
        name = tag.name
        if self._dropped:
            self._dropped_depth += (name == self._dropped) * (tag.opens - tag.closes)
            self._dropped = self._dropped if self._dropped_depth > 0 else ""
        elif name in _DROPPED:
            self.left_out.add("pictures")
            if tag.opens and not tag.closes:
                self._dropped, self._dropped_depth = name, 1
        elif name == "title":
            self.title = self.title or " ".join(unescape(tag.raw).split())
        elif name in _EMPTY_ELEMENTS:
            self._empty_element(name)
        elif name in _INLINE:
            self._inline_tag(tag)
        elif name in _FRAMES:
            self._frame_tag(tag)
        elif name in _HEADINGS or name in _BLOCKS or name == "pre":
            self._block_tag(tag)
        elif name in ("td", "th"):
            self._cell(tag)

    def _empty_element(self, name: str) -> None:
        if name == "br":
            self._runs.append(Run("\n"))
        elif name == "img":
            self.left_out.add("pictures")
        elif name == "hr":
            self._flush()
            self._add(Rule())

    def _cell(self, tag: Tag) -> None:
        self.left_out.add("tables")
        if tag.opens and any(run.text.strip() for run in self._runs):
            self._runs.append(Run(" | "))

    def _block_tag(self, tag: Tag) -> None:
        self._flush()
        opened = tag.opens and not tag.closes
        if tag.name in _HEADINGS:
            self._heading = _HEADINGS[tag.name] if opened else 0
        elif tag.name == "pre":
            self._pre = max(0, self._pre + (1 if opened else -1))

    def _inline_tag(self, tag: Tag) -> None:
        if tag.opens and tag.closes:
            return
        if tag.opens:
            if len(self._inline) < MAX_INLINE_DEPTH:
                looks = _looks_of(tag)
                link = safe_link(tag.attributes.get("href", "")) if tag.name == "a" else ""
                self._inline.append((tag.name, looks, link))
                self._looks.update(looks)
            return
        for index in range(len(self._inline) - 1, -1, -1):
            if self._inline[index][0] == tag.name:
                self._looks.subtract(self._inline.pop(index)[1])
                return

    def _frame_tag(self, tag: Tag) -> None:
        self._flush()
        name = tag.name
        if tag.opens and not tag.closes:
            if name == "li":
                self._close_to("li", within=("ul", "ol"))
            if len(self._frames) >= MAX_DEPTH:
                self._too_deep[name] += 1
            else:
                start = tag.attributes.get("start", "1")
                number = int(start) if start.isascii() and start.isdigit() else 1
                self._frames.append(_Frame(name, start=min(number, 999_999_999)))
        elif tag.opens:
            return
        elif self._too_deep[name]:
            self._too_deep[name] -= 1
        else:
            self._close_to(name, within=("ul", "ol") if name == "li" else ())

    def _close_to(self, name: str, within: tuple[str, ...]) -> None:
        """Close frames up to the innermost one called ``name``, if it is open."""
        for index in range(len(self._frames) - 1, 0, -1):
            if self._frames[index].tag == name:
                while len(self._frames) > index:
                    self._close_frame()
                return
            if self._frames[index].tag in within:
                return

    def _close_frame(self) -> None:
        frame = self._frames.pop()
        if frame.tag in ("ul", "ol"):
            self._add(ItemList(tuple(frame.items), frame.tag == "ol", frame.start))
        elif frame.tag == "blockquote":
            self._add(Quote(tuple(frame.blocks)))
        elif self._frames[-1].tag in ("ul", "ol"):
            self._frames[-1].items.append(tuple(frame.blocks))
        else:  # an item outside of any list
            self._frames[-1].blocks += frame.blocks

    def _add(self, block: Block) -> None:
        frame = self._frames[-1]
        if frame.tag not in ("ul", "ol"):
            frame.blocks.append(block)
        elif isinstance(block, ItemList) and frame.items:
            frame.items[-1] += (block,)
        else:
            frame.items.append((block,))

    def _flush(self) -> None:
        """End the paragraph, heading or piece of code that was going on."""
        runs, self._runs = tuple(self._runs), []
        if not any(run.text.strip() for run in runs):
            return
        if self._pre:
            self._add(Code("".join(run.text for run in runs)))
        elif self._heading:
            self._add(Heading(self._heading, runs))
        else:
            self._add(Paragraph(runs))


def _looks_of(tag: Tag) -> frozenset[str]:
    """Return an element's looks, those of its style attribute as well."""
    looks = {_INLINE[tag.name]} - {""}
    for declaration in tag.attributes.get("style", "").lower().split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font-weight":
            bold = value.startswith("bold") or (value.isdigit() and len(value) < 5 and value >= "6")
            looks = looks | {"strong"} if bold else looks - {"strong"}
        elif name == "font-style":
            looks = looks | {"em"} if value.startswith(("italic", "oblique")) else looks - {"em"}
        elif name.startswith("text-decoration") and "line-through" in value:
            looks |= {"strike"}
    return frozenset(looks)

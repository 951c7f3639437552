"""OpenDocument texts to blocks: an own reader, since Qt writes the format and cannot read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element

from studio.documents.export.blocks import (
    Block,
    Code,
    Found,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Run,
    tidied,
)
from studio.documents.export.container import Container
from studio.documents.export.links import safe_link
from studio.documents.export.xml_reader import read_xml, read_xml_if_there

_URN = "{urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _STYLE, _OFFICE = _URN + "text:1.0}", _URN + "style:1.0}", _URN + "office:1.0}"
_TABLE, _DRAW, _FO = _URN + "table:1.0}", _URN + "drawing:1.0}", _URN + "xsl-fo-compatible:1.0}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_LEFT_OUT = {
    f"{_TEXT}note": "notes",
    f"{_OFFICE}annotation": "comments",
    f"{_TEXT}tracked-changes": "changes",
    f"{_DRAW}frame": "pictures",
    f"{_DRAW}g": "pictures",
    f"{_DRAW}custom-shape": "pictures",
}
_SILENT = frozenset(
    _TEXT + name
    for name in (
        "table-of-content",
        "alphabetical-index",
        "illustration-index",
        "sequence-decls",
        "variable-decls",
        "user-field-decls",
    )
)
_SPACE = str.maketrans("\t\n\r", "   ")
_CODE_STYLE = "Source_20_Text"


@dataclass(frozen=True)
class _Style:
    """A style: what it says itself, and which one it builds on."""

    parent: str
    strong: bool | None
    em: bool | None
    strike: bool | None


def read_odt(path: Path) -> Found:
    """Return what an OpenDocument text holds.

    Raises:
        BadInputError: Damaged, locked, too large, or something else.
        StorageError: The system does not let us read it.
    """
    container = Container(path)
    if "content.xml" not in container:
        raise container.refused("it is not an OpenDocument text")
    content = read_xml(container, "content.xml")
    body = content.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise container.refused("it is locked with a password, or not a text")
    reader = _Reader(read_xml_if_there(container, "styles.xml"), content)
    blocks = tidied(reader.blocks(body))
    meta = read_xml_if_there(container, "meta.xml")
    title = meta.findtext(f"{_OFFICE}meta/{_TITLE}") or ""
    return Found(blocks, title, frozenset(reader.left_out))


class _Reader:
    """Knows the styles of one document and turns its elements into blocks."""

    def __init__(self, *roots: Element) -> None:
        self.left_out: set[str] = set()
        self._styles: dict[tuple[str, str], _Style] = {}
        self._lists: dict[str, tuple[frozenset[int], dict[int, int]]] = {}
        for root in roots:
            for style in root.iter(f"{_STYLE}style"):
                key = (style.get(f"{_STYLE}family", ""), style.get(f"{_STYLE}name", ""))
                self._styles[key] = _style(style)
            for style in root.iter(f"{_TEXT}list-style"):
                self._lists[style.get(f"{_STYLE}name", "")] = _levels(style)

    def blocks(self, parent: Element, level: int = 1, list_style: str = "") -> Iterator[Block]:
        """Yield the blocks in an element; sections and unknown containers are looked into."""
        for child in parent:
            if child.tag in _LEFT_OUT:
                self.left_out.add(_LEFT_OUT[child.tag])
            elif child.tag == f"{_TEXT}h":
                depth = _number(child.get(f"{_TEXT}outline-level", ""), 1)
                yield Heading(depth, tuple(self._runs(child, Run(""))))
            elif child.tag == f"{_TEXT}p":
                yield self._paragraph(child)
            elif child.tag == f"{_TEXT}list":
                yield self._list(child, level, list_style)
            elif child.tag == f"{_TABLE}table":
                self.left_out.add("tables")
                yield from self._table(child)
            elif child.tag not in _SILENT:
                yield from self.blocks(child, level, list_style)

    def _paragraph(self, element: Element) -> Block:
        runs = tuple(self._runs(element, Run("")))
        for name in self._chain("paragraph", element.get(f"{_TEXT}style-name", "")):
            if name.startswith(("Preformatted", "Code")):
                return Code("".join(run.text for run in runs))
            if name.startswith(("Quotations", "Quote")):
                return Quote((Paragraph(runs),))
            if name in ("Title", "Heading") or name.startswith("Heading_20_"):
                return Heading(_number(name.rpartition("_")[2], 1), runs)
        return Paragraph(runs)

    def _list(self, element: Element, level: int, inherited: str) -> ItemList:
        style = element.get(f"{_TEXT}style-name", inherited)
        numbered, starts = self._lists.get(style, (frozenset(), {}))
        start = starts.get(level, 1)
        items: list[tuple[Block, ...]] = []
        for child in element:
            if child.tag in (f"{_TEXT}list-item", f"{_TEXT}list-header"):
                if not items:
                    start = _number(child.get(f"{_TEXT}start-value", ""), start)
                items.append(tuple(self.blocks(child, level + 1, style)))
        return ItemList(tuple(items), level in numbered, start)

    def _table(self, table: Element) -> Iterator[Block]:
        """Yield a table's rows as lines; the cells of a row stand beside each other."""
        for row in table.iter(f"{_TABLE}table-row"):
            runs: list[Run] = []
            for paragraph in row.iter(f"{_TEXT}p"):
                found = list(self._runs(paragraph, Run("")))
                if any(run.text.strip() for run in found):
                    runs += [Run(" | "), *found] if runs else found
            yield Paragraph(tuple(runs))

    def _runs(self, element: Element, look: Run) -> Iterator[Run]:
        yield replace(look, text=(element.text or "").translate(_SPACE))
        for child in element:
            yield from self._inline(child, look)
            yield replace(look, text=(child.tail or "").translate(_SPACE))

    def _inline(self, child: Element, look: Run) -> Iterator[Run]:
        if child.tag in _LEFT_OUT:
            self.left_out.add(_LEFT_OUT[child.tag])
        elif child.tag == f"{_TEXT}line-break":
            yield replace(look, text="\n")
        elif child.tag == f"{_TEXT}tab":
            yield replace(look, text="\t")
        elif child.tag == f"{_TEXT}s":
            count = min(_number(child.get(f"{_TEXT}c", ""), 1), 1000)
            yield replace(look, text=" " * count)
        elif child.tag == f"{_TEXT}a":
            yield from self._runs(child, replace(look, link=safe_link(child.get(_HREF, ""))))
        elif child.tag == f"{_TEXT}span":
            yield from self._runs(child, self._styled(look, child.get(f"{_TEXT}style-name", "")))
        elif child.tag not in (f"{_TEXT}ruby-text", f"{_OFFICE}annotation-end"):
            yield from self._runs(child, look)

    def _styled(self, look: Run, name: str) -> Run:
        for ancestor in reversed(list(self._chain("text", name))):
            style = self._styles.get(("text", ancestor))
            look = replace(look, code=look.code or ancestor == _CODE_STYLE)
            if style is not None:
                look = replace(
                    look,
                    strong=look.strong if style.strong is None else style.strong,
                    em=look.em if style.em is None else style.em,
                    strike=look.strike if style.strike is None else style.strike,
                )
        return look

    def _chain(self, family: str, name: str) -> Iterator[str]:
        """Yield a style's name and those it builds on."""
        for _ in range(20):
            if not name:
                return
            yield name
            style = self._styles.get((family, name))
            name = style.parent if style else ""


def _style(element: Element) -> _Style:
    parent = element.get(f"{_STYLE}parent-style-name", "")
    text = element.find(f"{_STYLE}text-properties")
    if text is None:
        return _Style(parent, None, None, None)
    weight, slant = text.get(f"{_FO}font-weight"), text.get(f"{_FO}font-style")
    line = text.get(f"{_STYLE}text-line-through-style")
    return _Style(
        parent,
        None if weight is None else weight in ("bold", "600", "700", "800", "900"),
        None if slant is None else slant in ("italic", "oblique"),
        None if line is None else line != "none",
    )


def _levels(style: Element) -> tuple[frozenset[int], dict[int, int]]:
    """Return which levels of a list style have numbers, and where they start."""
    starts = {
        _number(level.get(f"{_TEXT}level", ""), 1): _number(level.get(f"{_TEXT}start-value", ""), 1)
        for level in style.iterfind(f"{_TEXT}list-level-style-number")
        if level.get(f"{_STYLE}num-format", "")
    }
    return frozenset(starts), starts


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise

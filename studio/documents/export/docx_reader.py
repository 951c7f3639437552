"""Word documents to blocks.

An own reader: python-docx loads every part of a file, pictures too, before it shows the first
word, leaves out words in tracked changes and content controls, and fails in any of a dozen
exceptions where a file is damaged. After ECMA-376, part 1, section 17.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
from studio.documents.export.docx_styles import Numbering, Styles, attribute, switched, toggle
from studio.documents.export.links import safe_link
from studio.documents.export.xml_reader import read_xml, read_xml_if_there

_STRICT = "http://purl.oclc.org/ooxml/"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"

_LEFT_OUT = {
    f"{_W}drawing": "pictures",
    f"{_W}pict": "pictures",
    f"{_W}object": "pictures",
    f"{_W}footnoteReference": "notes",
    f"{_W}endnoteReference": "notes",
    f"{_W}commentReference": "comments",
    f"{_W}del": "changes",
    f"{_W}moveFrom": "changes",
    "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath": "formulas",
    "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMathPara": "formulas",
}
_SIGNS = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "\u2011",
    f"{_W}softHyphen": "\u00ad",
}
_PROPERTIES = frozenset((f"{_W}rPr", f"{_W}pPr", f"{_W}sdtPr", f"{_W}tcPr", f"{_W}trPr"))
_ALTERNATIVE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def read_docx(path: Path) -> Found:
    """Return what a Word document holds.

    Raises:
        BadInputError: Damaged, locked, too large, or something else.
        StorageError: The system does not let us read it.
    """
    container = Container(path)
    if "word/document.xml" not in container:
        raise container.refused("it is not a Word document")
    document = read_xml(container, "word/document.xml")
    if document.tag.startswith("{" + _STRICT):
        raise container.refused("it is in the “strict” variant of the format")
    body = document.find(f"{_W}body")
    if body is None:
        raise container.refused("it is not a Word document")
    styles = Styles(read_xml_if_there(container, "word/styles.xml"))
    numbering = Numbering(read_xml_if_there(container, "word/numbering.xml"))
    links = read_xml_if_there(container, "word/_rels/document.xml.rels")
    reader = _Reader(styles, numbering, links)
    reader.read(body)
    blocks = tidied(reader.finished())
    core = read_xml_if_there(container, "docProps/core.xml")
    return Found(blocks, core.findtext(_TITLE) or "", frozenset(reader.left_out))


@dataclass
class _OpenList:
    """A list that goes on: its number in the file, and what it holds so far."""

    number: str
    ordered: bool
    start: int
    items: list[list[Block]] = field(default_factory=list)


class _Reader:
    """Turns paragraphs, each of which names its level, into blocks that hold each other."""

    def __init__(self, styles: Styles, numbering: Numbering, links: Element) -> None:
        self.left_out: set[str] = set()
        self._styles = styles
        self._numbering = numbering
        self._links = {
            relation.get("Id", ""): safe_link(relation.get("Target", ""))
            for relation in links.iter(_RELATION)
            if relation.get("TargetMode") == "External"
        }
        self._blocks: list[Block] = []
        self._lists: list[_OpenList] = []

    def finished(self) -> list[Block]:
        """Return the blocks, all lists closed."""
        self._close_lists(0)
        return self._blocks

    def read(self, parent: Element) -> None:
        """Take the paragraphs in an element; unknown containers are looked into."""
        for child in parent:
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self.left_out.add("tables")
                self._table(child)
            elif child.tag in _LEFT_OUT:
                self.left_out.add(_LEFT_OUT[child.tag])
            elif child.tag not in _PROPERTIES and child.tag != _ALTERNATIVE:
                self.read(child)

    def _paragraph(self, element: Element) -> None:
        properties = element.find(f"{_W}pPr")
        style = attribute(properties, "pStyle")
        runs = tuple(self._runs(element, Run("")))
        if not any(run.text.strip() for run in runs):
            return
        level = self._styles.heading_level(style, properties)
        number, depth = self._styles.numbering(style, properties)
        kind = self._numbering.kind(number, depth)
        block: Block = Paragraph(runs)
        if self._styles.is_code(style):
            block = Code("".join(run.text for run in runs))
        if level:
            self._add(Heading(level, runs))
        elif kind == "none" and self._lists:
            self._continue(block, depth)
        elif kind not in ("", "none"):
            self._item(block, number, depth, kind != "bullet")
        else:
            self._add(Quote((block,)) if self._styles.is_quote(style) else block)

    def _add(self, block: Block) -> None:
        self._close_lists(0)
        self._blocks.append(block)

    def _item(self, block: Block, number: str, depth: int, ordered: bool) -> None:
        depth = min(depth, len(self._lists))  # a level that was left out has no item to stand in
        self._close_lists(depth + 1)
        if len(self._lists) > depth and self._lists[depth].number != number:
            self._close_lists(depth)
        if len(self._lists) == depth:
            start = self._numbering.start(number, depth) if ordered else 1
            self._lists.append(_OpenList(number, ordered, start))
        self._lists[depth].items.append([block])

    def _continue(self, block: Block, depth: int) -> None:
        self._close_lists(depth + 1)
        self._lists[-1].items[-1].append(block)

    def _close_lists(self, keep: int) -> None:
        while len(self._lists) > keep:
            done = self._lists.pop()
            items = tuple(tuple(item) for item in done.items)
            block = ItemList(items, done.ordered, done.start)
            (self._lists[-1].items[-1] if self._lists else self._blocks).append(block)

    def _table(self, table: Element) -> None:
        """Take a table's rows as lines; the cells of a row stand beside each other."""
        for row in table.iter(f"{_W}tr"):
            runs: list[Run] = []
            for paragraph in row.iter(f"{_W}p"):
                found = list(self._runs(paragraph, Run("")))
                if any(run.text.strip() for run in found):
                    runs += [Run(" | "), *found] if runs else found
            self._add(Paragraph(tuple(runs)))

    def _runs(self, element: Element, look: Run) -> Iterator[Run]:
        for child in element:
            if child.tag == f"{_W}r":
                yield from self._run(child, look)
            elif child.tag == f"{_W}hyperlink":
                link = self._links.get(child.get(_R_ID, ""), "")
                yield from self._runs(child, replace(look, link=link))
            elif child.tag in _LEFT_OUT:
                self.left_out.add(_LEFT_OUT[child.tag])
            elif child.tag not in _PROPERTIES:
                yield from self._runs(child, look)

    def _run(self, element: Element, look: Run) -> Iterator[Run]:
        properties = element.find(f"{_W}rPr")
        if toggle(properties, "vanish", False):
            return
        look = switched(self._styles.look(attribute(properties, "rStyle"), look), properties)
        for child in element:
            if child.tag == f"{_W}t":
                yield replace(look, text=child.text or "")
            elif child.tag in _SIGNS:
                breaks_page = child.get(f"{_W}type") in ("page", "column")
                yield replace(look, text="\n\n" if breaks_page else _SIGNS[child.tag])
            elif child.tag in _LEFT_OUT:
                self.left_out.add(_LEFT_OUT[child.tag])

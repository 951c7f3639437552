"""Word documents, written and read with python-docx, which is loaded only here."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.documents.export.archive import Archive, restored
from studio.documents.export.html import xml_safe
from studio.documents.export.tree import Block, Kind, Run, merged, safe_link, trimmed

if TYPE_CHECKING:
    from docx.document import Document

CODE_STYLE = "Code"
CODE_FONT = "Courier New"
MAX_LIST_LEVEL = 2
"""Word's own list styles have three levels."""

# What lxml (a SyntaxError) and python-docx let through for files that other programs broke.
_ODD_FILE: tuple[type[Exception], ...] = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    SyntaxError,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    OSError,
)


def write(blocks: Sequence[Block], *, title: str) -> bytes:
    """Return a Word document.

    Raises:
        BadInputError: python-docx is not installed.
    """
    document = _docx().Document()
    document.core_properties.title = xml_safe(title)[:255]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    code = document.styles.add_style(CODE_STYLE, 1)
    code.font.name = CODE_FONT
    lists = _Lists(document)
    for block in blocks:
        _write_block(document, block, lists)
    target = io.BytesIO()
    document.save(target)
    return restored(target.getvalue(), "[Content_Types].xml")


def read(archive: Archive) -> tuple[Block, ...]:
    """Return the text of a Word document; pictures, notes and comments are left out.

    Raises:
        BadInputError: It is none, or python-docx is not installed.
    """
    docx = _docx()

    for name in archive.names():
        if name.endswith((".xml", ".rels")):
            archive.read(name)  # refuses a part that is larger than it says
    try:
        document = docx.Document(io.BytesIO(archive.data))
        return tuple(block for part in _parts(document) for block in _read_block(part))
    except Exception as error:
        raise BadInputError(
            f"{archive.path.name} is not a Word document this program can read.",
            hint="Open it in the program that made it and save it again as .docx.",
            reason=repr(error),
        ) from error


def _docx() -> Any:
    try:
        import docx
    except ImportError as error:
        raise BadInputError(
            "Word documents need the package python-docx, which is not installed.",
            hint="Install it with “pip install python-docx”, or use another format.",
        ) from error
    return docx


class _Lists:
    """Gives every numbered list numbers of its own, from 1."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: dict[int, int] = {}

    def end(self) -> None:
        self._open.clear()

    def style(self, paragraph: Any, block: Block) -> None:
        level = min(block.level, MAX_LIST_LEVEL)
        name = "List Number" if block.ordered else "List Bullet"
        paragraph.style = self._document.styles[name if level == 0 else f"{name} {level + 1}"]
        for deeper in [key for key in self._open if key > level or not block.ordered]:
            del self._open[deeper]
        if block.ordered:
            if level not in self._open:
                self._open[level] = self._new_numbers(paragraph.style)
            numbering = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            numbering.get_or_add_ilvl().val = 0
            numbering.get_or_add_numId().val = self._open[level]

    def _new_numbers(self, style: Any) -> int:
        numbering = self._document.part.numbering_part.element
        base = style.element.pPr.numPr.numId.val
        (abstract,) = [num.abstractNumId.val for num in numbering.num_lst if num.numId == base]
        fresh = numbering.add_num(abstract)
        fresh.add_lvlOverride(ilvl=0).add_startOverride(1)
        return int(fresh.numId)


def _write_block(document: Document, block: Block, lists: _Lists) -> None:
    if block.kind is Kind.HEADING:
        paragraph = document.add_heading("", level=max(1, min(6, block.level)))
    else:
        paragraph = document.add_paragraph()
    if block.kind is Kind.ITEM:
        lists.style(paragraph, block)
    elif block.kind is Kind.QUOTE:
        paragraph.style = document.styles["Quote"]
    elif block.kind is Kind.CODE:
        paragraph.style = document.styles[CODE_STYLE]
    if block.kind is not Kind.ITEM:
        lists.end()
    if block.kind is Kind.RULE:
        _bottom_line(paragraph)
    for run in block.runs:
        _write_run(paragraph, run)


def _write_run(paragraph: Any, run: Run) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    written = paragraph.add_run(xml_safe(run.text))
    written.bold = run.bold or None
    written.italic = run.italic or None
    written.font.strike = run.strike or None
    if run.code:
        written.font.name = CODE_FONT
    link = safe_link(run.link)
    if link:
        key = paragraph.part.relate_to(link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        element = OxmlElement("w:hyperlink")
        element.set(qn("r:id"), key)
        written._r.addprevious(element)
        element.append(written._r)
        written.font.underline = True


def _bottom_line(paragraph: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "auto")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    paragraph._p.get_or_add_pPr().append(borders)


def _parts(document: Document) -> Iterator[Any]:
    """Yield the paragraphs, those in tables as well."""
    from docx.table import Table

    for part in document.iter_inner_content():
        if isinstance(part, Table):
            seen: set[int] = set()
            for row in part.rows:
                for cell in row.cells:
                    if id(cell._tc) not in seen:
                        seen.add(id(cell._tc))
                        yield from cell.paragraphs
        else:
            yield part


def _read_block(paragraph: Any) -> Iterator[Block]:
    from docx.oxml.ns import qn

    style = paragraph.style.name if paragraph.style is not None else ""
    runs = trimmed(_read_runs(paragraph))
    properties = paragraph._p.pPr
    if not runs:
        if properties is not None and properties.find(qn("w:pBdr")) is not None:
            yield Block(Kind.RULE)
        elif style.startswith("List "):
            yield _item(style, (), properties)
        return
    if style == "Title" or style.startswith("Heading "):
        number = style.rpartition(" ")[2]
        level = min(6, int(number)) if number.isdigit() else 1
        yield Block(Kind.HEADING, merged(replace(run, bold=False) for run in runs), level)
    elif style == CODE_STYLE or style.startswith("HTML Preformatted"):
        yield Block(Kind.CODE, (Run("".join(run.text for run in runs)),))
    elif "Quote" in style:
        yield Block(Kind.QUOTE, runs)
    elif style.startswith("List ") or (properties is not None and properties.numPr is not None):
        yield _item(style, runs, properties)
    else:
        yield Block(Kind.PARAGRAPH, runs)


def _item(style: str, runs: tuple[Run, ...], properties: Any) -> Block:
    number = style.rpartition(" ")[2]
    level = int(number) - 1 if number.isdigit() else 0
    numbering = properties.numPr if properties is not None else None
    if numbering is not None and numbering.ilvl is not None and not number.isdigit():
        level = int(numbering.ilvl.val)
    return Block(Kind.ITEM, runs, max(0, min(8, level)), "Number" in style)


def _read_runs(paragraph: Any) -> Iterator[Run]:
    from docx.text.hyperlink import Hyperlink

    for part in paragraph.iter_inner_content():
        if isinstance(part, Hyperlink):
            link = safe_link(part.url)
            for run in part.runs:
                yield replace(_read_run(run), link=link)
        else:
            yield _read_run(part)


def _read_run(run: Any) -> Run:
    name = (run.font.name or "").lower()
    return Run(
        run.text.replace("\r", "\n"),
        bold=bool(run.bold),
        italic=bool(run.italic),
        code="courier" in name or "mono" in name,
        strike=bool(run.font.strike),
    )

"""Word documents, written with python-docx, which is loaded only here."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import Any

from studio.core.errors import BadInputError
from studio.documents.export.blocks import (
    STARS,
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
from studio.documents.export.container import restored

CODE_STYLE = "Code"
CODE_CHARACTER_STYLE = "Code Char"
BREAK_STYLE = "Scene Break"

_BULLETS = "•◦▪"
_INDENT_TWIPS = 360


def write_docx(
    blocks: Sequence[Block], *, title: str, author: str = "", language: str = "en"
) -> bytes:
    """Return a Word document.

    Raises:
        BadInputError: python-docx is not installed.
    """
    writer = _Writer(_new_document())
    writer.describe(title, author, language)
    for block in tidied(blocks):
        writer.add(block)
    out = io.BytesIO()
    writer.document.save(out)
    return restored(out.getvalue())


def _new_document() -> Any:
    try:
        import docx
    except ImportError as error:
        raise BadInputError(
            "Word documents need the package python-docx, which is not installed.",
            hint="Install it with “pip install python-docx”, or choose OpenDocument (.odt).",
        ) from error
    return docx.Document()


class _Writer:
    """Adds blocks to a document.

    What belongs to a list item and is not its first paragraph is numbered with a format of "no
    number" at the item's level: Word indents it like the item, and a reader knows its place.
    """

    def __init__(self, document: Any) -> None:
        self.document = document
        self._numbering = document.part.numbering_part.element
        self._bullets = self._abstract("bullet")
        self._decimals = self._abstract("decimal")
        self._continued = self._number(self._abstract("none"))
        self._add_styles()

    def describe(self, title: str, author: str, language: str) -> None:
        """Set what the document says of itself."""
        from docx.oxml.ns import qn

        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
        properties = self.document.core_properties
        properties.title, properties.author = title[:255], author[:255]
        properties.comments = ""
        properties.language = language
        properties.created = properties.modified = now
        for element in self.document.styles.element.iter(qn("w:lang")):
            element.set(qn("w:val"), language)

    def add(self, block: Block) -> None:
        """Add a block at the end."""
        match block:
            case Heading():
                self._runs(self._paragraph(f"Heading {block.level}"), block.runs)
            case Quote():
                for part in block.blocks:
                    if isinstance(part, Paragraph):
                        self._runs(self._paragraph("Quote"), part.runs)
            case Rule():
                self._paragraph(BREAK_STYLE).add_run(STARS)
            case ItemList():
                self._list(block, 0)
            case Paragraph() | Code():
                self._text(block, "Normal")

    def _text(self, block: Paragraph | Code, style: str) -> Any:
        if isinstance(block, Code):
            paragraph = self._paragraph(CODE_STYLE)
            paragraph.add_run(block.text)
        else:
            paragraph = self._paragraph(style)
            self._runs(paragraph, block.runs)
        return paragraph

    def _list(self, block: ItemList, level: int) -> None:
        abstract = self._decimals if block.ordered else self._bullets
        number = self._number(abstract, level, block.start if block.ordered else None)
        for item in block.items:
            for index, part in enumerate(item):
                if isinstance(part, ItemList):
                    self._list(part, level + 1)
                elif isinstance(part, Paragraph | Code):
                    paragraph = self._text(part, "List Paragraph")
                    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                    properties.get_or_add_ilvl().val = level
                    properties.get_or_add_numId().val = self._continued if index else number

    def _paragraph(self, style: str) -> Any:
        return self.document.add_paragraph(style=style)

    def _runs(self, paragraph: Any, runs: Sequence[Run]) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        place, open_link = None, ""
        for run in runs:
            written = paragraph.add_run(run.text)
            _style(written, run)
            if run.link and run.link != open_link:
                place = OxmlElement("w:hyperlink")
                key = paragraph.part.relate_to(
                    run.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True
                )
                place.set(qn("r:id"), key)
                written._r.addprevious(place)
            if run.link and place is not None:
                written.font.underline = True
                place.append(written._r)
            open_link = run.link

    def _add_styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        styles = self.document.styles
        code = styles.add_style(CODE_STYLE, WD_STYLE_TYPE.PARAGRAPH)
        code.font.name = "Courier New"
        letters = styles.add_style(CODE_CHARACTER_STYLE, WD_STYLE_TYPE.CHARACTER)
        letters.font.name = "Courier New"
        scene_break = styles.add_style(BREAK_STYLE, WD_STYLE_TYPE.PARAGRAPH)
        scene_break.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
        scene_break.paragraph_format.space_before = Pt(12)
        scene_break.paragraph_format.space_after = Pt(12)

    def _abstract(self, kind: str) -> int:
        """Add a list of nine levels and return its number."""
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls, qn

        elements = self._numbering.findall(qn("w:abstractNum"))
        number = 1 + max((int(e.get(qn("w:abstractNumId"))) for e in elements), default=-1)
        levels = "".join(
            f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
            f'<w:lvlText w:val="{_label(kind, level)}"/><w:lvlJc w:val="left"/><w:pPr><w:ind '
            f'w:left="{_INDENT_TWIPS * (level + 1)}" '
            f'w:hanging="{0 if kind == "none" else _INDENT_TWIPS}"/></w:pPr></w:lvl>'
            for level in range(9)
        )
        element = parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}">'
            f'<w:multiLevelType w:val="hybridMultilevel"/>{levels}</w:abstractNum>'
        )
        self._numbering.insert(len(elements), element)  # before every w:num, as the schema wants
        return number

    def _number(self, abstract: int, level: int = 0, start: int | None = None) -> int:
        """Add a list that uses ``abstract``, counting from ``start``; return its number."""
        number = self._numbering.add_num(abstract)
        if start is not None:
            number.add_lvlOverride(ilvl=level).add_startOverride(start)
        return int(number.numId)


def _label(kind: str, level: int) -> str:
    if kind == "bullet":
        return _BULLETS[level % len(_BULLETS)]
    return f"%{level + 1}." if kind == "decimal" else ""


def _style(written: Any, run: Run) -> None:
    if run.code:
        written.style = CODE_CHARACTER_STYLE
    written.bold = run.strong or None
    written.italic = run.em or None
    written.font.strike = run.strike or None

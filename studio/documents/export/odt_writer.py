"""OpenDocument texts, written: Qt's writer makes plain paragraphs of headings and loses strike-out.

After OpenDocument 1.3 (https://docs.oasis-open.org/office/OpenDocument/v1.3/), with the style
names that office programs know.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from studio.documents.export.archive import stored
from studio.documents.export.html import xml_safe
from studio.documents.export.tree import Block, Kind, Run, safe_link

MIMETYPE = "application/vnd.oasis.opendocument.text"
MAX_LEVEL = 9

_SPACES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
    'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.3"'
)
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SIZES_PT = (22, 17, 14, 12, 12, 11)

_MANIFEST = f"""{_HEAD}<manifest:manifest
 xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MIMETYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>
</manifest:manifest>
"""  # noqa: E501 - one entry, one line


def write(blocks: Sequence[Block], *, title: str) -> bytes:
    """Return an OpenDocument text."""
    return stored(
        [
            ("mimetype", MIMETYPE),
            ("META-INF/manifest.xml", _MANIFEST),
            ("content.xml", _content(blocks)),
            ("styles.xml", _styles()),
            ("meta.xml", _meta(title)),
        ]
    )


def _content(blocks: Sequence[Block]) -> str:
    looks: dict[tuple[bool, bool, bool, bool], str] = {}
    parts: list[str] = []
    depth: list[bool] = []
    previous: Block | None = None
    for block in blocks:
        if block.kind is not Kind.ITEM:
            _close(parts, depth, 0)
        else:
            _open(parts, depth, block)
        parts.append(_element(block, looks))
        previous = block
    _close(parts, depth, 0)
    if previous is None:
        parts.append('<text:p text:style-name="Text_20_body"/>')
    styles = "".join(_text_style(name, look) for look, name in looks.items())
    return (
        f"{_HEAD}<office:document-content {_SPACES}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{''.join(parts)}</office:text></office:body>"
        "</office:document-content>"
    )


def _open(parts: list[str], depth: list[bool], block: Block) -> None:
    """Bring the open lists to the item's level; each open list has one open item."""
    level = min(block.level, MAX_LEVEL)
    _close(parts, depth, level + 1)
    if len(depth) == level + 1:
        if depth[-1] == block.ordered:
            parts.append("</text:list-item><text:list-item>")
            return
        _close(parts, depth, level)
    while len(depth) < level + 1:
        name = "Numbers" if block.ordered else "Bullets"
        parts.append(f'<text:list text:style-name="{name}"><text:list-item>')
        depth.append(block.ordered)


def _close(parts: list[str], depth: list[bool], keep: int) -> None:
    while len(depth) > keep:
        parts.append("</text:list-item></text:list>")
        depth.pop()


def _element(block: Block, looks: dict[tuple[bool, bool, bool, bool], str]) -> str:
    inner = "".join(_run(run, looks) for run in block.runs)
    if block.kind is Kind.HEADING:
        level = max(1, min(6, block.level))
        return (
            f'<text:h text:style-name="Heading_20_{level}" '
            f'text:outline-level="{level}">{inner}</text:h>'
        )
    style = {
        Kind.QUOTE: "Quotations",
        Kind.CODE: "Preformatted_20_Text",
        Kind.RULE: "Horizontal_20_Line",
    }.get(block.kind, "Text_20_body")
    return f'<text:p text:style-name="{style}">{inner}</text:p>'


def _run(run: Run, looks: dict[tuple[bool, bool, bool, bool], str]) -> str:
    text = _text(run.text)
    look = (run.bold, run.italic, run.code, run.strike)
    if any(look):
        name = looks.setdefault(look, f"T{len(looks) + 1}")
        text = f'<text:span text:style-name="{name}">{text}</text:span>'
    link = safe_link(run.link)
    if link:
        return f'<text:a xlink:type="simple" xlink:href="{html.escape(link)}">{text}</text:a>'
    return text


def _text(text: str) -> str:
    """Return text with line ends, tabs and runs of spaces as the elements they are."""
    parts: list[str] = []
    for piece in re.split(r"(\n|\t| {2,}|^ | $)", xml_safe(text)):
        if piece == "\n":
            parts.append("<text:line-break/>")
        elif piece == "\t":
            parts.append("<text:tab/>")
        elif piece and not piece.strip(" ") and piece != " ":
            parts.append(f'<text:s text:c="{len(piece)}"/>')
        elif piece == " ":
            parts.append("<text:s/>")
        else:
            parts.append(html.escape(piece))
    return "".join(parts)


def _text_style(name: str, look: tuple[bool, bool, bool, bool]) -> str:
    bold, italic, code, strike = look
    properties = 'fo:font-weight="bold" ' if bold else ""
    properties += 'fo:font-style="italic" ' if italic else ""
    properties += 'fo:font-family="monospace" ' if code else ""
    properties += 'style:text-line-through-style="solid" ' if strike else ""
    return (
        f'<style:style style:name="{name}" style:family="text">'
        f"<style:text-properties {properties}/></style:style>"
    )


def _styles() -> str:
    headings = "".join(
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" '
        f'style:family="paragraph" style:default-outline-level="{level}" '
        'style:next-style-name="Text_20_body">'
        '<style:paragraph-properties fo:margin-top="0.5cm" fo:margin-bottom="0.25cm" '
        'fo:keep-with-next="always"/>'
        f'<style:text-properties fo:font-size="{size}pt" fo:font-weight="bold"/></style:style>'
        for level, size in enumerate(_SIZES_PT, 1)
    )
    return (
        f"{_HEAD}<office:document-styles {_SPACES}><office:styles>"
        + _paragraph("Text_20_body", "Text body", 'fo:margin-bottom="0.25cm"')
        + _paragraph("Quotations", "Quotations", 'fo:margin-left="1cm" fo:margin-right="1cm"')
        + _paragraph("Preformatted_20_Text", "Preformatted Text", "", 'fo:font-family="monospace"')
        + _paragraph(
            "Horizontal_20_Line", "Horizontal Line", 'fo:border-bottom="0.5pt solid #808080"'
        )
        + headings
        + _list("Bullets", '<text:list-level-style-bullet text:bullet-char="•"', "bullet")
        + _list("Numbers", '<text:list-level-style-number style:num-format="1"', "number")
        + "</office:styles></office:document-styles>"
    )


def _paragraph(name: str, shown: str, paragraph: str, text: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:display-name="{shown}" style:family="paragraph">'
        f"<style:paragraph-properties {paragraph}/><style:text-properties {text}/></style:style>"
    )


def _list(name: str, opening: str, kind: str) -> str:
    suffix = ' style:num-suffix="."' if kind == "number" else ""
    levels = "".join(
        f'{opening}{suffix} text:level="{level}"><style:list-level-properties '
        f'text:space-before="{0.6 * level:.1f}cm" text:min-label-width="0.6cm"/>'
        f"</text:list-level-style-{kind}>"
        for level in range(1, MAX_LEVEL + 2)
    )
    return f'<text:list-style style:name="{name}">{levels}</text:list-style>'


def _meta(title: str) -> str:
    return (
        f"{_HEAD}<office:document-meta {_SPACES}><office:meta>"
        f"<dc:title>{html.escape(xml_safe(title))}</dc:title>"
        "<meta:generator>Triptych</meta:generator></office:meta></office:document-meta>"
    )

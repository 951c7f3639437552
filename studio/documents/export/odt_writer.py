"""OpenDocument texts, written by us: Qt's writer makes plain paragraphs of headings.

After OpenDocument 1.3, part 3; styles have the names that LibreOffice knows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

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
from studio.documents.export.container import stored
from studio.documents.export.html_writer import attribute, content

MEDIA_TYPE = "application/vnd.oasis.opendocument.text"

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMESPACES = (
    f'xmlns:office="{_URN}office:1.0" xmlns:text="{_URN}text:1.0" xmlns:style="{_URN}style:1.0" '
    f'xmlns:fo="{_URN}xsl-fo-compatible:1.0" xmlns:meta="{_URN}meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'office:version="1.3"'
)
_MANIFEST = f"""{_XML}<manifest:manifest xmlns:manifest="{_URN}manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MEDIA_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>
</manifest:manifest>
"""  # noqa: E501 - one entry, one line
_HEADING_SIZES = ("180%", "145%", "120%", "110%", "100%", "100%")


def write_odt(
    blocks: Sequence[Block], *, title: str, author: str = "", language: str = "en"
) -> bytes:
    """Return an OpenDocument text."""
    return stored(
        (
            ("mimetype", MEDIA_TYPE),
            ("META-INF/manifest.xml", _MANIFEST),
            ("content.xml", _content(tidied(blocks))),
            ("styles.xml", _styles(language)),
            ("meta.xml", _meta(title, author, language)),
        )
    )


def _content(blocks: Sequence[Block]) -> str:
    spans: dict[str, str] = {}
    inner = "".join(_block(block, spans) for block in blocks)
    return (
        f"{_XML}<office:document-content {_NAMESPACES}>\n<office:automatic-styles>\n"
        f"{''.join(spans.values())}{_list_style('LN', ordered=True)}"
        f"{_list_style('LB', ordered=False)}"
        f"</office:automatic-styles>\n<office:body>\n<office:text>\n{inner}"
        "</office:text>\n</office:body>\n</office:document-content>\n"
    )


def _block(block: Block, spans: dict[str, str], style: str = "Text_20_body") -> str:
    match block:
        case Heading():
            return (
                f'<text:h text:style-name="Heading_20_{block.level}" '
                f'text:outline-level="{block.level}">{_runs(block.runs, spans)}</text:h>\n'
            )
        case Paragraph():
            return f'<text:p text:style-name="{style}">{_runs(block.runs, spans)}</text:p>\n'
        case Code():
            text = _spaced(block.text)
            return f'<text:p text:style-name="Preformatted_20_Text">{text}</text:p>\n'
        case Rule():
            return f'<text:p text:style-name="Scene_20_Break">{STARS}</text:p>\n'
        case Quote():
            return "".join(_block(part, spans, "Quotations") for part in block.blocks)
        case ItemList():
            return _list(block, spans)


def _list(block: ItemList, spans: dict[str, str]) -> str:
    parts = [f'<text:list text:style-name="{"LN" if block.ordered else "LB"}">\n']
    for number, item in enumerate(block.items):
        first = number == 0 and block.start != 1
        start = f' text:start-value="{block.start}"' if first else ""
        inner = "".join(_block(part, spans) for part in item)
        parts.append(f"<text:list-item{start}>\n{inner}</text:list-item>\n")
    return "".join((*parts, "</text:list>\n"))


def _runs(runs: Sequence[Run], spans: dict[str, str]) -> str:
    parts: list[str] = []
    for index, run in enumerate(runs):
        before = runs[index - 1].link if index else ""
        after = runs[index + 1].link if index + 1 < len(runs) else ""
        text = _spaced(run.text)
        name = _span_style(run, spans)
        if name:
            text = f'<text:span text:style-name="{name}">{text}</text:span>'
        if run.link and run.link != before:
            text = f'<text:a xlink:type="simple" xlink:href="{attribute(run.link)}">{text}'
        if run.link and run.link != after:
            text += "</text:a>"
        parts.append(text)
    return "".join(parts)


def _span_style(run: Run, spans: dict[str, str]) -> str:
    """Return the name of a run's style, which ``spans`` gets when it is new."""
    letters = "".join(
        letter
        for letter, there in (("B", run.strong), ("I", run.em), ("S", run.strike), ("C", run.code))
        if there
    )
    if not letters or letters == "C":
        return letters and "Source_20_Text"
    looks = {
        "B": ' fo:font-weight="bold"',
        "I": ' fo:font-style="italic"',
        "S": ' style:text-line-through-style="solid" style:text-line-through-type="single"',
        "C": "",
    }
    parent = ' style:parent-style-name="Source_20_Text"' if run.code else ""
    spans[letters] = (
        f'<style:style style:name="T{letters}" style:family="text"{parent}>'
        f"<style:text-properties{''.join(looks[letter] for letter in letters)}/></style:style>\n"
    )
    return "T" + letters


def _spaced(text: str) -> str:
    """Return text with the white space that XML would lose as elements."""
    text = content(text).replace("\t", "<text:tab/>").replace("\n", "<text:line-break/>")
    return re.sub(
        r"(^|(?<=>)| ) +|^ | $",
        lambda match: f'<text:s text:c="{len(match[0])}"/>',
        text,
    )


def _list_style(name: str, *, ordered: bool) -> str:
    levels = []
    for level in range(1, 11):
        indent = (
            "<style:list-level-properties "
            'text:list-level-position-and-space-mode="label-alignment">'
            '<style:list-level-label-alignment text:label-followed-by="listtab" '
            f'fo:text-indent="-0.6cm" fo:margin-left="{0.6 * level:.1f}cm"/>'
            "</style:list-level-properties>"
        )
        if ordered:
            mark = 'number style:num-format="1" style:num-suffix="."'
            end = "number"
        else:
            mark, end = 'bullet text:bullet-char="•"', "bullet"
        levels.append(
            f'<text:list-level-style-{mark} text:level="{level}">{indent}'
            f"</text:list-level-style-{end}>\n"
        )
    return f'<text:list-style style:name="{name}">\n{"".join(levels)}</text:list-style>\n'


def _styles(language: str) -> str:
    code, _, country = language.partition("-")
    named = f' fo:country="{attribute(country)}"' if re.fullmatch("[A-Za-z]{2}", country) else ""
    headings = "".join(
        f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" '
        f'style:family="paragraph" style:default-outline-level="{level}" '
        'style:next-style-name="Text_20_body"><style:paragraph-properties '
        'fo:margin-top="0.6cm" fo:margin-bottom="0.3cm" fo:keep-with-next="always"/>'
        f'<style:text-properties fo:font-size="{size}" fo:font-weight="bold"/></style:style>\n'
        for level, size in enumerate(_HEADING_SIZES, 1)
    )
    return (
        f"{_XML}<office:document-styles {_NAMESPACES}>\n<office:styles>\n"
        '<style:default-style style:family="paragraph"><style:text-properties '
        f'fo:font-size="12pt" fo:language="{attribute(code)}"{named}/></style:default-style>\n'
        + _paragraph_style("Text body", 'fo:margin-bottom="0.25cm" fo:line-height="130%"')
        + _paragraph_style("Quotations", 'fo:margin-left="1cm" fo:margin-right="1cm"')
        + _paragraph_style(
            "Scene Break", 'fo:text-align="center" fo:margin-top="0.5cm" fo:margin-bottom="0.5cm"'
        )
        + _paragraph_style("Preformatted Text", "", 'fo:font-family="monospace"')
        + '<style:style style:name="Source_20_Text" style:display-name="Source Text" '
        'style:family="text"><style:text-properties fo:font-family="monospace"/></style:style>\n'
        f"{headings}</office:styles>\n</office:document-styles>\n"
    )


def _paragraph_style(title: str, paragraph: str, text: str = "") -> str:
    letters = f"<style:text-properties {text}/>" if text else ""
    return (
        f'<style:style style:name="{title.replace(" ", "_20_")}" style:display-name="{title}" '
        f'style:family="paragraph"><style:paragraph-properties {paragraph}/>{letters}'
        "</style:style>\n"
    )


def _meta(title: str, author: str, language: str) -> str:
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    creator = f"<meta:initial-creator>{content(author)}</meta:initial-creator>\n" if author else ""
    return (
        f"{_XML}<office:document-meta {_NAMESPACES}>\n<office:meta>\n"
        f"<dc:title>{content(title)}</dc:title>\n{creator}"
        f"<dc:language>{content(language)}</dc:language>\n<dc:date>{now}</dc:date>\n"
        "</office:meta>\n</office:document-meta>\n"
    )

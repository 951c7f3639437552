"""A Word document as Word writes it, with what python-docx never makes."""

from __future__ import annotations

import io
import zipfile

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def docx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:document {_W} {_R}>{_BODY}</w:document>")
        archive.writestr("word/styles.xml", f"<w:styles {_W}>{_STYLES}</w:styles>")
        archive.writestr("word/numbering.xml", f"<w:numbering {_W}>{_NUMBERS}</w:numbering>")
        archive.writestr("word/_rels/document.xml.rels", _LINKS)
        archive.writestr("docProps/core.xml", _CORE)
    return out.getvalue()


def _p(text: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{text}</w:p>"


def _r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def _item(text: str, level: int) -> str:
    numbered = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="5"/></w:numPr>'
    return _p(_r(text), "ListParagraph", numbered)


_BODY = (
    "<w:body>"
    + _p(_r("The title"), "Titel")
    + _p(_r("Über", "<w:b/>") + _r("schrift"), "berschrift2")
    + _p(
        _r("Plain ")
        + _r("bold", '<w:b w:val="true"/>')
        + _r(" ")
        + _r("style", '<w:rStyle w:val="Hervorhebung"/>')
        + _r(" not bold", '<w:b w:val="0"/>')
        + _r(" ")
        + _r("code", '<w:rStyle w:val="HTMLCode"/>')
        + f"<w:ins>{_r(' with insertion')}</w:ins>"
        + "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        + _r("hidden", "<w:vanish/>")
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{_r(' and a content control.')}</w:sdtContent></w:sdt>"
        + '<w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:commentReference w:id="1"/></w:r>'
        + "<w:r><w:drawing/></w:r>"
    )
    + _p(_r("Courier is no code.", '<w:rFonts w:ascii="Courier New"/>'))
    + _item("one", 0)
    + _item("two", 0)
    + _item("inner", 1)
    + _item("three", 0)
    + _p(_r("quoted"), "Zitat")
    + f"<w:tbl><w:tr><w:tc>{_p(_r('a'))}</w:tc><w:tc>{_p(_r('b'))}</w:tc></w:tr>"
    + f"<w:tr><w:tc>{_p(_r('c'))}</w:tc></w:tr></w:tbl>"
    + _p('<w:r><w:br w:type="page"/></w:r>' + _r("After the page."))
    + _p(
        f'<w:hyperlink r:id="rId1">{_r("link")}</w:hyperlink>{_r(" and ")}'
        f'<w:hyperlink r:id="rId2">{_r("no link.")}</w:hyperlink>'
    )
    + "</w:body>"
)
_STYLES = """
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>
<w:style w:type="paragraph" w:styleId="ListParagraph"><w:name w:val="List Paragraph"/></w:style>
<w:style w:type="paragraph" w:styleId="Zitat0"><w:name w:val="Quote"/></w:style>
<w:style w:type="paragraph" w:styleId="Zitat"><w:name w:val="My quote"/><w:basedOn w:val="Zitat0"/>
</w:style>
<w:style w:type="character" w:styleId="Hervorhebung"><w:name w:val="Emphasis"/>
<w:rPr><w:i/></w:rPr></w:style>
<w:style w:type="character" w:styleId="HTMLCode"><w:name w:val="HTML Code"/></w:style>
"""
_NUMBERS = """
<w:abstractNum w:abstractNumId="2"><w:lvl w:ilvl="0"><w:start w:val="1"/>
<w:numFmt w:val="decimal"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl>
</w:abstractNum><w:num w:numId="5"><w:abstractNumId w:val="2"/></w:num>
"""
_LINKS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="https://example.org/" TargetMode="External"/>
<Relationship Id="rId2" Target="file:///etc/passwd" TargetMode="External"/></Relationships>"""
_CORE = """<c:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:c="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">
<dc:title>By Word</dc:title></c:coreProperties>"""

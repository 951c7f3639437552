"""An OpenDocument text as LibreOffice writes it, with what we never write."""

from __future__ import annotations

import io
import zipfile

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = (
    f'xmlns:office="{_URN}office:1.0" xmlns:text="{_URN}text:1.0" xmlns:style="{_URN}style:1.0" '
    f'xmlns:fo="{_URN}xsl-fo-compatible:1.0" xmlns:table="{_URN}table:1.0" '
    f'xmlns:draw="{_URN}drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def odt() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml", f"<office:document-content {_NAMES}>{_CONTENT}</office:document-content>"
        )
        archive.writestr(
            "styles.xml", f"<office:document-styles {_NAMES}>{_STYLES}</office:document-styles>"
        )
        archive.writestr(
            "meta.xml",
            f"<office:document-meta {_NAMES}><office:meta><dc:title>By LibreOffice</dc:title>"
            "</office:meta></office:document-meta>",
        )
    return out.getvalue()


_STYLES = """<office:styles>
<style:style style:name="Emphasis" style:family="text">
<style:text-properties fo:font-style="italic"/></style:style>
<style:style style:name="Quotations" style:family="paragraph"/>
<text:list-style style:name="L0"><text:list-level-style-bullet text:level="1"/></text:list-style>
</office:styles>"""
_CONTENT = """<office:automatic-styles>
<style:style style:name="T1" style:family="text">
<style:text-properties fo:font-weight="bold"/></style:style>
<style:style style:name="T2" style:family="text">
<style:text-properties style:text-line-through-style="solid"/></style:style>
<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Heading_20_2"/>
<style:style style:name="P2" style:family="paragraph" style:parent-style-name="Quotations"/>
<text:list-style style:name="L1"><text:list-level-style-number text:level="1"
 style:num-format="1" text:start-value="4"/><text:list-level-style-bullet text:level="2"/>
</text:list-style></office:automatic-styles>
<office:body><office:text>
<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion>
</text:changed-region></text:tracked-changes>
<text:table-of-content><text:index-body><text:p>One ... 1</text:p></text:index-body>
</text:table-of-content>
<text:h text:outline-level="1">One</text:h>
<text:section><text:p text:style-name="P1">Two</text:p></text:section>
<text:p>Plain <text:span text:style-name="T1">bold</text:span> <text:span
 text:style-name="Emphasis">emphasis</text:span> <text:span text:style-name="T2">gone</text:span>
 <text:span text:style-name="Source_20_Text">source</text:span> a<text:s
 text:c="999999999"/>b<text:line-break/>c<text:note><text:note-citation>1</text:note-citation>
<text:note-body><text:p>note</text:p></text:note-body></text:note><office:annotation><text:p>comment
</text:p></office:annotation><draw:frame><draw:image/></draw:frame></text:p>
<text:list text:style-name="L1"><text:list-item><text:p>four</text:p><text:list><text:list-item>
<text:p>dot</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>five
</text:p></text:list-item></text:list>
<text:p text:style-name="P2">quoted</text:p>
<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>
<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>
<text:p><text:a xlink:href="https://example.org/">link</text:a> <text:a
 xlink:href="../secret.odt">no link</text:a></text:p>
</office:text></office:body>"""

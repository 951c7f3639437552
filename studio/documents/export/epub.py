"""EPUB 3, written and read. One chapter file per heading of the first level.

Written after https://www.w3.org/TR/epub-33/; epubcheck finds nothing to complain about.
"""

from __future__ import annotations

import html
import posixpath
import time
import uuid
from collections.abc import Sequence
from urllib.parse import unquote
from xml.etree import ElementTree

from studio.core.errors import BadInputError
from studio.documents.export import html as html_format
from studio.documents.export.archive import Archive, stored
from studio.documents.export.tree import Block, Kind

MIMETYPE = "application/epub+zip"

_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
_STYLE = """body { font-family: serif; line-height: 1.5; margin: 0 5%; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; page-break-after: avoid; }
pre { white-space: pre-wrap; }
hr { border: 0; text-align: center; margin: 2em 0; border-top: 1px solid; width: 20%; }
"""
_OPF = "{http://www.idpf.org/2007/opf}"
_OCF = "{urn:oasis:names:tc:opendocument:xmlns:container}"


def write(
    blocks: Sequence[Block],
    *,
    title: str,
    language: str = "en",
    author: str = "",
    identifier: str = "",
    modified_at: float | None = None,
) -> bytes:
    """Return a book.

    Args:
        blocks: The text.
        title: The book's title.
        language: BCP 47, such as "en" or "de".
        author: Shown by reading programs; may be empty.
        identifier: A URN that stays the same for new editions; empty makes one.
        modified_at: Seconds since 1970; ``None`` for now.
    """
    chapters = _chapters(blocks)
    pages = [
        (f"EPUB/part-{number:04d}.xhtml", _page(chapter, title, language))
        for number, chapter in enumerate(chapters, 1)
    ]
    package = _package(len(chapters), title, language, author, identifier, modified_at)
    return stored(
        [
            ("mimetype", MIMETYPE),
            ("META-INF/container.xml", _CONTAINER),
            ("EPUB/package.opf", package),
            ("EPUB/nav.xhtml", _navigation(chapters, title, language)),
            ("EPUB/style.css", _STYLE),
            *pages,
        ]
    )


def read(archive: Archive) -> tuple[Block, ...]:
    """Return the text of a book, in reading order.

    Raises:
        BadInputError: No book, or one that says nothing about its order.
    """
    try:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        root = container.find(f".//{_OCF}rootfile")
        where = "" if root is None else root.get("full-path", "")
        package = ElementTree.fromstring(archive.read(where))
    except (ElementTree.ParseError, ValueError) as error:
        raise BadInputError(
            f"{archive.path.name} is not a book this program can read.", reason=str(error)
        ) from error
    items = {item.get("id"): item.get("href", "") for item in package.iter(f"{_OPF}item")}
    blocks: list[Block] = []
    for reference in package.iter(f"{_OPF}itemref"):
        href = unquote(items.get(reference.get("idref"), "").partition("#")[0])
        name = posixpath.normpath(posixpath.join(posixpath.dirname(where), href))
        if href and name in archive.names():
            blocks += html_format.parse(archive.read(name).decode("utf-8", "replace"))
    return tuple(blocks)


def _chapters(blocks: Sequence[Block]) -> list[list[Block]]:
    chapters: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind is Kind.HEADING and block.level == 1 and chapters[-1]:
            chapters.append([])
        chapters[-1].append(block)
    return chapters


def _heading(chapter: Sequence[Block], number: int) -> str:
    for block in chapter:
        if block.kind is Kind.HEADING and block.text.strip():
            return " ".join(block.text.split())
    return f"Part {number}"


def _page(chapter: Sequence[Block], title: str, language: str) -> str:
    inner = html_format.body(chapter) or "<p></p>"
    return _document(_text(title), language, '<link rel="stylesheet" href="style.css"/>', inner)


def _navigation(chapters: Sequence[Sequence[Block]], title: str, language: str) -> str:
    entries = "\n".join(
        f'<li><a href="part-{number:04d}.xhtml">{_text(_heading(chapter, number))}</a></li>'
        for number, chapter in enumerate(chapters, 1)
    )
    inner = (
        f'<nav epub:type="toc" id="toc">\n<h1>{_text(title)}</h1>\n<ol>\n{entries}\n</ol>\n</nav>'
    )
    return _document(_text(title), language, "", inner)


def _document(title: str, language: str, head: str, inner: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'xml:lang="{_text(language)}" lang="{_text(language)}">\n'
        f"<head>\n<title>{title}</title>\n{head}\n</head>\n<body>\n{inner}\n</body>\n</html>\n"
    )


def _package(
    count: int,
    title: str,
    language: str,
    author: str,
    identifier: str,
    modified_at: float | None,
) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(modified_at))
    numbers = [f"part-{number:04d}" for number in range(1, count + 1)]
    manifest = "\n".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>'
        for name in numbers
    )
    spine = "\n".join(f'<itemref idref="{name}"/>' for name in numbers)
    creator = f"<dc:creator>{_text(author)}</dc:creator>\n" if author.strip() else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{_text(identifier or uuid.uuid4().urn)}</dc:identifier>
<dc:title>{_text(title)}</dc:title>
<dc:language>{_text(language)}</dc:language>
{creator}<meta property="dcterms:modified">{moment}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{manifest}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


def _text(text: str) -> str:
    return html.escape(html_format.xml_safe(" ".join(text.split()))) or "Untitled"

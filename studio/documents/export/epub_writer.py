"""EPUB 3.3 books: a chapter for each heading of the first level, and a table of contents.

After https://www.w3.org/TR/epub-33/ and, for what reading aids are told,
https://www.w3.org/TR/epub-a11y-11/; epubcheck finds nothing to complain about.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from studio.documents.export.blocks import Block, Heading, plain_text, tidied
from studio.documents.export.container import stored
from studio.documents.export.html_writer import STYLE, attribute, body, content

MEDIA_TYPE = "application/epub+zip"

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_CONTAINER = f"""{_XML}<container version="1.0"
 xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles>
<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles>
</container>
"""
_ACCESS = """<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">Text only, with headings and a table of contents.</meta>
"""  # noqa: E501 - one element, one line


@dataclass(frozen=True)
class _Chapter:
    """One file of the book; ``headings`` are (id, words) of its headings of level two."""

    file: str
    title: str
    blocks: tuple[Block, ...]
    headings: tuple[tuple[str, str], ...]


def write_epub(
    blocks: Sequence[Block],
    *,
    title: str,
    author: str = "",
    language: str = "en",
    modified_at: float | None = None,
) -> bytes:
    """Return a book.

    Args:
        blocks: The text.
        title: The book's title; empty becomes the first heading, or "Untitled".
        author: May be empty.
        language: BCP 47.
        modified_at: Seconds since 1970; ``None`` for now.
    """
    chapters = _chapters(tidied(blocks), title)
    title = title or chapters[0].title
    members: list[tuple[str, bytes | str]] = [
        ("mimetype", MEDIA_TYPE),
        ("META-INF/container.xml", _CONTAINER),
        ("EPUB/package.opf", _package(chapters, title, author, language, modified_at)),
        ("EPUB/nav.xhtml", _contents(chapters, title, language)),
        ("EPUB/style.css", STYLE),
    ]
    members += [(f"EPUB/{part.file}", _chapter_page(part, language)) for part in chapters]
    return stored(members)


def _chapters(blocks: Sequence[Block], title: str) -> list[_Chapter]:
    parts: list[list[Block]] = [[]]
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1 and parts[-1]:
            parts.append([])
        parts[-1].append(block)
    chapters = []
    for number, part in enumerate(parts, 1):
        first = part[0] if part else None
        words = plain_text(first.runs) if isinstance(first, Heading) else ""
        seconds = [b for b in part[1:] if isinstance(b, Heading) and b.level == 2]
        named = tuple((f"s{n}", plain_text(b.runs)) for n, b in enumerate(seconds, 1))
        label = words or title or "Untitled"
        chapters.append(_Chapter(f"chapter-{number:04d}.xhtml", label, tuple(part), named))
    return chapters


def _package(
    chapters: Sequence[_Chapter],
    title: str,
    author: str,
    language: str,
    modified_at: float | None,
) -> str:
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(modified_at))
    digest = hashlib.sha256(repr((title, author, chapters)).encode()).hexdigest()
    name = uuid.uuid5(uuid.NAMESPACE_OID, digest)
    creator = f"<dc:creator>{content(author)}</dc:creator>\n" if author else ""
    items = "".join(
        f'<item id="c{n}" href="{part.file}" media-type="application/xhtml+xml"/>\n'
        for n, part in enumerate(chapters, 1)
    )
    spine = "".join(f'<itemref idref="c{n}"/>\n' for n in range(1, len(chapters) + 1))
    return (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        f'unique-identifier="book" xml:lang="{attribute(language)}">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="book">urn:uuid:{name}</dc:identifier>\n'
        f"<dc:title>{content(title)}</dc:title>\n"
        f"<dc:language>{content(language)}</dc:language>\n{creator}"
        f'<meta property="dcterms:modified">{when}</meta>\n{_ACCESS}'
        '</metadata>\n<manifest>\n<item id="nav" href="nav.xhtml" properties="nav" '
        'media-type="application/xhtml+xml"/>\n'
        f'<item id="css" href="style.css" media-type="text/css"/>\n{items}</manifest>\n'
        f"<spine>\n{spine}</spine>\n</package>\n"
    )


def _contents(chapters: Sequence[_Chapter], title: str, language: str) -> str:
    entries = "".join(_entry(chapter) for chapter in chapters)
    inner = (
        f'<nav epub:type="toc" role="doc-toc" aria-label="{attribute(title)}">\n'
        f"<ol>\n{entries}</ol>\n</nav>\n"
    )
    return _page(title, language, inner)


def _entry(chapter: _Chapter) -> str:
    below = "".join(
        f'<li><a href="{chapter.file}#{name}">{content(words)}</a></li>\n'
        for name, words in chapter.headings
    )
    inner = f"\n<ol>\n{below}</ol>\n" if below else ""
    return f'<li><a href="{chapter.file}">{content(chapter.title)}</a>{inner}</li>\n'


def _chapter_page(chapter: _Chapter, language: str) -> str:
    names = iter(name for name, _ in chapter.headings)
    first = chapter.blocks[0] if chapter.blocks else None

    def heading_id(heading: Heading) -> str:
        return next(names, "") if heading.level == 2 and heading is not first else ""

    return _page(
        chapter.title, language, f"<section>\n{body(chapter.blocks, heading_id)}</section>\n"
    )


def _page(title: str, language: str, inner: str) -> str:
    code = attribute(language)
    return (
        f'{_XML}<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang="{code}" xml:lang="{code}">\n'
        f"<head>\n<title>{content(title)}</title>\n"
        '<link rel="stylesheet" type="text/css" href="style.css"/>\n'
        f"</head>\n<body>\n{inner}</body>\n</html>\n"
    )

"""EPUB books (2 and 3) to blocks: the chapters in reading order, without the table of contents."""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from studio.documents.export.blocks import Block, Found, tidied
from studio.documents.export.container import Container
from studio.documents.export.html_reader import decoded_html, read_html
from studio.documents.export.xml_reader import read_xml

MAX_TEXT_BYTES = 32 * 2**20
"""Of all chapters together, as markup."""

_OCF = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = ("application/xhtml+xml", "text/html")


def read_epub(path: Path) -> Found:
    """Return what a book holds.

    Raises:
        BadInputError: Damaged, protected against copying, too large, or no book.
        StorageError: The system does not let us read it.
    """
    container = Container(path)
    if "META-INF/rights.xml" in container:
        raise container.refused("it is protected against copying")
    root = read_xml(container, "META-INF/container.xml")
    rootfile = root.find(f"{_OCF}rootfiles/{_OCF}rootfile")
    name = rootfile.get("full-path", "") if rootfile is not None else ""
    package = read_xml(container, name)
    blocks: list[Block] = []
    left_out: set[str] = set()
    budget = MAX_TEXT_BYTES
    for page in _pages(package, posixpath.dirname(name)):
        data = container.read(page)
        budget -= len(data)
        if budget < 0:
            raise container.refused("it is longer than any text")
        found = read_html(decoded_html(data) or data.decode("utf-16", "replace"))
        blocks += found.blocks
        left_out |= found.left_out
    title = package.findtext(f"{_OPF}metadata/{_DC}title") or ""
    return Found(tidied(blocks), title, frozenset(left_out))


def _pages(package: Element, folder: str) -> list[str]:
    """Return the members of the spine, each once, in reading order."""
    items: dict[str, str] = {}
    for item in package.iterfind(f"{_OPF}manifest/{_OPF}item"):
        contents = "nav" in item.get("properties", "").split()
        if item.get("media-type") in _PAGES and not contents:
            href = unquote(item.get("href", "").partition("#")[0])
            items[item.get("id", "")] = posixpath.normpath(posixpath.join(folder, href))
    order = [ref.get("idref", "") for ref in package.iterfind(f"{_OPF}spine/{_OPF}itemref")]
    return list(dict.fromkeys(items[name] for name in order if name in items))

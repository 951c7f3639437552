"""Books follow EPUB 3.3: by their structure, and by epubcheck where it is installed."""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from studio.core.provenance.credentials import seal
from studio.core.provenance.keys import SigningKey, installation_key
from studio.core.provenance.origin import check_origin
from studio.documents.export import import_text, render_text
from studio.documents.export.epub_writer import write_epub
from tests.core.provenance.conftest import EmptyVault
from tests.core.provenance.samples import record
from tests.documents.export.grammar import DOCUMENTS

BOOK = """An opening before any heading.

# One *of* “three” & <more>

Text **b** [l](https://example.org/?a=1&b=(2)) <https://xn--bcher-kva.example/%C3%BC> `c`
and a line, [mail](mailto:a@example.org).

## First part

3. a
   - b

   - c
4. d

> quoted
>
> twice

## Second part

***

```
code  <b>
```

# Two

### Deep

# Two

Grüße, 日本語, עברית, 🗼
"""
OPF, DC = "{http://www.idpf.org/2007/opf}", "{http://purl.org/dc/elements/1.1/}"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return installation_key(tmp_path_factory.mktemp("keys"), vault=EmptyVault())


def book(**about: str) -> bytes:
    values = {"title": "A & <B>", "author": "Ä. “Writer”", "language": "de", **about}
    return render_text(BOOK, ".epub", **values)


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check_structure(data: bytes) -> None:
    """Check what EPUB 3.3 asks of a container, a package and its pages."""
    assert data[30:58] == b"mimetypeapplication/epub+zip"
    parts = members(data)
    container = ElementTree.fromstring(parts["META-INF/container.xml"])
    (name,) = [e.get("full-path") for e in container.iter() if e.get("full-path")]
    package = ElementTree.fromstring(parts[name])
    assert package.get("version") == "3.0"
    (identifier,) = package.iter(f"{DC}identifier")
    assert identifier.get("id") == package.get("unique-identifier")
    assert re.fullmatch("urn:uuid:[0-9a-f-]{36}", identifier.text or "")
    for required in ("title", "language"):
        (element,) = package.iter(f"{DC}{required}")
        assert (element.text or "").strip()
    metas = {e.get("property"): e.text or "" for e in package.iter(f"{OPF}meta")}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metas["dcterms:modified"])
    assert metas["schema:accessMode"] == "textual" and metas["schema:accessibilityHazard"] == "none"
    items = {e.get("id"): e for e in package.iter(f"{OPF}item")}
    files = {posixpath.join(posixpath.dirname(name), e.get("href", "")) for e in items.values()}
    assert files == set(parts) - {"mimetype", "META-INF/container.xml", name}
    spine = [e.get("idref") for e in package.iter(f"{OPF}itemref")]
    assert spine and len(set(spine)) == len(spine) and set(spine) <= set(items)
    (contents,) = [e for e in items.values() if e.get("properties") == "nav"]
    assert contents.get("id") not in spine
    check_pages({n: parts[n] for n in files if n.endswith(".xhtml")})


def check_pages(pages: dict[str, bytes]) -> None:
    """Check that pages are XML, name themselves, and link to what is there."""
    ids: dict[str, list[str]] = {}
    trees = {name: ElementTree.fromstring(data) for name, data in pages.items()}
    for name, tree in trees.items():
        (title,) = tree.iter(f"{XHTML}title")
        assert (title.text or "").strip()
        ids[name] = [e.get("id", "") for e in tree.iter() if e.get("id")]
        assert len(set(ids[name])) == len(ids[name])
        assert not any(e.tag.endswith(("}script", "}img")) for e in tree.iter())
    for name, tree in trees.items():
        for element in tree.iter(f"{XHTML}a"):
            href = element.get("href", "")
            if not href.startswith(("http://", "https://", "mailto:")):
                file, _, fragment = href.partition("#")
                target = posixpath.join(posixpath.dirname(name), file)
                assert target in pages and (not fragment or fragment in ids[target])
            assert "".join(element.itertext()).strip()


def test_a_book_has_the_structure_of_one() -> None:
    check_structure(book())


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_any_text_becomes_a_book(blocks) -> None:
    check_structure(write_epub(blocks, title=""))


def test_chapters_begin_at_headings_of_the_first_level() -> None:
    parts = members(book())
    pages = sorted(name for name in parts if "chapter" in name)
    assert pages == [f"EPUB/chapter-000{n}.xhtml" for n in range(1, 5)]
    assert [b"<h1>" in parts[page] for page in pages] == [False, True, True, True]
    tree = ElementTree.fromstring(parts["EPUB/nav.xhtml"])
    labels = ["".join(e.itertext()) for e in tree.iter(f"{XHTML}a")]
    assert labels == [
        "A & <B>",
        "One of “three” & <more>",
        "First part",
        "Second part",
        "Two",
        "Two",
    ]


def test_the_same_book_has_the_same_bytes() -> None:
    blocks: tuple[()] = ()
    once = write_epub(blocks, title="x", modified_at=0)
    assert once == write_epub(blocks, title="x", modified_at=0)
    assert b"1970-01-01T00:00:00Z" in once
    assert once != write_epub(blocks, title="y", modified_at=0)


@pytest.mark.parametrize("suffix", [".epub", ".docx", ".odt"])
def test_a_signed_document_says_where_it_came_from(suffix, key, tmp_path) -> None:
    path = tmp_path / f"x{suffix}"
    sealed = seal(render_text(BOOK, suffix, title="x"), suffix, record(), key)
    assert sealed.signed
    path.write_bytes(sealed.data)
    report = check_origin(path, authority=key.authority)
    assert report.made_by_model and report.credentials is not None
    assert report.credentials.state == "ours"
    assert "An opening before any heading." in import_text(path).text
    changed = sealed.data.replace(b"An opening before", b"An 0pening before")
    assert changed != sealed.data
    path.write_bytes(changed)
    report = check_origin(path, authority=key.authority)
    assert report.credentials is not None and report.credentials.state in ("changed", "unreadable")


def epubcheck() -> list[str]:
    """Return the command; Debian's is a Java archive that not every kernel can start."""
    found = shutil.which("epubcheck")
    if found is None:
        pytest.skip("epubcheck is not installed")
    if Path(found).read_bytes()[:2] == b"PK":
        return ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-jar", found]
    return [found]


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True])
def test_epubcheck_finds_nothing(signed, key, tmp_path) -> None:
    command = epubcheck()
    path = tmp_path / "x.epub"
    data = book()
    path.write_bytes(seal(data, ".epub", record(), key).data if signed else data)
    done = subprocess.run(
        [*command, "--failonwarnings", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No errors or warnings detected" in done.stdout + done.stderr

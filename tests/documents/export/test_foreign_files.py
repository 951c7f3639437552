"""Files from elsewhere: as other programs write them, damaged, locked, forged, or made to harm."""

from __future__ import annotations

import io
import random
import struct
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError, StorageError, StudioError
from studio.documents.export import import_text, render_text
from studio.documents.export.container import MAX_MEMBERS, Container
from studio.documents.export.html_scanner import Tag, scan
from tests.documents.export.odf import odt
from tests.documents.export.word import docx

SAMPLE = (
    "# One *two*\n\nText **b** [l](https://example.org/) and `c`\nmore\n\n3. a\n   - b\n4. c\n\n"
    "> q\n\n***\n\n```\ncode\n```\n\n# Two\n\nEnd\n"
)
MUTANTS = 400
SECONDS = 5.0
PACKED = (".docx", ".odt", ".epub")


def sample(suffix: str) -> bytes:
    return render_text(SAMPLE, suffix, title="Sample", author="A", language="en")


def repacked(data: bytes, changed: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", method) as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name, old.read(name)))
        for name in changed.keys() - set(old.namelist()):
            new.writestr(name, changed[name])
    return out.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    kind = chance.randrange(5)
    if kind == 0:
        del changed[chance.randrange(len(changed)) :]
    elif kind == 1:
        at = chance.randrange(len(changed))
        del changed[at : at + chance.randrange(1, 200)]
    elif kind == 2:
        at = chance.randrange(len(changed))
        changed[at:at] = changed[at // 2 : at // 2 + chance.randrange(1, 200)]
    else:
        for _ in range(chance.randrange(1, 30)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def mutants(suffix: str) -> list[bytes]:
    """Half of them damaged as files; half of packed ones damaged within a member."""
    whole, chance = sample(suffix), random.Random(suffix)
    if suffix not in PACKED:
        return [mutated(whole, chance) for _ in range(MUTANTS)]
    result = [mutated(whole, chance) for _ in range(MUTANTS // 2)]
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {
            n: archive.read(n) for n in archive.namelist() if n.endswith(("ml", "opf", "rels"))
        }
    for _ in range(MUTANTS // 2):
        name = chance.choice(sorted(parts))
        result.append(repacked(whole, {name: mutated(parts[name], chance)}))
    return result


@pytest.mark.parametrize("suffix", [*PACKED, ".html", ".md", ".txt"])
def test_damaged_files_are_read_or_refused_with_a_sentence(suffix, tmp_path) -> None:
    path = tmp_path / f"x{suffix}"
    outcome: Counter[str] = Counter()
    for number, data in enumerate(mutants(suffix)):
        path.write_bytes(data)
        begun = time.process_time()
        try:
            import_text(path)
            outcome["read"] += 1
        except StudioError as error:
            assert path.name in error.user_message, number
            outcome["refused"] += 1
        assert time.process_time() - begun < SECONDS, number
    assert outcome.total() == MUTANTS
    if suffix in PACKED:
        assert outcome["refused"] > MUTANTS // 4, outcome


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8")))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data) -> None:
    for suffix in (".docx", ".html", ".md"):
        path = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
        path.write_bytes(data)
        try:
            import_text(path)
        except StudioError as error:
            assert path.name in error.user_message


@pytest.mark.parametrize("suffix", PACKED)
def test_a_deflated_document_is_read_like_a_stored_one(suffix, tmp_path) -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(repacked(sample(suffix), {}, method))
        assert import_text(path).text == SAMPLE


@pytest.mark.parametrize(
    "name", ["../../escape", "/etc/escape", "C:\\escape", "..\\escape", "CON", "a\x00b", "a/" * 300]
)
@pytest.mark.parametrize("suffix", PACKED)
def test_members_names_lead_nowhere(name, suffix, tmp_path) -> None:
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    path = folder / f"x{suffix}"
    path.write_bytes(repacked(sample(suffix), {name: b"escaped"}))
    assert import_text(path).text == SAMPLE
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_an_epub_names_only_its_own_members(tmp_path) -> None:
    package = b"""<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id="a" href="../../../../etc/passwd" media-type="application/xhtml+xml"/>
    </manifest><spine><itemref idref="a"/></spine></package>"""
    path = tmp_path / "x.epub"
    path.write_bytes(repacked(sample(".epub"), {"EPUB/package.opf": package}))
    with pytest.raises(BadInputError, match="a part of it is missing"):
        import_text(path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path) -> None:
    content = {".docx": "word/document.xml", ".odt": "content.xml", ".epub": "EPUB/package.opf"}
    for suffix in PACKED:
        path = tmp_path / f"x{suffix}"
        path.write_bytes(repacked(sample(suffix), {content[suffix]: b" " * 2**24}))
        begun = time.process_time()
        with pytest.raises(BadInputError, match="unpacks to far more"):
            import_text(path)
        assert time.process_time() - begun < 1


def test_too_many_parts_are_refused(tmp_path) -> None:
    path = tmp_path / "x.odt"
    path.write_bytes(repacked(sample(".odt"), {f"p{n}": b"" for n in range(MAX_MEMBERS)}))
    with pytest.raises(BadInputError, match="more parts"):
        import_text(path)


def test_a_member_that_lies_about_its_size_is_refused(tmp_path) -> None:
    data = bytearray(repacked(sample(".odt"), {"content.xml": b" " * 2**24}))
    at = data.rindex(b"content.xml") - 46
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    path = tmp_path / "x.odt"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match="damaged"):
        import_text(path)


def test_too_much_in_all_is_refused(tmp_path) -> None:
    data = bytearray(repacked(sample(".odt"), {"Pictures/a.png": b"x"}))
    at = data.rindex(b"Pictures/a.png") - 46
    data[at + 20 : at + 28] = struct.pack("<II", 2**28, 2**28)
    path = tmp_path / "x.odt"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match="larger than any text"):
        import_text(path)


@pytest.mark.parametrize("suffix", PACKED)
def test_a_locked_document_says_so(suffix, tmp_path) -> None:
    data = bytearray(sample(suffix))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match="password"):
        import_text(path)


def test_a_word_document_with_a_password_says_so(tmp_path) -> None:
    path = tmp_path / "x.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096)
    with pytest.raises(BadInputError, match="password, or in an old Office format"):
        import_text(path)


def test_a_protected_book_says_so(tmp_path) -> None:
    path = tmp_path / "x.epub"
    path.write_bytes(repacked(sample(".epub"), {"META-INF/rights.xml": b"<rights/>"}))
    with pytest.raises(BadInputError, match="protected against copying"):
        import_text(path)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://x.example/">%p;]>',
    ],
)
@pytest.mark.parametrize(
    ("suffix", "name"),
    [(".odt", "content.xml"), (".docx", "word/document.xml"), (".epub", "EPUB/package.opf")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_with_a_document_type_is_refused(head, suffix, name, encoding, tmp_path) -> None:
    whole = sample(suffix)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        text = archive.read(name).decode()
    text = text[text.index("?>") + 2 :]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(repacked(whole, {name: text.encode(encoding)}))
    assert import_text(path).text == SAMPLE
    path.write_bytes(repacked(whole, {name: (head + text).encode(encoding)}))
    with pytest.raises(BadInputError, match="damaged"):
        import_text(path)


@pytest.mark.parametrize(
    ("suffix", "name"), [(".odt", "content.xml"), (".docx", "word/document.xml")]
)
def test_xml_without_end_is_refused(suffix, name, tmp_path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(repacked(sample(suffix), {name: b"<a>" * 100_000 + b"</a>" * 100_000}))
    with pytest.raises(BadInputError, match="damaged"):
        import_text(path)


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<a ", "<a b='", '<a b="', "<!--", "<!", "<?", "</", "<![CDATA[", "<script>", "["),
        *("&#", "&#99999999999", "<ul>", "<li>", "<b>", "</b>", "</ul>", "<pre>", "<blockquote>"),
        *("<svg>", "<p>x", "<td>x", "<a =", "<h1>", "<b>x</i>", "<title>", "*a", "`", "[](", "<x@"),
    ],
)
def test_no_page_takes_long(piece, tmp_path) -> None:
    path = tmp_path / "x.html"
    path.write_text(piece * (200_000 // len(piece)))
    begun = time.process_time()
    import_text(path)
    assert time.process_time() - begun < SECONDS


def test_a_scanned_page_is_tags_and_text() -> None:
    page = "<P CLASS='a>b' data-x=1 hidden>x &amp; y</P><br/>< 3<x:b>z</x:b><title>a<b></title>"
    assert list(scan(page)) == [
        Tag("p", attributes={"class": "a>b", "data-x": "1", "hidden": ""}),
        "x & y",
        Tag("p", opens=False, closes=True),
        Tag("br", closes=True),
        "<",
        " 3",
        Tag("b"),
        "z",
        Tag("b", opens=False, closes=True),
        Tag("title", closes=True, raw="a<b>"),
    ]


def test_files_that_cannot_be_read_say_so(tmp_path) -> None:
    for suffix in (".docx", ".html", ".md"):
        with pytest.raises(StorageError, match="gone"):
            import_text(tmp_path / f"gone{suffix}")
    with pytest.raises(BadInputError, match="not an OpenDocument text"):
        path = tmp_path / "renamed.odt"
        path.write_bytes(sample(".docx"))
        import_text(path)
    with pytest.raises(BadInputError, match="not a Word document"):
        path = tmp_path / "renamed.docx"
        path.write_bytes(sample(".odt"))
        Container(path)
        import_text(path)


def test_a_word_document_by_word(tmp_path: Path) -> None:
    path = tmp_path / "x.docx"
    path.write_bytes(docx())
    found = import_text(path)
    assert found.title == "By Word"
    assert found.text == (
        "# The title\n\n## **Über**schrift\n\nPlain **bold** *style* not bold `code` with "
        "insertion and a content control.\n\nCourier is no code.\n\n1. one\n2. two\n"
        "   - inner\n3. three\n\n> quoted\n\na | b\n\nc\n\nAfter the page.\n\n"
        "[link](https://example.org/) and no link.\n"
    )
    assert set(found.notices) == {
        "Pictures were left out.",
        "Tables became lines of text.",
        "Footnotes and endnotes were left out.",
        "Comments were left out.",
        "Tracked changes were taken as accepted.",
    }


def test_an_opendocument_text_by_libreoffice(tmp_path: Path) -> None:
    path = tmp_path / "x.odt"
    path.write_bytes(odt())
    found = import_text(path)
    assert found.title == "By LibreOffice"
    assert found.text == (
        "# One\n\n## Two\n\nPlain **bold** *emphasis* ~~gone~~ `source` a b\nc\n\n"
        "4. four\n   - dot\n5. five\n\n> quoted\n\na | b\n\n[link](https://example.org/) no link\n"
    )
    assert set(found.notices) == {
        "Pictures were left out.",
        "Tables became lines of text.",
        "Footnotes and endnotes were left out.",
        "Comments were left out.",
        "Tracked changes were taken as accepted.",
    }

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError, StorageError
from studio.documents.export import archive as archive_module
from studio.documents.export import (
    docx,
    epub,
    export_text,
    html,
    import_text,
    markdown,
    odt,
    odt_writer,
)
from studio.documents.export.archive import Archive, stored
from studio.documents.export.tree import Block, Kind, Run, merged, safe_link, trimmed

CASES = {
    "headings": "# One\n\n## Two *it*\n\n###### Six\n",
    "emphasis": "A **bold**, *italic*, ***both***, `code` and ~~gone~~ word.\n",
    "inside a word": "un**believ**able\n",
    "links": "See [the site](https://example.org/a_(b)?c=d&e) or [write](mailto:a@b.org).\n",
    "bullets": "- a\n- **b**\n  - deeper\n  - again\n- c\n",
    "numbers": "1. one\n2. two\n3. three\n",
    "both lists": "- a\n  1. one\n  2. two\n- b\n\n1. first\n\nBetween.\n\n1. again\n",
    "quote": "> Somebody said *this*.\n\nAnd that.\n",
    "code": "```\nif x < 1:\n    y = `2`\n```\n",
    "rule": "Before\n\n---\n\nAfter\n",
    "lines": "Roses are red,\nviolets are blue.\n\nNext verse.\n",
    "marks that are none": "2 \\* 3 \\_x\\_ \\[a\\](b) \\<b\\> \\& \\`\n\n1\\. no\n\n\\# none\n",
    "scripts": "שלום 世界 🌍 é ﬁ\n",
}


def through_docx(blocks, tmp_path: Path):
    path = tmp_path / "a.docx"
    path.write_bytes(docx.write(blocks, title="T"))
    return docx.read(Archive(path))


def through_odt(blocks, tmp_path: Path):
    path = tmp_path / "a.odt"
    path.write_bytes(odt_writer.write(blocks, title="T"))
    return odt.read(Archive(path))


def through_epub(blocks, tmp_path: Path):
    path = tmp_path / "a.epub"
    path.write_bytes(epub.write(blocks, title="T"))
    return epub.read(Archive(path))


def through_html(blocks, tmp_path: Path):
    return html.parse(html.page(blocks, "T"))


def through_markdown(blocks, tmp_path: Path):
    return markdown.parse(markdown.render(blocks))


WAYS = [through_markdown, through_html, through_docx, through_odt, through_epub]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_headings_emphasis_lists_and_links_survive(tmp_path, way, name) -> None:
    blocks = markdown.parse(CASES[name])
    assert blocks
    assert way(blocks, tmp_path) == blocks


@pytest.mark.parametrize("name", CASES)
def test_markdown_is_written_as_it_was_read(name) -> None:
    blocks = markdown.parse(CASES[name])
    assert markdown.parse(markdown.render(blocks)) == blocks
    again = markdown.render(blocks)
    assert markdown.render(markdown.parse(again)) == again


WORD = st.text("abc xyz é🌍", min_size=1, max_size=12).map(lambda t: " ".join(t.split()) or "w")
PROSE = st.text("ab .,*_`#-+>1[]()<>&~!\\|:'\"=é\n", min_size=1, max_size=40)
LINKS = st.sampled_from(["", "", "", "https://e.org/x", "https://e.org/a(b)_c*d?q=1&r=2"])
LOOK = st.tuples(st.booleans(), st.booleans(), st.booleans(), LINKS)


@st.composite
def looked_runs(draw) -> tuple[Run, ...]:
    """Words of different looks with a plain space between, as people set them."""
    runs: list[Run] = []
    for word, (bold, italic, strike, link) in draw(
        st.lists(st.tuples(WORD, LOOK), min_size=1, max_size=4)
    ):
        runs += [Run(word, bold, italic, False, strike, link), Run(" ")]
    return trimmed(runs)


@st.composite
def trees(draw) -> tuple[Block, ...]:
    blocks: list[Block] = []
    level = -1
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(
            st.sampled_from([Kind.PARAGRAPH, Kind.HEADING, Kind.ITEM, Kind.QUOTE, Kind.RULE])
        )
        if kind is Kind.RULE:
            blocks.append(Block(kind))
        elif kind is Kind.ITEM:
            level = min(2, draw(st.integers(0, level + 1))) if level >= 0 else 0
            blocks.append(Block(kind, draw(looked_runs()), level, draw(st.booleans())))
        else:
            number = draw(st.integers(1, 6)) if kind is Kind.HEADING else 0
            runs = draw(looked_runs())
            if kind is Kind.HEADING:
                runs = merged(run.styled({"bold": False}) for run in runs)
            blocks.append(Block(kind, runs, number))
        level = -1 if kind is not Kind.ITEM else level
    return tuple(blocks)


@pytest.mark.parametrize("way", WAYS)
def test_any_document_survives(tmp_path, way) -> None:
    @settings(max_examples=60 if way is not through_docx else 15, deadline=None, database=None)
    @given(trees())
    def survives(blocks) -> None:
        assert way(blocks, tmp_path) == blocks

    survives()


@given(PROSE)
def test_any_prose_survives_markdown(text) -> None:
    lines = tuple(line.strip() for line in text.split("\n") if line.strip())
    runs = trimmed([Run("\n".join(" ".join(line.split()) for line in lines))])
    if runs:
        blocks = (Block(Kind.PARAGRAPH, runs),)
        assert markdown.parse(markdown.render(blocks)) == blocks


@given(st.text(max_size=200))
def test_any_text_is_markdown_and_html_and_settles(text) -> None:
    blocks = markdown.parse(text)
    once = markdown.parse(markdown.render(blocks))
    assert markdown.parse(markdown.render(once)) == once
    html.parse(text)
    ElementTree.fromstring(f"<body>{html.body(blocks)}</body>")


def test_nothing_foreign_is_kept_as_markup_or_fetched() -> None:
    text = (
        '<script>alert(1)</script> <img src="http://e.org/x.png"> ![a](http://e.org/t.png) '
        "[x](javascript:alert(1)) [y](file:///etc/passwd) <b>no</b> [z](//e.org)"
    )
    written = html.body(markdown.parse(text))
    assert "<script" not in written
    assert "<img" not in written
    assert "href" not in written
    read = html.parse("<p>a<script>b</script><style>c</style><img src=x onerror=y>"
                      "<a href='javascript:d'>e</a><iframe src=f>g</iframe></p>")  # fmt: skip
    assert read == (Block(Kind.PARAGRAPH, (Run("ae"),)),)
    assert [safe_link(link) for link in ("java\nscript:x", "HTTPS://a", " http://a b")] == [
        "", "HTTPS://a", "http://ab",
    ]  # fmt: skip


BOOK = """\
# First & last

Text **b** <x>.

- a
  1. b
- c

# Second

> q

```
c < d
```
---

End
"""


def test_an_epub_is_built_as_the_standard_wants(tmp_path) -> None:
    path = tmp_path / "a.epub"
    export_text(path, BOOK, title="A <book> & more", language="de")
    with zipfile.ZipFile(path) as book:
        names = book.namelist()
        assert names[0] == "mimetype"
        assert book.read("mimetype") == b"application/epub+zip"
        assert {entry.compress_type for entry in book.infolist()} == {zipfile.ZIP_STORED}
        assert path.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
        for name in names:
            if name.endswith((".xhtml", ".opf", ".xml")):
                ElementTree.fromstring(book.read(name))
        package = ElementTree.fromstring(book.read("EPUB/package.opf"))
        opf = "{http://www.idpf.org/2007/opf}"
        items = {item.get("id"): item for item in package.iter(f"{opf}item")}
        hrefs = {f"EPUB/{item.get('href')}" for item in items.values()}
        assert hrefs == set(names) - {"mimetype", "META-INF/container.xml", "EPUB/package.opf"}
        assert [ref.get("idref") for ref in package.iter(f"{opf}itemref")] == [
            "part-0001", "part-0002",
        ]  # fmt: skip
        assert [i.get("properties") for i in items.values()].count("nav") == 1
        navigation = book.read("EPUB/nav.xhtml").decode()
        assert "First &amp; last" in navigation
        assert "part-0002.xhtml" in navigation


@pytest.mark.skipif(
    not (shutil.which("java") and Path("/usr/share/java/epubcheck.jar").exists()),
    reason="epubcheck is not installed",
)
@pytest.mark.parametrize("text", [BOOK, "", "no heading", "\x01\x0b odd \ufffe", "## Only second"])
def test_epubcheck_finds_nothing(tmp_path, text) -> None:
    path = tmp_path / "a.epub"
    export_text(path, text, title=text[:20])
    done = subprocess.run(
        ["java", "-jar", "/usr/share/java/epubcheck.jar", "--failonwarnings", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".docx", ".odt", ".epub"])
def test_what_is_exported_can_be_imported(tmp_path, suffix) -> None:
    path = tmp_path / f"Novel 🌍{suffix}"
    text = "# Title\n\nIt was a **dark** night.\n\n- one\n- two\n"
    export_text(path, text, title="Novel")
    found = import_text(path)
    assert found.text == text
    assert found.title == ("Novel 🌍" if suffix in (".txt", ".md") else "Title")


def test_numbered_lists_begin_at_one_again(tmp_path) -> None:
    path = tmp_path / "a.docx"
    export_text(path, "1. a\n2. b\n\nBetween\n\n1. c\n", title="T")
    with zipfile.ZipFile(path) as packed:
        xml = packed.read("word/document.xml").decode()
        assert {entry.compress_type for entry in packed.infolist()} == {zipfile.ZIP_STORED}
    import re

    numbers = re.findall(r'<w:numId w:val="(\d+)"/>', xml)
    assert numbers[0] == numbers[1] != numbers[2]


def test_without_python_docx_there_is_a_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(BadInputError, match="python-docx"):
        export_text(tmp_path / "a.docx", "x", title="T")
    assert list(tmp_path.iterdir()) == []


def bomb(ratio_bytes: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("content.xml", b"<a>" + b" " * ratio_bytes + b"</a>")
        packed.writestr("word/document.xml", b" " * ratio_bytes)
    return target.getvalue()


def lying_size() -> bytes:
    data = bytearray(bomb(1000))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


BAD = {
    "bomb": lambda: bomb(30_000_000),
    "lying": lying_size,
    "many": lambda: stored((f"{n}.xml", b"") for n in range(archive_module.MAX_MEMBERS + 1)),
    "climbing": lambda: stored([("content.xml", b"<a/>"), ("../../evil", b"x")]),
    "absolute": lambda: stored([("content.xml", b"<a/>"), ("/etc/x", b"x")]),
    "drive": lambda: stored([("content.xml", b"<a/>"), ("C:\\x", b"x")]),
    "entities": lambda: stored([("content.xml", LAUGHS), ("META-INF/container.xml", LAUGHS)]),
    "empty": lambda: stored([]),
    "broken": lambda: bomb(1000)[:-30],
    "no zip": lambda: b"hello",
    "nothing": lambda: b"",
    "no xml": lambda: stored([("content.xml", b"\x00\x01"), ("META-INF/container.xml", b"<")]),
}
LAUGHS = b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a '0123456789'>" + b"".join(
    b"<!ENTITY %c '&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;'>" % ((98 + n,) + (97 + n,) * 10)
    for n in range(9)
) + b"]><l>&j;</l>"  # fmt: skip


@pytest.mark.parametrize("suffix", [".docx", ".odt", ".epub"])
@pytest.mark.parametrize("name", BAD)
def test_bombs_and_broken_documents_are_refused(tmp_path, name, suffix) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(BAD[name]())
    with pytest.raises(BadInputError) as caught:
        import_text(path)
    assert "a." in caught.value.user_message


@pytest.mark.parametrize("suffix", [".docx", ".odt", ".epub"])
def test_damaged_documents_never_raise_anything_else(tmp_path, suffix) -> None:
    import random

    path = tmp_path / f"a{suffix}"
    export_text(path, BOOK, title="T")
    good, dice = path.read_bytes(), random.Random(3)
    read = 0
    for _ in range(60 if suffix == ".docx" else 200):
        data = bytearray(good)
        for _ in range(dice.choice([1, 4, 30])):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            import_text(path)
            read += 1
        except BadInputError as error:
            assert error.user_message
    assert read < 200


def test_unknown_kinds_missing_files_and_failing_disks_are_explained(tmp_path, monkeypatch) -> None:
    with pytest.raises(BadInputError, match="kind of text file"):
        import_text(tmp_path / "a.xyz")
    with pytest.raises(BadInputError, match="kind of text file"):
        export_text(tmp_path / "a.xyz", "x", title="T")
    with pytest.raises(StorageError):
        import_text(tmp_path / "missing.docx")
    path = tmp_path / "a.epub"
    export_text(path, "old", title="T")
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        with pytest.raises(StorageError, match="full"):
            export_text(path, "new", title="T")
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.epub"]

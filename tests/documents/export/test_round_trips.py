"""What a writer made survives being written as another program's file and read again."""

from __future__ import annotations

import errno
import html.parser
import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from studio.core.errors import BadInputError, StorageError
from studio.documents.export import FORMATS, export_text, format_of, import_text, render_text
from studio.documents.export.blocks import tidied
from studio.documents.export.docx_reader import read_docx
from studio.documents.export.docx_writer import write_docx
from studio.documents.export.epub_reader import read_epub
from studio.documents.export.epub_writer import write_epub
from studio.documents.export.html_reader import read_html
from studio.documents.export.html_writer import write_html
from studio.documents.export.odt_reader import read_odt
from studio.documents.export.odt_writer import write_odt
from tests.core.faults import failing
from tests.documents.export.grammar import DOCUMENTS

SUFFIXES = (".docx", ".odt", ".html", ".epub")
ABOUT = {"title": "A & <B>", "author": "A. “Writer”", "language": "de"}
ATOMIC_CALLS = ("open", "fsync", "link", "replace", "rename", "chmod", "mkdir")
SETTINGS = settings(max_examples=80, deadline=None)

CASES = {
    "headings": "# One\n\n## Two *em*\n\n### Three\n\n###### Six\n",
    "emphasis": "*a* or **b** or ***c*** or **d *e* f**, un*believ*able ~~g~~ `h *i*`\n",
    "links": "[a *b*](https://example.org/x?y=1&z=2) and <https://example.org/>, "
    "[mail](mailto:a@example.org).\n",
    "bullets": "- a\n- b\n  - c\n    - d\n- e\n",
    "numbers": "3. a\n4. b\n   1. c\n   2. d\n5. e\n",
    "mixed lists": "- a\n  1. b\n- c\n\n1. d\n\n1) e\n",
    "long items": "- a\n\n  b\n\n- c\n\n  ```\n  d\n  ```\n",
    "quotes": "> a\n> b\n>\n> *c*\n\nd\n",
    "code": "```\nif x:\n    y  =\t1\n\nz\n```\n",
    "breaks": "a\n\n***\n\nb\n",
    "verse": "A line\nand a line\n\nand a stanza\n",
    "entities": "a < b & c > d \"e\" 'f' <b>g</b> \\&amp;\n",
    "marks as words": "2 * 3, snake_case, # no heading, [1], C#\n\n1\\. no list\n\n\\- no item\n",
    "many scripts": "Grüße, 日本語, עברית, 🗼, é\n\n# Ünïcödé — „Wörter“\n",
}


def round_trip(text: str, suffix: str, folder: Path) -> str:
    path = folder / f"x{suffix}"
    export_text(text, path, **ABOUT)
    return import_text(path).text


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", CASES)
def test_a_manuscript_survives(name, suffix, tmp_path) -> None:
    assert round_trip(CASES[name], suffix, tmp_path) == CASES[name]


@SETTINGS
@given(DOCUMENTS)
def test_any_blocks_survive_html(blocks) -> None:
    assert read_html(write_html(blocks, title="x")).blocks == tidied(blocks)


@SETTINGS
@given(DOCUMENTS)
def test_any_blocks_survive_docx(tmp_path_factory, blocks) -> None:
    path = tmp_path_factory.getbasetemp() / "any.docx"
    path.write_bytes(write_docx(blocks, title="x"))
    assert read_docx(path).blocks == tidied(blocks)


@SETTINGS
@given(DOCUMENTS)
def test_any_blocks_survive_odt(tmp_path_factory, blocks) -> None:
    path = tmp_path_factory.getbasetemp() / "any.odt"
    path.write_bytes(write_odt(blocks, title="x"))
    assert read_odt(path).blocks == tidied(blocks)


@SETTINGS
@given(DOCUMENTS)
def test_any_blocks_survive_epub(tmp_path_factory, blocks) -> None:
    path = tmp_path_factory.getbasetemp() / "any.epub"
    path.write_bytes(write_epub(blocks, title="x"))
    assert read_epub(path).blocks == tidied(blocks)


@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_text_and_markdown_are_written_as_they_are(suffix, tmp_path) -> None:
    text = "#no heading\n\n  *a*   b\n\n\n\tend"
    assert round_trip(text, suffix, tmp_path) == text
    assert (tmp_path / f"x{suffix}").read_bytes() == text.encode()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_title_goes_along(suffix, tmp_path) -> None:
    path = tmp_path / f"novel{suffix}"
    export_text("# Chapter\n\nText\n", path, **ABOUT)
    assert import_text(path).title == ABOUT["title"]
    export_text("Text\n\n# Chapter *one*\n", path)
    assert import_text(path).title == "Chapter one"
    export_text("Text\n", path)
    assert import_text(path).title == "novel"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("text", ["", " \n\n\t\n", "***\n", "#\n"])
def test_an_empty_text_is_a_document_too(suffix, text, tmp_path) -> None:
    assert round_trip(text, suffix, tmp_path) == ("***\n" if "*" in text else "")


@pytest.mark.parametrize("suffix", [".docx", ".odt", ".epub"])
def test_packed_documents_are_stored(suffix) -> None:
    data = render_text("# a\n\nb", suffix, title="x")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.testzip() is None
        if suffix != ".docx":
            assert archive.namelist()[0] == "mimetype"
            assert data[30:38] == b"mimetype"


class _Loads(html.parser.HTMLParser):
    """Collects everything a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("img", "script", "iframe", "link", "object", "embed", "base", "form"):
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "style", "background"):
                self.found.append(f"{name}={value}")
            if name == "href" and not (value or "").startswith(("http", "mailto:")):
                self.found.append(f"{name}={value}")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](http://tracker.example/x.png)",
        "![x](file:///etc/passwd)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        '[x](https://example.org/"onmouseover="alert(1))',
        "<javascript:alert(1)>",
        "# <iframe src='http://x.example'></iframe>",
        "```\n</code></pre><script>alert(1)</script>\n```",
    ],
)
def test_a_page_loads_and_runs_nothing(text) -> None:
    page = render_text(text, ".html", title="</title><script>x</script>", author='"><img src=x>')
    loads = _Loads()
    loads.feed(page.decode())
    assert loads.found == []


@pytest.mark.parametrize(
    "page",
    [
        "<p>a<script>alert(1)</script><style>p{}</style>b<template>x</template></p>",
        "<p>a<!-- hidden --><svg><text>x</text></svg>b</p>",
        "<head><title>t</title></head><body><noframes>x</noframes>ab",
    ],
)
def test_scripts_and_hidden_parts_of_a_page_are_dropped(page, tmp_path) -> None:
    path = tmp_path / "x.html"
    path.write_text(page)
    assert import_text(path).text == "ab\n"


def test_a_page_of_the_web_is_read_for_its_words(tmp_path) -> None:
    path = tmp_path / "x.htm"
    path.write_bytes(
        b"<meta charset=iso-8859-2><title>Za\xbf\xf3\xb3\xe6 &amp; more</title><H2>Big</h2>\n"
        b"text\n  goes <B>on</B> <span style='font-style: italic'>and</span> on<br>new line"
        b"<ul><li>a<li>b<ul><li>c</ul></ul><table><tr><td>1<td>2<tr><td>3</table>"
        b"<img src='http://x.example/p.png'><a href='javascript:x'>no</a> <a href='https://x.y/'>yes"
    )
    found = import_text(path)
    assert found.title == "Zażółć & more"
    assert found.text == (
        "## Big\n\ntext goes **on** *and* on\nnew line\n\n- a\n- b\n  - c\n\n1 | 2\n\n3\n\n"
        "no [yes](https://x.y/)\n"
    )
    assert found.notices == ("Pictures were left out.", "Tables became lines of text.")


def test_formats_name_what_can_be_done() -> None:
    assert [known.suffix for known in FORMATS if not known.can_import] == [".pdf"]
    assert {known.suffix for known in FORMATS if known.can_export and not known.needs_qt} == {
        *SUFFIXES,
        ".txt",
        ".md",
    }
    assert format_of(Path("a.HTM")) is format_of(Path("b.html"))
    assert format_of(Path("a.png")) is None


@pytest.mark.parametrize("name", ["x.rtf", "x.pdf", "x", "x.docx.exe"])
def test_other_kinds_are_refused_with_a_sentence(name, tmp_path) -> None:
    with pytest.raises(BadInputError, match="is not a kind of text file"):
        export_text("a", tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInputError, match="is not a kind of text file"):
        import_text(tmp_path / name)


@pytest.mark.parametrize("language", ["", "english", "e", "de_DE", 'en"', "<b>"])
def test_a_language_must_be_one(language) -> None:
    with pytest.raises(BadInputError, match="code of a language"):
        render_text("a", ".epub", title="x", language=language)


def test_word_documents_without_python_docx_get_a_sentence(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(BadInputError, match="python-docx") as caught:
        export_text("a", tmp_path / "x.docx")
    assert ".odt" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".txt", *SUFFIXES])
def test_every_failing_call_leaves_a_whole_file(suffix, tmp_path, monkeypatch) -> None:
    path = tmp_path / f"x{suffix}"
    export_text("old", path, title="x")
    struck, nth = True, 1
    while struck:
        with failing(monkeypatch, nth, errno.ENOSPC, ATOMIC_CALLS) as faults:
            try:
                export_text("new", path, title="x")
            except StorageError as error:
                assert path.name in error.user_message
        struck = bool(faults.struck)
        assert import_text(path).text.strip() in ("old", "new")
        assert [file.name for file in tmp_path.iterdir()] == [path.name]
        nth += 1
    assert nth > 5


def test_a_word_document_has_words_own_styles_and_order() -> None:
    import docx

    text = "# A\n\nb [c](https://example.org/) `d`\n\n1. e\n\n   f\n\n> g\n\n***\n\n```\nh\n```\n"
    document = docx.Document(io.BytesIO(render_text(text, ".docx", **ABOUT)))
    styles = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert styles == [
        ("Heading 1", "A"),
        ("Normal", "b c d"),
        ("List Paragraph", "e"),
        ("List Paragraph", "f"),
        ("Quote", "g"),
        ("Scene Break", "* * *"),
        ("Code", "h"),
    ]
    properties = document.core_properties
    assert (properties.title, properties.author, properties.language) == tuple(ABOUT.values())
    assert properties.comments == ""
    numbering = [child.tag.rpartition("}")[2] for child in document.part.numbering_part.element]
    assert numbering == sorted(numbering)  # every abstractNum before the first num

"""Files that Qt lays out: on any thread, without loading anything, whole or not at all."""

from __future__ import annotations

import re
import socket
import threading
import zlib
from pathlib import Path
from typing import NoReturn

import pytest
from PySide6.QtCore import QSize, QUrl
from PySide6.QtGui import QColor, QImage, QPainter, QTextDocument

from studio.app.text_export import SealedDocument, export_document, render_document
from studio.core.errors import BadInputError
from studio.core.provenance.credentials import seal
from studio.core.provenance.keys import installation_key
from studio.core.provenance.origin import check_origin
from studio.documents.export import FORMATS, import_text
from tests.core.provenance.conftest import EmptyVault
from tests.core.provenance.samples import record

TEXT = (
    "# One\n\nText *em* **b** [link](https://example.org/)\n\n1. a\n   - b\n\n> q\n\n***\n\nEnd\n"
)
LONG = TEXT + "Words and more words of a paragraph that goes on. " * 60 * 40


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def told(pdf: bytes, name: bytes) -> str:
    """Return an entry of a PDF's information, which Qt writes as UTF-16 with escapes."""
    match = re.search(rb"/" + name + rb" \((.*?)(?<!\\)\)", pdf, re.DOTALL)
    assert match is not None
    return re.sub(rb"\\([\\()])", rb"\1", match[1]).decode("utf-16")


def streams(pdf: bytes) -> bytes:
    """Return everything a PDF draws, unpacked."""
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            found.append(match[1])
    return b"".join(found)


def test_a_pdf_is_whole_and_named(qapp, tmp_path) -> None:
    path = tmp_path / "x.pdf"
    export_document(LONG, path, title="Große (Sache)", author="Ä. Writer", language="de")
    pdf = path.read_bytes()
    assert pdf.startswith(b"%PDF-1.") and pdf.rstrip().endswith(b"%%EOF")
    assert told(pdf, b"Title") == "Große (Sache)"
    assert told(pdf, b"Author") == "Ä. Writer"
    assert pages(pdf) > 3
    assert b"https://example.org/" in pdf
    assert [file.name for file in tmp_path.iterdir()] == ["x.pdf"]


@pytest.mark.parametrize(("language", "width"), [("en", b"595"), ("en-US", b"612"), ("de", b"595")])
def test_pages_have_the_size_that_is_usual_there(qapp, language, width) -> None:
    pdf = render_document("a", ".pdf", title="x", language=language)
    box = re.search(rb"/MediaBox \[0(?:\.0+)? 0(?:\.0+)? (\d+)", pdf)
    assert box is not None and box[1] == width


def test_an_empty_text_is_one_page(qapp) -> None:
    assert pages(render_document("", ".pdf", title="x")) == 1


def test_it_works_on_any_thread_at_once(qapp, tmp_path) -> None:
    threads = [
        threading.Thread(target=export_document, args=(LONG, tmp_path / f"{number}.pdf"))
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    sizes = [pages((tmp_path / f"{number}.pdf").read_bytes()) for number in range(3)]
    assert min(sizes) == max(sizes) > 3


def test_nothing_is_loaded(qapp, tmp_path, monkeypatch) -> None:
    def refuse(self: socket.socket, address: object) -> NoReturn:
        raise AssertionError(f"a connection to {address!r} was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    green = QImage(QSize(64, 64), QImage.Format.Format_RGB32)
    green.fill(QColor(0, 255, 0))
    assert green.save(str(tmp_path / "green.png"))
    url = QUrl.fromLocalFile(str(tmp_path / "green.png")).toString()
    for text in (f"![x]({url})", f"<img src='{url}'>", f'<link rel="stylesheet" href="{url}">'):
        pdf = render_document(text, ".pdf", title="x")
        assert not re.search(rb"/Subtype\s*/Image", pdf) and b"0 1 0 rg" not in streams(pdf)
    assert shows_green(QTextDocument(), url)
    assert not shows_green(SealedDocument(), url)


def shows_green(document: QTextDocument, url: str) -> bool:
    document.setHtml(f"<p><img src='{url}' width='64' height='64'></p>")
    image = QImage(QSize(200, 200), QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    document.drawContents(painter)
    painter.end()
    return any(
        image.pixelColor(x, y) == QColor(0, 255, 0)
        for x in range(0, 200, 8)
        for y in range(0, 200, 8)
    )


@pytest.mark.parametrize("suffix", [known.suffix for known in FORMATS if not known.needs_qt])
def test_other_formats_are_written_as_without_qt(qapp, suffix, tmp_path) -> None:
    path = tmp_path / f"x{suffix}"
    export_document(TEXT, path, title="x")
    assert import_text(path).text == TEXT


def test_unknown_kinds_and_languages_are_refused(qapp, tmp_path) -> None:
    with pytest.raises(BadInputError, match="not a kind of text file"):
        export_document("a", tmp_path / "x.rtf")
    with pytest.raises(BadInputError, match="code of a language"):
        export_document("a", tmp_path / "x.pdf", language="no language")
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_can_be_signed(qapp, tmp_path: Path) -> None:
    key = installation_key(tmp_path / "keys", vault=EmptyVault())
    sealed = seal(render_document(LONG, ".pdf", title="x"), ".pdf", record(), key)
    path = tmp_path / "x.pdf"
    path.write_bytes(sealed.data)
    report = check_origin(path, authority=key.authority)
    assert sealed.signed and report.made_by_model
    assert report.credentials is not None and report.credentials.state == "ours"

from __future__ import annotations

import pytest

from studio.app.text_export import EXPORTS, export_document
from studio.core.errors import BadInputError
from studio.documents.export import IMPORTS, import_text

TEXT = "# Title\n\nIt was a **dark** [night](https://e.org).\n\n![p](file:///etc/passwd)\n\n- one\n"


@pytest.mark.parametrize("suffix", EXPORTS)
def test_a_manuscript_becomes_any_kind_of_document(qapp, tmp_path, suffix) -> None:
    path = tmp_path / f"Novel{suffix}"
    export_document(path, TEXT, title="Novel")
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    if suffix in IMPORTS:
        assert "It was a **dark**" in import_text(path).text


def test_a_pdf_holds_the_words_and_no_picture(qapp, tmp_path) -> None:
    path = tmp_path / "a.pdf"
    export_document(path, TEXT * 40, title="Novel 🌍")
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") > 1
    assert b"/Subtype /Image" not in data


def test_an_empty_manuscript_is_a_document_too(qapp, tmp_path) -> None:
    export_document(tmp_path / "a.pdf", "", title="")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")


def test_an_unknown_kind_is_refused_and_nothing_is_written(qapp, tmp_path) -> None:
    with pytest.raises(BadInputError):
        export_document(tmp_path / "a.xyz", TEXT, title="T")
    assert list(tmp_path.iterdir()) == []

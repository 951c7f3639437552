"""Writes a manuscript as any kind of document, PDF included, which only Qt can lay out.

``.pdf`` is laid out by QTextDocument from our own HTML; everything else is written by
:mod:`studio.documents.export`. Needs a QGuiApplication; the document is never shown.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QUrl
from PySide6.QtGui import (
    QFont,
    QPageLayout,
    QPageSize,
    QPdfWriter,
    QTextDocument,
)

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError
from studio.documents import export
from studio.documents.export import html, markdown

EXPORTS = (".md", ".txt", ".docx", ".odt", ".pdf", ".epub", ".html")
MARGIN_MM = 25.0
FONT_PT = 11


class _Document(QTextDocument):
    """A text that never loads anything: pictures and style sheets are not looked for."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None


def export_document(path: Path, text: str, *, title: str, language: str = "en") -> None:
    """Write a manuscript as a document of the kind the suffix says, whole or not at all.

    Args:
        path: Ends with one of ``EXPORTS``.
        text: Markdown.
        title: Of the document.
        language: BCP 47, for EPUB.

    Raises:
        BadInputError: Another suffix.
        StorageError: The system refused; an old file is still there.
    """
    suffix = path.suffix.lower()
    if suffix != ".pdf":
        export.export_text(path, text, title=title, language=language)
        return
    data = _as_pdf(_laid_out(text, title), title)
    if not data.startswith(b"%PDF"):
        raise StorageError(f"{path.name} could not be made.", hint="Try another format.")
    atomic_write(path, data, doing="exporting the text")


def _laid_out(text: str, title: str) -> QTextDocument:
    document = _Document()
    document.setDefaultFont(QFont("serif", FONT_PT))
    document.setDefaultStyleSheet("p, li { line-height: 140%; }")
    document.setHtml(html.page(markdown.parse(text), title))
    document.setMetaInformation(QTextDocument.MetaInformation.DocumentTitle, title)
    return document


def _as_pdf(document: QTextDocument, title: str) -> bytes:
    target = QBuffer()
    target.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(target)
    writer.setTitle(title)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document.print_(writer)
    del writer  # writes the end of the file
    return bytes(target.data().data())

"""Writes a manuscript in every format: PDF is laid out here by Qt, the others by documents.export.

May be called on any thread while a QGuiApplication lives; it waits until the file is there, so
the GUI thread is the wrong one. Nothing is ever loaded from a link or a file.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QSizeF, QThread, QUrl
from PySide6.QtGui import (
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPdfWriter,
    QTextDocument,
    QTextOption,
)

from studio.app.theme.tokens import PRINTED_LINK
from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError
from studio.core.media import clean_text
from studio.documents.export import check_language, export_text, format_of, render_text

MARGIN_MM = 25.0
FONT_PT = 11.5

_STYLE = f"""
p {{ line-height: 135%; margin-top: 0; margin-bottom: 7pt; }}
li {{ line-height: 135%; }}
h1 {{ font-size: 20pt; }} h2 {{ font-size: 16pt; }} h3 {{ font-size: 13pt; }}
a {{ color: {PRINTED_LINK}; }}
pre, code {{ font-family: monospace; }}
"""
_LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH"})


class SealedDocument(QTextDocument):
    """A text that loads nothing: pictures and style sheets are not even looked for."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Return an empty picture, whatever the text names.

        Without one Qt takes the name for a file's and opens it after all.
        """
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None
        empty = QImage(1, 1, QImage.Format.Format_ARGB32)
        empty.fill(0)
        return empty


def export_document(
    text: str, target: Path, *, title: str = "", author: str = "", language: str = "en"
) -> None:
    """Write a manuscript as a file of the kind ``target``'s suffix says, whole or not at all.

    Args:
        text: The manuscript, read as Markdown.
        target: The file; one that is there is replaced.
        title: The work's title; empty means the first heading, or else the file's name.
        author: May be empty.
        language: BCP 47, such as "en" or "pt-BR".

    Raises:
        BadInputError: Not a kind of file this can write, or no language.
        StorageError: The system refused; an old file is as it was.
    """
    known = format_of(target)
    if known is None or not known.needs_qt:
        export_text(text, target, title=title, author=author, language=language)
        return
    data = render_document(
        text, known.suffix, title=title or target.stem, author=author, language=language
    )
    atomic_write(target, data, doing="exporting the text")


def render_document(
    text: str, suffix: str, *, title: str = "", author: str = "", language: str = "en"
) -> bytes:
    """Return a manuscript as the bytes of a file, for callers that seal it before it is written.

    Args:
        text: The manuscript, read as Markdown.
        suffix: One of ``FORMATS``, with its dot.
        title: The work's title.
        author: May be empty.
        language: BCP 47.

    Raises:
        BadInputError: Not a kind of file this can write, or no language.
        StorageError: Qt could not lay it out.
    """
    if suffix != ".pdf":
        return render_text(text, suffix, title=title, author=author, language=language)
    from studio.documents.export.html_writer import body
    from studio.documents.export.markdown_reader import read_markdown

    check_language(language)
    layout = _Layout(body(read_markdown(clean_text(text))), title, author, language)
    layout.start()
    layout.wait()
    if not layout.pdf.rstrip().endswith(b"%%EOF"):
        raise StorageError("The PDF could not be made.", hint="Try another format.")
    return layout.pdf


class _Layout(QThread):
    """Lays pages out on a thread of Qt's own: its fonts' timers outlive a thread of Python's.

    Attributes:
        pdf: The whole file, once the thread has ended.
    """

    def __init__(self, page: str, title: str, author: str, language: str) -> None:
        super().__init__()
        self.pdf = b""
        self._page = page
        self._about = (title, author, language)

    def run(self) -> None:
        """Make the PDF."""
        self.pdf = _pdf(_laid_out(self._page, self._about[2]), *self._about)


def _laid_out(page: str, language: str) -> SealedDocument:
    document = SealedDocument()
    font = QFont("serif")
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPointSizeF(FONT_PT)
    document.setDefaultFont(font)
    option = QTextOption()
    option.setTextDirection(QLocale(language).textDirection())
    document.setDefaultTextOption(option)
    document.setDefaultStyleSheet(_STYLE)
    document.setHtml(page)
    return document


def _pdf(document: SealedDocument, title: str, author: str, language: str) -> bytes:
    """Return pages of the size that is usual where the language is spoken, with numbers."""
    target = QBuffer()
    target.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(target)
    writer.setTitle(title)
    writer.setAuthor(author)
    writer.setCreator("Triptych")
    country = language.partition("-")[2].upper()
    size = QPageSize.PageSizeId.Letter if country in _LETTER_COUNTRIES else QPageSize.PageSizeId.A4
    writer.setPageSize(QPageSize(size))
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    writer.setPageMargins(margins, QPageLayout.Unit.Millimeter)
    document.setPageSize(QSizeF())  # without one, print_ lays pages out and numbers them
    document.print_(writer)
    del writer  # writes the end of the file
    return bytes(target.data().data())

"""How a report with tables looks, on screen and as PDF. Any thread that has its own document.

A manuscript's Markdown knows no tables, so reports are laid out here and not by the exporters.
"""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import (
    QColor,
    QFont,
    QPageLayout,
    QPageSize,
    QPdfWriter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

from studio.app.text_export import SealedDocument
from studio.app.theme.tokens import LIGHT, Space

BODY_PT = 9.5


def dress(document: QTextDocument, line: QColor, body: float, *, px: bool) -> None:
    """Give headings air and tables lines.

    Args:
        document: Made from Markdown.
        line: Colour of the lines.
        body: Size of the text.
        px: It is in pixels, not in points.
    """
    block = document.begin()
    while block.isValid():
        level = block.blockFormat().headingLevel()
        if level:
            form = block.blockFormat()
            form.setTopMargin(Space.L if level > 1 else 0)
            form.setBottomMargin(Space.S)
            cursor = QTextCursor(block)
            cursor.setBlockFormat(form)
            cursor.movePosition(
                QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor
            )
            cursor.setCharFormat(_letters(body * (1.5 if level == 1 else 1.15), px=px))
        block = block.next()
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _dress_table(frame, line)


def _letters(size: float, *, px: bool) -> QTextCharFormat:
    letters = QTextCharFormat()
    letters.setFontWeight(QFont.Weight.DemiBold)
    if px:
        letters.setProperty(QTextCharFormat.Property.FontPixelSize, round(size))
    else:
        letters.setFontPointSize(size)
    return letters


def _dress_table(table: QTextTable, line: QColor) -> None:
    form = table.format()
    form.setBorder(1)
    form.setBorderBrush(line)
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderCollapse(True)
    form.setCellPadding(Space.XS)
    form.setCellSpacing(0)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(form)


def report_pdf(markdown: str, title: str) -> bytes:
    """Return a report as PDF, on A4."""
    document = SealedDocument()
    font = QFont("sans-serif")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPointSizeF(BODY_PT)
    document.setDefaultFont(font)
    document.setMarkdown(markdown)
    dress(document, QColor(LIGHT.line), BODY_PT, px=False)
    target = QBuffer()
    target.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(target)
    writer.setTitle(title)
    writer.setCreator("Triptych")
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    # Qt itself leaves 2 cm and numbers the pages.
    writer.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Millimeter)
    document.print_(writer)
    del writer  # writes the end of the file
    return bytes(target.data().data())

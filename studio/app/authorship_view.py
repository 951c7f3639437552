"""“Authorship report…”: who wrote a project, to read, copy and save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.app.report_look import dress
from studio.app.theme import Theme
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Palette, Space, Type
from studio.documents.authorship import ORIGINS, AuthorshipReport, to_markdown

SIZE = (720, 640)
BAR_HEIGHT = 12


class ShareBar(QWidget):
    """One bar: what was typed, pasted, imported, and written by models (in gold)."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._counted: dict[str, int] = {}
        self.setFixedHeight(BAR_HEIGHT)
        theme.changed.connect(self.update)

    def set_counted(self, counted: dict[str, int]) -> None:
        """Show other numbers."""
        self._counted = counted
        total = sum(counted.values())
        words = (f"{n} {counted[n] * 100 // total} %" for n in ORIGINS if total and counted[n])
        self.setAccessibleName(", ".join(words))
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(SIZE[0], BAR_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the parts."""
        painter, total = QPainter(self), sum(self._counted.values())
        left = 0.0
        for origin in ORIGINS:
            share = self._counted.get(origin, 0) / total if total else 0
            width = share * self.width()
            area = QRect(round(left), 0, round(left + width) - round(left) - 1, self.height())
            if share:
                painter.fillRect(area, QColor(colour_of(origin, self._theme.palette)))
            left += width


def colour_of(origin: str, colours: Palette) -> str:
    """Return the colour of an origin; the words beside it say the same."""
    return {"typed": colours.text, "pasted": colours.quiet, "imported": colours.off}.get(
        origin, colours.gold
    )


class ReportText(QTextEdit):
    """A report; nothing in it is fetched or loaded."""

    def loadResource(self, type: int, name: QUrl | str) -> Any:
        """Load nothing, whatever a text asks for."""
        return None


class AuthorshipDialog(QDialog):
    """Shows a report once it was counted."""

    save_wanted = Signal(str)
    """A suffix: ".md" or ".pdf"."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.report: AuthorshipReport | None = None
        self.setWindowTitle(self.tr("Authorship report"))
        self.resize(*SIZE)
        self.bar = ShareBar(theme)
        self.legend = QLabel(self.tr("Counting…"))
        self.legend.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.legend, "quiet")
        self.text = ReportText()
        self.text.setReadOnly(True)
        self.text.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.document().setDocumentMargin(Space.L)
        self.text.setAccessibleName(self.tr("Authorship report"))
        self.buttons: list[QPushButton] = []
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for words, then in (
            (self.tr("Save as PDF…"), lambda: self.save_wanted.emit(".pdf")),
            (self.tr("Save as Markdown…"), lambda: self.save_wanted.emit(".md")),
            (self.tr("Copy"), self.copy),
        ):
            button = QPushButton(words)
            button.clicked.connect(lambda _=False, then=then: then())
            button.setEnabled(False)
            self.buttons.append(button)
            row.addWidget(button)
        set_role(self.buttons[0], "primary")
        row.addStretch()
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.reject)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self.legend)
        column.addWidget(self.bar)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        theme.changed.connect(self._show_again)

    @property
    def markdown(self) -> str:
        """The report as Markdown; "" before it was counted."""
        return to_markdown(self.report) if self.report is not None else ""

    def show_report(self, report: AuthorshipReport) -> None:
        """Show what was counted."""
        self.report = report
        self._show_again()
        for button in self.buttons:
            button.setEnabled(True)

    def copy(self) -> None:
        """Put the report on the clipboard, as Markdown."""
        QGuiApplication.clipboard().setText(self.markdown)

    def file_name(self, suffix: str) -> str:
        """Return how the file is called unless the user says otherwise."""
        name = self.report.project if self.report is not None else ""
        return f"{Path(name).name} authorship{suffix}"

    def _show_again(self) -> None:
        if self.report is None:
            return
        counted = self.report.characters
        total = sum(counted.values())
        words = {
            "typed": self.tr("typed"),
            "pasted": self.tr("pasted"),
            "imported": self.tr("imported"),
            "generated": self.tr("by models"),
        }
        parts = [f"{counted[o] / total:.0%} {words[o]}" for o in ORIGINS if total and counted[o]]
        self.legend.setText("   ·   ".join(parts) or self.tr("There is no text yet."))
        self.bar.set_counted(counted)
        self.text.setMarkdown(self.markdown)
        document = self.text.document()
        document.setDocumentMargin(Space.L)
        dress(document, QColor(self._theme.palette.line), Type.BODY, px=True)

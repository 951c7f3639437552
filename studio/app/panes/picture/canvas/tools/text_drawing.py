"""Text as pixels: one layout for the field on the canvas and the layer that comes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QImage,
    QPainter,
    QPalette,
    QTextDocument,
    QTextOption,
)

from studio.app.panes.picture.canvas.tools.stamp import drawn
from studio.core.options import option

ALIGNMENTS = {
    "left": Qt.AlignmentFlag.AlignLeft,
    "centre": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight,
}
ANCHOR_SHARES = {"left": 0.0, "centre": 0.5, "right": 1.0}
META_KEY = "text"
OVERHANG = 0.3
"""How far letters may reach past their line, as a share of their size."""


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """What letters look like."""

    family: str = option("", title="Typeface", help="One of the typefaces of this computer.")
    size_px: int = option(
        64,
        title="Size",
        help="Height of the letters in pixels of the picture.",
        ge=4,
        le=2000,
        unit="px",
    )
    bold: bool = option(False, title="Bold", help="Heavy letters.")
    italic: bool = option(False, title="Italic", help="Leaning letters.")
    align: str = option("left", title="Lines", help="Where lines meet.", choices=tuple(ALIGNMENTS))

    def font(self) -> QFont:
        """Return the typeface in its size in the picture."""
        font = QFont(self.family) if self.family else QFont()
        font.setPixelSize(self.size_px)
        font.setBold(self.bold)
        font.setItalic(self.italic)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font


@dataclass(frozen=True)
class TextBlock:
    """A text on the canvas; kept with its layer, so that it can be changed later.

    Attributes:
        text: The words; lines end with a line feed.
        options: What the letters look like.
        colour: "#aarrggbb".
        x: Where the lines' left end, middle or right end is, by their alignment.
        y: Upper edge of the first line.
        left: Left edge of the pixels it was drawn as.
        top: Upper edge of them.
    """

    text: str
    options: TextOptions
    colour: str
    x: float
    y: float
    left: int = 0
    top: int = 0

    def meta(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def of(cls, meta: Any) -> TextBlock | None:
        """Return the text kept with a layer; ``None`` where there is none, or none of ours."""
        if not isinstance(meta, dict) or not isinstance(meta.get("options"), dict):
            return None
        known = {field.name for field in fields(TextOptions)}
        options = {name: value for name, value in meta["options"].items() if name in known}
        try:
            return cls(
                text=str(meta["text"]),
                options=TextOptions(**options),
                colour=QColor(str(meta["colour"])).name(QColor.NameFormat.HexArgb),
                x=float(meta["x"]),
                y=float(meta["y"]),
                left=int(meta["left"]),
                top=int(meta["top"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def drawing(self) -> tuple[QImage, int, int]:
        """Return its pixels and where their upper left corner is."""
        document = laid_out(self.text, self.options)
        width = document.textWidth()
        left = self.x - ANCHOR_SHARES[self.options.align] * width
        by = self.options.size_px * OVERHANG
        area = QRectF(left, self.y, width, document.size().height()).adjusted(-by, -by, by, by)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, QColor(self.colour))

        def draw(painter: QPainter) -> None:
            painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
            painter.translate(QPointF(left, self.y))
            document.documentLayout().draw(painter, context)

        whole = area.toAlignedRect()
        return drawn(area, draw), whole.x(), whole.y()


def laid_out(text: str, options: TextOptions) -> QTextDocument:
    """Return a text in lines, as wide as its longest one."""
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(options.font())
    document.setPlainText(text)
    align(document, options.align)
    document.setTextWidth(max(1.0, document.idealWidth()))
    return document


def align(document: QTextDocument, name: str) -> None:
    """Let lines meet left, in the middle or right."""
    wanted = QTextOption(ALIGNMENTS[name])
    wanted.setWrapMode(QTextOption.WrapMode.NoWrap)
    document.setDefaultTextOption(wanted)

"""The typeface of the manuscript: bundled, loaded on first use."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QFont, QFontDatabase

from studio.app.theme.tokens import Type
from studio.core.paths import assets


@cache
def _family() -> str:
    """Load the bundled serif and return its name, or the system's serif where it is missing."""
    for file in sorted((assets() / "fonts").glob(f"{Type.MANUSCRIPT_FAMILY}-Regular.*")):
        QFontDatabase.addApplicationFont(str(file))
    if Type.MANUSCRIPT_FAMILY in QFontDatabase.families():
        return Type.MANUSCRIPT_FAMILY
    return "serif"


def manuscript_font(size_px: int) -> QFont:
    """Return the manuscript's font."""
    font = QFont(_family())
    font.setStyleHint(QFont.StyleHint.Serif)
    font.setPixelSize(size_px)
    return font


def line_height_px(size_px: int) -> int:
    """Return the height of its lines."""
    return round(size_px * Type.MANUSCRIPT_LINE / Type.MANUSCRIPT)

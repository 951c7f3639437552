"""The typeface of the window: the system's own, or the bundled one where it has none."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontInfo

from studio.app.theme.tokens import Type
from studio.core.paths import assets

PLAIN_FAMILIES = ("DejaVu Sans", "Bitstream Vera Sans", "Sans", "Sans Serif", "")
"""What a system without a typeface of its own for windows falls back to."""

BUNDLED = ("Inter-Regular.ttf", "Inter-SemiBold.ttf")


def ui_font(system: QFont) -> QFont:
    """Return the typeface of the window, in its size.

    It is the system's own. Only where that is a fallback (a bare Linux) the bundled Inter takes
    its place, since its digits and spacing are made for this size.
    """
    font = QFont(system)
    if QFontInfo(system).family() in PLAIN_FAMILIES:
        from PySide6.QtGui import QFontDatabase

        numbers = [QFontDatabase.addApplicationFont(str(assets() / "fonts" / n)) for n in BUNDLED]
        if numbers[0] >= 0:
            font.setFamilies([QFontDatabase.applicationFontFamilies(numbers[0])[0], font.family()])
    font.setPixelSize(Type.BODY)
    return font

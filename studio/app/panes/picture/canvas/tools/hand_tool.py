"""Moving the view with the plain pointer, for pens and pads without other buttons."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, Qt

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Tool


class HandTool(Tool):
    """Does what Space and a drag do; the pointer asks for it by :attr:`moves_view`."""

    name = "hand"
    icon_name = "hand"
    keys = "H"
    title_text = QT_TRANSLATE_NOOP("tools", "Hand")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "With any tool: hold Space, or drag with the middle button."
    )
    moves_view = True

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return an open hand."""
        return Qt.CursorShape.OpenHandCursor

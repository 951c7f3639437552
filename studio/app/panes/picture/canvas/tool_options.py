"""The strip over the canvas: options of the tool in hand."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas.canvas_view import CanvasView


class ToolOptions(QWidget):
    """Shows what the tool in hand can be set to."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas

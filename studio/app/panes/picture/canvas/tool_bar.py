"""The strip of tools beside the canvas."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas.canvas_view import CanvasView


class ToolBar(QWidget):
    """One button for each tool."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas

"""The canvas of the picture pane: view, tools, tool bar and their options; it knows no model."""

from studio.app.panes.picture.canvas.canvas_view import CanvasView
from studio.app.panes.picture.canvas.tool_bar import ToolBar
from studio.app.panes.picture.canvas.tool_options import ToolOptions

__all__ = ["CanvasView", "ToolBar", "ToolOptions"]

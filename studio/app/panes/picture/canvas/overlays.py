"""What lies over the picture but is not part of it: results, comparison, selection, frame, grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect
from PySide6.QtGui import QImage, QPainter

from studio.app.panes.picture.canvas.candidate import draw_candidate
from studio.app.panes.picture.canvas.comparison import Comparison
from studio.app.panes.picture.canvas.frame_outline import dim_outside, draw_frame
from studio.app.panes.picture.canvas.pixel_grid import draw_pixel_grid
from studio.app.panes.picture.canvas.selection_outline import SelectionOutline
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView


class Overlays(QObject):
    """Draws what lies over the picture, in its order.

    Attributes:
        generating: Whether something is made in the frame; what lies outside is dimmed.
        comparison: Two pictures that are compared, if any are.
        selection: The outline of what is selected.
    """

    def __init__(self, canvas: CanvasView) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._candidate: tuple[QImage, Rect] | None = None
        self.generating = False
        self.comparison: Comparison | None = None
        self.selection = SelectionOutline(canvas.refresh, self._may_walk, self)

    @property
    def has_candidate(self) -> bool:
        """Whether a result is shown that nobody accepted yet."""
        return self._candidate is not None

    def show_candidate(self, image: QImage | None, rect: Rect | None) -> None:
        """Show a result over a rectangle of the document, or none."""
        self._candidate = None
        if image is not None and rect is not None and not image.isNull() and not rect.is_empty:
            self._candidate = (image, rect)
        self._canvas.refresh()

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Compare two pictures, or stop."""
        self.comparison = comparison
        self._canvas.refresh()
        self._canvas.show_cursor()

    def set_generating(self, generating: bool) -> None:
        """Dim everything outside the frame, or not."""
        if generating != self.generating:
            self.generating = generating
            self._canvas.refresh()

    def paint(self, painter: QPainter, area: QRect) -> None:
        """Draw everything; the painter draws in device pixels."""
        canvas, document = self._canvas, self._canvas.document
        if document is None:
            return
        view, colours, scale = canvas.view, canvas.colours, canvas.scale
        if self._candidate is not None:
            draw_candidate(painter, view, *self._candidate, colours, scale)
        draw_pixel_grid(painter, view, canvas.whole(), area, max(1, round(scale)))
        if self.generating:
            dim_outside(painter, view, document.frame, colours, area)
        if self.comparison is not None:
            self.comparison.paint(painter, view, colours, scale)
        lively = self.generating or canvas.tool == "frame"
        draw_frame(painter, view, document.frame, colours, scale, lively=lively)
        self.selection.paint(painter, scale)

    # the line between two compared pictures

    def press(self, screen: QPointF) -> bool:
        """Catch the line; say whether it was caught."""
        found = self.comparison
        if found is None or not found.catches(screen, self._canvas.view, self._canvas.scale):
            return False
        found.dragged = True
        return True

    def move(self, document: QPointF) -> bool:
        """Drag the line; say whether it is held."""
        if self.comparison is None or not self.comparison.dragged:
            return False
        self.comparison.drag_to(document)
        self._canvas.refresh()
        return True

    def release(self) -> bool:
        """Let the line go; say whether it was held."""
        if self.comparison is None or not self.comparison.dragged:
            return False
        self.comparison.dragged = False
        return True

    def hovers(self, screen: QPointF) -> bool:
        """Return whether a press here would catch the line."""
        found = self.comparison
        return found is not None and found.catches(screen, self._canvas.view, self._canvas.scale)

    def _may_walk(self) -> bool:
        canvas = self._canvas
        return canvas.isVisible() and canvas.isActiveWindow() and canvas.motion_wanted

"""Laying a gradient from one point to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath

from studio.app.panes.picture.canvas.tools.base import Host
from studio.app.panes.picture.canvas.tools.colours import rgba
from studio.app.panes.picture.canvas.tools.drag_geometry import dragged_line
from studio.app.panes.picture.canvas.tools.drag_tool import DragTool
from studio.app.panes.picture.canvas.tools.guides import draw_dot, draw_guide
from studio.core.options import option

if TYPE_CHECKING:
    from studio.documents.picture.gradients import GradientKind

KINDS = ("linear", "radial", "conical")
ENDS = ("background", "transparent")


@dataclass(frozen=True, kw_only=True)
class GradientOptions:
    """What a gradient looks like."""

    kind: str = option(
        "linear", title="Form", help="Along a line, around a point, or turning.", choices=KINDS
    )
    end: str = option(
        "background", title="To", help="What the colour becomes at the end.", choices=ENDS
    )
    reverse: bool = option(False, title="Reverse", help="Exchange both ends.")
    opacity: int = option(
        100, title="Opacity", help="How much the gradient covers.", ge=1, le=100, step=5, unit="%"
    )


class GradientTool(DragTool):
    """Fills the selection, or picture and frame, with a gradient."""

    name = "gradient"
    icon_name = "blend"
    keys = "Shift+G"
    title_text = QT_TRANSLATE_NOOP("tools", "Gradient")
    hint_text = QT_TRANSLATE_NOOP("tools", "Drag from one colour to the other.")
    picks_colour = True

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = GradientOptions()

    def stops(self) -> list[tuple[float, tuple[int, int, int, int]]]:
        """Return the colours from start to end."""
        share = self.options.opacity / 100
        first = rgba(self.host.colour, share)
        last = rgba(self.host.background, share)
        if self.options.end == "transparent":
            last = (*first[:3], 0)
        return [(0.0, last), (1.0, first)] if self.options.reverse else [(0.0, first), (1.0, last)]

    def dragged(self) -> None:
        """Lay the gradient."""
        document = self.host.document
        if document is None or self.start is None or self.is_click:
            return
        first, last = self.start.document, self._end()
        layer_id = document.active_id or document.add_layer()
        stops, kind = self.stops(), cast("GradientKind", self.options.kind)
        self.host.do(
            lambda: document.gradient(
                layer_id, (first.x(), first.y()), (last.x(), last.y()), stops, kind
            )
        )

    def _end(self) -> QPointF:
        if self.start is None or self.end is None:
            return QPointF()
        return dragged_line(self.start.document, self.end.document, stepped=self.end.shift)

    def margin(self) -> float:
        """Return room for the dots at both ends."""
        return 12 * self.host.scale

    def shown_area(self) -> QRectF:
        """Return what the line covers."""
        if self.start is None:
            return QRectF()
        return QRectF(self.start.document, self._end()).normalized()

    def paint(self, painter: QPainter) -> None:
        """Draw the line between both colours."""
        if self.start is None:
            return
        first = self.start.screen
        last = self.host.view.to_screen(self._end())
        path = QPainterPath(first)
        path.lineTo(last)
        draw_guide(painter, path, self.host.scale)
        stops = self.stops()
        draw_dot(painter, first, QColor(*stops[0][1]), self.host.scale)
        draw_dot(painter, last, QColor(*stops[-1][1]), self.host.scale)

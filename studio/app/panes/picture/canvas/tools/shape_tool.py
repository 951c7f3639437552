"""Rectangles, ellipses and lines, filled or drawn as outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from studio.app.panes.picture.canvas.tools.base import Host
from studio.app.panes.picture.canvas.tools.drag_geometry import (
    dragged_line,
    dragged_rect,
    whole_pixels,
)
from studio.app.panes.picture.canvas.tools.drag_tool import DragTool
from studio.app.panes.picture.canvas.tools.stamp import lay_drawing
from studio.core.options import option

SHAPES = ("rectangle", "ellipse", "line")
STYLES = ("filled", "outline", "both")


@dataclass(frozen=True, kw_only=True)
class ShapeOptions:
    """What is drawn."""

    shape: str = option("rectangle", title="Shape", help="What a drag draws.", choices=SHAPES)
    style: str = option(
        "filled",
        title="Style",
        help="Filled with the colour, drawn around with it, or filled with the other colour.",
        choices=STYLES,
    )
    stroke_px: int = option(
        8, title="Line", help="Width of lines and outlines.", ge=1, le=500, unit="px"
    )
    corner_px: int = option(
        0, title="Corners", help="Radius of a rectangle's corners.", ge=0, le=1000, unit="px"
    )
    opacity: int = option(
        100, title="Opacity", help="How much the shape covers.", ge=1, le=100, step=5, unit="%"
    )


class ShapeTool(DragTool):
    """Draws one shape a drag."""

    name = "shape"
    icon_name = "shapes"
    keys = "U"
    title_text = QT_TRANSLATE_NOOP("tools", "Shapes")
    hint_text = QT_TRANSLATE_NOOP("tools", "Shift keeps it even, Ctrl draws from the middle.")
    picks_colour = True

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = ShapeOptions()

    def unused(self) -> Mapping[str, str]:
        """Return the options that mean nothing with this shape."""

        def tr(text: str) -> str:
            return QCoreApplication.translate("tools", text)

        found = {}
        if self.options.shape != "rectangle":
            found["corner_px"] = tr("Only rectangles have corners.")
        if self.options.shape == "line":
            found["style"] = tr("A line has no inside.")
        elif self.options.style == "filled":
            found["stroke_px"] = tr("What is only filled has no outline.")
        return found

    def path(self) -> QPainterPath:
        """Return the shape of the drag, in the document."""
        path = QPainterPath()
        if self.start is None or self.end is None:
            return path
        start, end = self.start.document, self.end.document
        if self.options.shape == "line":
            path.moveTo(start)
            path.lineTo(dragged_line(start, end, stepped=self.end.shift))
            return path
        rect = dragged_rect(start, end, square=self.end.shift, centred=self.end.control)
        rect = whole_pixels(rect)
        if self.options.shape == "ellipse":
            path.addEllipse(rect)
        elif self.options.corner_px:
            radius = min(self.options.corner_px, rect.width() / 2, rect.height() / 2)
            path.addRoundedRect(rect, radius, radius)
        else:
            path.addRect(rect)
        return path

    def dragged(self) -> None:
        """Draw the shape on the layer."""
        path = self.path()
        document = self.host.document
        if document is None or self.is_click or path.isEmpty():
            return
        area = path.boundingRect().adjusted(*self._outwards())
        layer_id = document.active_id or document.add_layer()
        options, colour, background = self.options, self.host.colour, self.host.background
        self.host.do(
            lambda: lay_drawing(
                document,
                layer_id,
                area,
                lambda painter: draw_shape(painter, path, options, colour, background),
                QCoreApplication.translate("tools", "Shape"),
            )
        )

    def shown_area(self) -> QRectF:
        """Return what the shape covers."""
        return self.path().boundingRect().adjusted(*self._outwards())

    def paint(self, painter: QPainter) -> None:
        """Draw the shape as it will be."""
        if self.start is None:
            return
        painter.save()
        painter.setTransform(self.host.view.transform(), True)
        draw_shape(painter, self.path(), self.options, self.host.colour, self.host.background)
        painter.restore()

    def _outwards(self) -> tuple[float, float, float, float]:
        by = self.options.stroke_px / 2 + 1
        return (-by, -by, by, by)


def draw_shape(
    painter: QPainter,
    path: QPainterPath,
    options: ShapeOptions,
    colour: QColor,
    background: QColor,
) -> None:
    """Draw a shape; path and painter have the measure of the document."""
    line = options.shape == "line"
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(options.opacity / 100)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(Qt.PenStyle.NoPen)
    if options.style != "filled" or line:
        pen = QPen(colour, options.stroke_px)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
    if options.style != "outline" and not line:
        painter.setBrush(background if options.style == "both" else colour)
    painter.drawPath(path)

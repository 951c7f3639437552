"""The generation frame on the canvas: a line around it, its size, and the rest dimmed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from studio.app.panes.picture.canvas.tile_painter import qrectf
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import OVER_PICTURE_DARK, Palette, Space
from studio.documents.picture.geometry import Rect

DIM_ALPHA = 150
SHADE_ALPHA = 120


def draw_frame(
    painter: QPainter,
    view: ViewTransform,
    frame: Rect,
    colours: Palette,
    scale: float,
    *,
    lively: bool,
) -> None:
    """Draw the line around the frame; gold while it is worked on or in."""
    painter.save()
    outline = view.polygon_to_screen(qrectf(frame))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not view.upright)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    width = max(1, round(scale))
    shade = QColor(OVER_PICTURE_DARK)
    shade.setAlpha(SHADE_ALPHA)
    painter.setPen(QPen(shade, 3 * width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawPolygon(_around(outline, width))
    colour = QColor(colours.gold if lively else colours.quiet)
    painter.setPen(QPen(colour, width))
    painter.drawPolygon(_around(outline, width))
    painter.restore()


def dim_outside(
    painter: QPainter, view: ViewTransform, frame: Rect, colours: Palette, area: QRect
) -> None:
    """Lay the surround's colour over everything but the frame."""
    painter.save()
    path = QPainterPath()
    path.addRect(QRectF(area))
    path.addPolygon(view.polygon_to_screen(qrectf(frame)))
    colour = QColor(colours.canvas)
    colour.setAlpha(DIM_ALPHA)
    painter.fillPath(path, colour)
    painter.restore()


def draw_label(
    painter: QPainter, at: QPointF, words: str, font: QFont, colours: Palette, scale: float
) -> None:
    """Write a few words on a small plate whose lower left corner is at a point of the screen."""
    painter.save()
    painter.translate(at)
    painter.scale(scale, scale)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    plate = QRectF(
        0, 0, metrics.horizontalAdvance(words) + 2 * Space.S, metrics.height() + Space.XS
    )
    plate.moveBottom(-Space.XS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(colours.line))
    painter.setBrush(QColor(colours.raised))
    painter.drawRoundedRect(plate, Space.XS, Space.XS)
    painter.setPen(QColor(colours.text))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def _around(outline: QPolygonF, width: int) -> QPolygonF:
    """Return the outline just outside its edges, where rows are rows of the screen."""
    box = outline.boundingRect()
    corners = QPolygonF(box)
    if outline.at(0) != corners.at(0) or outline.at(2) != corners.at(2):
        return outline
    half = width / 2
    return QPolygonF(box.adjusted(-half, -half, half, half))

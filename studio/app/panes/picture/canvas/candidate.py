"""A result, or what there is of it, over the canvas before anybody accepted it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from studio.app.panes.picture.canvas.tile_painter import qrectf
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import Palette
from studio.documents.picture.geometry import Rect


def draw_image(painter: QPainter, view: ViewTransform, image: QImage, rect: Rect) -> None:
    """Draw an image scaled into a rectangle of the document; the painter has device pixels."""
    painter.save()
    pixel = rect.width / max(image.width(), 1) * view.zoom
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixel != round(pixel))
    painter.setTransform(view.transform(), True)
    painter.drawImage(qrectf(rect), image)
    painter.restore()


def draw_candidate(
    painter: QPainter,
    view: ViewTransform,
    image: QImage,
    rect: Rect,
    colours: Palette,
    scale: float,
) -> None:
    """Draw a result with a thin line in the colour of what is not accepted yet."""
    draw_image(painter, view, image, rect)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not view.upright)
    painter.setPen(QPen(QColor(colours.gold), max(1, round(scale))))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(view.polygon_to_screen(qrectf(rect)))
    painter.restore()

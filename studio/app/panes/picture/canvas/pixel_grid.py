"""Lines between the pixels of a picture that is seen from very near."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from studio.app.panes.picture.canvas.tile_painter import enclosing
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import OVER_PICTURE_GRID
from studio.documents.picture.geometry import Rect

FROM_ZOOM = 8.0


def draw_pixel_grid(painter: QPainter, view: ViewTransform, whole: Rect, area: QRect) -> None:
    """Draw the grid over the picture where it shows in ``area``, in device pixels."""
    if view.zoom < FROM_ZOOM:
        return
    shown = enclosing(view.visible(QRectF(area))).intersected(whole)
    if shown.is_empty:
        return
    upright = [QLineF(x, shown.y, x, shown.bottom) for x in range(shown.x, shown.right + 1)]
    level = [QLineF(shown.x, y, shown.right, y) for y in range(shown.y, shown.bottom + 1)]
    transform = view.transform()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not view.upright)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
    painter.setPen(QPen(QColor(OVER_PICTURE_GRID), 1))
    painter.drawLines([transform.map(line) for line in (*upright, *level)])
    painter.restore()

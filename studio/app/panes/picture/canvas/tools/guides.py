"""Lines that tools draw over any picture: light with dark dashes, so that they always show."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT

DASH = 4.0
DOT_PX = 4


def draw_guide(painter: QPainter, path: QPainterPath, scale: float) -> None:
    """Draw a path; path and painter are in device pixels."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(OVER_PICTURE_LIGHT), scale))
    painter.drawPath(path)
    dashes = QPen(QColor(OVER_PICTURE_DARK), scale)
    dashes.setDashPattern([DASH, DASH])
    painter.setPen(dashes)
    painter.drawPath(path)
    painter.restore()


def draw_dot(painter: QPainter, at: QPointF, fill: QColor, scale: float) -> None:
    """Draw a round handle at a point of the screen."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(OVER_PICTURE_DARK), 3 * scale))
    painter.drawEllipse(at, DOT_PX * scale, DOT_PX * scale)
    painter.setPen(QPen(QColor(OVER_PICTURE_LIGHT), scale))
    painter.setBrush(fill)
    painter.drawEllipse(at, DOT_PX * scale, DOT_PX * scale)
    painter.restore()

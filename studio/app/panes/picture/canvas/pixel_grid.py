"""Lines between the pixels of a picture that is seen from very near."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen

from studio.app.panes.picture.canvas.tile_painter import enclosing
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT
from studio.documents.picture.geometry import Rect

FROM_ZOOM = 8.0
ALPHA = 56
DASH_PX = 3


def draw_pixel_grid(
    painter: QPainter, view: ViewTransform, whole: Rect, area: QRect, width: int
) -> None:
    """Draw the grid over the picture where it shows.

    Args:
        painter: Draws in device pixels.
        view: How the picture is seen.
        whole: Where there is a picture, in the document.
        area: What is painted, in device pixels.
        width: Of the lines, in device pixels.
    """
    if view.zoom < FROM_ZOOM:
        return
    shown = enclosing(view.visible(QRectF(area))).intersected(whole)
    if shown.is_empty:
        return
    painter.save()
    if view.upright:
        _draw_upright(painter, view, shown, width)
    else:
        _draw_turned(painter, view, shown, width)
    painter.restore()


def _colours() -> tuple[QColor, QColor]:
    """Return both colours of the dashes: one of them shows on any picture."""
    dark, light = QColor(OVER_PICTURE_DARK), QColor(OVER_PICTURE_LIGHT)
    dark.setAlpha(ALPHA)
    light.setAlpha(ALPHA)
    return dark, light


def _draw_upright(painter: QPainter, view: ViewTransform, shown: Rect, width: int) -> None:
    """Fill all upright lines at once: drawn one by one they are a span for every row each."""
    transform = view.transform()
    columns = [round(transform.dx() + x * view.zoom) for x in range(shown.x, shown.right + 1)]
    rows = [round(transform.dy() + y * view.zoom) for y in range(shown.y, shown.bottom + 1)]
    left, top, wide = columns[0], rows[0], columns[-1] - columns[0] + width
    corner = QPointF(round(transform.dx()), round(transform.dy()))  # dashes stay where they are
    painter.setBrushOrigin(QPointF(left, corner.y()))
    down = _dashes(wide, 2 * DASH_PX, [(column - left, 0, width, DASH_PX) for column in columns])
    painter.fillRect(QRect(left, top, wide, rows[-1] - top), down)
    painter.setBrushOrigin(corner)
    across = _dashes(2 * DASH_PX, 1, [(0, 0, DASH_PX, 1)])
    for y in rows:
        painter.fillRect(QRect(left, y, wide, width), across)


def _dashes(width: int, height: int, dark: list[tuple[int, int, int, int]]) -> QBrush:
    """Return a pattern with dark dashes and, half a pattern on, light ones."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    on_x, on_y = (DASH_PX, 0) if height == 1 else (0, DASH_PX)
    for x, y, wide, high in dark:
        for colour, by in zip(_colours(), (0, 1), strict=True):
            painter.fillRect(x + by * on_x, y + by * on_y, wide, high, colour)
    painter.end()
    return QBrush(image)


def _draw_turned(painter: QPainter, view: ViewTransform, shown: Rect, width: int) -> None:
    """Draw whole lines, dark and light side by side: dashes would begin elsewhere each time."""
    upright = [QLineF(x, shown.y, x, shown.bottom) for x in range(shown.x, shown.right + 1)]
    level = [QLineF(shown.x, y, shown.right, y) for y in range(shown.y, shown.bottom + 1)]
    transform = view.transform()
    lines = [transform.map(line) for line in (*upright, *level)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    beside = QPointF(width, width) / 2
    for colour in _colours():
        painter.setPen(QPen(colour, width))
        painter.drawLines(lines)
        painter.translate(beside)

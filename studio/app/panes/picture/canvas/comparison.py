"""Before and after over each other, with a line between them that can be dragged."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from studio.app.panes.picture.canvas.candidate import draw_image
from studio.app.panes.picture.canvas.tile_painter import qrectf
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import OVER_PICTURE_DARK, Palette, Size, Space
from studio.documents.picture.geometry import Rect

KNOB_PX = 11
KEY_STEP = 0.02


class Comparison:
    """Two pictures in the same place.

    Attributes:
        rect: Where they are in the document.
        share: Where the line is, 0 (all after) to 1 (all before).
        dragged: The line is held.
    """

    def __init__(self, before: QImage, after: QImage, rect: Rect) -> None:
        self._before, self._after = before, after
        self.rect = rect
        self.share = 0.5
        self.dragged = False

    def set_share(self, share: float) -> None:
        """Put the line elsewhere."""
        self.share = min(1.0, max(0.0, share))

    def catches(self, at: QPointF, view: ViewTransform, scale: float) -> bool:
        """Return whether a point of the screen, in device pixels, is on the line."""
        line = self._line(view)
        by = line.p2() - line.p1()
        length = line.length()
        if length == 0:
            return False
        away = abs(by.x() * (at.y() - line.y1()) - by.y() * (at.x() - line.x1())) / length
        along = QPointF.dotProduct(at - line.p1(), by) / length
        return away <= Size.HANDLE_REACH * scale and -Space.XL <= along <= length + Space.XL

    def drag_to(self, at: QPointF) -> None:
        """Follow the pointer, at a point of the document."""
        self.set_share((at.x() - self.rect.x) / max(self.rect.width, 1))

    def paint(self, painter: QPainter, view: ViewTransform, colours: Palette, scale: float) -> None:
        """Draw both and the line; the painter draws in device pixels."""
        whole = qrectf(self.rect)
        left = QRectF(whole.x(), whole.y(), whole.width() * self.share, whole.height())
        draw_image(painter, view, self._after, self.rect)
        painter.save()
        on_screen = painter.transform()
        painter.setTransform(view.transform(), True)
        painter.setClipRect(left)
        painter.setTransform(on_screen)
        draw_image(painter, view, self._before, self.rect)
        painter.restore()
        self._paint_line(painter, view, colours, scale)

    def _line(self, view: ViewTransform) -> QLineF:
        x = self.rect.x + self.rect.width * self.share
        return view.transform().map(QLineF(x, self.rect.y, x, self.rect.bottom))

    def _paint_line(
        self, painter: QPainter, view: ViewTransform, colours: Palette, scale: float
    ) -> None:
        line = self._line(view)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(OVER_PICTURE_DARK), 3 * scale))
        painter.drawLine(line)
        painter.setPen(QPen(QColor(colours.gold), scale))
        painter.drawLine(line)
        painter.translate(line.center())
        painter.rotate(-line.angle() + 90 + 180)
        painter.setPen(QPen(QColor(OVER_PICTURE_DARK), scale))
        painter.setBrush(QColor(colours.gold))
        knob = KNOB_PX * scale
        painter.drawEllipse(QPointF(), knob, knob)
        painter.setPen(
            QPen(
                QColor(colours.on_gold), 1.5 * scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap
            )
        )
        for way in (-1, 1):
            tip, back = QPointF(way * 7 * scale, 0), QPointF(way * 4 * scale, 0)
            painter.drawLine(tip, back + QPointF(0, 3 * scale))
            painter.drawLine(tip, back - QPointF(0, 3 * scale))
        painter.restore()

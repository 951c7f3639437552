"""An on/off switch: a check box that looks like what it does."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from studio.app.theme.icons import current_palette
from studio.app.theme.tokens import Size, Space

WIDTH, HEIGHT = 30, 16


class Switch(QCheckBox):
    """A check box drawn as a switch, so it keeps a check box's keys and accessible role."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Room for the switch, its focus ring and the text."""
        text = self.fontMetrics().horizontalAdvance(self.text())
        width = WIDTH + 4 + (Space.S + text if self.text() else 0)
        return QSize(width, Size.CONTROL)

    def minimumSizeHint(self) -> QSize:
        """Return the size hint: a switch cannot shrink."""
        return self.sizeHint()

    def hitButton(self, position: QPoint) -> bool:
        """Let the whole widget switch, not only where Fusion would draw a box."""
        return self.rect().contains(position)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw track, knob, text and focus ring."""
        colours = current_palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(2, (self.height() - HEIGHT) / 2, WIDTH, HEIGHT)
        if not self.isEnabled():
            fill, knob = colours.line, colours.off
        elif self.isChecked():
            fill, knob = colours.gold, colours.on_gold
        else:
            fill, knob = colours.line, colours.text
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(track, HEIGHT / 2, HEIGHT / 2)
        side = HEIGHT - 6
        left = track.right() - side - 3 if self.isChecked() else track.left() + 3
        painter.setBrush(QColor(knob))
        painter.drawEllipse(QRectF(left, track.top() + 3, side, side))
        if self.hasFocus():
            ring = colours.text if self.isChecked() else colours.gold
            painter.setPen(QPen(QColor(ring), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(track.adjusted(-1, -1, 1, 1), HEIGHT / 2 + 1, HEIGHT / 2 + 1)
        if self.text():
            painter.setPen(QColor(colours.text if self.isEnabled() else colours.off))
            area = self.rect().adjusted(WIDTH + 2 + Space.S, 0, 0, 0)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self.text())

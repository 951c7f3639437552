"""A square of saturation and brightness, and a strip of hues: the two parts of a colour picker."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.app.theme.icons import current_palette
from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT, Size, Space
from studio.app.widgets.words import fill_in

SIDE = 200
STRIP = 18
KNOB = 6
HUES = 6
STEP = 0.01
LARGE_STEP = 0.1


class _Axes(QWidget):
    """Two numbers from 0 to 1 under one pointer; arrow keys change them as well."""

    moved = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.across = 0.0
        self.down = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def set_place(self, across: float, down: float) -> None:
        """Show other numbers."""
        self.across, self.down = min(1.0, max(0.0, across)), min(1.0, max(0.0, down))
        self.update()

    def area(self) -> QRectF:
        """Return where the colours are: all but room for the focus ring."""
        return QRectF(self.rect()).adjusted(2, 2, -2, -2)

    def place(self) -> QPointF:
        """Return where the numbers are in the widget."""
        area = self.area()
        return QPointF(area.x() + self.across * area.width(), area.y() + self.down * area.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the pointer."""
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go by small steps, or with Shift by large ones."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        found = steps.get(Qt.Key(event.key()))
        if found is None:
            super().keyPressEvent(event)
            return
        large = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        by = LARGE_STEP if large else STEP
        self._take(self.across + found[0] * by, self.down + found[1] * by)

    def _go(self, at: QPointF) -> None:
        area = self.area()
        self._take((at.x() - area.x()) / area.width(), (at.y() - area.y()) / area.height())

    def _take(self, across: float, down: float) -> None:
        self.set_place(across, down)
        self.moved.emit(self.across, self.down)

    def _draw_focus(self, painter: QPainter) -> None:
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(current_palette().gold), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))


class ColourField(_Axes):
    """Saturation from left to right, brightness from below, of one hue."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hue = 0.0
        self.setMinimumSize(SIDE, SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Saturation and brightness"))

    def sizeHint(self) -> QSize:
        """Return a square."""
        return QSize(SIDE, SIDE)

    def set_hue(self, hue: float) -> None:
        """Show the shades of another hue, 0 to 1."""
        self._hue = hue
        self.update()

    def set_place(self, across: float, down: float) -> None:
        """Show other numbers, and say them."""
        super().set_place(across, down)
        words = self.tr("Saturation %1 %, brightness %2 %")
        shown = (round(self.across * 100), round((1 - self.down) * 100))
        self.setAccessibleDescription(fill_in(words, *shown))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the shades and a ring around the chosen one."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area()
        painter.fillRect(area, QColor.fromHsvF(self._hue, 1.0, 1.0))
        for colour, start, end in (
            (OVER_PICTURE_LIGHT, area.topLeft(), area.topRight()),
            (OVER_PICTURE_DARK, area.bottomLeft(), area.topLeft()),
        ):
            shade = QLinearGradient(start, end)
            clear = QColor(colour)
            clear.setAlpha(0)
            shade.setColorAt(0, QColor(colour))
            shade.setColorAt(1, clear)
            painter.fillRect(area, shade)
        painter.setPen(QPen(QColor(OVER_PICTURE_DARK), 3))
        painter.drawEllipse(self.place(), KNOB, KNOB)
        painter.setPen(QPen(QColor(OVER_PICTURE_LIGHT), 1.5))
        painter.drawEllipse(self.place(), KNOB, KNOB)
        self._draw_focus(painter)


class HueStrip(_Axes):
    """All hues, from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(STRIP + 4)
        self.setMinimumWidth(SIDE)
        self.setAccessibleName(self.tr("Hue"))

    def set_place(self, across: float, down: float) -> None:
        """Show another hue, and say it."""
        super().set_place(across, 0.5)
        self.setAccessibleDescription(fill_in(self.tr("%1 of 360 degrees"), round(across * 359)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the hues and a mark on the chosen one."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area()
        hues = QLinearGradient(area.topLeft(), area.topRight())
        for n in range(HUES + 1):
            hues.setColorAt(n / HUES, QColor.fromHsvF((n % HUES) / HUES, 1.0, 1.0))
        painter.fillRect(area, hues)
        x = self.place().x()
        mark = QRectF(x - Space.XS / 2, area.y(), Space.XS, area.height())
        painter.setPen(QPen(QColor(OVER_PICTURE_DARK), 1))
        painter.setBrush(QColor(OVER_PICTURE_LIGHT))
        painter.drawRoundedRect(mark, Size.FIELD_RADIUS / 2, Size.FIELD_RADIUS / 2)
        self._draw_focus(painter)

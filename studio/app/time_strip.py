"""The scrubber of the history: every step of a document as a bar, from its first to now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSlider, QWidget

from studio.app.history_rows import PAUSE_S
from studio.app.theme import Theme
from studio.app.theme.tokens import Size, Space
from studio.documents.project import HistoryEntry

HEIGHT = 48
BAR_PX = 2
MARK = 3


class TimeStrip(QSlider):
    """A slider over the steps: quiet bars were typed, gold ones written by a model, notches on
    top are moments with a name, and a gap is a pause."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._entries: Sequence[HistoryEntry] = ()
        self._drawn: QPixmap | None = None
        self.setFixedHeight(HEIGHT)
        self.setRange(0, 0)
        self.setAccessibleName(self.tr("Steps of this document, from the first to now"))
        self.setToolTip(self.tr("Drag to go through time; Left and Right go step by step"))
        theme.changed.connect(self._forget)

    def set_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """Show other steps; the newest is chosen."""
        self._entries = entries
        self.blockSignals(True)
        self.setRange(0, max(0, len(entries) - 1))
        self.setValue(self.maximum())
        self.blockSignals(False)
        self._forget()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(Size.FLOATING, HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the steps (once per size and theme) and where we are."""
        painter = QPainter(self)
        if self._drawn is None or self._drawn.deviceIndependentSize().toSize() != self.size():
            self._drawn = self._draw()
        painter.drawPixmap(0, 0, self._drawn)
        if not self._entries:
            return
        colours = self._theme.palette
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = self._x(self.value())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.text if not self.hasFocus() else colours.gold))
        painter.drawRoundedRect(QRect(x - 1, 0, 3, self.height()), 1, 1)
        painter.drawEllipse(QRect(x - 5, 0, 11, 11))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave up and down to the list beside it."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where it was clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.setValue(self._at(event.position().x()))
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.setValue(self._at(event.position().x()))

    def _forget(self) -> None:
        self._drawn = None
        self.update()

    def _room(self) -> int:
        return max(1, self.width() - 2 * Space.S)

    def _x(self, at: int) -> int:
        return Space.S + round(at * self._room() / max(1, self.maximum()))

    def _at(self, x: float) -> int:
        fraction = min(1.0, max(0.0, (x - Space.S) / self._room()))
        return round(fraction * self.maximum())

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        colours = self._theme.palette
        painter = QPainter(picture)
        base = self.height() - Space.XS
        painter.fillRect(0, base, self.width(), 1, QColor(colours.line))
        typed, made = QColor(colours.off), QColor(colours.gold)
        for x, gold, moment, begins in self._columns():
            top = Space.L if not begins else Space.M
            painter.fillRect(x, top, BAR_PX, base - top, made if gold else typed)
            if moment:
                painter.fillRect(x - MARK + 1, 2, 2 * MARK, 2 * MARK, made)
        painter.end()
        return picture

    def _columns(self) -> list[tuple[int, bool, bool, bool]]:
        """Return (x, written by a model, has a name, begins a session) of each bar to draw."""
        found: dict[int, tuple[bool, bool, bool]] = {}
        before = 0.0
        for at, entry in enumerate(self._entries):
            x = self._x(at) // (BAR_PX + 1) * (BAR_PX + 1)
            gold, moment, begins = found.get(x, (False, False, False))
            found[x] = (
                gold or entry.origin == "generated",
                moment or entry.action == "snapshot",
                begins or entry.at - before >= PAUSE_S,
            )
            before = entry.at
        return [(x, *flags) for x, flags in found.items()]

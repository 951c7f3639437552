"""Five stars to click or to give with the keys 0 to 5."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.app.theme.icons import current_palette, pixmap
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.words import fill_in
from studio.library.items import STARS_MAX

STEP = Size.ICON + Space.XS


class StarRow(QWidget):
    """Shows and takes 0 to 5 stars; a click on the last given one takes it away."""

    given = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stars = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(self.tr("Give stars; the keys 0 to 5 do the same."))
        self.set_stars(0)

    @property
    def stars(self) -> int:
        """How many are shown."""
        return self._stars

    def set_stars(self, stars: int) -> None:
        """Show this many."""
        self._stars = stars
        self.setAccessibleName(fill_in(self.tr("%1 of 5 stars"), stars))
        self.update()

    def sizeHint(self) -> QSize:
        """Room for five and the focus frame."""
        return QSize(STARS_MAX * STEP + Space.XS, Size.CONTROL)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the stars."""
        painter = QPainter(self)
        palette = current_palette()
        ratio = self.devicePixelRatioF()
        for place in range(STARS_MAX):
            colour = palette.gold if place < self._stars else palette.off
            name = "star-filled" if place < self._stars else "star"
            drawn = pixmap(name, round(Size.ICON * ratio), colour)
            corner = QPoint(Space.XS + place * STEP, (self.height() - Size.ICON) // 2)
            painter.drawPixmap(QRect(corner, QSize(Size.ICON, Size.ICON)), drawn)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(palette.gold))
            painter.drawRoundedRect(
                self.rect().adjusted(0, 0, -1, -1), Size.FIELD_RADIUS, Size.FIELD_RADIUS
            )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Give as many as lie left of the pointer."""
        stars = min(STARS_MAX, max(1, (event.position().toPoint().x() - Space.XS) // STEP + 1))
        self._give(stars - 1 if stars == self._stars else stars)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give stars by number or arrows."""
        keys = Qt.Key
        if keys.Key_0 <= event.key() <= keys.Key_5:
            self._give(event.key() - keys.Key_0)
        elif event.key() in (keys.Key_Right, keys.Key_Up, keys.Key_Plus):
            self._give(min(STARS_MAX, self._stars + 1))
        elif event.key() in (keys.Key_Left, keys.Key_Down, keys.Key_Minus):
            self._give(max(0, self._stars - 1))
        else:
            super().keyPressEvent(event)

    def _give(self, stars: int) -> None:
        if stars != self._stars:
            self.set_stars(stars)
            self.given.emit(stars)

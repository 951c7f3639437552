"""An earlier state of a picture, fitted into the room there is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.app.qt_pictures import image_of
from studio.app.theme import Theme
from studio.app.theme.tokens import Size, Space
from studio.core.media import Picture


class HistoryPicture(QWidget):
    """Shows one picture, its transparency as squares.

    Attributes:
        image: What is shown; null when nothing is.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.image = QImage()
        self.setAccessibleName(self.tr("The picture at that time"))
        theme.changed.connect(self.update)

    def show_picture(self, picture: Picture) -> None:
        """Show another picture."""
        self.image = image_of(picture)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, never larger than it is."""
        colours = self._theme.palette
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.canvas))
        if self.image.isNull():
            return
        room = QSizeF(self.width() - 2 * Space.XL, self.height() - 2 * Space.XL)
        size = QSizeF(self.image.size())
        if size.width() > room.width() or size.height() > room.height():
            size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(0, 0, size.width(), size.height())
        target.moveCenter(QRectF(self.rect()).center())
        self._draw_squares(painter, target)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, self.image)

    def _draw_squares(self, painter: QPainter, area: QRectF) -> None:
        colours, side = self._theme.palette, Size.CHECKER
        painter.fillRect(area, QColor(colours.checker))
        whole = area.toAlignedRect()
        painter.save()
        painter.setClipRect(area)
        for row in range(whole.height() // side + 1):
            for column in range(row % 2, whole.width() // side + 1, 2):
                painter.fillRect(
                    whole.x() + column * side,
                    whole.y() + row * side,
                    side,
                    side,
                    QColor(colours.checker_other),
                )
        painter.restore()

"""Keeps what lies over the canvas in its place: results and errors below, the card amid."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas_card import CanvasCard
from studio.app.panes.picture.tray_panel import TrayPanel
from studio.app.theme.tokens import Space
from studio.app.widgets.error_card import ErrorCard

ERROR_WIDTH = 560


class OverCanvas(QObject):
    """Places tray, errors and card whenever the canvas or they change their size."""

    def __init__(
        self, canvas: QWidget, tray: TrayPanel, error: ErrorCard, card: CanvasCard
    ) -> None:
        super().__init__(canvas)
        self._canvas, self._tray, self._error, self._card = canvas, tray, error, card
        tray.resized.connect(self.place)
        error.dismissed.connect(self.place)
        for widget in (canvas, error):
            widget.installEventFilter(self)

    def place(self) -> None:
        """Put everything where it belongs: error and tray from below, the card in the middle."""
        width, bottom = self._canvas.width(), self._canvas.height() - Space.M
        room = max(0, width - 2 * Space.M)
        if self._shows(self._error):
            wide = min(room, ERROR_WIDTH)
            height = self._error.heightForWidth(wide)
            height = height if height > 0 else self._error.sizeHint().height()
            bottom -= height
            self._error.setGeometry((width - wide) // 2, max(0, bottom), wide, height)
            bottom -= Space.S
        if self._shows(self._tray):
            self._tray.fit(room)
            bottom -= self._tray.height()
            self._tray.move((width - self._tray.width()) // 2, max(0, bottom))
        if self._shows(self._card):
            self._card.fit(room)
            left = (width - self._card.width()) // 2
            top = (self._canvas.height() - self._card.height()) // 2
            self._card.move(left, max(Space.S, top))
        for widget in (self._card, self._tray, self._error):
            widget.raise_()

    def _shows(self, widget: QWidget) -> bool:
        return widget.isVisibleTo(self._canvas)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the canvas and what is said in the error.

        Not the canvas's own layout requests: placing the tray asks for one, and they would go on
        for as long as it is shown.
        """
        sized = event.type() in (QEvent.Type.Resize, QEvent.Type.Show)
        said = event.type() == QEvent.Type.LayoutRequest
        if (sized and watched is self._canvas) or (said and watched is self._error):
            self.place()
        return super().eventFilter(watched, event)

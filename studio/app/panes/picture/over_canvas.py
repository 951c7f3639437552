"""Keeps what lies over the canvas in its place: results below, the card in the middle."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas_card import CanvasCard
from studio.app.panes.picture.tray_panel import TrayPanel
from studio.app.theme.tokens import Space


class OverCanvas(QObject):
    """Places the tray and the card whenever the canvas or they change their size."""

    def __init__(self, canvas: QWidget, tray: TrayPanel, card: CanvasCard) -> None:
        super().__init__(canvas)
        self._canvas, self._tray, self._card = canvas, tray, card
        tray.resized.connect(self.place)
        canvas.installEventFilter(self)

    def place(self) -> None:
        """Put both where they belong."""
        room = self._canvas.width() - 2 * Space.L
        if self._tray.isVisibleTo(self._canvas):
            wanted = self._tray.sizeHint()
            width = min(wanted.width(), room)
            height = self._tray.heightForWidth(width)
            height = height if height > 0 else wanted.height()
            left = (self._canvas.width() - width) // 2
            top = self._canvas.height() - height - Space.M
            self._tray.setGeometry(left, max(Space.S, top), width, height)
            self._tray.raise_()
        if self._card.isVisibleTo(self._canvas):
            self._card.fit(room)
            left = (self._canvas.width() - self._card.width()) // 2
            top = (self._canvas.height() - self._card.height()) // 2
            self._card.move(left, max(Space.S, top))
            self._card.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the canvas."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return super().eventFilter(watched, event)

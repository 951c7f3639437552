"""The colours in hand: what is painted with, the other one, and those used lately."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT

RECENT_MOST = 14


class HandColours(QObject):
    """Keeps foreground and background."""

    foreground_changed = Signal(QColor)
    background_changed = Signal(QColor)
    used = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._foreground, self._background = _black(), _white()
        self._recent: list[QColor] = []

    @property
    def foreground(self) -> QColor:
        """What is painted with."""
        return QColor(self._foreground)

    @property
    def background(self) -> QColor:
        """The other colour."""
        return QColor(self._background)

    @property
    def recent(self) -> tuple[QColor, ...]:
        """What was painted with lately, the newest first."""
        return tuple(self._recent)

    def set_foreground(self, colour: QColor) -> None:
        """Paint with another colour."""
        if colour != self._foreground:
            self._foreground = QColor(colour)
            self.foreground_changed.emit(self.foreground)

    def set_background(self, colour: QColor) -> None:
        """Take another one as the other colour."""
        if colour != self._background:
            self._background = QColor(colour)
            self.background_changed.emit(self.background)

    def swap(self) -> None:
        """Exchange both."""
        foreground, background = self.foreground, self.background
        self.set_foreground(background)
        self.set_background(foreground)

    def reset(self) -> None:
        """Take black, and white as the other colour."""
        self.set_foreground(_black())
        self.set_background(_white())

    def use(self, colour: QColor) -> None:
        """Note that a colour was used."""
        if self._recent and self._recent[0] == colour:
            return
        others = [other for other in self._recent if other != colour]
        self._recent = [QColor(colour), *others][:RECENT_MOST]
        self.used.emit()


def _black() -> QColor:
    return QColor(OVER_PICTURE_DARK)


def _white() -> QColor:
    return QColor(OVER_PICTURE_LIGHT)

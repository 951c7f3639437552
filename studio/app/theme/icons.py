"""Lucide icons (ISC) in the colour of the text around them, sharp at every scale.

They are drawn when they are shown, from the palette of that moment, so a change of theme needs no
new icons.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPixmap, QPixmapCache

from studio.app.theme.tokens import DARK, LIGHT, Palette
from studio.core.paths import assets

Role = Literal["text", "quiet", "gold", "on_gold", "bad", "good"]


def icon(name: str, role: Role = "quiet") -> QIcon:
    """Return a Lucide icon.

    Args:
        name: Its name there, such as "list-restart".
        role: Token of the colour; checked and hovered ones turn to text, disabled ones
            fade, by themselves.

    Raises:
        FileNotFoundError: No such icon is in the assets.
    """
    _source(name)
    return QIcon(_Engine(name, role))


def current_palette() -> Palette:
    """Return the tokens that the application is painted with now."""
    window = QGuiApplication.palette().window().color()
    return DARK if window.lightness() < 128 else LIGHT


@cache
def _source(name: str) -> str:
    return (assets() / "icons" / "lucide" / f"{name}.svg").read_text("utf-8")


def pixmap(name: str, size_px: int, colour: str) -> QPixmap:
    """Return the icon drawn ``size_px`` wide, in device pixels."""
    key = f"lucide/{name}/{size_px}/{colour}"
    found = QPixmap()
    if QPixmapCache.find(key, found):
        return found
    from PySide6.QtSvg import QSvgRenderer

    drawn = QPixmap(size_px, size_px)
    drawn.fill(Qt.GlobalColor.transparent)
    source = _source(name).replace("currentColor", colour)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    QPixmapCache.insert(key, drawn)
    return drawn


class _Engine(QIconEngine):
    """Draws one icon at any size, in the colours of the moment."""

    def __init__(self, name: str, role: Role) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def _colour(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        palette = current_palette()
        if mode == QIcon.Mode.Disabled:
            return palette.off
        if self._role != "quiet":
            colour: str = getattr(palette, self._role)
            return colour
        lively = mode in (QIcon.Mode.Active, QIcon.Mode.Selected)
        if lively or state == QIcon.State.On:
            return palette.text
        return palette.quiet

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatio() if painter.device() else 1.0
        side = min(rect.width(), rect.height())
        drawn = pixmap(self._name, max(1, round(side * ratio)), self._colour(mode, state))
        offset = QPoint((rect.width() - side) // 2, (rect.height() - side) // 2)
        painter.drawPixmap(QRect(rect.topLeft() + offset, QSize(side, side)), drawn)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        side = max(1, min(size.width(), size.height()))
        drawn = pixmap(self._name, side, self._colour(mode, state))
        if size.width() <= size.height() or size.isEmpty():
            return drawn
        wide = QPixmap(size)  # the rest is the gap to the words beside it: styles leave too little
        wide.fill(Qt.GlobalColor.transparent)
        painter = QPainter(wide)
        painter.drawPixmap(0, 0, drawn)
        painter.end()
        return wide

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role)

"""An icon that stands still, and follows the theme."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.app.theme.icons import Role, icon
from studio.app.theme.tokens import Size


class IconLabel(QWidget):
    """Draws a Lucide icon in the colours of the moment; nothing to click."""

    def __init__(
        self,
        icon_name: str,
        role: Role = "quiet",
        icon_px: int = Size.ICON,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._px = icon_px
        self._icon = icon(icon_name, role)
        self.setFixedSize(icon_px, icon_px)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_icon(self, icon_name: str, role: Role = "quiet") -> None:
        """Show another icon."""
        self._icon = icon(icon_name, role)
        self.update()

    def sizeHint(self) -> QSize:
        """The icon's size."""
        return QSize(self._px, self._px)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon in the middle."""
        self._icon.paint(QPainter(self), self.rect(), Qt.AlignmentFlag.AlignCenter)

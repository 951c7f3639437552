"""A small button with only an icon; it cannot be made without words for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QToolButton, QWidget

from studio.app.theme.icons import icon
from studio.app.theme.tokens import Size


class IconButton(QToolButton):
    """An icon with a tooltip and an accessible name."""

    def __init__(
        self,
        icon_name: str,
        words: str,
        clicked: Callable[[], object] | None = None,
        parent: QWidget | None = None,
        *,
        icon_px: int = Size.ICON,
    ) -> None:
        super().__init__(parent)
        self.setIcon(icon(icon_name))
        self.setIconSize(QSize(icon_px, icon_px))
        self.setFixedSize(Size.CONTROL, Size.CONTROL)
        self.set_words(words)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())

    def set_words(self, words: str) -> None:
        """Say what the button does."""
        self.setToolTip(words)
        self.setAccessibleName(words)

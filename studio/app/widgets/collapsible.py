"""A section that opens and closes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space


class Collapsible(QWidget):
    """A title that shows and hides what belongs to it."""

    toggled = Signal(bool)

    def __init__(
        self,
        title: str,
        content: QWidget,
        parent: QWidget | None = None,
        *,
        expanded: bool = False,
    ) -> None:
        super().__init__(parent)
        self.content = content
        self._button = QPushButton(self)
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        self._button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self._button, "disclosure")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS)
        layout.addWidget(self._button)
        layout.addWidget(content)
        self._button.toggled.connect(self._show)
        self._button.setChecked(expanded)
        self._show(expanded)

    @property
    def expanded(self) -> bool:
        """Whether the content shows."""
        return self._button.isChecked()

    def set_expanded(self, expanded: bool) -> None:
        """Show or hide the content."""
        self._button.setChecked(expanded)

    def _show(self, expanded: bool) -> None:
        self._button.setIcon(icon("chevron-down" if expanded else "chevron-right"))
        self.content.setVisible(expanded)
        self.toggled.emit(expanded)

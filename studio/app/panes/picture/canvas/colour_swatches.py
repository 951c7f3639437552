"""The two colours in hand, one over the other, as in every painting program."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas.canvas_view import CanvasView
from studio.app.panes.picture.canvas.colour_picker import (
    ColourButton,
    ColourPopover,
)
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.words import fill_in

SWATCH = Size.CONTROL - Space.XS
SIDE = SWATCH + Space.M


class ColourSwatches(QWidget):
    """Shows foreground and background; a click opens a picker for one."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._popover: ColourPopover | None = None
        self._edits_background = False
        self.back = ColourButton(canvas.background, self)
        self.front = ColourButton(canvas.colour, self)
        self.swap = IconButton(
            "arrow-left-right",
            fill_in(self.tr("Swap colours (%1)"), "X"),
            canvas.colours_in_hand.swap,
            self,
            icon_px=Size.SMALL_ICON,
        )
        self.swap.setFixedSize(Size.ICON, Size.ICON)
        self.front.move(0, 0)
        self.back.move(SIDE - SWATCH, SIDE - SWATCH)
        self.swap.move(0, SIDE + Space.XS)
        self.front.raise_()
        self.front.clicked.connect(lambda: self._open(background=False))
        self.back.clicked.connect(lambda: self._open(background=True))
        canvas.colour_changed.connect(lambda _: self._show())
        canvas.colours_in_hand.background_changed.connect(lambda _: self._show())
        self.setFixedSize(SIDE, SIDE + Space.XS + Size.ICON)
        self._show()

    def sizeHint(self) -> QSize:
        """Return room for both and the button below."""
        return self.size()

    @property
    def popover(self) -> ColourPopover:
        """The picker, made at its first use."""
        if self._popover is None:
            self._popover = ColourPopover(self._canvas.colours_in_hand, self)
            self._popover.picker.colour_changed.connect(self._picked)
            self._popover.closed.connect(self._closed)
        return self._popover

    def _open(self, *, background: bool) -> None:
        self._edits_background = background
        canvas = self._canvas
        self.popover.picker.set_colour(canvas.background if background else canvas.colour)
        self.popover.open_at(self.back if background else self.front)

    def _picked(self, colour: QColor) -> None:
        if self._edits_background:
            self._canvas.colours_in_hand.set_background(colour)
        else:
            self._canvas.set_colour(colour)

    def _closed(self) -> None:
        self._canvas.colours_in_hand.use(self.popover.picker.colour)
        self._canvas.setFocus(Qt.FocusReason.PopupFocusReason)

    def _show(self) -> None:
        for button, colour, words in (
            (self.front, self._canvas.colour, self.tr("Colour: %1")),
            (self.back, self._canvas.background, self.tr("Other colour: %1")),
        ):
            button.colour = colour
            button.setToolTip(fill_in(words, colour.name()))
            button.setAccessibleName(fill_in(words, colour.name()))
            button.update()

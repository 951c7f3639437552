"""Choosing a colour: shades, hue, its number, and what was used last."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.picture.canvas.colour_field import ColourField, HueStrip
from studio.app.panes.picture.canvas.hand_colours import HandColours
from studio.app.theme.icons import current_palette
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.words import fill_in

RECENT_COLUMNS = 7


class ColourButton(QAbstractButton):
    """A square of one colour."""

    def __init__(self, colour: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colour = QColor(colour)
        self.setFixedSize(Size.CONTROL - Space.XS, Size.CONTROL - Space.XS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(colour.name())
        self.setAccessibleName(fill_in(self.tr("Colour %1"), colour.name()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the colour, and a ring with the focus."""
        palette = current_palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = palette.gold if self.hasFocus() else palette.line
        painter.setPen(QPen(QColor(edge), 2 if self.hasFocus() else 1))
        painter.setBrush(self.colour)
        area = self.rect().adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(area, Size.FIELD_RADIUS, Size.FIELD_RADIUS)


class ColourPicker(QWidget):
    """Shows one colour and changes it."""

    colour_changed = Signal(QColor)

    def __init__(self, colours: HandColours, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._hue = 0.0
        self._colour = QColor(Qt.GlobalColor.black)
        self.field, self.strip, self.hex = ColourField(), HueStrip(), QLineEdit()
        self.hex.setFont(tabular(self.hex.font()))
        self.hex.setMaxLength(7)
        self.hex.setAccessibleName(self.tr("Colour as a number"))
        self.hex.setToolTip(self.tr("Red, green and blue, two hexadecimal digits each"))
        label = QLabel(self.tr("Hex"))
        label.setBuddy(self.hex)
        set_role(label, "quiet")
        number = QHBoxLayout()
        number.addWidget(label)
        number.addWidget(self.hex, 1)
        self._grid = QGridLayout()
        self._grid.setSpacing(Space.XS)
        self._grid.setColumnStretch(RECENT_COLUMNS, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        for widget in (self.field, self.strip):
            layout.addWidget(widget)
        layout.addLayout(number)
        layout.addLayout(self._grid)
        self.field.moved.connect(self._from_field)
        self.strip.moved.connect(self._from_strip)
        self.hex.textEdited.connect(self._from_hex)
        self.hex.editingFinished.connect(self._show)
        self.show_recent()

    @property
    def colour(self) -> QColor:
        """The colour that is shown."""
        return QColor(self._colour)

    def set_colour(self, colour: QColor) -> None:
        """Show another colour."""
        if colour.rgb() == self._colour.rgb():
            return
        self._colour = QColor(colour)
        if colour.hsvHueF() >= 0 and colour.saturation():
            self._hue = colour.hsvHueF()  # a grey has none, so the one before stays
        self._show()

    def show_recent(self) -> None:
        """Show what was used last."""
        while (item := self._grid.takeAt(0)) is not None:
            if (button := item.widget()) is not None:
                button.hide()
                button.deleteLater()
        for n, colour in enumerate(self._colours.recent):
            button = ColourButton(colour, self)
            button.clicked.connect(lambda _=False, colour=colour: self._choose(colour))
            self._grid.addWidget(button, n // RECENT_COLUMNS, n % RECENT_COLUMNS)

    def _choose(self, colour: QColor) -> None:
        self.set_colour(colour)
        self.colour_changed.emit(self.colour)

    def _from_field(self, across: float, down: float) -> None:
        self._take(QColor.fromHsvF(self._hue, across, 1 - down))

    def _from_strip(self, across: float, _: float) -> None:
        self._hue = min(across, 0.9999)  # 1 is red again, and would jump to the other end
        self._take(QColor.fromHsvF(self._hue, self.field.across, 1 - self.field.down))

    def _from_hex(self, text: str) -> None:
        number = text if text.startswith("#") else f"#{text}"
        if len(number) == len("#rrggbb") and QColor.isValidColorName(number):
            self._choose(QColor(number))

    def _take(self, colour: QColor) -> None:
        self._colour = colour
        self._show(keep_field=True)
        self.colour_changed.emit(self.colour)

    def _show(self, *, keep_field: bool = False) -> None:
        self.field.set_hue(self._hue)
        self.strip.set_place(self._hue, 0.5)
        if not keep_field:
            self.field.set_place(self._colour.hsvSaturationF(), 1 - self._colour.valueF())
        if not self.hex.hasFocus() or keep_field:
            with QSignalBlocker(self.hex):
                self.hex.setText(self._colour.name())


class ColourPopover(QFrame):
    """A picker that opens beside a swatch."""

    closed = Signal()

    def __init__(self, colours: HandColours, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        set_role(self, "popover")
        self.picker = ColourPicker(colours)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        layout.addWidget(self.picker)

    def open_at(self, beside: QWidget) -> None:
        """Open to the right of a widget, inside its screen."""
        self.picker.show_recent()
        self.adjustSize()
        at = beside.mapToGlobal(QPoint(beside.width() + Space.S, 0))
        screen = beside.screen().availableGeometry()
        at.setX(min(at.x(), screen.right() - self.width()))
        at.setY(max(screen.top(), min(at.y(), screen.bottom() - self.height())))
        self.move(at)
        self.show()
        self.picker.field.setFocus()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell that it closed."""
        super().hideEvent(event)
        self.closed.emit()

"""Small controls for the options of tools: a word and a field, side by side in a strip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFont, QMouseEvent
from PySide6.QtWidgets import (
    QFontComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.option_fields import CalmComboBox, plain_title
from studio.core.options import OptionInfo, OptionValue

NUMBER_WIDTH = 66
FONT_WIDTH = 170
SCRUB_PX = 3
"""How far the pointer goes for one step."""
FAST_SHARE = 0.02
"""Large numbers change faster: by at least this share of what they are."""


class ToolField(QWidget):
    """One option of a tool.

    Attributes:
        info: The option.
    """

    changed = Signal(str, object)

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.info = info
        self._set: Callable[[OptionValue], object]
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.XS)
        if info.type is bool:
            self._make_switch()
        elif info.name == "family":
            self._make_fonts()
        elif info.choices:
            self._make_choice()
        else:
            self._make_number()

    def show_value(self, value: OptionValue) -> None:
        """Show a value without telling that it changed."""
        with QSignalBlocker(self.main):
            self._set(value)

    def show_use(self, reason: str) -> None:
        """Grey it with the reason why it means nothing now; "" when it does."""
        self.setEnabled(not reason)
        words = f"{self.info.help}\n{reason}" if reason else self.info.help
        for widget in (self, self.main):
            widget.setToolTip(words)

    def _adopt(self, main: QWidget) -> None:
        self.main = main
        main.setAccessibleName(self.info.title)
        main.setAccessibleDescription(self.info.help)
        main.setToolTip(self.info.help)
        self.setFocusProxy(main)
        self._row.addWidget(main)

    def _tell(self, value: OptionValue) -> None:
        self.changed.emit(self.info.name, value)

    def _make_switch(self) -> None:
        chip = QPushButton(self.info.title)
        set_role(chip, "chip")
        chip.setCheckable(True)
        chip.toggled.connect(self._tell)
        self._set = lambda value: chip.setChecked(bool(value))
        self._adopt(chip)

    def _make_fonts(self) -> None:
        fonts = QFontComboBox()
        fonts.setFixedSize(FONT_WIDTH, Size.CONTROL)
        fonts.currentFontChanged.connect(lambda font: self._tell(font.family()))
        self._set = lambda value: fonts.setCurrentFont(QFont(str(value)))
        self._adopt(fonts)

    def _make_choice(self) -> None:
        box = CalmComboBox()
        for choice in self.info.choices:
            box.addItem(plain_title(choice), choice)
        box.currentIndexChanged.connect(lambda: self._tell(box.currentData()))
        self._set = lambda value: box.setCurrentIndex(max(0, box.findData(value)))
        self._row.addWidget(_label(self.info.title, box))
        self._adopt(box)

    def _make_number(self) -> None:
        number = NumberField(self.info, "")
        number.setFixedWidth(NUMBER_WIDTH)
        number.valueChanged.connect(lambda: self._tell(number.number()))
        self._set = number.set_number
        self._row.addWidget(ScrubLabel(self.info, number))
        self._adopt(number)


class ScrubLabel(QLabel):
    """The word beside a number: dragging it changes the number, a double click resets it."""

    def __init__(self, info: OptionInfo, number: NumberField) -> None:
        super().__init__(info.title)
        self._info = info
        self._number = number
        self._from: tuple[QPointF, float] | None = None
        set_role(self, "quiet")
        self.setBuddy(number)
        self.setToolTip(info.help)
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        self._from = (event.position(), self._number.value())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change the number."""
        if self._from is not None and self.isEnabled():
            start, value = self._from
            step = max(self._number.singleStep() / 2, value * FAST_SHARE)
            by = (event.position().x() - start.x()) / SCRUB_PX
            self._number.setValue(round(value + by * step))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag."""
        self._from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Set the number that it begins with."""
        self._number.set_number(self._info.default)


def _label(title: str, buddy: QWidget) -> QLabel:
    label = QLabel(title)
    set_role(label, "quiet")
    label.setBuddy(buddy)
    return label

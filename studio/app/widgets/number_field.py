"""A number with bounds, typed or set with the arrow keys, for whole and broken numbers alike."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QWidget

from studio.app.theme.style import tabular
from studio.app.theme.tokens import Size, Space
from studio.core.options import OptionInfo

UNBOUNDED = 2.0**53
"""Largest whole number a field can hold exactly; QSpinBox would stop at 2**31."""


class NumberField(QDoubleSpinBox):
    """A spin box without arrows, with ``None`` where the option may be left to the model."""

    def __init__(self, info: OptionInfo, auto_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info = info
        step = info.step or (1.0 if info.type is int else 0.1)
        self.setDecimals(0 if info.type is int else max(1, -math.floor(math.log10(step) + 1e-9)))
        low = -UNBOUNDED if info.ge is None else info.ge
        high = UNBOUNDED if info.le is None else info.le
        if info.optional:
            low -= step
            self.setSpecialValueText(auto_text)
        self.setRange(low, high)
        self.setSingleStep(step)
        if info.unit:
            self.setSuffix(f" {info.unit}")
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
        self.setKeyboardTracking(False)
        self.setFixedHeight(Size.CONTROL)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.lineEdit().setTextMargins(Space.XS, 0, Space.XS, 0)
        self.setFont(tabular(self.font()))

    def number(self) -> int | float | None:
        """Return the value in the option's own type."""
        if self._info.optional and self.value() <= self.minimum():
            return None
        return round(self.value()) if self._info.type is int else self.value()

    def set_number(self, value: object) -> None:
        """Show a value; ``None`` is "auto"."""
        self.setValue(self.minimum() if value is None else float(value))  # type: ignore[arg-type]

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select the number, so that typing replaces it."""
        super().focusInEvent(event)
        self.selectAll()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change only when it has the focus; otherwise the page scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

"""What a region says and how strongly: shown beside the layers while one of them is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.app.panes.picture.part_rows import number
from studio.app.panes.picture.prompt_weights import WEIGHT_STEP, step_of, weigh
from studio.app.panes.picture.regions import (
    LEAST_WEIGHT,
    colour_of,
    prompt_of,
    said,
    weight_of,
)
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.prompt_bar import PromptEdit

if TYPE_CHECKING:
    from studio.documents.picture.layers import Layer

FOCUS_IN, FOCUS_OUT = QEvent.Type.FocusIn, QEvent.Type.FocusOut
REST_MS = 300
"""The text is taken over once typing rests so long."""


class RegionEditor(QWidget):
    """The prompt of one region layer and its weight."""

    edited = Signal(str, object)
    """Id of the layer, and its new ``meta``."""
    submitted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Layer | None = None
        self._reason = ""
        self._painted = True
        self.prompt = PromptEdit()
        self.prompt.setPlaceholderText(self.tr("What shall be in this area?"))
        self.prompt.setAccessibleName(self.tr("Prompt of the region"))
        self.prompt.setToolTip(
            self.tr("Holds where this layer is painted; the main prompt holds everywhere else")
        )
        self.prompt.textChanged.connect(self._typed)
        self.prompt.submitted.connect(self._submit)
        self.prompt.installEventFilter(self)
        self.weight = number(
            "weight",
            self.tr("Weight of the region"),
            self.tr("How much of the main prompt it displaces in its area"),
            LEAST_WEIGHT,
            1,
            1,
        )
        self.weight.valueChanged.connect(self.take)
        self.dot = QLabel()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.note, "caption")
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.take)
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        field = QFrame()
        set_role(field, "prompt")
        inside = QHBoxLayout(field)
        inside.setContentsMargins(Space.S, Space.XS, Space.XS, Space.XS)
        inside.addWidget(self.prompt)
        self._field = field
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.dot)
        caption = QLabel(self.tr("Weight"))
        set_role(caption, "quiet")
        below.addWidget(caption)
        below.addStretch()
        below.addWidget(self.weight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(field)
        column.addWidget(self.note)
        column.addLayout(below)

    def show_layer(self, layer: Layer | None, *, painted: bool = True) -> None:
        """Show a region, or nothing.

        Args:
            layer: The region layer; ``None`` hides this.
            painted: Whether it has an area.
        """
        if self._rest.isActive() and (layer is None or layer.id != self._id()):
            self.take()  # what was typed belongs to the layer that was shown
        self._layer, self._painted = layer, painted
        self.setVisible(layer is not None)
        if layer is None:
            return
        if not self._rest.isActive() and self.prompt.toPlainText() != prompt_of(layer):
            with QSignalBlocker(self.prompt):
                self.prompt.setPlainText(prompt_of(layer))
        with QSignalBlocker(self.weight):
            self.weight.set_number(weight_of(layer))
        self.dot.setPixmap(_dot(colour_of(layer), self.devicePixelRatioF()))
        self.dot.setVisible(bool(colour_of(layer)))
        self._show_note()

    def set_reason(self, reason: str) -> None:
        """Say why the model cannot have regions; "" when it can."""
        self._reason = reason
        self._show_note()

    def take(self) -> None:
        """Take over what was typed."""
        self._rest.stop()
        layer = self._layer
        if layer is None:
            return
        meta = said(layer, self.prompt.toPlainText(), float(self.weight.value()))
        if meta != said(layer, prompt_of(layer), weight_of(layer)):
            self.edited.emit(layer.id, meta)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl and arrows change weights; leaving the field takes the text over."""
        if watched is self.prompt and event.type() in (FOCUS_IN, FOCUS_OUT):
            self._field.setProperty("focused", event.type() == FOCUS_IN)
            self._field.style().polish(self._field)
            if event.type() == FOCUS_OUT:
                self.take()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = step_of(event, Qt.KeyboardModifier.ControlModifier)
            if step and watched is self.prompt:
                weigh(self.prompt, step * WEIGHT_STEP)
                return True
        return super().eventFilter(watched, event)

    def _typed(self) -> None:
        if self._layer is not None:
            self._rest.start()

    def _submit(self) -> None:
        self.take()
        self.submitted.emit()

    def _id(self) -> str:
        return self._layer.id if self._layer is not None else ""

    def _show_note(self) -> None:
        layer = self._layer
        if self._reason:
            words = self._reason
        elif not self._painted:
            words = self.tr("Paint the area where it holds.")
        elif layer is not None and not layer.visible:
            words = self.tr("Hidden, so it takes no part.")
        else:
            words = ""
        self.note.setText(words)
        self.note.setVisible(bool(words))
        set_role(self.note, "bad" if self._reason else "caption")


def _dot(colour: str, ratio: float) -> QPixmap:
    """Return a round spot of a colour."""
    side = Size.SMALL_ICON
    found = QPixmap(round(side * ratio), round(side * ratio))
    found.setDevicePixelRatio(ratio)
    found.fill(Qt.GlobalColor.transparent)
    painter = QPainter(found)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(2, 2, side - 4, side - 4)
    painter.end()
    return found

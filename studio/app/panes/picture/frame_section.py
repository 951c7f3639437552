"""The frame in numbers: width, height, shapes, and the size the model works at."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.picture.frame_size import resolution_for
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.words import fill_in
from studio.core.media import MAX_SIDE_PX
from studio.core.options import OptionInfo
from studio.documents.picture.geometry import Rect

SHAPES = ((1, 1), (4, 3), (3, 2), (16, 9), (3, 4), (2, 3), (9, 16))
SNAP_PX = 8


class FrameSection(QWidget):
    """Shows and sets the generation frame."""

    chosen = Signal(object)
    """A :class:`Rect`: the frame shall be this."""
    fit_wanted = Signal()
    """The frame shall be as large as the selection or the picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame = Rect(0, 0, 512, 512)
        self._side = 512
        self.width_field = self._field("width", self.tr("Width of the frame"))
        self.height_field = self._field("height", self.tr("Height of the frame"))
        sizes = QHBoxLayout()
        sizes.setSpacing(Space.S)
        sizes.addWidget(self.width_field, 1)
        sizes.addWidget(_quiet("×"))
        sizes.addWidget(self.height_field, 1)
        self.shapes: list[QPushButton] = []
        rows = QVBoxLayout()
        rows.setSpacing(Space.XS)
        for part in (SHAPES[:4], SHAPES[4:]):
            row = QHBoxLayout()
            row.setSpacing(Space.XS)
            for shape in part:
                row.addWidget(self._shape(*shape))
            if len(part) < 4:
                row.addWidget(self._fit_button())
            rows.addLayout(row)
        self.note = _quiet("")
        self.note.setWordWrap(True)
        set_role(self.note, "caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(sizes)
        column.addLayout(rows)
        column.addWidget(self.note)

    def show_frame(self, frame: Rect, side: int, work: Rect | None) -> None:
        """Show the frame.

        Args:
            frame: The frame.
            side: Side of the square the model was taught at, in px; 0 without a model.
            work: The part that is worked on, when a selection makes it another.
        """
        self._frame, self._side = frame, side or self._side
        for field, value in ((self.width_field, frame.width), (self.height_field, frame.height)):
            with QSignalBlocker(field):
                field.set_number(value)
        for button, shape in zip(self.shapes, SHAPES, strict=True):
            fits = math.isclose(frame.width / frame.height, shape[0] / shape[1], rel_tol=0.02)
            button.setChecked(fits)
        if not side:
            self.note.setText("")
        else:
            area = work or frame
            size = resolution_for(area, side)
            words = self.tr("Painted at %1 × %2 px")
            if (size.width, size.height) != (area.width, area.height):
                words = self.tr("Painted at %1 × %2 px and scaled to %3 × %4")
            self.note.setText(fill_in(words, size.width, size.height, area.width, area.height))
        self.note.setVisible(bool(side))

    def _field(self, name: str, title: str) -> NumberField:
        info = OptionInfo(
            name=name, type=int, default=512, title=title, help=title, ge=SNAP_PX,
            le=MAX_SIDE_PX, step=SNAP_PX, unit="px",
        )  # fmt: skip
        field = NumberField(info, "")
        field.setAccessibleName(title)
        field.setToolTip(title)
        field.valueChanged.connect(self._typed)
        return field

    def _shape(self, across: int, down: int) -> QPushButton:
        button = QPushButton(f"{across}:{down}")
        set_role(button, "chip")
        button.setCheckable(True)
        button.setToolTip(fill_in(self.tr("A frame of %1 to %2, of the size the model likes"),
                                  across, down))  # fmt: skip
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setMinimumWidth(Size.CONTROL)
        button.clicked.connect(lambda: self._take_shape(across, down))
        self.shapes.append(button)
        return button

    def _fit_button(self) -> QPushButton:
        button = QPushButton(self.tr("Fit"))
        set_role(button, "chip")
        button.setToolTip(self.tr("Fit the frame around the selection, or else the picture"))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.clicked.connect(self.fit_wanted)
        return button

    def _take_shape(self, across: int, down: int) -> None:
        scale = math.sqrt(across / down)
        width = max(SNAP_PX, round(self._side * scale / SNAP_PX) * SNAP_PX)
        height = max(SNAP_PX, round(self._side / scale / SNAP_PX) * SNAP_PX)
        self._emit(width, height)

    def _typed(self) -> None:
        self._emit(int(self.width_field.number() or 1), int(self.height_field.number() or 1))

    def _emit(self, width: int, height: int) -> None:
        """Ask for another size; the middle of the frame stays."""
        frame = self._frame
        x = frame.x + (frame.width - width) // 2
        y = frame.y + (frame.height - height) // 2
        self.chosen.emit(Rect(x, y, width, height))


def _quiet(words: str) -> QLabel:
    label = QLabel(words)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, "quiet")
    return label

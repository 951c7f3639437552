"""Rows of the inspector for what goes beside a model: LoRAs, ControlNets, references."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.picture.control_maps import KINDS
from studio.app.panes.picture.wish import Control, Lora, Reference, Source
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.option_fields import CalmComboBox
from studio.app.widgets.switch import Switch
from studio.app.widgets.words import fill_in
from studio.core.options import OptionInfo

NUMBER_WIDTH = 64
Layers = Callable[[], list[tuple[str, str]]]
"""Returns id and name of the layers a row can choose from."""
Part = TypeVar("Part", Lora, Control, Reference)


def number(
    name: str, title: str, help: str, low: float, high: float, default: float, step: float = 0.05
) -> NumberField:
    """Return a small field for a number."""
    info = OptionInfo(
        name=name, type=float, default=default, title=title, help=help, ge=low, le=high, step=step
    )
    field = NumberField(info, "")
    field.setFixedWidth(NUMBER_WIDTH)
    field.setAccessibleName(title)
    field.setToolTip(help)
    return field


class PartRow(QFrame, Generic[Part]):
    """One part: what it is called, whether it is used, a way to take it away."""

    edited = Signal(object)
    removed = Signal()

    def __init__(self, part: Part, title: str, reason: str, parent: QWidget | None = None) -> None:
        """Make the row.

        Args:
            part: What it shows.
            title: The part's name.
            reason: Why it does not go with the model; "" when it does.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self.part: Part = part
        self.switch = Switch()
        self.switch.setChecked(part.on)
        self.switch.setAccessibleName(fill_in(self.tr("Use %1"), title))
        self.switch.toggled.connect(lambda on: self.change(on=on))
        self.name = ElidedLabel(title)
        self.name.setToolTip(title)
        remove = QToolButton()
        remove.setIcon(icon("x"))
        remove.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        remove.setToolTip(fill_in(self.tr("Take %1 away"), title))
        remove.setAccessibleName(remove.toolTip())
        remove.clicked.connect(self.removed)
        self.head = QHBoxLayout()
        self.head.setSpacing(Space.S)
        self.head.addWidget(self.switch)
        self.head.addWidget(self.name, 1)
        self.head.addWidget(remove)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, Space.XS, 0, Space.XS)
        self.column.setSpacing(Space.XS)
        self.column.addLayout(self.head)
        self.note = QLabel(reason)
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setVisible(bool(reason))
        set_role(self.note, "bad")
        self.column.addWidget(self.note)

    def change(self, **values: Any) -> None:
        """Take other values over and say so."""
        self.part = dataclasses.replace(self.part, **values)
        self.edited.emit(self.part)

    def add_number(self, field: NumberField, name: str, value: float, row: QHBoxLayout) -> None:
        """Add a field that sets the value ``name``."""
        field.set_number(value)
        field.valueChanged.connect(lambda: self.change(**{name: field.number()}))
        row.addWidget(field)


class LoraRow(PartRow[Lora]):
    """A LoRA and its weight."""

    def __init__(self, part: Lora, title: str, reason: str, parent: QWidget | None = None) -> None:
        super().__init__(part, title, reason, parent)
        self.weight = number(
            "weight",
            fill_in(self.tr("Weight of %1"), title),
            self.tr("How strongly it works; negative turns it round"),
            -2,
            2,
            0.8,
        )
        self.weight.set_number(part.weight)
        self.weight.valueChanged.connect(lambda: self.change(weight=self.weight.number()))
        self.head.insertWidget(2, self.weight)


class SourceBox(CalmComboBox):
    """Where a picture comes from: the canvas, one of its layers, or a file."""

    chosen = Signal(object)

    def __init__(self, source: Source, layers: Layers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self._source = source
        self.setAccessibleName(self.tr("Picture"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self._fill()
        self.activated.connect(self._choose)

    def showPopup(self) -> None:
        """List the layers there are now."""
        self._fill()
        super().showPopup()

    def choose_file(self, path: Path) -> None:
        """Take a file."""
        self._set(Source(kind="file", file=str(path)))

    def _fill(self) -> None:
        with QSignalBlocker(self):
            self.clear()
            self.addItem(icon("image"), self.tr("The canvas"), Source())
            known = {Source()}
            for layer_id, name in self._layers():
                source = Source(kind="layer", layer=layer_id)
                self.addItem(icon("layers"), name, source)
                known.add(source)
            if self._source.kind == "layer" and self._source not in known:
                self.addItem(icon("triangle-alert"), self.tr("A layer of another picture"),
                             self._source)  # fmt: skip
            if self._source.kind == "file":
                name = Path(self._source.file).name
                self.addItem(icon("file"), name, self._source)
            self.addItem(icon("folder-open"), self.tr("Choose a file…"), None)
            for index in range(self.count()):
                if self.itemData(index) == self._source:
                    self.setCurrentIndex(index)
            self.setToolTip(self._source.file or self.currentText())

    def _choose(self, index: int) -> None:
        source = self.itemData(index)
        if isinstance(source, Source):
            self._set(source)
            return
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a picture"))
        if name:
            self.choose_file(Path(name))
        else:
            self._fill()

    def _set(self, source: Source) -> None:
        different = source != self._source
        self._source = source
        self._fill()
        if different:
            self.chosen.emit(source)


class ControlRow(PartRow[Control]):
    """A ControlNet: its picture, what that is turned into, how strongly and how long."""

    def __init__(
        self,
        part: Control,
        title: str,
        reason: str,
        layers: Layers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(part, title, reason, parent)
        self.source = SourceBox(part.source, layers)
        self.source.chosen.connect(lambda source: self.change(source=source))
        self.kind = CalmComboBox()
        self.kind.setAccessibleName(self.tr("What the picture is turned into"))
        self.kind.setToolTip(
            self.tr("What the picture is turned into first; a map made elsewhere stays as it is")
        )
        titles = {
            "as it is": self.tr("As it is"),
            "edges": self.tr("Its edges"),
            "inverted": self.tr("Inverted"),
        }
        for kind in KINDS:
            self.kind.addItem(titles[kind], kind)
        self.kind.setCurrentIndex(self.kind.findData(part.map_kind))
        self.kind.activated.connect(lambda i: self.change(map_kind=self.kind.itemData(i)))
        pictures = QHBoxLayout()
        pictures.setSpacing(Space.S)
        pictures.addWidget(self.source, 1)
        pictures.addWidget(self.kind, 1)
        self.column.addLayout(pictures)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        self.weight = number(
            "weight", self.tr("Weight"), self.tr("How strongly it steers"), 0, 2, 1
        )
        self.begin = number(
            "begin", self.tr("Begin"), self.tr("Share of the steps after which it begins"), 0, 1, 0
        )
        self.end = number(
            "end", self.tr("End"), self.tr("Share of the steps after which it ends"), 0, 1, 1
        )
        row.addWidget(_caption(self.tr("Weight")))
        self.add_number(self.weight, "weight", part.weight, row)
        row.addStretch()
        row.addWidget(_caption(self.tr("Steps")))
        self.add_number(self.begin, "begin", part.begin, row)
        row.addWidget(_caption("–"))
        self.add_number(self.end, "end", part.end, row)
        self.column.addLayout(row)


class ReferenceRow(PartRow[Reference]):
    """An IP-Adapter: the picture whose look is taken up, and how strongly."""

    def __init__(
        self,
        part: Reference,
        title: str,
        reason: str,
        layers: Layers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(part, title, reason, parent)
        self.source = SourceBox(part.source, layers)
        self.source.chosen.connect(lambda source: self.change(source=source))
        self.weight = number(
            "weight", self.tr("Weight"), self.tr("How much of its look is taken up"), 0, 1, 0.6
        )
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.source, 1)
        row.addWidget(_caption(self.tr("Weight")))
        self.add_number(self.weight, "weight", part.weight, row)
        self.column.addLayout(row)


def _caption(words: str) -> QLabel:
    label = QLabel(words)
    set_role(label, "caption")
    return label

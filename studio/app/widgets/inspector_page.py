"""What the right panels of the panes have in common: a page that scrolls, its words, the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.app.model_options import ModelOptions
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.models.info import ModelInfo


class InspectorPage(QFrame):
    """A column that scrolls.

    Attributes:
        column: Where everything is put.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        page = QWidget()
        set_role(page, "page")
        self.column = QVBoxLayout(page)
        self.column.setContentsMargins(Space.L, Space.M, Space.L, Space.L)
        self.column.setSpacing(Space.S)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)


class ModelChooser(QWidget):
    """Which model works, and a line about it.

    Attributes:
        box: The installed models that can.
        note: What is worth knowing of the chosen one, or why there is none.
    """

    def __init__(
        self,
        options: ModelOptions,
        tip: str,
        about: Callable[[ModelInfo], Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        """Make the chooser.

        Args:
            options: Whose model.
            tip: What the model does.
            about: Returns what is worth knowing of a model, in a few words each.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._options, self._about = options, about
        self.box = combo(self.tr("Model"))
        self.box.setToolTip(tip)
        self.box.activated.connect(lambda row: options.choose_model(self.box.itemData(row)))
        self.note = words("caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(heading(self.tr("Model")))
        column.addWidget(self.box)
        column.addWidget(self.note)

    def refresh(self) -> None:
        """Show what holds now."""
        models = self._options.models()
        info = self._options.info() if models else None
        fill(
            self.box,
            [(each.info.title, each.info.id) for each in models],
            info.id if info is not None else "",
        )
        self.box.setVisible(bool(models))
        note = self._options.why_not()
        if not note and info is not None:
            note = " · ".join(self._about(info))
        elif not note:
            note = self.tr("Looking for models…")
        self.note.setText(note)
        self.note.setVisible(bool(note))


def words(role: str, text: str = "") -> QLabel:
    """Return a label that wraps, with plain text."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label


def heading(text: str) -> QLabel:
    """Return what stands above a group."""
    return words("heading", text)


def combo(name: str) -> QComboBox:
    """Return an empty list that long entries do not widen."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def fill(box: QComboBox, wanted: Sequence[tuple[str, str]], current: str) -> None:
    """Offer these titles with their values; what did not change is not made anew.

    Args:
        box: The list.
        wanted: Titles and values.
        current: The value that is chosen; the first where it is not among them.
    """
    if [(box.itemText(i), box.itemData(i)) for i in range(box.count())] != list(wanted):
        box.clear()
        for title, value in wanted:
            box.addItem(title, value)
    box.setCurrentIndex(max(0, box.findData(current)) if wanted else -1)


def form(*rows: tuple[str, QWidget]) -> QFormLayout:
    """Return rows whose fields begin where those of other forms of the panel do."""
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(Space.S)
    layout.setVerticalSpacing(Space.XS)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for title, field in rows:
        label = QLabel(title)
        label.setFixedSize(Size.INSPECTOR_LABEL, Size.CONTROL)
        label.setBuddy(field)
        set_role(label, "quiet")
        layout.addRow(label, field)
    return layout

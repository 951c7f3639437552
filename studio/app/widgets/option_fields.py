"""One control per kind of option; each can be read, set and watched in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.switch import Switch
from studio.app.widgets.words import fill_in
from studio.core.options import OptionInfo, OptionValue

ABBREVIATIONS = frozenset({"cpu", "cuda", "mps", "fp16", "fp32", "bf16"})
SLIDER_STEPS_MAX = 20_000
MULTILINE_HEIGHT = 72


class OptionField(QWidget):
    """A control for one option.

    Attributes:
        main: The widget that takes the keyboard and belongs to the label.
    """

    changed = Signal()
    main: QWidget

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.info = info
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(Space.S)

    def value(self) -> OptionValue:
        """Return what is set, in the option's own type."""
        raise NotImplementedError

    def set_value(self, value: OptionValue) -> None:
        """Show a value; ``changed`` comes only when it is another one."""
        raise NotImplementedError

    def _adopt(self, main: QWidget) -> None:
        self.main = main
        self.setFocusProxy(main)
        main.setAccessibleName(self.info.title)
        main.setAccessibleDescription(self.info.help)


class SwitchOption(OptionField):
    """On or off."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._switch = Switch()
        self._adopt(self._switch)
        self.row.addStretch()
        self.row.addWidget(self._switch)
        self._switch.toggled.connect(self.changed)

    def value(self) -> bool:
        """Return whether it is on."""
        return self._switch.isChecked()

    def set_value(self, value: OptionValue) -> None:
        """Switch."""
        self._switch.setChecked(bool(value))


class NumberOption(OptionField):
    """A number; with a slider where both ends are known."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._number = NumberField(info, self.tr("auto"))
        self._number.setMinimumWidth(Size.FORM_FIELD)
        self._slider = self._make_slider()
        self._adopt(self._number)
        if self._slider is None:
            self.row.addWidget(self._number, 1)
        else:
            self._number.setFixedWidth(Size.FORM_FIELD)
            self.row.addWidget(self._slider, 1)
            self.row.addWidget(self._number)
        self._number.valueChanged.connect(self._typed)

    def value(self) -> OptionValue:
        """Return the number, ``None`` where the model decides."""
        return self._number.number()

    def set_value(self, value: OptionValue) -> None:
        """Show a number."""
        self._number.set_number(value)

    def _make_slider(self) -> QSlider | None:
        low, high, step = self._number.minimum(), self._number.maximum(), self._number.singleStep()
        bounded = self.info.ge is not None and self.info.le is not None
        if not bounded or (high - low) / step > SLIDER_STEPS_MAX:
            return None
        slider = _CalmSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, round((high - low) / step))
        slider.setPageStep(max(1, slider.maximum() // 10))
        slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # the field beside it is the tab stop
        slider.setAccessibleName(self.info.title)
        slider.setMinimumWidth(Space.XL)  # so that a form fits the narrowest inspector
        slider.valueChanged.connect(lambda at: self._number.setValue(low + at * step))
        return slider

    def _typed(self) -> None:
        if self._slider is not None:
            at = (self._number.value() - self._number.minimum()) / self._number.singleStep()
            with QSignalBlocker(self._slider):
                self._slider.setValue(round(at))
        self.changed.emit()


class ChoiceOption(OptionField):
    """One of a few words."""

    def __init__(
        self,
        info: OptionInfo,
        titles: Mapping[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(info, parent)
        self._box = CalmComboBox()
        if info.optional:
            self._box.addItem(self.tr("auto"), None)
        for choice in info.choices:
            self._box.addItem((titles or {}).get(choice, plain_title(choice)), choice)
        self._adopt(self._box)
        self.row.addWidget(self._box, 1)
        self._box.currentIndexChanged.connect(self.changed)

    def value(self) -> OptionValue:
        """Return the chosen word."""
        chosen: OptionValue = self._box.currentData()
        return chosen

    def set_value(self, value: OptionValue) -> None:
        """Choose a word."""
        self._box.setCurrentIndex(max(0, self._box.findData(value)))


class TextOption(OptionField):
    """A line of text."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._line = QLineEdit()
        if info.optional:
            self._line.setPlaceholderText(self.tr("auto"))
        self._adopt(self._line)
        self.row.addWidget(self._line, 1)
        self._line.textChanged.connect(self.changed)

    def value(self) -> OptionValue:
        """Return the text; empty means ``None`` where the model may decide."""
        return self._line.text() or (None if self.info.optional else "")

    def set_value(self, value: OptionValue) -> None:
        """Show a text."""
        if str(value or "") != self._line.text():
            self._line.setText(str(value or ""))


class FolderOption(TextOption):
    """A folder: its path, and a button to choose one."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        choose = QPushButton(self.tr("Choose…"))
        choose.setAccessibleName(fill_in(self.tr("Choose: %1"), info.title))
        choose.clicked.connect(self._choose)
        self.row.addWidget(choose)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.info.title, self._line.text())
        if folder:
            self._line.setText(folder)


class LongTextOption(OptionField):
    """Text of several lines."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._edit = QPlainTextEdit()
        self._edit.setFixedHeight(MULTILINE_HEIGHT)
        self._edit.setTabChangesFocus(True)
        set_role(self._edit, "field")
        self._adopt(self._edit)
        self.row.addWidget(self._edit, 1)
        self._edit.textChanged.connect(self.changed)

    def value(self) -> OptionValue:
        """Return the text."""
        return self._edit.toPlainText() or (None if self.info.optional else "")

    def set_value(self, value: OptionValue) -> None:
        """Show a text."""
        if str(value or "") != self._edit.toPlainText():
            self._edit.setPlainText(str(value or ""))


class ListOption(LongTextOption):
    r"""A list of texts, one a line; a line break inside one is written ``\n``."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._edit.setPlaceholderText(self.tr("One per line; \\n is a line break"))

    def value(self) -> OptionValue:
        """Return the texts."""
        return tuple(_unescape(line) for line in self._edit.toPlainText().split("\n") if line)

    def set_value(self, value: OptionValue) -> None:
        """Show the texts."""
        items = value if isinstance(value, tuple) else ()
        if items != self.value():
            self._edit.setPlainText("\n".join(_escape(item) for item in items))


class FoldersOption(ListOption):
    """Folders, one a line, and a button to add one."""

    def __init__(self, info: OptionInfo, parent: QWidget | None = None) -> None:
        super().__init__(info, parent)
        self._edit.setPlaceholderText(self.tr("One folder per line"))
        add = QPushButton(self.tr("Add…"))
        add.setAccessibleName(fill_in(self.tr("Add: %1"), info.title))
        add.clicked.connect(self._add)
        self.row.addWidget(add, 0, Qt.AlignmentFlag.AlignTop)

    def value(self) -> OptionValue:
        """Return the folders, as they are written."""
        return tuple(line.strip() for line in self._edit.toPlainText().split("\n") if line.strip())

    def set_value(self, value: OptionValue) -> None:
        """Show the folders."""
        items = value if isinstance(value, tuple) else ()
        if items != self.value():
            self._edit.setPlainText("\n".join(items))

    def _add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.info.title)
        if folder:
            self._edit.appendPlainText(folder)


class CalmComboBox(QComboBox):
    """A combo box that lets the page scroll while it has not the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page instead."""
        event.ignore()


class _CalmSlider(QSlider):
    """A slider that lets the page scroll under the wheel."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def field_for(info: OptionInfo, choice_titles: Mapping[str, str] | None = None) -> OptionField:
    """Return the control for an option; ``choice_titles`` says what its choices are called."""
    if info.choices:
        return ChoiceOption(info, choice_titles)
    if info.type is bool:
        return SwitchOption(info)
    if info.type in (int, float):
        return NumberOption(info)
    if info.type is tuple:
        return FoldersOption(info) if info.name.endswith("_folders") else ListOption(info)
    if info.name.endswith("_folder"):
        return FolderOption(info)
    return LongTextOption(info) if info.multiline else TextOption(info)


def plain_title(choice: str) -> str:
    """Return a choice as a person would write it: "CUDA", "Follow system"."""
    if choice in ABBREVIATIONS:
        return choice.upper()
    words = choice.replace("_", " ")
    return words[:1].upper() + words[1:]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _unescape(line: str) -> str:
    result, escaped = [], False
    for letter in line:
        if escaped:
            result.append({"n": "\n", "t": "\t", "\\": "\\"}.get(letter, f"\\{letter}"))
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            result.append(letter)
    return "".join(result) + ("\\" if escaped else "")

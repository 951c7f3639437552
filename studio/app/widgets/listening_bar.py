"""The bar above the work while Triptych listens: what happens, how loud or how far, and choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QWidget

from studio.app.theme.icons import Role
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel

Choice = tuple[str, Callable[[], object]]
_METER_WIDTH = 132
_STEPS = 1000


class ListeningBar(QFrame):
    """One state at a time; hidden until the first is shown."""

    closed = Signal()
    """The cross was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "strip")
        self._icon = IconLabel("mic")
        self.meter = QProgressBar()
        self.meter.setTextVisible(False)
        self.meter.setFixedWidth(_METER_WIDTH)
        self.words = ElidedLabel()
        self.words.setFont(tabular(self.words.font()))
        self.buttons: list[QPushButton] = []
        self._shown: tuple[str, ...] = ()
        self._then: dict[str, Callable[[], object]] = {}
        self._choices = QHBoxLayout()
        self._choices.setSpacing(Space.XS)
        self.cross = IconButton("x", self.tr("Close"), self._close, icon_px=Size.SMALL_ICON)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._icon)
        row.addWidget(self.meter)
        row.addWidget(self.words, 1)
        row.addLayout(self._choices)
        row.addWidget(self.cross)
        self.hide()

    def say(self, words: str, choices: Sequence[Choice] = (), *, bad: bool = False) -> None:
        """Show a sentence and what can be done about it; it can be closed."""
        self._show("circle-alert" if bad else "mic", "bad" if bad else "quiet", words, choices)
        self.meter.hide()
        self.cross.show()

    def show_level(self, words: str, level: float, choices: Sequence[Choice]) -> None:
        """Show that the microphone is open and how loud it is, 0..1."""
        self._show("mic", "gold", words, choices)
        self._measure(self.tr("Level"), level)

    def show_progress(self, words: str, fraction: float | None, choices: Sequence[Choice]) -> None:
        """Show how far something is, 0..1; ``None`` when nothing tells."""
        self._show("mic", "quiet", words, choices)
        self._measure(self.tr("Progress"), fraction)

    def _measure(self, name: str, fraction: float | None) -> None:
        self.meter.setAccessibleName(name)
        self.meter.setRange(0, 0 if fraction is None else _STEPS)
        if fraction is not None:
            self.meter.setValue(round(min(1.0, max(0.0, fraction)) * _STEPS))
        self.meter.show()
        self.cross.hide()

    def _show(self, icon_name: str, role: Role, words: str, choices: Sequence[Choice]) -> None:
        self._icon.set_icon(icon_name, role)
        self.words.setText(words)
        self.setAccessibleName(words)
        self._then = dict(choices)
        names = tuple(self._then)
        if names != self._shown:  # else a button would change under the pointer
            self._shown = names
            for button in self.buttons:
                button.hide()
                button.deleteLater()
            self.buttons = [self._button(name) for name in names]
        self.show()

    def _button(self, name: str) -> QPushButton:
        button = QPushButton(name)
        set_role(button, "flat")
        button.clicked.connect(lambda: self._then[name]())
        self._choices.addWidget(button)
        return button

    def _close(self) -> None:
        self.hide()
        self.closed.emit()

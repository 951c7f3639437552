"""What the time machine looks like: a state, the lists beside it, the strip below."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.history_picture import HistoryPicture
from studio.app.history_preview import HistoryPreview
from studio.app.history_side import HistorySide
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.time_strip import TimeStrip
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.switch import Switch


class HistoryFrame(QFrame):
    """Makes and places the parts; what they do is the panel's."""

    close_wanted = Signal()
    step_wanted = Signal(int)
    """-1 for the step before, 1 for the one after."""

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self.setAccessibleName(self.tr("History"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        font_px = context.settings.value.appearance.manuscript_font_px
        self.preview = HistoryPreview(context.theme, font_px)
        self.picture = HistoryPicture(context.theme)
        self.strip = TimeStrip(context.theme)
        self.side = HistorySide()
        self._lay_out()

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(self._make_reading(), 1)
        middle.addWidget(_line(vertical=True))
        middle.addWidget(self.side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._make_head())
        column.addWidget(_line())
        column.addLayout(middle, 1)
        column.addWidget(_line())
        column.addLayout(self._make_foot())

    def _make_head(self) -> QHBoxLayout:
        self.title = ElidedLabel()
        set_role(self.title, "heading")
        self.marks = Switch(self.tr("Show changes"))
        self.marks.setChecked(True)
        self.marks.setToolTip(self.tr("Mark what would come back and what would go"))
        self.marks.toggled.connect(self.preview.set_marked)
        close = IconButton("x", self.tr("Close the history (Esc)"), self.close_wanted.emit)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        head.setSpacing(Space.S)
        head.addWidget(IconLabel("history", "text"))
        head.addWidget(self.title, 1)
        head.addWidget(self.marks)
        head.addWidget(close)
        return head

    def _make_reading(self) -> QVBoxLayout:
        self.when_label = _label("heading")
        self.back_label = _label("good")
        self.gone_label = _label("bad")
        self.note_label = _label("quiet")
        line = QHBoxLayout()
        line.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        line.setSpacing(Space.L)
        line.addWidget(self.when_label)
        line.addStretch()
        for label in (self.note_label, self.back_label, self.gone_label):
            line.addWidget(label)
        self.empty = EmptyState("", "", icon_name="history")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.preview)
        self.pages.addWidget(self.picture)
        self.pages.addWidget(self.empty)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self.pages, 1)
        return column

    def _make_foot(self) -> QVBoxLayout:
        self.place_label = _label("caption")
        self.branch_button = QPushButton(self.tr("Branch as new document"))
        self.restore_button = QPushButton(self.tr("Restore this state"))
        set_role(self.restore_button, "primary")
        self.steppers = [
            IconButton(
                "chevron-left", self.tr("One step back (Left)"), partial(self.step_wanted.emit, -1)
            ),
            IconButton(
                "chevron-right", self.tr("One step on (Right)"), partial(self.step_wanted.emit, 1)
            ),
        ]
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        for button in self.steppers:
            row.addWidget(button)
        row.addWidget(self.place_label)
        row.addStretch()
        row.addWidget(self.branch_button)
        row.addWidget(self.restore_button)
        foot = QVBoxLayout()
        foot.setContentsMargins(Space.L, Space.S, Space.L, Space.M)
        foot.setSpacing(Space.S)
        foot.addWidget(self.strip)
        foot.addLayout(row)
        return foot


def _line(*, vertical: bool = False) -> QFrame:
    line = QFrame()
    set_role(line, "line")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, role)
    return label

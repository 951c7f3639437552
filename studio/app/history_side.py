"""The right side of the time machine: changes, named moments, deleted documents, and the room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.history_model import ROW, RowsModel, RowsView
from studio.app.history_reader import Past
from studio.app.history_rows import Row
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.words import BYTES_PER_MB, fill_in

STEPS, MOMENTS, DELETED = range(3)
NAME_LENGTH = 120


class HistorySide(QWidget):
    """Three lists, one at a time."""

    tab_chosen = Signal(int)
    row_chosen = Signal(object)
    """The :class:`Row` the user went to; ``None`` for none."""
    name_wanted = Signal(str)
    forget_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshots = 0
        self.models = [RowsModel(self) for _ in range(3)]
        names = (self.tr("Changes"), self.tr("Named moments"), self.tr("Deleted documents"))
        self.lists = [
            RowsView(model, name, dated=number != STEPS)
            for number, (model, name) in enumerate(zip(self.models, names, strict=True))
        ]
        self._lay_out()
        for view in self.lists:
            view.selectionModel().currentChanged.connect(self._on_current)

    def _lay_out(self) -> None:
        self.tabs = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        for number, words in enumerate(
            (self.tr("Changes"), self.tr("Moments"), self.tr("Deleted"))
        ):
            button = QToolButton()
            button.setText(words)
            button.setCheckable(True)
            button.setFixedHeight(Size.CONTROL)
            set_role(button, "tab")
            self.tabs.addButton(button, number)
            row.addWidget(button)
        row.addStretch()
        self.tabs.idClicked.connect(self.tab_chosen)
        self._sides = QStackedWidget()
        self._sides.addWidget(self.lists[STEPS])
        self._sides.addWidget(self._make_moments())
        self._sides.addWidget(self._make_deleted())
        self.room_label = _label("caption")
        self.setFixedWidth(Size.INSPECTOR)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self._sides, 1)
        column.addWidget(self.room_label)

    def _make_moments(self) -> QWidget:
        self.name_field = QLineEdit()
        self.name_field.setPlaceholderText(self.tr("Name this moment"))
        self.name_field.setToolTip(
            self.tr("A moment with a name holds the whole project and is never thinned out")
        )
        self.name_field.setMaxLength(NAME_LENGTH)
        self.name_field.returnPressed.connect(self._name)
        self.name_button = QPushButton(self.tr("Keep"))
        self.name_button.clicked.connect(self._name)
        self.forget_button = QPushButton(self.tr("Take the name away"))
        self.forget_button.setToolTip(self.tr("The state stays until its history is thinned out"))
        set_role(self.forget_button, "flat")
        self.forget_button.clicked.connect(self.forget_wanted)
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        row.addWidget(self.name_field, 1)
        row.addWidget(self.name_button)
        self._moments_note = _note(
            self.tr("Give this moment a name, such as “sent to the editor”, to find it again.")
        )
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self._moments_note)
        column.addWidget(self.lists[MOMENTS], 1)
        column.addWidget(self.forget_button, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    def _make_deleted(self) -> QWidget:
        self._deleted_note = _note(
            self.tr("Nothing was deleted. What you delete is kept here, with all its history.")
        )
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._deleted_note)
        column.addWidget(self.lists[DELETED], 1)
        return page

    # -- what it shows ------------------------------------------------------------------------

    @property
    def tab(self) -> int:
        """The list shown."""
        return self._sides.currentIndex()

    @property
    def chosen(self) -> Row | None:
        """The row chosen in the list shown."""
        index = self.lists[self.tab].currentIndex()
        return index.data(ROW) if index.isValid() else None

    def show_tab(self, tab: int) -> None:
        """Show one of the lists."""
        self.tabs.button(tab).setChecked(True)
        self._sides.setCurrentIndex(tab)
        self.lists[tab].setFocus()
        if tab == MOMENTS and not self._snapshots:
            self.name_field.setFocus()

    def show_past(self, past: Past, budget_mb: int) -> None:
        """Show another past; nothing is chosen then.

        Args:
            past: What to show.
            budget_mb: How much room history may take; 0 while there is no project.
        """
        self._snapshots = len(past.snapshots)
        self.models[STEPS].set_rows(past.rows)
        self.models[MOMENTS].set_rows(_moment_rows(past))
        self.models[DELETED].set_rows(_deleted_rows(past))
        self._moments_note.setVisible(not past.snapshots)
        self._deleted_note.setVisible(not past.deleted)
        used = past.history_bytes / BYTES_PER_MB
        shown = "< 0.1" if used < 0.1 else f"{used:.1f}" if used < 10 else f"{used:.0f}"
        words = fill_in(self.tr("History: %1 of %2 MB"), shown, budget_mb)
        self.room_label.setText(words if budget_mb else "")
        self.room_label.setToolTip(
            self.tr("Beyond this, old steps are thinned out: Settings, Files. Named moments stay.")
        )

    def choose_first(self) -> Row | None:
        """Choose the first row of the list shown, if none is chosen; return the chosen one."""
        view = self.lists[self.tab]
        if not view.currentIndex().isValid() and self.models[self.tab].rowCount():
            self._choose(self.tab, 0)
        return self.chosen

    def choose_entry(self, entry: int) -> Row | None:
        """Choose the row that holds a step, and return it; tells nobody."""
        at = self.models[STEPS].row_of(entry)
        if at < 0:
            return None
        self._choose(STEPS, at)
        return self.models[STEPS].rows[at]

    def set_can_write(self, can_write: bool) -> None:
        """Say whether names can be given and taken away."""
        self.name_field.setEnabled(can_write)
        self.name_button.setEnabled(can_write)
        self.forget_button.setVisible(bool(self._snapshots))
        chosen = self.chosen
        is_moment = chosen is not None and chosen.kind == "moment"
        self.forget_button.setEnabled(can_write and is_moment and self.tab == MOMENTS)

    def _choose(self, tab: int, at: int) -> None:
        view = self.lists[tab]
        selection = view.selectionModel()
        selection.blockSignals(True)
        index = self.models[tab].index(at)
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        selection.blockSignals(False)
        view.viewport().update()
        view.scrollTo(index)

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        self.row_chosen.emit(index.data(ROW) if index.isValid() else None)

    def _name(self) -> None:
        name = self.name_field.text().strip()
        if name:
            self.name_field.clear()
            self.name_wanted.emit(name)
        else:
            self.name_field.setFocus()


def _moment_rows(past: Past) -> Sequence[Row]:
    rows = [
        Row("moment", at, at, at=mark.at, since=mark.at, label=mark.name)
        for at, mark in enumerate(past.snapshots)
    ]
    return tuple(reversed(rows))


def _deleted_rows(past: Past) -> Sequence[Row]:
    def tr(words: str) -> str:
        return QCoreApplication.translate("history", words)

    return tuple(
        Row(
            "deleted",
            at,
            at,
            at=info.deleted_at or 0.0,
            since=info.created_at,
            label=info.title,
            origin={"text": tr("manuscript"), "chat": tr("chat")}.get(info.kind, info.kind),
            id=info.id,
        )
        for at, info in enumerate(past.deleted)
    )


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, role)
    return label


def _note(words: str) -> QLabel:
    label = _label("quiet")
    label.setText(words)
    label.setWordWrap(True)
    label.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
    return label

"""Every action with its keys, which can be changed, taken away and set back."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from studio.app.actions import ActionRegistry, ActionSpec
from studio.app.fuzzy import score
from studio.app.menus import CATEGORIES, titles
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.words import fill_in

KEYS_WIDTH = 160


class ShortcutsPage(QWidget):
    """A list to search, one row per action."""

    def __init__(self, actions: ActionRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._rows: dict[str, ShortcutRow] = {}
        heading = QLabel(self.tr("Shortcuts"))
        set_role(heading, "title")
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Find an action"))
        self._search.setAccessibleName(self.tr("Find an action"))
        self._search.setClearButtonEnabled(False)
        self._search.textChanged.connect(self._filter)
        self._groups: list[tuple[QLabel, list[ShortcutRow]]] = []
        self._column = QVBoxLayout()
        self._column.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.M)
        layout.addWidget(heading)
        layout.addWidget(self._search)
        layout.addLayout(self._column)
        layout.addStretch()
        self._fill()
        actions.added.connect(self._fill)

    def row(self, action_id: str) -> ShortcutRow:
        """Return the row of an action.

        Raises:
            KeyError: No such action.
        """
        return self._rows[action_id]

    def _fill(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._rows.clear()
        self._groups.clear()
        names = titles()
        for category in (*CATEGORIES, ""):
            specs = [spec for spec in self._actions.all() if spec.category == category]
            if not specs:
                continue
            label = QLabel(names.get(category, self.tr("Other")))
            label.setContentsMargins(0, Space.M, 0, Space.XS)
            set_role(label, "caption")
            self._column.addWidget(label)
            rows = [ShortcutRow(spec, self._actions) for spec in specs]
            for row in rows:
                row.changed.connect(self._refresh)
                self._rows[row.spec.id] = row
                self._column.addWidget(row)
            self._groups.append((label, rows))
        self._filter(self._search.text())

    def _refresh(self) -> None:
        for row in self._rows.values():
            row.refresh()

    def _filter(self, typed: str) -> None:
        for label, rows in self._groups:
            for row in rows:
                row.setVisible(score(typed.strip(), row.spec.title, row.spec.title) is not None)
            label.setVisible(any(row.isVisibleTo(self) for row in rows))


class ShortcutRow(QWidget):
    """One action: its name, its keys, and what stands in the way of the keys just typed."""

    changed = Signal()

    def __init__(
        self, spec: ActionSpec, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.spec = spec
        self._actions = actions
        title = ElidedLabel(spec.title)
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setFixedWidth(KEYS_WIDTH)
        self.keys.setAccessibleName(fill_in(self.tr("Keys for %1"), spec.title))
        self.keys.setToolTip(self.tr("Click, then press the keys"))
        title.setBuddy(self.keys)
        small = Size.SMALL_ICON
        self._clear = IconButton("x", self.tr("No keys"), self._take_away, icon_px=small)
        self._reset = IconButton("rotate-ccw", self.tr("Set back"), self._set_back, icon_px=small)
        self.conflict = QLabel()
        self.conflict.setWordWrap(True)
        set_role(self.conflict, "bad")
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        buttons.addWidget(self._clear)
        buttons.addWidget(self._reset)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(2)
        grid.addWidget(title, 0, 0)
        grid.addWidget(self.keys, 0, 1)
        grid.addLayout(buttons, 0, 2)
        grid.addWidget(self.conflict, 1, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        self.keys.keySequenceChanged.connect(self._typed)
        self.refresh()

    def refresh(self) -> None:
        """Show the keys as they are."""
        keys = self._actions.shortcut(self.spec.id)
        if self.keys.keySequence() != QKeySequence(keys):
            self.keys.blockSignals(True)
            self.keys.setKeySequence(QKeySequence(keys))
            self.keys.blockSignals(False)
        self._clear.setEnabled(bool(keys))
        self._reset.setEnabled(QKeySequence(keys) != QKeySequence(self.spec.shortcut))
        self.conflict.hide()

    def _typed(self, sequence: QKeySequence) -> None:
        keys = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        other = self._actions.conflict(self.spec.id, keys)
        if other is not None:
            shown = sequence.toString(QKeySequence.SequenceFormat.NativeText)
            sentence = self.tr("%1 already belongs to “%2”. Take it away there first.")
            self.conflict.setText(fill_in(sentence, shown, other.title))
            self.conflict.show()
            return
        self._bind(keys)

    def _bind(self, keys: str) -> None:
        self._actions.rebind(self.spec.id, keys)
        self.changed.emit()

    def _take_away(self) -> None:
        self._bind("")

    def _set_back(self) -> None:
        other = self._actions.conflict(self.spec.id, self.spec.shortcut)
        if other is not None:
            self._typed(QKeySequence(self.spec.shortcut))
            return
        self._bind(self.spec.shortcut)

"""The command palette: type a few letters of what you want done."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QIcon, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.app.actions import ActionRegistry, ActionSpec
from studio.app.fuzzy import score
from studio.app.theme.icons import current_palette
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space, Type

Index = QModelIndex | QPersistentModelIndex
ROW = 32
ROWS_SHOWN = 10
ORDER = ("Generate", "Edit", "File", "View", "Help")
SPEC = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Entry:
    """One line of the palette.

    Attributes:
        spec: The action.
        keys: Its keys as the system writes them.
        enabled: It can be done now.
        reason: Why not, when something says so.
    """

    spec: ActionSpec
    keys: str
    enabled: bool
    reason: str


class PaletteModel(QAbstractListModel):
    """The actions that fit what was typed, best first; what cannot be done now comes last."""

    def __init__(self, actions: ActionRegistry, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._entries: list[Entry] = []

    def filter(self, typed: str) -> None:
        """Show what fits."""
        found = []
        for at, spec in enumerate(self._actions.all()):
            if spec.id == "view.palette":
                continue
            fit = score(typed, f"{spec.category} {spec.title}", spec.title)
            if fit is not None:
                entry = self._entry(spec)
                found.append((not entry.enabled, -fit, _place(spec), at, entry))
        found.sort(key=lambda item: item[:4])
        self.beginResetModel()
        self._entries = [entry for *_, entry in found]
        self.endResetModel()

    def entry(self, row: int) -> Entry:
        """Return one line."""
        return self._entries[row]

    def rowCount(self, parent: Index | None = None) -> int:
        """Return how many fit."""
        return len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the title, the reason for the tooltip, or the entry itself."""
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.spec.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.reason or entry.spec.tooltip
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (entry.spec.title, entry.keys, entry.reason) if part)
        return entry if role == SPEC else None

    def _entry(self, spec: ActionSpec) -> Entry:
        action = self._actions.get(spec.id)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        return Entry(spec, keys, action.isEnabled(), self._actions.why_not(spec.id))


class CommandPalette(QFrame):
    """A field and a list, over the window's upper middle. Esc and any click elsewhere close it."""

    closed = Signal()

    def __init__(self, actions: ActionRegistry, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self.setAccessibleName(self.tr("Commands"))
        self._actions = actions
        self._around = parent
        self._before: QWidget | None = None
        self._field = QLineEdit()
        self._field.setPlaceholderText(self.tr("Type what you want to do"))
        self._field.setAccessibleName(self.tr("Find a command"))
        self._field.installEventFilter(self)
        set_role(self._field, "search")
        self.model = PaletteModel(actions, self)
        self._list = QListView()
        self._list.setModel(self.model)
        self._list.setItemDelegate(_RowPainter(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName(self.tr("Commands that fit"))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.clicked.connect(lambda index: self._run(index.row()))
        self._nothing = QLabel(self.tr("No command fits. Try fewer letters."))
        self._nothing.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        set_role(self._nothing, "quiet")
        line = QFrame()
        line.setFixedHeight(1)
        set_role(line, "line")
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(1, Space.S, 1, Space.XS)
        layout.setSpacing(0)
        for widget in (self._field, line, self._list, self._nothing):
            layout.addWidget(widget)
        layout.insertSpacing(1, Space.S)
        layout.insertSpacing(3, Space.XS)
        self._field.setContentsMargins(Space.S, 0, Space.S, 0)
        self._field.textChanged.connect(self._filter)
        self.hide()

    def open(self) -> None:
        """Show every command, ready to type."""
        self._before = self.window().focusWidget()
        self._actions.refresh()
        self._field.clear()
        self._filter("")
        self.raise_()
        self.show()
        self._field.setFocus()

    def dismiss(self) -> None:
        """Hide, and give the focus back to where it was."""
        if self.isHidden():
            return
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move in the list, run and close with the keys of the field."""
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            if self.window().isActiveWindow():
                self.dismiss()
            return False
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            return self._key(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        row, last = self._list.currentIndex().row(), self.model.rowCount() - 1
        page = ROWS_SHOWN - 1
        moves = {
            Qt.Key.Key_Down: row + 1 if row < last else 0,
            Qt.Key.Key_Up: row - 1 if row > 0 else last,
            Qt.Key.Key_PageDown: min(last, row + page),
            Qt.Key.Key_PageUp: max(0, row - page),
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            self.dismiss()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(row)
        elif key in moves:
            self._list.setCurrentIndex(self.model.index(moves[key]))
        else:
            return key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        return True

    def _filter(self, typed: str) -> None:
        self.model.filter(typed.strip())
        count = self.model.rowCount()
        self._list.setVisible(count > 0)
        self._nothing.setVisible(count == 0)
        self._list.setFixedHeight(max(1, min(ROWS_SHOWN, count)) * ROW + Space.XS)
        self._list.setCurrentIndex(self.model.index(0))
        self.place()

    def place(self) -> None:
        """Stand in the upper middle of the window."""
        around = self._around
        width = min(Size.PALETTE, around.width() - 2 * Space.L)
        self.setFixedWidth(width)
        self._column.activate()
        self.resize(width, self.sizeHint().height())
        self.move((around.width() - width) // 2, Size.STRIP + Space.L)

    def _run(self, row: int) -> None:
        if not 0 <= row < self.model.rowCount():
            return
        entry = self.model.entry(row)
        if not entry.enabled:
            return
        self.dismiss()
        action = self._actions.get(entry.spec.id)
        action.trigger()


def _place(spec: ActionSpec) -> int:
    """What makes something comes before what arranges the window."""
    return ORDER.index(spec.category) if spec.category in ORDER else len(ORDER)


class _RowPainter(QStyledItemDelegate):
    """Draws a command: icon, title, the reason when it is greyed, category and keys."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(SPEC)
        colours = current_palette()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect.adjusted(Space.XS, 1, -Space.XS, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(area, Size.FIELD_RADIUS, Size.FIELD_RADIUS)
        area = area.adjusted(Space.S, 0, -Space.S, 0)
        self._draw_icon(painter, area, entry)
        area.setLeft(area.left() + Size.ICON + Space.M)
        area.setRight(self._draw_keys(painter, area, entry) - Space.M)
        painter.setFont(option.font)
        painter.setPen(QColor(colours.text if entry.enabled else colours.off))
        title = painter.fontMetrics().elidedText(
            entry.spec.title, Qt.TextElideMode.ElideRight, area.width()
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, title)
        area.setLeft(area.left() + painter.fontMetrics().horizontalAdvance(title) + Space.M)
        painter.setFont(_small(option.font))
        painter.setPen(QColor(colours.quiet))
        aside = entry.reason or entry.spec.category
        shown = painter.fontMetrics().elidedText(
            aside, Qt.TextElideMode.ElideRight, max(0, area.width())
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def _draw_icon(self, painter: QPainter, area: QRect, entry: Entry) -> None:
        if not entry.spec.icon:
            return
        from studio.app.theme.icons import icon

        place = QRect(0, 0, Size.ICON, Size.ICON)
        place.moveCenter(area.center())
        place.moveLeft(area.left())
        mode = QIcon.Mode.Normal if entry.enabled else QIcon.Mode.Disabled
        icon(entry.spec.icon).paint(painter, place, Qt.AlignmentFlag.AlignCenter, mode)

    def _draw_keys(self, painter: QPainter, area: QRect, entry: Entry) -> int:
        """Draw the keys at the right and return where they begin."""
        if not entry.keys:
            return area.right()
        painter.setFont(_small(painter.font()))
        painter.setPen(QColor(current_palette().quiet))
        painter.drawText(
            area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, entry.keys
        )
        return area.right() - painter.fontMetrics().horizontalAdvance(entry.keys)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(Type.CAPTION)
    return small

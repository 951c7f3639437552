"""Find and replace in a manuscript, and go to a line."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton
from PySide6.QtWidgets import QWidget as Widget

from studio.app.panes.text.manuscript_editor import ManuscriptEditor
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space

#: More places than this are counted but not all marked.
MOST_MARKED = 2000
FIELD_WIDTH = 200


class FindBar(QFrame):
    """Looks for words in the manuscript's accepted text."""

    closed = Signal()

    def __init__(self, editor: ManuscriptEditor, parent: Widget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self._editor = editor
        self._places: list[tuple[int, int]] = []
        self.find_field = self._field(self.tr("Find; :120 goes to line 120"))
        self.replace_field = self._field(self.tr("Replace with"))
        self._count = QLabel()
        self._count.setFont(tabular(self._count.font()))
        set_role(self._count, "caption")
        self.case = QToolButton()
        self.case.setText("Aa")
        self.case.setCheckable(True)
        self.case.setToolTip(self.tr("Match capitals"))
        self.case.setAccessibleName(self.tr("Match capitals"))
        self.case.toggled.connect(self.refresh)
        back = self._tool("chevron-up", self.tr("Find before (Shift+Enter)"), lambda: self.go(-1))
        forth = self._tool("chevron-down", self.tr("Find next (Enter)"), lambda: self.go(1))
        self.replace_button = QPushButton(self.tr("Replace"))
        self.replace_all_button = QPushButton(self.tr("Replace all"))
        close = self._tool("x", self.tr("Close (Esc)"), self.close_bar)
        self.replace_button.clicked.connect(self.replace_one)
        self.replace_all_button.clicked.connect(self.replace_all)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.S, Space.XS)
        row.setSpacing(Space.XS)
        for widget in (self.find_field, self.case, back, forth, self._count):
            row.addWidget(widget)
        row.addStretch()
        for other in (self.replace_field, self.replace_button, self.replace_all_button, close):
            row.addWidget(other)
        self.find_field.textChanged.connect(self.refresh)
        editor.edited.connect(self._edited)
        self.hide()

    def open(self) -> None:
        """Show the bar, looking for what is selected."""
        start, end = self._editor.selection()
        words = self._editor.manuscript.text[start:end]
        self.show()
        if words and "\n" not in words:
            self.find_field.setText(words)
        self.find_field.setFocus()
        self.find_field.selectAll()
        self.refresh()

    def open_go_to(self) -> None:
        """Show the bar, waiting for the number of a line."""
        self.show()
        self.find_field.setText(":")
        self.find_field.setFocus()
        self.find_field.end(False)

    def close_bar(self) -> None:
        """Hide the bar and its marks."""
        self.hide()
        self._editor.mark_found([])
        self._editor.setFocus()
        self.closed.emit()

    def refresh(self) -> None:
        """Look again."""
        words = self.find_field.text()
        self._places = []
        if words and not _line_wanted(words):
            flags = re.NOFLAG if self.case.isChecked() else re.IGNORECASE
            text = self._editor.manuscript.text
            self._places = [m.span() for m in re.finditer(re.escape(words), text, flags)]
        self._editor.mark_found(self._places[:MOST_MARKED])
        self._say()

    def go(self, by: int) -> None:
        """Select the next place, or the one before; after the last comes the first."""
        line = _line_wanted(self.find_field.text())
        if line:
            self._go_to_line(line)
            return
        if not self._places:
            return
        start, end = self._editor.selection()
        if by > 0:
            later = [p for p in self._places if p[0] >= end and p != (start, end)]
            place = later[0] if later else self._places[0]
        else:
            earlier = [p for p in self._places if p[1] <= start and p != (start, end)]
            place = earlier[-1] if earlier else self._places[-1]
        self._editor.select(*place)
        self._say()

    def replace_one(self) -> None:
        """Replace the place that is selected, then go on."""
        selected = self._editor.selection()
        if selected in self._places:
            self._editor.replace(*selected, self.replace_field.text(), label=self.tr("Replace"))
        self.go(1)

    def replace_all(self) -> None:
        """Replace every place as one undo step."""
        if not self._places:
            return
        text = self._editor.manuscript.text
        first, last = self._places[0][0], self._places[-1][1]
        parts, at = [], first
        for start, end in self._places:
            parts += [text[at:start], self.replace_field.text()]
            at = end
        count = len(self._places)
        self._editor.replace(first, last, "".join(parts), label=self.tr("Replace all"))
        self.refresh()
        self._count.setText(self.tr("%1 replaced").replace("%1", str(count)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, Shift+Enter back, Esc closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if self.replace_field.hasFocus():
                self.replace_one()
            else:
                self.go(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def _edited(self) -> None:
        if self.isVisible():
            self.refresh()

    def _say(self) -> None:
        if not self.find_field.text() or _line_wanted(self.find_field.text()):
            self._count.setText("")
            return
        if not self._places:
            self._count.setText(self.tr("Not found"))
            return
        selected = self._editor.selection()
        total = str(len(self._places))
        if selected in self._places:
            place = str(self._places.index(selected) + 1)
            self._count.setText(self.tr("%1 of %2").replace("%1", place).replace("%2", total))
        else:
            self._count.setText(self.tr("%1 found").replace("%1", total))

    def _go_to_line(self, line: int) -> None:
        text = self._editor.manuscript.text
        start = 0
        for _ in range(line - 1):
            after = text.find("\n", start)
            if after < 0:
                break
            start = after + 1
        self._editor.select(start, start)
        self._editor.setFocus()

    def _field(self, words: str) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(words)
        field.setAccessibleName(words)
        field.setMinimumWidth(FIELD_WIDTH)
        return field

    def _tool(self, name: str, words: str, then: object) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.clicked.connect(then)
        return button


def _line_wanted(words: str) -> int:
    """Return the line that ":120" asks for; 0 for anything else."""
    return int(words[1:]) if re.fullmatch(r":[1-9]\d{0,8}", words) else 0

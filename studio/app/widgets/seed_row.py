"""The seed: a field, a die for another one, a lock that keeps it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from studio.app.model_options import ModelOptions
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.core.errors import BadInputError
from studio.core.media import SEED_MAX, check_seed, random_seed


class SeedRow(QWidget):
    """Shows and sets the seed of :class:`ModelOptions`.

    Attributes:
        field: Where it is typed.
        lock: Keeps it.
        note: What is wrong with what was typed.
    """

    def __init__(
        self, options: ModelOptions, tip: str, lock_tip: str, parent: QWidget | None = None
    ) -> None:
        """Make the row.

        Args:
            options: Whose seed.
            tip: What the seed does to the result.
            lock_tip: What the lock does.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._options = options
        label = QLabel(self.tr("Seed"))
        set_role(label, "quiet")
        label.setMaximumWidth(Size.FORM_LABEL)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        set_role(self.note, "bad")
        self.note.hide()
        self.field = QLineEdit(str(options.seed))
        self.field.textEdited.connect(self.note.hide)
        self.field.setFont(tabular(self.field.font()))
        self.field.setAccessibleName(self.tr("Seed"))
        digits = self.field.fontMetrics().horizontalAdvance(str(SEED_MAX))
        self.field.setMinimumWidth(digits + Space.XL)
        self.field.setToolTip(tip)
        self.field.editingFinished.connect(self._typed)
        label.setBuddy(self.field)
        self.dice = self._tool("dices", self.tr("Another seed"))
        self.dice.clicked.connect(
            lambda: options.set_seed(random_seed(), locked=options.seed_locked)
        )
        self.lock = self._tool("lock", lock_tip)
        self.lock.setCheckable(True)
        self.lock.clicked.connect(lambda on: options.set_seed(options.seed, locked=bool(on)))
        self.row = QHBoxLayout()
        self.row.setSpacing(Space.XS)
        self.row.addWidget(label, 1)
        self.row.addWidget(self.field, 1)
        self.row.addWidget(self.dice)
        self.row.addWidget(self.lock)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addLayout(self.row)
        column.addWidget(self.note)

    def refresh(self) -> None:
        """Show the seed that holds now; one that is being typed stays."""
        if not self.field.hasFocus():
            self.field.setText(str(self._options.seed))
        self.lock.setChecked(self._options.seed_locked)

    def _typed(self) -> None:
        text = self.field.text().strip()
        try:
            seed = check_seed(int(text))
        except (ValueError, BadInputError):
            words = self.tr("A seed is a whole number from 0 to %1. The one before is back.")
            self.note.setText(words.replace("%1", str(SEED_MAX)))
            self.note.show()
            self.field.setText(str(self._options.seed))
            return
        self.note.hide()
        if seed != self._options.seed:
            self._options.set_seed(seed, locked=True)

    @staticmethod
    def _tool(name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

"""The line above the grid: what is searched, how it is sorted, what narrows it.

The text in the field is the whole truth: filters put their words there and take them out again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.library.wording import count, translate
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.option_fields import CalmComboBox
from studio.app.widgets.words import fill_in
from studio.library.items import Sort
from studio.library.query import quoted

TYPING_MS = 120
"""The search begins this long after the last letter."""
MENU_ENTRIES = 40

Names = Sequence[tuple[str, int]]
"""Names with how many items have them."""


class SearchField(QLineEdit):
    """A line for the query; Esc empties it, Down goes to the results."""

    down = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give Esc and Down their meaning."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down.emit()
        else:
            super().keyPressEvent(event)


class SearchBar(QFrame):
    """Search field, filters, order, and how much was found."""

    changed = Signal()
    """Something else is searched for now; comes a moment after the last letter."""
    add_files_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self._names: dict[str, Names] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TYPING_MS)
        self._timer.timeout.connect(self.changed)
        self.field = self._make_field()
        self.meaning = self._make_meaning()
        self.order = self._make_order()
        self.chips = self._make_chips()
        self.filters = self._make_filters()
        self.found = QLabel()
        self.found.setAccessibleName(self.tr("Search result"))
        self.problem = QLabel()
        self._lay_out()
        self.field.textChanged.connect(self._typed)
        self._show_chips()

    # ---- what is searched --------------------------------------------------------------------

    @property
    def query(self) -> str:
        """What is in the field."""
        return self.field.text()

    @property
    def sort(self) -> Sort:
        """The order chosen."""
        chosen: Sort = self.order.currentData()
        return chosen

    @property
    def by_meaning(self) -> bool:
        """Whether the words say what results are about rather than what stands in them."""
        return self.meaning.isChecked() and self.meaning.isEnabled()

    def set_query(self, query: str) -> None:
        """Search for something else at once."""
        self.field.setText(query)
        self._timer.stop()
        self.changed.emit()

    def toggle(self, word: str) -> None:
        """Put a word such as ``kind:text`` into the query, or take it out."""
        if self.has(word):
            self.set_query(_without(self.query, word))
            return
        name = word.partition(":")[0]
        query = self.query
        if name in ("kind", "board"):  # an item has one of these, so two would find nothing
            query = re.sub(rf'(?<!\S)-?{name}:("[^"]*"|\S*)', " ", query)
        self.set_query(" ".join(f"{query} {word}".split()))

    def has(self, word: str) -> bool:
        """Whether the query holds this word."""
        return _without(self.query, word) != " ".join(self.query.split())

    # ---- what is shown -----------------------------------------------------------------------

    def show_found(self, total: int, problems: Sequence[str], *, complete: bool) -> None:
        """Say how much was found and what of the query could not be used."""
        shown = self.tr("%1 found") if complete else self.tr("More than %1 found")
        if complete and total == 1:
            shown = self.tr("1 found")
        self.found.setText(fill_in(shown, count(total)))
        self.problem.setText(" ".join(problems))
        self.problem.setVisible(bool(problems))

    def show_work(self, words: str) -> None:
        """Say what goes on in the background; "" for nothing."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def set_names(self, boards: Names, tags: Names, models: Names) -> None:
        """Offer what there is to filter by."""
        self._names = {"board": boards, "tag": tags, "model": models}

    def set_meaning_reason(self, reason: str) -> None:
        """Grey searching by meaning and say why; "" lets it be used."""
        self.meaning.setEnabled(not reason)
        self.meaning.setToolTip(
            reason or self.tr("Find what is about the words, whatever words it uses.")
        )

    # ---- parts -------------------------------------------------------------------------------

    def _make_field(self) -> SearchField:
        field = SearchField()
        field.setPlaceholderText(self.tr("Search: lighthouse  model:smollm  star:3  tag:sea"))
        field.setAccessibleName(self.tr("Search the library"))
        field.setClearButtonEnabled(True)
        field.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        field.setToolTip(query_help())
        return field

    def _make_meaning(self) -> QPushButton:
        button = QPushButton(icon("sparkles"), self.tr("By meaning"))
        button.setIconSize(QSize(*Size.ICON_AND_GAP))
        button.setCheckable(True)
        button.toggled.connect(lambda on: self.changed.emit())
        return button

    def _make_order(self) -> QComboBox:
        order = CalmComboBox()
        for sort, words in (
            ("newest", self.tr("Newest first")),
            ("oldest", self.tr("Oldest first")),
            ("relevance", self.tr("Best match first")),
            ("stars", self.tr("Most stars first")),
        ):
            order.addItem(words, sort)
        order.setAccessibleName(self.tr("Order"))
        order.setToolTip(self.tr("In which order results stand."))
        order.currentIndexChanged.connect(lambda place: self.changed.emit())
        return order

    def _make_chips(self) -> dict[str, QPushButton]:
        chips = {}
        for word, title, tip in (
            ("kind:text", self.tr("Texts"), self.tr("Show texts only.")),
            ("kind:image", self.tr("Pictures"), self.tr("Show pictures only.")),
            ("kind:audio", self.tr("Sounds"), self.tr("Show sounds only.")),
            ("is:starred", self.tr("Starred"), self.tr("Show what has stars.")),
            ("is:trashed", self.tr("Trash"), self.tr("Show what was moved to the trash.")),
        ):
            chip = QPushButton(title)
            set_role(chip, "flat")
            chip.setCheckable(True)
            chip.setToolTip(tip)
            chip.clicked.connect(self._toggler(word))
            chips[word] = chip
        return chips

    def _make_filters(self) -> QToolButton:
        button = IconButton("sliders-horizontal", self.tr("More filters"))
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._fill(menu))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def _fill(self, menu: QMenu) -> None:
        menu.clear()
        for name, title in (
            ("board", self.tr("Board")),
            ("tag", self.tr("Tag")),
            ("model", self.tr("Model")),
        ):
            part = menu.addMenu(title)
            for value, number in self._names.get(name, ())[:MENU_ENTRIES]:
                self._entry(part, f"{value}  ({count(number)})", f"{name}:{quoted(value)}")
            part.setEnabled(bool(self._names.get(name)))
        menu.addSeparator()
        for word, title in (
            ("is:missing", self.tr("File missing")),
            ("is:duplicate", self.tr("Same content twice")),
            ("is:foreign", self.tr("From other programs")),
            ("is:untagged", self.tr("Without tags")),
            ("date:today", self.tr("Made today")),
            ("date:week", self.tr("Made in the last 7 days")),
        ):
            self._entry(menu, title, word)
        menu.addSeparator()
        menu.addAction(self.tr("Add files…"), self.add_files_wanted.emit)

    def _entry(self, menu: QMenu, title: str, word: str) -> None:
        entry = QAction(title.replace("&", "&&"), menu)
        entry.setCheckable(True)
        entry.setChecked(self.has(word))
        entry.triggered.connect(self._toggler(word))
        menu.addAction(entry)

    def _toggler(self, word: str) -> Callable[[], None]:
        def toggle() -> None:
            self.toggle(word)

        return toggle

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(Space.S)
        first.addWidget(self.field, 1)
        first.addWidget(self.meaning)
        first.addWidget(self.order)
        second = QHBoxLayout()
        second.setSpacing(Space.XS)
        for chip in self.chips.values():
            second.addWidget(chip)
        second.addWidget(self.filters)
        second.addStretch(1)
        for label in (self.problem, self.found):
            set_role(label, "caption")
            second.addWidget(label)
        self.problem.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        second.setStretchFactor(self.problem, 4)
        self.problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        layout.setSpacing(Space.XS)
        layout.addLayout(first)
        layout.addLayout(second)
        self.field.setMinimumWidth(Size.FORM_LABEL * 2)

    def _typed(self) -> None:
        self._show_chips()
        self._timer.start()

    def _show_chips(self) -> None:
        for word, chip in self.chips.items():
            chip.setChecked(self.has(word))


def query_help() -> str:
    """Return what can be typed, for the field's tooltip."""
    return translate(
        "library",
        "Words are looked for in titles, prompts and texts.\n"
        '"the old keeper"   these words in a row\n'
        "-rain   not with this word\n"
        "sub:ghthou   these letters, inside words too\n"
        'model:smollm   seed:7   kind:text   tag:sea   board:"Chapter 2"\n'
        "star:3   date:2026-11   date:today   is:missing   is:duplicate\n"
        'about:"a man and the sea"   near in meaning',
    )


def _without(query: str, word: str) -> str:
    """Return the query less one word, whatever its case and quotes."""
    name, _, value = word.partition(":")
    plain = value.strip('"')
    pattern = rf'(?<!\S){re.escape(name)}:(?:"{re.escape(plain)}"|{re.escape(plain)})(?!\S)'
    return " ".join(re.sub(pattern, " ", query, flags=re.IGNORECASE).split())

"""The right panel of the text pane: which model writes, how freely, with which seed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.panes.text.preset_shelf import PresetShelf
from studio.app.panes.text.writing_options import WritingOptions
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.options_form import OptionsForm
from studio.app.widgets.seed_row import SeedRow
from studio.core.errors import StudioError
from studio.documents.manuscript.presets import Preset


class TextInspector(QFrame):
    """Shows and changes :class:`WritingOptions`."""

    def __init__(
        self,
        context: AppContext,
        options: WritingOptions,
        presets: PresetShelf,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self._context = context
        self._options = options
        self._presets = presets
        self._refreshing = False
        self.model_box = QComboBox()
        self.model_box.setAccessibleName(self.tr("Model"))
        self.model_box.setToolTip(self.tr("The model that writes; its options follow below"))
        self.model_box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.model_box.activated.connect(self._choose_model)
        self.model_note = self._words("caption")
        self.form = OptionsForm()
        self.form.edited.connect(self._on_edited)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(Space.XS)
        self._chip_buttons: list[tuple[QPushButton, Preset]] = []
        self._own = QVBoxLayout()
        self._own.setSpacing(Space.XS)
        page = QWidget()
        set_role(page, "page")
        column = QVBoxLayout(page)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.L)
        column.setSpacing(Space.S)
        column.addWidget(self._section(self.tr("Model")))
        column.addWidget(self.model_box)
        column.addWidget(self.model_note)
        column.addSpacing(Space.S)
        column.addWidget(self._section(self.tr("How it writes")))
        column.addLayout(self._chips)
        column.addLayout(self._own)
        column.addWidget(self.form)
        column.addWidget(self._make_seed())
        column.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        presets.changed.connect(self._show_presets)
        options.changed.connect(self.refresh)
        self._show_presets()
        self.refresh()

    def refresh(self) -> None:
        """Show what holds now."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            self._show_models()
            self.form.set_options(self._options.infos())
            self.form.set_values(self._options.values)
            chosen = self._options.values
            new = {n: v for n, v in self.form.values().items() if n not in chosen}
            self._options.set_values(new)
            self._mark_preset()
            self._seed_row.refresh()
        finally:
            self._refreshing = False

    def apply_preset(self, preset: Preset) -> None:
        """Take over a preset's options."""
        self._options.set_values(preset.options)

    def save_preset(self) -> None:
        """Keep the present options under a name."""
        name, agreed = QInputDialog.getText(
            self, self.tr("Keep as a preset"), self.tr("Name of the preset")
        )
        if agreed and name.strip():
            self.keep_preset(name.strip())

    def keep_preset(self, name: str) -> None:
        """Keep the present options as the user's own preset."""
        try:
            self._presets.keep(name, self.form.values())
        except StudioError as error:
            self._context.notify.error(error)

    def _show_models(self) -> None:
        box = self.model_box
        models = self._options.models()
        wanted = [(m.info.title, m.info.id) for m in models]
        shown = [(box.itemText(i), box.itemData(i)) for i in range(box.count())]
        if shown != wanted:
            box.clear()
            for title, model_id in wanted:
                box.addItem(title, model_id)
        current = next((m for m in models if m.info.title == self._options.title()), None)
        if current is not None:
            box.setCurrentIndex(box.findData(current.info.id))
        box.setEnabled(bool(models))
        note = self._options.why_not()
        if not note and current is not None:
            parts = []
            if current.info.context_length:
                parts.append(
                    self.tr("sees %1 tokens").replace("%1", f"{current.info.context_length:,}")
                )
            if current.info.licence:
                parts.append(current.info.licence)
            note = " · ".join(parts)
        if not note and not models:
            note = self.tr("Looking for models…")
        self.model_note.setText(note)
        self.model_note.setVisible(bool(note))

    def _choose_model(self, index: int) -> None:
        self._options.choose_model(self.model_box.itemData(index))

    def _on_edited(self, name: str) -> None:
        self._options.set_values({name: self.form.values()[name]})

    def _show_presets(self) -> None:
        for row in (self._chips, self._own):
            while (item := row.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()
        self._chip_buttons = []
        for preset in self._presets.presets:
            chip = QPushButton(preset.title)
            set_role(chip, "chip")
            chip.setCheckable(True)
            chip.setToolTip(preset.help or preset.title)
            chip.clicked.connect(lambda _=False, p=preset: self.apply_preset(p))
            self._chip_buttons.append((chip, preset))
            if preset.own:
                self._own.addWidget(self._own_row(chip, preset))
            else:
                self._chips.addWidget(chip)
        self._chips.addStretch()
        add = self._tool("plus", self.tr("Keep the present options as a preset"))
        add.clicked.connect(self.save_preset)
        self._chips.addWidget(add)
        self._mark_preset()

    def _own_row(self, chip: QPushButton, preset: Preset) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        forget = self._tool("x", self.tr("Forget the preset “%1”").replace("%1", preset.title))
        forget.clicked.connect(lambda: self._presets.forget(preset.id))
        row.addWidget(chip, 1)
        row.addWidget(forget)
        return box

    def _mark_preset(self) -> None:
        values = self._options.values
        for chip, preset in self._chip_buttons:
            chip.setChecked(preset.matches(values))

    def _make_seed(self) -> SeedRow:
        self._seed_row = SeedRow(
            self._options,
            self.tr("The same seed, text and options give the same words again. Typing locks it."),
            self.tr("Lock the seed: the next text takes the same one"),
        )
        self.seed, self.lock = self._seed_row.field, self._seed_row.lock
        self.seed_note = self._seed_row.note
        return self._seed_row

    def _section(self, words: str) -> QLabel:
        label = self._words("heading")
        label.setText(words)
        return label

    @staticmethod
    def _words(role: str) -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        set_role(label, role)
        return label

    @staticmethod
    def _tool(name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

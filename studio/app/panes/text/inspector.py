"""The right panel of the text pane: which model writes, how freely, with which seed."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QPushButton,
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
from studio.app.widgets.inspector_page import InspectorPage, ModelChooser, heading
from studio.app.widgets.options_form import OptionsForm
from studio.app.widgets.seed_row import SeedRow
from studio.core.errors import StudioError
from studio.documents.manuscript.presets import Preset
from studio.models.info import ModelInfo


class TextInspector(InspectorPage):
    """Shows and changes :class:`WritingOptions`."""

    def __init__(
        self,
        context: AppContext,
        options: WritingOptions,
        presets: PresetShelf,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._options = options
        self._presets = presets
        self._refreshing = False
        self.model = ModelChooser(
            options, self.tr("The model that writes; its options follow below"), self._about
        )
        self.form = OptionsForm()
        self.form.edited.connect(self._on_edited)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(Space.XS)
        self._chip_buttons: list[tuple[QPushButton, Preset]] = []
        self._own = QVBoxLayout()
        self._own.setSpacing(Space.XS)
        self.column.addWidget(self.model)
        self.column.addSpacing(Space.S)
        self.column.addWidget(heading(self.tr("How it writes")))
        self.column.addLayout(self._chips)
        self.column.addLayout(self._own)
        self.column.addWidget(self.form)
        self.column.addWidget(self._make_seed())
        self.column.addStretch()
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
            self.model.refresh()
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

    def _about(self, info: ModelInfo) -> list[str]:
        seen = self.tr("sees %1 tokens").replace("%1", f"{info.context_length:,}")
        return [part for part in (seen if info.context_length else "", info.licence) if part]

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

    @staticmethod
    def _tool(name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

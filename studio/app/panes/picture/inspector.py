"""The right panel of the picture pane: which model paints, how, where, and what steers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.picture.frame_section import FrameSection
from studio.app.panes.picture.part_rows import ControlRow, LoraRow, PartRow, ReferenceRow
from studio.app.panes.picture.picture_options import PictureOptions
from studio.app.panes.picture.wish import Control, Lora, Reference
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.collapsible import Collapsible
from studio.app.widgets.inspector_page import InspectorPage, ModelChooser, heading
from studio.app.widgets.inspector_page import words as words_label
from studio.app.widgets.option_fields import CalmComboBox, NumberOption
from studio.app.widgets.options_form import OptionsForm
from studio.app.widgets.seed_row import SeedRow
from studio.app.widgets.words import memory
from studio.core.options import OptionInfo

if TYPE_CHECKING:
    from studio.models.info import ModelInfo

STRENGTH = OptionInfo(
    name="strength",
    type=float,
    default=50.0,
    title="Strength",
    help="How freely refining paints over what is there; 100 % leaves nothing of it.",
    ge=1,
    le=100,
    step=1,
    unit="%",
)
Rows = list["PartRow[Lora] | PartRow[Control] | PartRow[Reference]"]


class PictureInspector(InspectorPage):
    """Shows and changes :class:`PictureOptions`.

    Attributes:
        frame_section: The frame in numbers.
    """

    add_model_wanted = Signal()

    def __init__(self, options: PictureOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._refreshing = False
        self._layers: Callable[[], list[tuple[str, str]]] = list
        self._shown_parts: tuple[object, ...] = ()
        self.sections: dict[str, Collapsible] = {}
        self._make_model()
        self._make_form()
        self.frame_section = FrameSection()
        self.column.addWidget(self.model)
        self.column.addWidget(self.add_model)
        self.column.addSpacing(Space.S)
        self._how = heading(self.tr("How it paints"))
        self.column.addWidget(self._how)
        self.column.addWidget(self.form)
        self.column.addWidget(self.seed)
        self.column.addWidget(self.defaults)
        self.add_section("frame", self.tr("Frame"), self.frame_section, expanded=True)
        self._make_parts()
        self.column.addStretch()
        options.changed.connect(self.refresh)
        self.refresh()

    # -- parts --------------------------------------------------------------------------------

    def add_section(
        self,
        name: str,
        title: str,
        content: QWidget,
        *,
        expanded: bool = False,
        before: str = "",
    ) -> Collapsible:
        """Add a section that opens and closes, and stays so at the next start.

        Args:
            name: What it is remembered by.
            title: What it says.
            content: What is in it.
            expanded: Whether it is open the first time.
            before: The section above which it stands; "" for the end.
        """
        opened = self._options.sections.get(name, expanded)
        section = Collapsible(title, content, expanded=opened)
        section.toggled.connect(lambda on: self._remember(name, on))
        self.sections[name] = section
        below = self.sections.get(before)
        at = self.column.indexOf(below) if below is not None else self.column.count()
        self.column.insertWidget(at, section)
        return section

    def set_layers(self, layers: Callable[[], list[tuple[str, str]]]) -> None:
        """Say which layers controls and references can be taken from."""
        self._layers = layers

    def _remember(self, name: str, on: bool) -> None:
        self._options.set(sections={**self._options.sections, name: on})

    def _make_model(self) -> None:
        self.model = ModelChooser(
            self._options, self.tr("The model that paints; its options follow below"), _facts
        )
        self.add_model = QPushButton(self.tr("Add a picture model…"))
        set_role(self.add_model, "link")
        self.add_model.clicked.connect(self.add_model_wanted)

    def _make_form(self) -> None:
        self.form = OptionsForm()
        self.form.edited.connect(
            lambda name: self._options.set_values({name: self.form.values()[name]})
        )
        self.seed = SeedRow(
            self._options,
            self.tr(
                "The same seed, prompt and options give the same picture again. Typing locks it."
            ),
            self.tr("Lock the seed: the next picture takes the same one"),
        )
        self.defaults = QPushButton(self.tr("Back to the model's own settings"))
        set_role(self.defaults, "link")
        self.defaults.clicked.connect(self._options.forget_values)

    def _make_parts(self) -> None:
        self.strength = NumberOption(STRENGTH)
        self.strength.changed.connect(self._on_strength)
        self._rows: dict[str, Rows] = {}
        self._lists: dict[str, QVBoxLayout] = {}
        self._adders: dict[str, QPushButton] = {}
        self._notes: dict[str, QLabel] = {}
        self.add_section("strength", self.tr("Strength of refining"), self.strength)
        for role, title, words in (
            ("lora", self.tr("LoRAs"), self.tr("Add a LoRA")),
            ("controlnet", self.tr("Control"), self.tr("Add a ControlNet")),
            ("ip-adapter", self.tr("References"), self.tr("Add a reference")),
        ):
            self.add_section(role, title, self._part_list(role, words))
        self.vae = CalmComboBox()
        self.vae.setAccessibleName(self.tr("Autoencoder"))
        self.vae.setToolTip(
            self.tr("Another autoencoder than the model's own, for colours and fine detail")
        )
        self.vae.activated.connect(lambda i: self._options.set(vae=self.vae.itemData(i)))
        self.add_section("vae", self.tr("Autoencoder (VAE)"), self.vae)

    def _part_list(self, role: str, words: str) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        self._lists[role] = QVBoxLayout()
        self._lists[role].setSpacing(Space.XS)
        self._rows[role] = []
        column.addLayout(self._lists[role])
        note = words_label("caption")
        self._notes[role] = note
        column.addWidget(note)
        add = QPushButton(words)
        add.setIcon(icon("plus"))
        menu = QMenu(add)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(lambda: self._fill_menu(menu, role))
        add.setMenu(menu)
        self._adders[role] = add
        column.addWidget(add)
        return box

    # -- showing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what holds now."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            self.model.refresh()
            missing = not self._options.models() and bool(self._options.why_not())
            self.add_model.setVisible(missing)
            infos = self._options.infos() if self._options.models() else ()
            self._how.setVisible(bool(infos))
            self.form.set_options(infos)
            own = self._options.values
            self.form.set_values({info.name: own.get(info.name, info.default) for info in infos})
            self.defaults.setVisible(bool(own))
            self.seed.refresh()
            self.seed.setVisible(bool(infos))
            with QSignalBlocker(self.strength):
                self.strength.set_value(round(self._options.strength * 100))
            self._show_parts()
        finally:
            self._refreshing = False

    def _show_parts(self) -> None:
        options = self._options
        info = options.info()
        found = {role: options.parts(role) for role in (*self._lists, "vae")}
        wanted = (options.loras, options.controls, options.references, tuple(found.items()), info)
        shown = tuple(row.part for rows in self._rows.values() for row in rows)
        have = (*options.loras, *options.controls, *options.references)
        if wanted == self._shown_parts and shown == have:
            return
        another = info != self._shown_parts[-1] if self._shown_parts else True
        self._shown_parts = wanted
        if shown != have or another:
            self._show_rows("lora", options.loras)
            self._show_rows("controlnet", options.controls)
            self._show_rows("ip-adapter", options.references)
        for role, add in self._adders.items():
            add.setEnabled(bool(found[role]))
            self._notes[role].setText(
                "" if found[role] else self.tr("None is installed. Put one beside your models.")
            )
            self._notes[role].setVisible(not found[role])
        with QSignalBlocker(self.vae):
            self.vae.clear()
            self.vae.addItem(self.tr("The model's own"), "")
            for part in found["vae"]:
                self.vae.addItem(part.title, part.id)
            self.vae.setCurrentIndex(max(0, self.vae.findData(options.vae)))
        self.vae.setEnabled(bool(found["vae"]))

    def _show_rows(self, role: str, parts: Sequence[Lora | Control | Reference]) -> None:
        for row in self._rows[role]:
            self._lists[role].removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows[role] = []
        known = {info.id: info for info in self._options.parts(role)}
        for place, part in enumerate(parts):
            info = known.get(part.model)
            title = info.title if info is not None else part.model
            reason = (
                self._options.why_not_part(info)
                if info is not None
                else self.tr("It is not installed any more.")
            )
            row = self._row(part, title, reason)
            row.edited.connect(lambda new, r=role, p=place: self._changed(r, p, new))
            row.removed.connect(lambda r=role, p=place: self._changed(r, p, None))
            self._rows[role].append(row)
            self._lists[role].addWidget(row)

    def _row(
        self, part: Lora | Control | Reference, title: str, reason: str
    ) -> LoraRow | ControlRow | ReferenceRow:
        if isinstance(part, Lora):
            return LoraRow(part, title, reason)
        if isinstance(part, Control):
            return ControlRow(part, title, reason, self._layers)
        return ReferenceRow(part, title, reason, self._layers)

    # -- changing -----------------------------------------------------------------------------

    def add_part(self, role: str, model: str) -> None:
        """Use a LoRA, a ControlNet or an IP-Adapter."""
        options = self._options
        if role == "lora":
            options.set(loras=(*options.loras, Lora(model)))
        elif role == "controlnet":
            options.set(controls=(*options.controls, Control(model)))
        else:
            options.set(references=(*options.references, Reference(model)))
        self.sections[role].set_expanded(True)

    def rows(self, role: str) -> Rows:
        """Return the rows that are shown."""
        return list(self._rows[role])

    def _changed(self, role: str, place: int, new: Lora | Control | Reference | None) -> None:
        name = {"lora": "loras", "controlnet": "controls", "ip-adapter": "references"}[role]
        parts = list(getattr(self._options, name))
        parts[place : place + 1] = [] if new is None else [new]
        self._options.set(**{name: tuple(parts)})

    def _fill_menu(self, menu: QMenu, role: str) -> None:
        menu.clear()
        for info in self._options.parts(role):
            reason = self._options.why_not_part(info)
            action = menu.addAction(info.title.replace("&", "&&"))
            action.setEnabled(not reason)
            action.setToolTip(reason or str(info.path or ""))
            action.triggered.connect(lambda _=False, m=info.id: self.add_part(role, m))

    def _on_strength(self) -> None:
        value = self.strength.value()
        if isinstance(value, float) and not self._refreshing:
            self._options.set(strength=value / 100)


def _facts(info: ModelInfo) -> list[str]:
    """Return what is worth knowing of a model, briefly."""
    parts = [info.family, memory(info.size_bytes) if info.size_bytes else "", info.licence]
    return [part for part in parts if part]

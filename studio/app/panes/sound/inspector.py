"""The right panel of the sound pane: model and voice, their options, and the selected clip."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.sound.sound_options import FASTEST, LONGEST_S, SLOWEST, SoundOptions
from studio.app.theme.tokens import Space
from studio.app.voices.voice_chooser import VoiceChooser
from studio.app.widgets.inspector_page import (
    InspectorPage,
    ModelChooser,
    combo,
    form,
    heading,
    words,
)
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.options_form import OptionsForm
from studio.app.widgets.seed_row import SeedRow
from studio.app.widgets.words import fill_in
from studio.core.options import OptionInfo
from studio.documents.soundtrack import MAX_GAIN_DB, MIN_GAIN_DB, Clip, Soundtrack
from studio.documents.soundtrack.marking import MENDED
from studio.models.info import ModelInfo


class ClipSection(QWidget):
    """Name, loudness and takes of the one clip that is selected."""

    take_chosen = Signal(str, str)
    another_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._soundtrack: Soundtrack | None = None
        self._clip = ""
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name of the clip"))
        self.name.editingFinished.connect(self._rename)
        self.gain = _number(MIN_GAIN_DB, MAX_GAIN_DB, 0.5, "dB", self.tr("Loudness"))
        self.gain.valueChanged.connect(self._set_gain)
        self.takes = combo(self.tr("Takes"))
        self.takes.activated.connect(self._choose)
        self.another = QPushButton(self.tr("Another take"))
        self.another.setToolTip(self.tr("Make it once more, with another seed"))
        self.another.clicked.connect(lambda: self.another_wanted.emit(self._clip))
        self.about = words("caption")
        rows = ((self.tr("Name"), self.name), (self.tr("Loudness"), self.gain))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(heading(self.tr("Clip")))
        column.addLayout(form(*rows, (self.tr("Take"), self.takes)))
        column.addWidget(self.about)
        column.addWidget(self.another)

    def show_clip(self, soundtrack: Soundtrack | None, clip: Clip | None) -> None:
        """Show a clip; ``None`` hides the section."""
        self.setVisible(clip is not None)
        self._soundtrack, self._clip = soundtrack, clip.id if clip is not None else ""
        if clip is None:
            return
        for widget in (self.gain, self.takes):
            widget.blockSignals(True)
        if not self.name.hasFocus():
            self.name.setText(clip.name)
            self.name.setCursorPosition(0)
        self.gain.setValue(clip.gain_db)
        self.takes.clear()
        for number, take in enumerate(clip.takes, 1):
            voice = "" if MENDED in take.facts else take.facts.get("voice", "")
            title = voice or take.name or self.tr("Sound")
            self.takes.addItem(f"{number}.  {title}", take.id)
        self.takes.setCurrentIndex([take.id for take in clip.takes].index(clip.chosen))
        self.takes.setEnabled(len(clip.takes) > 1)
        for widget in (self.gain, self.takes):
            widget.blockSignals(False)
        self.another.setVisible(bool(clip.take.request))
        self.about.setText(self._about(clip))

    def _about(self, clip: Clip) -> str:
        facts = clip.take.facts
        known = [facts.get("model", ""), facts.get("voice", "")]
        if facts.get("seed"):
            known.append(self.tr("seed %1").replace("%1", facts["seed"]))
        words = {
            "imported": self.tr("From a file"),
            "generated": self.tr("Made by a model"),
            "recorded": self.tr("Recorded"),
        }[clip.take.origin]
        known.append(facts.get(MENDED, ""))
        return " · ".join([words, *(each for each in known if each)])

    def _rename(self) -> None:
        name = self.name.text().strip()
        if self._soundtrack is not None and name and name != self._soundtrack.clip(self._clip).name:
            self._soundtrack.set_clip(self._clip, name=name)

    def _set_gain(self, value: float) -> None:
        if self._soundtrack is not None:
            self._soundtrack.set_clip(self._clip, merge=f"gain-{self._clip}", gain_db=value)

    def _choose(self, index: int) -> None:
        self.take_chosen.emit(self._clip, self.takes.itemData(index))


class SoundInspector(InspectorPage):
    """Shows and changes :class:`SoundOptions`, and the selected clip."""

    voices_wanted = Signal()
    """The list of lent voices shall be shown."""

    def __init__(self, options: SoundOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._refreshing = False
        self.clip = ClipSection()
        self.model = ModelChooser(
            options, self.tr("The model that sounds; its options follow below"), _about
        )
        self.voice_row = VoiceChooser()
        self.voice_row.chosen.connect(lambda voice, lent: options.set(voice=voice, lent=lent))
        self.voice_row.voices_wanted.connect(self.voices_wanted)
        self.speed = _number(SLOWEST, FASTEST, 0.05, "×", self.tr("Speed"))
        self.speed.valueChanged.connect(lambda value: options.set(speed=round(value, 2)))
        self.seconds = _number(1, LONGEST_S, 1, "s", self.tr("Length"))
        self.seconds.valueChanged.connect(lambda value: options.set(seconds=value))
        self.form = OptionsForm()
        self.form.edited.connect(self._edited)
        self.seed = SeedRow(
            options,
            self.tr("The same seed and text make the same sound"),
            self.tr("Keep this seed for every sound"),
        )
        self._rows = form(
            (self.tr("Voice"), self.voice_row),
            (self.tr("Speed"), self.speed),
            (self.tr("Length"), self.seconds),
        )
        self._build()
        options.changed.connect(self.refresh)
        self.refresh()

    def show_clip(self, soundtrack: Soundtrack | None, clip: Clip | None) -> None:
        """Show the selected clip; ``None`` for none or several."""
        self.clip.show_clip(soundtrack, clip)

    def refresh(self) -> None:
        """Show what holds now."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            options, speech = self._options, self._options.kind == "speech"
            self.model.refresh()
            self._show_voices()
            self._rows.setRowVisible(self.voice_row, speech)
            self._rows.setRowVisible(self.speed, speech)
            self._rows.setRowVisible(self.seconds, not speech)
            for field, value in ((self.speed, options.speed), (self.seconds, options.seconds)):
                field.blockSignals(True)
                field.setValue(value)
                field.blockSignals(False)
            self.form.set_options(options.infos())
            self.form.set_values(options.values)
            self.seed.refresh()
        finally:
            self._refreshing = False

    def _build(self) -> None:
        self.column.addWidget(self.clip)
        self.column.addWidget(self.model)
        self.column.addSpacing(Space.S)
        self.column.addWidget(heading(self.tr("How it sounds")))
        self.column.addLayout(self._rows)
        self.column.addWidget(self.form)
        self.column.addWidget(self.seed)
        self.column.addStretch()
        self.show_clip(None, None)

    def _show_voices(self) -> None:
        options = self._options
        info = options.info() if options.models() else None
        why_not = ""
        if not options.clones:
            why_not = fill_in(
                self.tr("%1 cannot speak in a voice that was lent. Choose a model that can."),
                info.title if info is not None else self.tr("This model"),
            )
        self.voice_row.show_voices(
            [(voice.title, voice.id) for voice in options.voices()],
            [(voice.title, voice.id) for voice in options.lent_voices()],
            voice=options.voice,
            lent_voice=options.lent,
            why_not=why_not,
        )

    def _edited(self, name: str) -> None:
        self._options.set_values({name: self.form.values()[name]})


def _about(info: ModelInfo) -> list[str]:
    return [info.licence] if info.licence else []


def _number(low: float, high: float, step: float, unit: str, words: str) -> NumberField:
    info = OptionInfo(
        name=words,
        type=float if step < 1 else int,
        default=low,
        title=words,
        help="",
        ge=low,
        le=high,
        step=step,
        unit=unit,
    )
    field = NumberField(info, "")
    field.setAccessibleName(words)
    return field

"""Play, stop, record, loop; where it stands and how loud it is."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QActionGroup, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from studio.app.panes.sound.timeline.layout import SoundLook
from studio.app.panes.sound.timeline.scale import clock
from studio.app.theme import Theme
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton

FLOOR_DB = -54.0
_METER = QSize(132, 14)


class LevelMeter(QWidget):
    """Two bars: how loud it is left and right, with a mark at full scale."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._levels: tuple[tuple[float, float], ...] = ((0.0, 0.0), (0.0, 0.0))
        self.setFixedSize(_METER)
        self.setAccessibleName(self.tr("Level"))

    def show_levels(self, peaks: tuple[float, ...], loudness: tuple[float, ...]) -> None:
        """Show the highest sample and the loudness of each channel, 0..1."""
        found = tuple(zip(peaks, loudness, strict=True))[:2] or ((0.0, 0.0),)
        pair = found if len(found) == 2 else (found[0], found[0])
        if pair != self._levels:
            self._levels = pair
            self.setToolTip(self.tr("Peak %1 dB").replace("%1", f"{_db(max(peaks)):.0f}"))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both bars."""
        painter, palette = QPainter(self), self._theme.palette
        height = (self.height() - 2) / 2
        for row, (peak, loud) in enumerate(self._levels):
            top = row * (height + 2)
            painter.fillRect(QRectF(0, top, self.width(), height), QColor(palette.ground))
            width = _share(loud) * self.width()
            painter.fillRect(QRectF(0, top, width, height), QColor(palette.good))
            at = _share(peak) * self.width()
            if at <= 0:
                continue
            colour = palette.bad if peak >= 1 else palette.gold
            painter.fillRect(QRectF(max(0.0, at - 2), top, 2, height), QColor(colour))


class Transport(QFrame):
    """The strip above the tracks."""

    play_wanted = Signal()
    stop_wanted = Signal()
    record_wanted = Signal()
    loop_toggled = Signal(bool)
    snap_toggled = Signal(bool)
    zoom_wanted = Signal(float)
    fit_wanted = Signal()
    #: "waveform", "spectrogram" or "both".
    look_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "strip")
        self.setFixedHeight(Size.STRIP)
        self.start = IconButton("square", self.tr("Stop, and back (.)"), self.stop_wanted.emit)
        self.play = IconButton("play", self.tr("Play (Space)"), self.play_wanted.emit)
        self.record = IconButton("mic", self.tr("Record (R)"), self.record_wanted.emit)
        self.record.setCheckable(True)
        self.loop = IconButton("repeat", self.tr("Play the loop over and over (L)"))
        self.loop.setCheckable(True)
        self.loop.toggled.connect(self.loop_toggled)
        self.snap = IconButton("magnet", self.tr("Edges snap to each other and to the grid (N)"))
        self.snap.setCheckable(True)
        self.snap.setChecked(True)
        self.snap.toggled.connect(self.snap_toggled)
        self.time = QLabel("0:00.0")
        self.time.setFont(tabular(self.time.font()))
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance("0:00:00.0 / 0:00:00"))
        self.time.setAccessibleName(self.tr("Time"))
        self.meter = LevelMeter(theme)
        self.words = QLabel()
        set_role(self.words, "quiet")
        self.look = self._look_button()
        out = IconButton("zoom-out", self.tr("Show more (−)"), lambda: self.zoom_wanted.emit(0.8))
        closer = IconButton("zoom-in", self.tr("Show less, larger (+)"), self._closer)
        fit = IconButton("maximize", self.tr("Show everything (Ctrl+0)"), self.fit_wanted.emit)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, 0, Space.M, 0)
        row.setSpacing(Space.XS)
        for button in (self.start, self.play, self.record, self.loop):
            row.addWidget(button)
        row.addSpacing(Space.S)
        row.addWidget(self.time)
        row.addSpacing(Space.S)
        row.addWidget(self.meter)
        row.addSpacing(Space.S)
        row.addWidget(self.words, 1)
        for button in (self.look, self.snap, out, closer, fit):
            row.addWidget(button)

    def show_state(self, *, playing: bool, recording: bool, words: str) -> None:
        """Show what goes on."""
        from studio.app.theme.icons import icon

        self.play.setIcon(icon("pause" if playing else "play"))
        self.play.set_words(self.tr("Pause (Space)") if playing else self.tr("Play (Space)"))
        self.record.setChecked(recording)
        self.record.set_words(self.tr("End recording (R)") if recording else self.tr("Record (R)"))
        self.words.setText(words)

    def show_look(self, look: SoundLook) -> None:
        """Show what clips show."""
        for action in self.look.menu().actions():
            action.setChecked(action.data() == look)

    def _look_button(self) -> IconButton:
        button = IconButton("audio-lines", self.tr("Waveform or spectrogram (Ctrl+Shift+G)"))
        menu = QMenu(button)
        group = QActionGroup(menu)
        looks: tuple[tuple[SoundLook, str], ...] = (
            ("waveform", self.tr("Waveform: how loud it is")),
            ("spectrogram", self.tr("Spectrogram: which pitches sound")),
            ("both", self.tr("Both, one above the other")),
        )
        for look, words in looks:
            action = group.addAction(words)
            action.setCheckable(True)
            action.setData(look)
            action.triggered.connect(lambda _=False, look=look: self.look_wanted.emit(look))
        menu.addActions(group.actions())
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def show_time(self, seconds: float, end_s: float) -> None:
        """Show where the play head stands."""
        self.time.setText(f"{clock(seconds, 0.1)} / {clock(end_s)}")

    def _closer(self) -> None:
        self.zoom_wanted.emit(1.25)


def _db(value: float) -> float:
    return 20 * math.log10(value) if value > 0 else FLOOR_DB


def _share(value: float) -> float:
    """Return how much of a meter a level fills."""
    return min(1.0, max(0.0, (_db(value) - FLOOR_DB) / -FLOOR_DB))

"""The column beside the time line: name, mute, solo, loudness and place of each track."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.sound.timeline.layout import GAP_PX, RULER_PX, TRACK_PX
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.icon_button import IconButton
from studio.documents.soundtrack import Soundtrack, Track

WIDTH = 176
_LOWEST_DB, _HIGHEST_DB = -40, 12


class TrackHeader(QFrame):
    """One track's name and switches."""

    menu_wanted = Signal(str, QPoint)

    def __init__(self, soundtrack: Soundtrack, track: Track, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self._soundtrack = soundtrack
        self.track_id = track.id
        self._drag = ""
        self.name = ElidedLabel("")
        self.mute = self._switch("M", self.tr("Mute"))
        self.solo = self._switch("S", self.tr("Solo: hear only this"))
        self.mute.toggled.connect(lambda on: self._set(mute=on))
        self.solo.toggled.connect(lambda on: self._set(solo=on))
        more = IconButton("ellipsis", self.tr("More"), self._more, icon_px=Size.SMALL_ICON)
        self.gain = self._slider(_LOWEST_DB, _HIGHEST_DB, self.tr("Loudness"))
        self.gain.valueChanged.connect(self._gain_moved)
        self.pan = self._slider(-100, 100, self.tr("Left or right"))
        self.pan.valueChanged.connect(self._pan_moved)
        for slider in (self.gain, self.pan):
            slider.sliderPressed.connect(self._begin_drag)
            slider.sliderReleased.connect(self._end_drag)
        self._build(more)
        self.show_track(track)

    def show_track(self, track: Track) -> None:
        """Show what holds now."""
        name = track.name or self.tr("Track")
        self.name.setText(name)
        self.setAccessibleName(name)
        for widget, value in (
            (self.mute, track.mute),
            (self.solo, track.solo),
        ):
            widget.blockSignals(True)
            widget.setChecked(value)
            widget.blockSignals(False)
        for slider, number in ((self.gain, track.gain_db), (self.pan, track.pan * 100)):
            slider.blockSignals(True)
            slider.setValue(round(number))
            slider.blockSignals(False)
        self.gain.setToolTip(self.tr("Loudness: %1 dB").replace("%1", f"{track.gain_db:+.0f}"))
        self.pan.setToolTip(_pan_words(track.pan))

    def contextMenuEvent(self, event: object) -> None:
        """Show what can be done with the track."""
        self._more()

    def _build(self, more: IconButton) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.XS)
        top.addWidget(self.name, 1)
        top.addWidget(more)
        switches = QHBoxLayout()
        switches.setSpacing(Space.XS)
        switches.addWidget(self.mute)
        switches.addWidget(self.solo)
        switches.addStretch(1)
        sliders = QHBoxLayout()
        sliders.setSpacing(Space.S)
        sliders.addWidget(self.gain, 3)
        sliders.addWidget(self.pan, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.XS, Space.XS, Space.XS)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(switches)
        column.addLayout(sliders)
        column.addStretch(1)

    def _switch(self, letter: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setText(letter)
        button.setCheckable(True)
        button.setFixedSize(Size.CONTROL, Size.CONTROL - Space.XS)
        button.setToolTip(words)
        button.setAccessibleName(words)
        return button

    def _slider(self, low: int, high: int, words: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(low, high)
        slider.setAccessibleName(words)
        return slider

    def _begin_drag(self) -> None:
        self._drag = secrets.token_hex(4)

    def _end_drag(self) -> None:
        self._drag = ""

    def _gain_moved(self, value: int) -> None:
        self._set(gain_db=float(value))

    def _pan_moved(self, value: int) -> None:
        self._set(pan=0.0 if abs(value) < 6 else value / 100)

    def _set(self, **values: object) -> None:
        self._soundtrack.set_track(self.track_id, merge=self._drag, **values)

    def _more(self) -> None:
        menu = QMenu(self)
        menu.addAction(self.tr("Rename…"), self._rename)
        index = [track.id for track in self._soundtrack.tracks].index(self.track_id)
        up = menu.addAction(self.tr("Move up"), lambda: self._move(index - 1))
        up.setEnabled(index > 0)
        down = menu.addAction(self.tr("Move down"), lambda: self._move(index + 1))
        down.setEnabled(index + 1 < len(self._soundtrack.tracks))
        menu.addSeparator()
        menu.addAction(self.tr("Delete track"), self._delete)
        menu.exec(self.mapToGlobal(QPoint(self.width() - Space.L, Size.CONTROL)))

    def _rename(self) -> None:
        before = self._soundtrack.track(self.track_id).name
        name, agreed = QInputDialog.getText(
            self, self.tr("Rename"), self.tr("Name of the track"), text=before
        )
        if agreed and name.strip():
            self._set(name=name.strip())

    def _move(self, index: int) -> None:
        self._soundtrack.move_track(self.track_id, index)

    def _delete(self) -> None:
        self._soundtrack.remove_track(self.track_id)


class TrackHeaders(QWidget):
    """All headers, scrolled with the time line."""

    add_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self._soundtrack: Soundtrack | None = None
        self._headers: dict[str, TrackHeader] = {}
        self._scroll = 0
        self._track_px = TRACK_PX
        self._corner = QFrame(self)
        set_role(self._corner, "page")
        self._corner.setGeometry(0, 0, WIDTH, RULER_PX)
        row = QHBoxLayout(self._corner)
        row.setContentsMargins(Space.M, 0, Space.XS, 0)
        title = QLabel(self.tr("Tracks"))
        set_role(title, "caption")
        row.addWidget(title, 1)
        row.addWidget(IconButton("plus", self.tr("Add a track (Ctrl+T)"), self.add_wanted.emit))

    def set_soundtrack(self, soundtrack: Soundtrack | None) -> None:
        """Show another document's tracks."""
        self._soundtrack = soundtrack
        for header in self._headers.values():
            header.deleteLater()
        self._headers = {}
        self.refresh()

    def refresh(self) -> None:
        """Show the tracks as they are now."""
        tracks = self._soundtrack.tracks if self._soundtrack else ()
        wanted = {track.id for track in tracks}
        for gone in set(self._headers) - wanted:
            self._headers.pop(gone).deleteLater()
        for track in tracks:
            header = self._headers.get(track.id)
            if header is None:
                assert self._soundtrack is not None
                header = self._headers[track.id] = TrackHeader(self._soundtrack, track, self)
                header.show()
            else:
                header.show_track(track)
        self._lay()

    def scroll_to(self, y: int) -> None:
        """Follow the time line's scroll bar."""
        self._scroll = y
        self._lay()

    def set_track_px(self, height: int) -> None:
        """Follow the time line's tracks, which are higher where they show more."""
        self._track_px = height
        self._lay()

    def _lay(self) -> None:
        tracks = self._soundtrack.tracks if self._soundtrack else ()
        for index, track in enumerate(tracks):
            top = RULER_PX + GAP_PX + index * (self._track_px + GAP_PX) - self._scroll
            self._headers[track.id].setGeometry(0, top, WIDTH, self._track_px)
        self._corner.raise_()


def _pan_words(pan: float) -> str:
    from PySide6.QtCore import QCoreApplication

    if abs(pan) < 0.01:
        return QCoreApplication.translate("TrackHeader", "In the middle")
    side = "%1 % to the left" if pan < 0 else "%1 % to the right"
    return QCoreApplication.translate("TrackHeader", side).replace("%1", f"{abs(pan) * 100:.0f}")

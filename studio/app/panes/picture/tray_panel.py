"""The tray of alternatives over the canvas: choose with the arrows, take with Enter or Tab."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.job_follower import JobState, waiting_words
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.panes.picture.tray import Candidate, Tray
from studio.app.qt_pictures import image_of, thumbnail
from studio.app.theme.icons import current_palette, icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.words import duration, fill_in

THUMB = 56
SHOWN_AT_ONCE = 6
PROGRESS_WIDTH = 96
STATUS_WIDTH = 150


class Thumb(QAbstractButton):
    """One candidate, small."""

    taken = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFixedSize(THUMB, THUMB)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrows go through them all
        self._pixmap = QPixmap()
        self._forming = True

    def show_candidate(self, candidate: Candidate, number: int, count: int) -> None:
        """Show the picture so far."""
        picture = candidate.picture
        self._forming = not candidate.ready
        ratio = self.devicePixelRatioF()
        self._pixmap = QPixmap()
        if picture is not None:
            self._pixmap = thumbnail(image_of(picture), round((THUMB - 2 * Space.XS) * ratio))
            self._pixmap.setDevicePixelRatio(ratio)
        words = fill_in(self.tr("Result %1 of %2"), number, count)
        tip = fill_in(self.tr("%1\nSeed %2"), words, candidate.seed)
        if self._forming:
            tip = fill_in(self.tr("%1, not finished yet"), words)
        self.setToolTip(tip)
        self.setAccessibleName(tip.replace("\n", ", "))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, gold around it when it is the chosen one."""
        colours = current_palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.hover if self.underMouse() else colours.surface))
        painter.drawRoundedRect(area, Size.FIELD_RADIUS, Size.FIELD_RADIUS)
        if not self._pixmap.isNull():
            size = self._pixmap.deviceIndependentSize()
            painter.setOpacity(0.6 if self._forming else 1.0)
            painter.drawPixmap(
                round((self.width() - size.width()) / 2),
                round((self.height() - size.height()) / 2),
                self._pixmap,
            )
            painter.setOpacity(1.0)
        elif self._forming:
            icon("loader-circle").paint(painter, self.rect().adjusted(18, 18, -18, -18))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = colours.gold if self.isChecked() else colours.line
        painter.setPen(QPen(QColor(edge), 2 if self.isChecked() else 1))
        painter.drawRoundedRect(area, Size.FIELD_RADIUS, Size.FIELD_RADIUS)

    def mouseDoubleClickEvent(self, event: object) -> None:
        """A double click takes it."""
        self.taken.emit()


class TrayPanel(QFrame):
    """Candidates of a :class:`Tray`, what happens, and what can be done with the chosen one."""

    accept_wanted = Signal()
    compare_toggled = Signal(bool)
    seed_wanted = Signal(object)
    """Take this seed (an ``int`` too large for Qt's own) for the next pictures."""
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self.setAccessibleName(self.tr("Results"))
        self._tray: Tray | None = None
        self.thumbs: list[Thumb] = []
        self._make_strip()
        self._make_progress()
        self._make_buttons()
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._progress)
        words.addWidget(self._choices)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(Space.S, Space.S, Space.S, Space.S)
        self._layout.setSpacing(Space.M)
        self._layout.addWidget(self._scroll)
        self._layout.addLayout(words, 1)
        self.hide()

    # -- parts --------------------------------------------------------------------------------

    def _make_strip(self) -> None:
        page = QWidget()
        set_role(page, "page")
        self._row = QHBoxLayout(page)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.XS)
        self._row.addStretch()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFixedHeight(THUMB)
        self._scroll.setWidget(page)

    def _make_progress(self) -> None:
        self.status = ElidedLabel()
        self.status.setFont(tabular(self.status.font()))
        set_role(self.status, "quiet")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(PROGRESS_WIDTH)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.stop = QPushButton(self.tr("Stop (Esc)"))
        set_role(self.stop, "flat")
        self.stop.setIcon(icon("square"))
        self.stop.clicked.connect(lambda: self._tray.stop() if self._tray else None)
        self.status.setMinimumWidth(STATUS_WIDTH)
        self._progress = QWidget()
        row = QHBoxLayout(self._progress)
        row.setContentsMargins(Space.S, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.progress)
        row.addWidget(self.status, 1)
        row.addWidget(self.stop)

    def _make_buttons(self) -> None:
        self.back = self._tool("chevron-left", self.tr("Result before (←)"), lambda: self._step(-1))
        self.forth = self._tool("chevron-right", self.tr("Next result (→)"), lambda: self._step(1))
        self.accept = QPushButton(self.tr("Accept (Enter)"))
        set_role(self.accept, "link")
        self.accept.setToolTip(self.tr("Make it a layer of the picture (Enter or Tab)"))
        self.accept.clicked.connect(self.accept_wanted)
        self.discard = QPushButton(self.tr("Discard (Del)"))
        set_role(self.discard, "flat")
        self.discard.setToolTip(self.tr("Put this result away; the library keeps it"))
        self.discard.clicked.connect(lambda: self._tray.discard() if self._tray else None)
        self.aside = QPushButton(self.tr("Aside (Esc)"))
        set_role(self.aside, "flat")
        self.aside.setToolTip(self.tr("Work on without it; the results stay for later"))
        self.aside.clicked.connect(lambda: self._tray.put_aside() if self._tray else None)
        self.compare = self._tool("columns-2", self.tr("Compare with what is there (C)"), None)
        self.compare.setCheckable(True)
        self.compare.toggled.connect(self.compare_toggled)
        self.more = self._tool("ellipsis", self.tr("More about this result"), None)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        menu.aboutToShow.connect(self._fill_menu)
        self.more.setMenu(menu)
        self._words = (
            (self.accept, self.tr("Accept"), self.accept.text()),
            (self.discard, self.tr("Discard"), self.discard.text()),
            (self.aside, self.tr("Aside"), self.aside.text()),
        )
        self.place = QLabel()
        self.place.setFont(tabular(self.place.font()))
        set_role(self.place, "quiet")
        self._choices = QWidget()
        row = QHBoxLayout(self._choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        for widget in (self.back, self.place, self.forth):
            row.addWidget(widget)
        row.addStretch()
        for button in (self.accept, self.discard, self.aside, self.compare, self.more):
            row.addWidget(button)

    def _tool(self, name: str, words: str, then: object) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(words)
        button.setAccessibleName(words)
        if then is not None:
            button.clicked.connect(then)
        return button

    # -- which tray ---------------------------------------------------------------------------

    def set_tray(self, tray: Tray | None) -> None:
        """Show the results of another picture."""
        if self._tray is not None:
            for signal, slot in self._links(self._tray):
                signal.disconnect(slot)  # type: ignore[attr-defined]
        self._tray = tray
        if tray is not None:
            for signal, slot in self._links(tray):
                signal.connect(slot)  # type: ignore[attr-defined]
        self.refresh()

    def _links(self, tray: Tray) -> tuple[tuple[object, object], ...]:
        return (
            (tray.listed, self.refresh),
            (tray.pictured, self._show_one),
            (tray.chosen_changed, self.refresh_choice),
            (tray.progressed, self.refresh_progress),
        )

    # -- showing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show all candidates anew."""
        items = self._tray.items if self._tray is not None else []
        while len(self.thumbs) > len(items):
            gone = self.thumbs.pop()
            self._row.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        while len(self.thumbs) < len(items):
            self._add_thumb()
        for place in range(len(items)):
            self._show_one(place)
        self._scroll.setVisible(len(items) > 1)
        self.refresh_choice()
        self.refresh_progress()

    def refresh_choice(self) -> None:
        """Show which one is chosen and what can be done with it."""
        tray = self._tray
        items = tray.items if tray is not None else []
        shown = tray is not None and bool(items) and not tray.aside
        self.setVisible(shown)
        if tray is None or not shown:
            self.compare.setChecked(False)
            self.resized.emit()
            return
        for place, thumb in enumerate(self.thumbs):
            thumb.setChecked(place == tray.chosen)
        self._scroll.ensureWidgetVisible(self.thumbs[tray.chosen], Space.L, 0)
        candidate = tray.candidate
        ready = candidate is not None and candidate.ready
        self.accept.setEnabled(ready)
        self.compare.setEnabled(ready)
        self.more.setEnabled(ready)
        several = len(items) > 1
        for widget in (self.back, self.place, self.forth):
            widget.setVisible(several)
        self.place.setText(f"{tray.chosen + 1}/{len(items)}")
        self._choices.setVisible(ready or several)
        self._scroll.setVisible(several)
        self._fit()

    def refresh_progress(self) -> None:
        """Show how far the jobs are."""
        tray = self._tray
        job = tray.busy_job if tray is not None else None
        busy = job is not None
        if busy == self._progress.isHidden():
            self._progress.setVisible(busy)
            self._fit()  # a step changes neither what is shown nor how wide it is
        if tray is None or job is None:
            return
        known = job.state is JobState.RUNNING and job.total > 0
        self.progress.setRange(0, job.total if known else 0)
        self.progress.setValue(job.step if known else 0)
        words = progress_words(job)
        waiting = len(tray.jobs) - 1
        if waiting:
            more = self.tr("1 more waits") if waiting == 1 else self.tr("%1 more wait")
            words = f"{words} · {fill_in(more, waiting)}"
        self.status.setText(words)

    def _show_one(self, place: int) -> None:
        if self._tray is None or place >= len(self.thumbs) or place >= len(self._tray.items):
            return
        items = self._tray.items
        self.thumbs[place].show_candidate(items[place], place + 1, len(items))
        if place == self._tray.chosen and items[place].ready:
            self.refresh_choice()

    def _add_thumb(self) -> None:
        place = len(self.thumbs)
        thumb = Thumb()
        thumb.clicked.connect(lambda: self._tray.choose(place) if self._tray else None)
        thumb.taken.connect(self.accept_wanted)
        self.thumbs.append(thumb)
        self._row.insertWidget(place, thumb)

    def _step(self, by: int) -> None:
        if self._tray is not None:
            self._tray.step(by)

    def _fill_menu(self) -> None:
        menu = self.more.menu()
        menu.clear()
        candidate = self._tray.candidate if self._tray is not None else None
        if self._tray is None or candidate is None:
            return
        seed = candidate.seed
        words = fill_in(self.tr("Take its seed for the next: %1"), seed)
        menu.addAction(icon("recycle"), words).triggered.connect(
            lambda: self.seed_wanted.emit(seed)
        )
        menu.addSeparator()
        words = self.tr("Discard all results")
        menu.addAction(icon("trash-2"), words).triggered.connect(self._tray.discard_all)

    def fit(self, room_px: int) -> None:
        """Take the size that is needed: one row where there is room, else two."""
        count = min(len(self.thumbs), SHOWN_AT_ONCE)
        thumbs = count * (THUMB + Space.XS) - Space.XS if count > 1 else 0
        rows = [row for row in (self._progress, self._choices) if row.isVisibleTo(self)]
        words = max((row.sizeHint().width() for row in rows), default=0)
        wide = thumbs + self._layout.spacing() + words + 2 * Space.S if thumbs else words + Space.L
        beside = wide <= room_px
        direction = QBoxLayout.Direction
        self._layout.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        self._layout.setSpacing(Space.M if beside else Space.XS)
        for button, short, whole in self._words:
            button.setText(whole if words <= room_px - 2 * Space.S else short)
        width = min(room_px, wide if beside else max(words, thumbs) + 2 * Space.S)
        if beside and thumbs:
            self._scroll.setFixedWidth(thumbs)
        else:
            self._scroll.setMinimumWidth(0)
            self._scroll.setMaximumWidth(room_px)
        self._layout.activate()
        self.resize(width, self._layout.sizeHint().height())

    def _fit(self) -> None:
        self.resized.emit()


def progress_words(job: PictureJob) -> str:
    """Return what a job does: how far, how long still."""
    waiting = waiting_words(job)
    if waiting:
        return waiting
    if not job.total:
        return job.tr("Reading the prompt")
    parts = [fill_in(job.tr("Step %1 of %2"), job.step, job.total)]
    if job.remaining_s is not None:
        parts.append(fill_in(job.tr("%1 left"), duration(job.remaining_s)))
    return " · ".join(parts)

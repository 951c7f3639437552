"""The time line as a widget: sees to scrolling, zooming, pointing and keys.

Paints only what changed; the play head alone moves in narrow strips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from studio.app.panes.sound.timeline.gestures import (
    DragFade,
    DragLoop,
    Gesture,
    MoveClips,
    MoveMarker,
    TrimClip,
)
from studio.app.panes.sound.timeline.layout import RULER_PX, Hit, Layout, SoundLook
from studio.app.panes.sound.timeline.painting import Shown, TimelinePainter
from studio.app.panes.sound.timeline.scale import Scale
from studio.app.panes.sound.timeline.spectra import Spectra
from studio.app.panes.sound.timeline.waves import Waves
from studio.app.theme import Theme
from studio.documents.soundtrack import Change, Soundtrack
from studio.documents.soundtrack.pool import SourcePool

_CURSORS = {
    "left": Qt.CursorShape.SizeHorCursor,
    "right": Qt.CursorShape.SizeHorCursor,
    "fade_in": Qt.CursorShape.SizeHorCursor,
    "fade_out": Qt.CursorShape.SizeHorCursor,
    "marker": Qt.CursorShape.SizeHorCursor,
    "clip": Qt.CursorShape.OpenHandCursor,
}
_ZOOM_STEP = 1.25
_CURSOR_STRIP = 9


class TimelineView(QAbstractScrollArea):
    """Tracks with clips.

    Args:
        theme: The window's theme.
        parent: Of the widget.
    """

    selection_changed = Signal()
    #: The user put the play head somewhere, in samples.
    cursor_placed = Signal(object)
    #: The user drags the play head: it is heard while it moves, in samples.
    scrubbed = Signal(object)
    span_changed = Signal()
    #: Paths, id of the track ("" for a new one), position.
    files_dropped = Signal(object, str, object)
    #: What is there, and where on the screen.
    menu_wanted = Signal(object, QPoint)
    #: Id of a clip that was opened by a double click or Enter.
    clip_opened = Signal(str)
    #: Id of a clip that is dragged out of the window, with the button held.
    dragged_out = Signal(str)
    scrolled = Signal()
    #: The document changed; told on the GUI thread.
    edited_here = Signal()
    #: The document changed, on any thread.
    _edited = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._soundtrack: Soundtrack | None = None
        self._waves: Waves | None = None
        self.spectra = Spectra(self)
        self.spectra.ready.connect(lambda: self.viewport().update())
        self._look: SoundLook = "waveform"
        self._unsubscribe: Callable[[], None] = _nothing
        self._scale = Scale(48_000)
        self._shown = Shown()
        self._gesture: Gesture | None = None
        self._span_from: int | None = None
        self._scrubbing = False
        self.snapping = True
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.viewport().setAcceptDrops(True)
        self.setAccessibleName(self.tr("Time line"))
        self.setAccessibleDescription(
            self.tr("Clips of sound on tracks. Arrow keys move the play head, Delete removes.")
        )
        self._edited.connect(self._on_change)
        theme.changed.connect(self._recoloured)
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    # --- what is shown ----------------------------------------------------------------------

    def set_soundtrack(self, soundtrack: Soundtrack | None, pool: SourcePool | None) -> None:
        """Show another document; ``None`` shows an empty time line."""
        self._unsubscribe()
        self._soundtrack = soundtrack
        self._waves = Waves(pool) if pool is not None else None
        self.spectra.set_pool(pool)
        self._shown = Shown()
        if soundtrack is not None:
            self._scale = Scale(soundtrack.sampling_rate)
            self._unsubscribe = soundtrack.subscribe(self._edited.emit)
            self.fit()
        else:
            self._unsubscribe = _nothing
        self._measure()
        self.viewport().update()

    @property
    def scale(self) -> Scale:
        """How positions become pixels."""
        return self._scale

    @property
    def selected(self) -> frozenset[str]:
        """Ids of the selected clips."""
        return frozenset(self._shown.selected)

    @property
    def cursor_position(self) -> int:
        """The play head, in samples."""
        return self._shown.cursor

    @property
    def span(self) -> tuple[int, int] | None:
        """The selected stretch of time, in samples."""
        return self._shown.span

    def select(self, clip_ids: Iterable[str]) -> None:
        """Select exactly these clips."""
        self._show(selected=frozenset(clip_ids))
        self.selection_changed.emit()

    def set_span(self, span: tuple[int, int] | None) -> None:
        """Select a stretch of time."""
        if span != self._shown.span:
            self._show(span=span)
            self.span_changed.emit()

    def set_cursor_position(self, position: int, *, follow: bool = False) -> None:
        """Move the play head; ``follow`` turns the page when it leaves the view."""
        before, self._shown = self._shown.cursor, replace(self._shown, cursor=position)
        x = self._scale.x(position)
        if follow and not 0 <= x <= self.viewport().width() - 24:
            self._set_scale(
                replace(self._scale, start=max(0.0, position - 40 * self._scale.samples_per_px))
            )
            return
        for each in (before, position):
            left = round(self._scale.x(each)) - _CURSOR_STRIP
            self.viewport().update(QRect(left, 0, 2 * _CURSOR_STRIP, self.viewport().height()))

    def set_speaking(self, clip_id: str) -> None:
        """Mark the clip that is heard now; "" marks none."""
        if clip_id != self._shown.speaking:
            self._show(speaking=clip_id)

    @property
    def look(self) -> SoundLook:
        """What clips show."""
        return self._look

    def set_look(self, look: SoundLook) -> None:
        """Let clips show loudness, pitches or both; tracks get the height for it."""
        if look == self._look:
            return
        old, bar = self.layout_now(), self.verticalScrollBar()
        self._look = look
        self._measure()
        # What was at the top stays there.
        bar.setValue(round(bar.value() * self.layout_now().track_px / old.track_px))
        self.viewport().update()

    def refresh_waves(self, sha256: str = "") -> None:
        """Draw what sounds look like anew, when one has become ready."""
        if self._waves is not None:
            self._waves.forget()
        self.spectra.forget(sha256)
        self.viewport().update()

    # --- zooming and scrolling --------------------------------------------------------------

    def zoom(self, factor: float, around_x: float | None = None) -> None:
        """Zoom in (above 1) or out around a place, the play head when none is given."""
        if around_x is None:
            x = self._scale.x(self._shown.cursor)
            around_x = x if 0 <= x <= self.viewport().width() else self.viewport().width() / 2
        self._set_scale(self._scale.zoomed(factor, around_x))

    def fit(self) -> None:
        """Show everything from the beginning to the last clip."""
        if self._soundtrack is not None:
            self._set_scale(self._scale.fitted(self._soundtrack.end, self.viewport().width()))

    def layout_now(self) -> Layout:
        """Return where everything lies now."""
        from studio.documents.soundtrack import Arrangement

        arrangement = self._soundtrack.arrangement if self._soundtrack else Arrangement()
        viewport = self.viewport()
        return Layout(
            arrangement,
            self._scale,
            self.verticalScrollBar().value(),
            viewport.width(),
            viewport.height(),
            self._look,
        )

    def _set_scale(self, scale: Scale) -> None:
        self._scale = scale
        self._measure()
        self.viewport().update()
        self.scrolled.emit()

    def _measure(self) -> None:
        """Tell the scroll bars how much there is."""
        layout = self.layout_now()
        view = self.viewport()
        per_px = self._scale.samples_per_px
        end = self._soundtrack.end if self._soundtrack else 0
        length = max(end / per_px + view.width() / 2, self._scale.start / per_px + view.width())
        bar = self.horizontalScrollBar()
        bar.blockSignals(True)
        bar.setRange(0, max(0, min(2**30, round(length) - view.width())))
        bar.setPageStep(view.width())
        bar.setSingleStep(40)
        bar.setValue(round(self._scale.start / per_px))
        bar.blockSignals(False)
        down = self.verticalScrollBar()
        down.setRange(0, max(0, layout.content_height - view.height()))
        down.setPageStep(view.height())
        down.setSingleStep(24)

    def _scrolled(self) -> None:
        start = self.horizontalScrollBar().value() * self._scale.samples_per_px
        if abs(start - self._scale.start) >= self._scale.samples_per_px:
            self._scale = replace(self._scale, start=start)
        self.viewport().update()
        self.scrolled.emit()

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is to be drawn anew."""
        painter = QPainter(self.viewport())
        if self._waves is None:
            painter.fillRect(event.rect(), self.palette().window())
            return
        TimelinePainter(
            painter,
            self.layout_now(),
            self._shown,
            self._waves,
            self.spectra,
            self._theme.palette,
            self.font(),
            self.devicePixelRatioF(),
        ).draw(event.rect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the scroll bars true."""
        self._measure()
        super().resizeEvent(event)

    # --- pointing ---------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, or select."""
        if self._soundtrack is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        layout, point = self.layout_now(), event.position()
        hit = layout.hit(point)
        if hit.clip:
            self._press_on_clip(hit, point, layout, event.modifiers())
        elif hit.part == "marker":
            self._gesture = MoveMarker(self._soundtrack, hit.marker)
        elif point.y() < RULER_PX and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._gesture = DragLoop(self._soundtrack, layout.scale.position(point.x()))
        elif point.y() < RULER_PX:
            self._scrubbing = True
            self._place_cursor(layout.scale.position(point.x()), scrub=False)
        else:
            self.select(())
            self._span_from = layout.scale.position(point.x())
            self.set_span(None)
            self._place_cursor(self._span_from, scrub=False)

    def _press_on_clip(
        self, hit: Hit, point: QPointF, layout: Layout, keys: Qt.KeyboardModifier
    ) -> None:
        assert self._soundtrack is not None
        several = keys & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        if several:
            self.select(self.selected ^ {hit.clip})
        elif hit.clip not in self.selected:
            self.select({hit.clip})
        if hit.clip not in self.selected:
            return
        if hit.part in ("left", "right"):
            self._gesture = TrimClip(self._soundtrack, hit.clip, left=hit.part == "left")
        elif hit.part in ("fade_in", "fade_out"):
            self._gesture = DragFade(self._soundtrack, hit.clip, fade_in=hit.part == "fade_in")
        else:
            self._gesture = MoveClips(self._soundtrack, hit.clip, self.selected, point, layout)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the gesture, or show what could be caught."""
        layout, point = self.layout_now(), event.position()
        if isinstance(self._gesture, MoveClips) and self._is_outside(event):
            clip = self._gesture.clip
            self._leave_gesture()
            self.dragged_out.emit(clip)
        elif self._gesture is not None:
            self.viewport().setCursor(self._gesture.cursor)
            free = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            drawn = self._gesture.move(point, layout, snapping=self.snapping and not free)
            self._show(snapped=drawn)
        elif self._scrubbing:
            self._place_cursor(layout.scale.position(point.x()), scrub=True)
        elif self._span_from is not None:
            low, high = sorted((self._span_from, layout.scale.position(point.x())))
            wide = (high - low) / layout.scale.samples_per_px >= 3
            self.set_span((low, high) if wide else None)
        else:
            self._hover(layout.hit(point))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        if self._gesture is not None:
            self._gesture.finish()
            self._gesture = None
            self._show(snapped=None)
        self._scrubbing = False
        self._span_from = None
        self._hover(self.layout_now().hit(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a clip."""
        hit = self.layout_now().hit(event.position())
        if hit.clip:
            self.clip_opened.emit(hit.clip)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer any more."""
        self._hover(Hit("empty"))
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu of what is there."""
        hit = self.layout_now().hit(QPointF(event.pos()))
        if hit.clip and hit.clip not in self.selected:
            self.select({hit.clip})
        self.menu_wanted.emit(hit, event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl zooms, Shift scrolls along the time line, else up and down."""
        step = event.angleDelta()
        turn = step.y() or step.x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_ZOOM_STEP ** (turn / 120), event.position().x())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(step.x()) > abs(step.y()):
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turn)
        else:
            down = self.verticalScrollBar()
            down.setValue(down.value() - turn // 2)
        event.accept()

    def _hover(self, hit: Hit) -> None:
        self.viewport().setCursor(_CURSORS.get(hit.part, Qt.CursorShape.ArrowCursor))
        if hit.clip != self._shown.hovered:
            self._show(hovered=hit.clip)

    def _place_cursor(self, position: int, *, scrub: bool) -> None:
        self.set_cursor_position(position)
        (self.scrubbed if scrub else self.cursor_placed).emit(position)

    # --- keys -------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the play head and the view; leave a drag with Esc."""
        key, keys = event.key(), event.modifiers()
        step = 40 if keys & Qt.KeyboardModifier.ShiftModifier else 8
        if key == Qt.Key.Key_Escape and self._gesture is not None:
            self._leave_gesture()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            sign = 1 if key == Qt.Key.Key_Right else -1
            moved = self._shown.cursor + sign * step * self._scale.samples_per_px
            self._place_cursor(max(0, round(moved)), scrub=False)
        elif key == Qt.Key.Key_Home:
            self._place_cursor(0, scrub=False)
            self._set_scale(replace(self._scale, start=0.0))
        elif key == Qt.Key.Key_End and self._soundtrack is not None:
            self.set_cursor_position(self._soundtrack.end, follow=True)
            self.cursor_placed.emit(self._soundtrack.end)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM_STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM_STEP)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(self.selected) == 1:
            self.clip_opened.emit(next(iter(self.selected)))
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    # --- drops ------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if _files(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take files anywhere."""
        if _files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Say which files were dropped where."""
        files = _files(event.mimeData())
        if not files:
            return
        layout, point = self.layout_now(), event.position()
        track = layout.track_at(point.y())
        position = layout.scale.position(point.x())
        self.files_dropped.emit(files, track.id if track else "", position)
        event.acceptProposedAction()

    # --- inside -----------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        known = {clip.id for clip in self.layout_now().arrangement.clips()}
        gone = self.selected - known
        self._measure()
        self.viewport().update()
        if gone:
            self.select(self.selected & known)
        self.edited_here.emit()

    def _is_outside(self, event: QMouseEvent) -> bool:
        window = self.window()
        return not window.rect().contains(window.mapFromGlobal(event.globalPosition()).toPoint())

    def _leave_gesture(self) -> None:
        """Take back what a gesture did so far."""
        if self._gesture is not None:
            self._gesture.cancel()
            self._gesture = None
            self._show(snapped=None)

    def _show(self, **changes: object) -> None:
        self._shown = replace(self._shown, **changes)  # type: ignore[arg-type]
        self.viewport().update()

    def _recoloured(self) -> None:
        self.refresh_waves()


def _nothing() -> None:
    """There is nothing to end."""


def _files(data: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]

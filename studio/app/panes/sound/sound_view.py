"""One sound document on screen: transport, tracks on the time line, and the prompt below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.job_follower import JobState, waiting_words
from studio.app.panes.sound.inspector import SoundInspector
from studio.app.panes.sound.sound_options import Kind, SoundOptions
from studio.app.panes.sound.sound_session import SoundSession
from studio.app.panes.sound.timeline.layout import LOOKS, Hit
from studio.app.panes.sound.timeline.timeline_view import TimelineView
from studio.app.panes.sound.track_headers import TrackHeaders
from studio.app.panes.sound.transport import Transport
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.prompt_bar import PromptBar
from studio.core.errors import StudioError

TICK_MS = 33
LOOK_SETTING = ("appearance", "sound_look")


class SoundView(QWidget):
    """Shows a :class:`SoundSession`.

    Attributes:
        timeline: The tracks.
        prompt: Where one writes what shall be heard.
    """

    open_wanted = Signal()
    narrate_wanted = Signal()
    changed = Signal()
    #: Id of the speech clip that is heard now, "" in a pause and when nothing plays.
    speaking_changed = Signal(str)

    def __init__(
        self,
        context: AppContext,
        options: SoundOptions,
        inspector: SoundInspector,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._options = options
        self._inspector = inspector
        self.session: SoundSession | None = None
        self.transport = Transport(context.theme)
        self.headers = TrackHeaders()
        self.timeline = TimelineView(context.theme)
        self.prompt = PromptBar(self.tr("Speak"))
        self.error = ErrorCard()
        self.error.hide()
        self._kinds = self._make_kinds()
        self._speaking = ""
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._build()
        self._connect()
        self._show_look()
        self._on_options()

    # --- what is shown ----------------------------------------------------------------------

    def setFocus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Let the user write at once. A proxy would hide what stands above from Tab."""
        self.prompt.setFocus(reason)

    def set_session(self, session: SoundSession | None) -> None:
        """Show another document."""
        if self.session is not None:
            self.session.changed.disconnect(self.refresh)
            self.session.told.disconnect(self.show_error)
            self.session.laid.disconnect(self._on_laid)
            self.session.place.ready.disconnect(self._show_document)
        self.session = session
        self.error.hide()
        if session is not None:
            session.changed.connect(self.refresh)
            session.told.connect(self.show_error)
            session.laid.connect(self._on_laid)
            session.place.ready.connect(self._show_document)
        self._show_document()

    def _show_document(self) -> None:
        session = self.session
        soundtrack = session.soundtrack if session is not None else None
        pool = session.place.pool if session is not None else None
        self.timeline.set_soundtrack(soundtrack, pool)
        if pool is not None:
            pool.subscribe(self._waves_ready.emit)
        self.headers.set_soundtrack(soundtrack)
        self.refresh()

    _waves_ready = Signal(str)

    def show_error(self, error: StudioError) -> None:
        """Show what went wrong and what to do."""
        details = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
        self.error.show_error(error.user_message, error.hint, details)
        self.error.show()

    def refresh(self) -> None:
        """Show what holds now."""
        session = self.session
        empty = session is None or not session.soundtrack.tracks
        self._stack.setCurrentIndex(1 if empty else 0)
        self.headers.refresh()
        self._show_clip()
        job = session.job if session is not None else None
        running = session is not None and session.making
        self.prompt.set_busy(running)
        playing = session is not None and session.playing
        recording = session is not None and session.recorder.recording
        self.transport.show_state(playing=playing, recording=recording, words=self._words())
        if playing or recording or running:
            self._tick.start()
        else:
            self._tick.stop()
            self._on_tick()
        if job is not None and job.state is JobState.FAILED and job.failure is not None:
            failure = job.failure
            self.error.show_error(failure.message, failure.hint, failure.details)
            self.error.show()
        self.changed.emit()

    def _words(self) -> str:
        session = self.session
        if session is None:
            return ""
        job, mending = session.job, session.mending
        if session.recorder.recording:
            words = self.tr("Recording, %1 s")
            return words.replace("%1", f"{session.recorder.seconds:.0f}")
        if job is not None and job.running:
            waiting = waiting_words(job)
            if waiting:
                return waiting
            made = self.tr("Making, %1 s so far").replace("%1", f"{job.heard_s:.1f}")
            left = job.remaining_s
            return made if left is None else f"{made}, {left:.0f} s left"
        if mending is not None and mending.running:
            return mending.words()
        if session.busy:
            return self.tr("Taking the sound in…")
        notices = job.notices if job is not None else []
        return notices[-1].message if notices else ""

    # --- asking -----------------------------------------------------------------------------

    def make(self, prompt: str = "") -> None:
        """Ask for what the prompt says, at the play head or behind what lies there."""
        session = self.session
        if session is None:
            return
        text = prompt or self.prompt.text()
        try:
            request = self._options.request(text)
        except StudioError as error:
            self.show_error(error)
            return
        self.error.hide()
        kind = "speech" if self._options.kind == "speech" else "audio"
        track = self._target_track(kind)
        span = self.timeline.span
        cursor = span[0] if span is not None else self.timeline.cursor_position
        position = session.next_position(track, kind, cursor)
        session.make(request, track_id=track, position=position)

    def another_take(self, clip_id: str) -> None:
        """Make a clip's sound once more, with another seed."""
        from studio.core.media import random_seed
        from studio.core.requests import AudioRequest, from_json, replaced

        session = self.session
        if session is None:
            return
        clip = session.soundtrack.clip(clip_id)
        request = from_json(clip.take.request)
        if isinstance(request, AudioRequest):
            session.make(replaced(request, seed=random_seed()), clip_id=clip_id)

    def record(self) -> None:
        """Record to the track of the selected clip or a new one, or end that."""
        if self.session is not None:
            self.session.toggle_recording(
                self._target_track("audio"), self.timeline.cursor_position
            )

    def play(self) -> None:
        """Play from the play head, or pause."""
        if self.session is not None:
            self.session.toggle_play(self.timeline.cursor_position)

    def _target_track(self, kind: str) -> str:
        """Return the track of the selected clips where it is of the kind; "" for the first."""
        session = self.session
        for clip_id in self.timeline.selected if session is not None else ():
            assert session is not None
            track = session.soundtrack.track_of(clip_id)
            if track.kind == kind:
                return track.id
        return ""

    # --- what clips show --------------------------------------------------------------------

    def set_look(self, look: str) -> None:
        """Let clips show loudness, pitches or both, now and at the next start."""
        self._context.settings.set(*LOOK_SETTING, look)

    def next_look(self) -> None:
        """Let clips show the next of these."""
        at = LOOKS.index(self.timeline.look)
        self.set_look(LOOKS[(at + 1) % len(LOOKS)])

    def _on_setting(self, group: str, name: str) -> None:
        if (group, name) == LOOK_SETTING:
            self._show_look()

    def _show_look(self) -> None:
        self.timeline.set_look(self._context.settings.value.appearance.sound_look)
        self.headers.set_track_px(self.timeline.layout_now().track_px)
        self.transport.show_look(self.timeline.look)

    # --- inside -----------------------------------------------------------------------------

    def _make_kinds(self) -> dict[Kind, QPushButton]:
        found: dict[Kind, QPushButton] = {}
        kinds: tuple[tuple[Kind, str], ...] = (
            ("speech", self.tr("Speech")),
            ("music", self.tr("Music and sounds")),
        )
        for kind, words in kinds:
            button = QPushButton(words)
            set_role(button, "chip")
            button.setCheckable(True)
            # No button group: in one, Tab would reach only the chosen button.
            button.clicked.connect(lambda _=False, k=kind: self._choose_kind(k))
            found[kind] = button
        return found

    def _choose_kind(self, kind: Kind) -> None:
        self._options.set_kind(kind)
        self._on_options()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        row.addWidget(self.headers)
        row.addWidget(self.timeline, 1)
        work = QWidget()
        work.setLayout(row)
        self.empty = EmptyState(
            self.tr("Nothing to hear yet"),
            self.tr(
                "Write a sentence below and press Speak, record yourself, or drop sound files here."
            ),
            (self.tr("Try an example"), self._example),
            (self.tr("Open a sound file…"), self.open_wanted.emit),
            icon_name="audio-lines",
        )
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(work)
        self._stack.addWidget(self.empty)
        self.setAcceptDrops(True)
        for button in self._kinds.values():
            self.prompt.leading.addWidget(button)
        narrate = QPushButton(self.tr("Narrate a text…"))
        set_role(narrate, "flat")
        narrate.clicked.connect(self.narrate_wanted)
        self.prompt.leading.addWidget(narrate)
        bottom = QVBoxLayout()
        bottom.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        bottom.setSpacing(Space.S)
        bottom.addWidget(self.error)
        bottom.addWidget(self.prompt)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(holder, 1)
        column.addLayout(bottom)

    def _connect(self) -> None:
        transport, timeline = self.transport, self.timeline
        transport.play_wanted.connect(self.play)
        transport.stop_wanted.connect(self._stop)
        transport.record_wanted.connect(self.record)
        transport.loop_toggled.connect(self._set_looping)
        transport.snap_toggled.connect(lambda on: setattr(timeline, "snapping", on))
        transport.zoom_wanted.connect(timeline.zoom)
        transport.fit_wanted.connect(timeline.fit)
        transport.look_wanted.connect(self.set_look)
        self._context.settings.changed.connect(self._on_setting)
        self.headers.add_wanted.connect(self.add_track)
        timeline.selection_changed.connect(self._show_clip)
        timeline.cursor_placed.connect(self._seek)
        timeline.scrubbed.connect(self._scrub)
        timeline.files_dropped.connect(self._dropped)
        timeline.menu_wanted.connect(self._menu)
        timeline.verticalScrollBar().valueChanged.connect(self.headers.scroll_to)
        timeline.edited_here.connect(self.refresh)
        self._waves_ready.connect(timeline.refresh_waves)
        self.prompt.submitted.connect(self.make)
        self.prompt.stop_requested.connect(self._stop_making)
        self._options.changed.connect(self._on_options)
        self._inspector.clip.another_wanted.connect(self.another_take)
        self._inspector.clip.take_chosen.connect(self._choose_take)

    def _on_options(self) -> None:
        speech = self._options.kind == "speech"
        for kind, button in self._kinds.items():
            button.setChecked(kind == self._options.kind)
        self.prompt.set_button_text(self.tr("Speak") if speech else self.tr("Generate"))
        self.prompt.set_placeholder(
            self.tr("What shall be said?")
            if speech
            else self.tr("What shall it sound like? For example: slow piano in a large hall")
        )
        self.prompt.set_reason(self._options.why_not())

    def _on_tick(self) -> None:
        session = self.session
        if session is None:
            self._set_speaking("")
            self.transport.show_time(0, 0)
            return
        rate = session.soundtrack.sampling_rate
        if session.playing and session.player is not None:
            self.timeline.set_cursor_position(session.player.position, follow=True)
        self._set_speaking(self._spoken_now() if session.playing else "")
        heard = session.recorder if session.recorder.recording else session.player
        if heard is not None:
            levels = heard.levels()
            self.transport.meter.show_levels(tuple(levels.peak), tuple(levels.rms))
        self.transport.show_time(
            self.timeline.cursor_position / rate, session.soundtrack.end / rate
        )
        self.transport.words.setText(self._words())

    def _spoken_now(self) -> str:
        """Return the id of the sentence that is heard now, "" in a pause."""
        session, at = self.session, self.timeline.cursor_position
        if session is None:
            return ""
        tracks = session.soundtrack.arrangement.audible_tracks()
        clips = (c for track in tracks if track.kind == "speech" for c in track.clips if not c.mute)
        return next((clip.id for clip in clips if clip.start <= at < clip.end), "")

    def _set_speaking(self, clip_id: str) -> None:
        if clip_id != self._speaking:
            self._speaking = clip_id
            self.timeline.set_speaking(clip_id)
            self.speaking_changed.emit(clip_id)

    def _on_laid(self, clip_id: str) -> None:
        session = self.session
        if session is None:
            return
        self.timeline.select({clip_id})
        clip = session.soundtrack.clip(clip_id)
        if self.timeline.scale.x(clip.end) > self.timeline.viewport().width():
            self.timeline.fit()
        if not session.playing:
            self.timeline.set_cursor_position(clip.start)

    def _show_clip(self) -> None:
        session, chosen = self.session, self.timeline.selected
        clip = None
        if session is not None and len(chosen) == 1:
            (clip_id,) = chosen
            clip = next(
                (c for c in session.soundtrack.arrangement.clips() if c.id == clip_id), None
            )
        self._inspector.show_clip(session.soundtrack if session is not None else None, clip)

    def _stop(self) -> None:
        if self.session is not None:
            self.session.stop_playing()
            if self.session.player is not None:
                self.timeline.set_cursor_position(self.session.player.position)
                self._on_tick()

    def _stop_making(self) -> None:
        if self.session is not None:
            self.session.stop_making()

    def _seek(self, position: int) -> None:
        if self.session is not None and self.session.player is not None:
            self.session.player.seek(position)
        self._on_tick()

    def _scrub(self, position: int) -> None:
        if self.session is not None and self.session.player is not None:
            self.session.player.scrub(position)
        self._on_tick()

    def _set_looping(self, on: bool) -> None:
        session = self.session
        if session is None:
            return
        if on and session.soundtrack.loop is None:
            span = self.timeline.span or (0, session.soundtrack.end)
            if span[1] > span[0]:
                session.soundtrack.set_loop(span)
        if session.player is not None:
            session.player.looping = on

    def add_track(self) -> None:
        """Add an empty track."""
        if self.session is not None:
            self.session.soundtrack.add_track("")
            self.refresh()

    def _dropped(self, files: list[Path], track: str, position: int) -> None:
        if self.session is not None:
            self.session.import_files(files, track, position)

    def _choose_take(self, clip_id: str, take_id: str) -> None:
        if self.session is not None:
            self.session.soundtrack.choose_take(clip_id, take_id)

    def _example(self) -> None:
        self._options.set_kind("speech")
        self.prompt.set_text(
            self.tr("The lighthouse keeper lit the lamp at dusk, and the sea answered.")
        )
        self.make()

    def _menu(self, hit: Hit, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        prefix = "sound."
        names = (
            (
                *("split", "duplicate", "mute_clip", ""),
                *("remove_noise", "to_loudness", "normalise", "trim_silence", ""),
                *("save_clip", "transcribe_clip", "", "delete"),
            )
            if hit.clip
            else ("marker", "add_track")
        )
        menu.setToolTipsVisible(True)  # they say why something cannot be done
        for name in names:
            if name:
                menu.addAction(self._context.actions.get(prefix + name))
            else:
                menu.addSeparator()
        menu.popup(at)

    def dragEnterEvent(self, event: object) -> None:
        """Take files where nothing is yet."""
        from PySide6.QtGui import QDragEnterEvent

        assert isinstance(event, QDragEnterEvent)
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: object) -> None:
        """Take files where nothing is yet."""
        from PySide6.QtGui import QDropEvent

        assert isinstance(event, QDropEvent)
        urls = event.mimeData().urls()
        self._dropped([Path(url.toLocalFile()) for url in urls if url.isLocalFile()], "", 0)
        event.acceptProposedAction()

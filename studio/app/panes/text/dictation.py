"""Dictation: the microphone is recorded until told otherwise, and what was said is written down.

The recording is a file from its first half second on, in the folder where the sound pane looks
for recordings that a crash left. It is deleted when its words are kept, when the user cancels, or
when there are no words in it; where writing down failed, it stays for the sound pane.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.job_follower import JobState
from studio.app.missing_listener import MissingListener
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size
from studio.app.transcript_job import TranscriptJob, can_listen
from studio.app.widgets.listening_bar import ListeningBar
from studio.app.widgets.words import duration, fill_in
from studio.core.artifacts import TranscriptArtifact

if TYPE_CHECKING:
    from studio.app.panes.text.pane import TextPane
    from studio.documents.soundtrack.inputs import Input
    from studio.documents.soundtrack.recorder import Recorder, RecorderEvent
    from studio.documents.soundtrack.recording_files import Recording

RECORDINGS = "recordings"
"""The sound pane's folder, so that it offers what a crash leaves here."""
SAMPLING_RATE = 16_000
"""Hz; listening models hear nothing above that."""
LOOK_MS = 80
KEEP_S = 10.0
CLOSE_S = 2.0


class Dictation(QObject):
    """One dictation at a time, for the pane's manuscripts.

    Attributes:
        bar: Shows what happens.
        state: "idle", "starting", "recording", "writing", or "said" (something stands in the bar).
    """

    source: Callable[[], Input | None] = staticmethod(lambda: None)
    """What to record from; the system's choice when it returns ``None``."""

    changed = Signal()
    _recorder_event = Signal(object)

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self.bar = ListeningBar(pane)
        self.state = "idle"
        self._missing = MissingListener(context, self.bar, self._model_came, self)
        self._worker = Background("dictation", self)
        self._recorder: Recorder | None = None
        self._recording: Recording | None = None
        self._view: ManuscriptView | None = None
        self._job: TranscriptJob | None = None
        self._dropped = False
        self._wordless = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._show_level)
        self.bar.closed.connect(self._close_bar)
        self._recorder_event.connect(self._on_recorder)

    def attach(self, view: ManuscriptView) -> None:
        """Give a manuscript its button and its Esc."""
        button = QPushButton(self.tr("Dictate"))
        button.setIcon(icon("mic"))
        button.setIconSize(QSize(*Size.ICON_AND_GAP))
        button.setToolTip(self.tr("Speak, and what you say is written down (Ctrl+Shift+D)"))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_role(button, "flat")
        button.clicked.connect(self.toggle)
        view.prompt.leading.addWidget(button)
        for widget in (view.editor, view.prompt.edit, button):
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Esc end it without a text."""
        escape = (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        )
        if escape and self.state in ("starting", "recording", "writing"):
            self.cancel()
            return True
        return super().eventFilter(watched, event)

    # -- what the user does -------------------------------------------------------------------

    def toggle(self) -> None:
        """Begin to record; or end that, and write down what was said."""
        if self.state in ("starting", "recording"):
            assert self._recorder is not None
            self._recorder.stop()
        elif self.state != "writing":
            self._begin()

    def cancel(self) -> None:
        """End it without a text: the recording is dropped, one being written down is kept."""
        if self.state in ("starting", "recording"):
            assert self._recorder is not None
            self._dropped = True
            self._recorder.stop()
        elif self._job is not None:
            self._job.stop()

    def close(self) -> None:
        """End everything; a recording that was not written down yet stays."""
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder.wait(CLOSE_S)
        if self._job is not None:
            self._job.abandon()
        self._timer.stop()
        self._worker.close()

    # -- recording ----------------------------------------------------------------------------

    def _begin(self) -> None:
        view = self._pane.view
        if not isinstance(view, ManuscriptView):
            return
        if view.editor.isReadOnly():
            self._say(self.tr("This text can only be read."))
            return
        if not can_listen(self._context.bridge):
            self._ask_for_model()
            return
        self._leave_recording()
        self._missing.leave()
        from studio.documents.soundtrack.recorder import Recorder

        folder = self._context.folders.state / RECORDINGS
        self._recorder = Recorder(folder, self.source(), sampling_rate=SAMPLING_RATE)
        self._recorder.subscribe(self._recorder_event.emit)
        self._view, self._dropped = view, False
        self._set_state("starting")
        self._recorder.start()
        self._timer.start()
        self._show_level()

    def _ask_for_model(self) -> None:
        state = self._context.bridge.state()
        if state is None or not state.ready:
            self._say(self._context.bridge.failure or self.tr("The engine is getting ready."))
            return
        self._set_state("said")
        self._missing.ask()

    def _model_came(self) -> None:
        self._say(self.tr("Triptych can listen now. Press Dictate and speak."))

    def _show_level(self) -> None:
        recorder = self._recorder
        assert recorder is not None
        choices = [
            (self.tr("Write it down (Ctrl+Shift+D)"), self.toggle),
            (self.tr("Cancel (Esc)"), self.cancel),
        ]
        if self.state == "starting":
            self.bar.show_level(self.tr("Opening the microphone…"), 0.0, choices[1:])
            return
        words = fill_in(self.tr("Listening · %1"), duration(recorder.seconds))
        self.bar.show_level(words, max(recorder.levels().peak), choices)

    def _on_recorder(self, event: RecorderEvent) -> None:
        if event.state == "recording":
            self._set_state("recording")
            return
        self._timer.stop()
        self._recording = event.recording
        if self._dropped:
            self._drop_recording()
            self._go_idle()
        elif event.recording is not None:
            if event.error is not None:  # the microphone went away: what was said is still good
                self._context.notify.error(event.error)
            self._write_down()
        elif event.error is not None:
            self._say(f"{event.error.user_message} {event.error.hint}".strip(), bad=True)
        else:
            self._say(self.tr("Nothing was recorded. Look whether the microphone is on."))

    # -- writing down -------------------------------------------------------------------------

    def _write_down(self) -> None:
        recording = self._recording
        if recording is None:
            return
        self._wordless = False
        self._set_state("writing")
        job = self._job = TranscriptJob(self._context.bridge, self._worker, self)
        job.changed.connect(self._show_progress)
        job.ended.connect(self._on_ended)
        job.listen(recording.path, self.tr("Dictation"), word_times=False)

    def _show_progress(self) -> None:
        job = self._job
        if job is not None and self.state == "writing" and job.running:
            stop = (self.tr("Stop (Esc)"), self.cancel)
            self.bar.show_progress(job.words, job.fraction, [stop])

    def _on_ended(self) -> None:
        job, self._job = self._job, None
        assert job is not None
        again = [(self.tr("Try again"), self._write_down)]
        if job.artifact is not None and job.artifact.text.strip():
            self._insert(job.artifact, job.facts)
        elif job.state is JobState.FAILED and job.failure is not None:
            said = f"{job.failure.message} {job.failure.hint}".strip()
            self._say(said, again, bad=True)
        elif job.state is JobState.STOPPED:
            self._say(self.tr("Stopped. What you said can still be written down."), again)
        else:
            self._wordless = True
            self._say(self.tr("No words were heard. Speak closer to the microphone."), again)
        job.deleteLater()

    def _insert(self, artifact: TranscriptArtifact, facts: dict[str, Any]) -> None:
        text, view = artifact.text.strip(), self._view
        document = next((d for d in self._pane.documents if self._pane.view_of(d) is view), None)
        if view is None or document is None:  # its tab was closed meanwhile
            title = self.tr("Dictation")
            self._pane.add_text(title, text, "imported", artifact.request, facts)
            document = self._pane.document
        else:
            at = view.editor.selection()[1]
            text = spaced(text, view.manuscript.text[:at], view.manuscript.text[at:])
            request_id = view.journal.keep_request(artifact.request, facts)
            label = self.tr("Dictate")
            # "imported", not "generated": the words are the speaker's, a model only spelt them.
            # The request beside them says which one.
            view.editor.replace(at, at, text, label=label, origin="imported", request_id=request_id)
            view.journal.commit()
        self._forget_once_kept(document.project if document is not None else None)
        self._go_idle()

    def _forget_once_kept(self, project: Any) -> None:
        """Delete the recording when its words are on disk; else it stays."""
        recording, self._recording = self._recording, None
        if recording is None or project is None:
            return

        def work() -> None:
            from studio.documents.soundtrack.recorder import discard

            project.flush(KEEP_S)
            discard(recording)

        self._worker.run(work, lambda _: None, self._context.notify.error)

    def _leave_recording(self) -> None:
        """Be done with a recording: without words it goes, else the sound pane offers it."""
        if self._wordless:
            self._drop_recording()
        self._recording = None

    def _drop_recording(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            from studio.documents.soundtrack.recorder import discard

            notify = self._context.notify
            self._worker.run(partial(discard, recording), lambda _: None, notify.error)

    # -- what is shown ------------------------------------------------------------------------

    def _say(self, words: str, choices: Any = (), *, bad: bool = False) -> None:
        self._missing.leave()
        self.bar.say(words, choices, bad=bad)
        self._set_state("said")

    def _close_bar(self) -> None:
        if self.state == "said":
            self._leave_recording()
            self._set_state("idle")

    def _go_idle(self) -> None:
        self.bar.hide()
        self._set_state("idle")

    def _set_state(self, state: str) -> None:
        self.state = state
        self.changed.emit()


def spaced(text: str, before: str, after: str) -> str:
    """Return what was said with the spaces it needs between its neighbours."""
    if before and not before[-1].isspace() and before[-1] not in "([{“„‘«—-":
        text = f" {text}"
    if after and after[0].isalnum():
        text = f"{text} "
    return text

"""Lending a voice: a name, a text to read, a recording, and the check of what was heard.

The recording lies in a folder of its own only until it is checked. What passes goes to the kept
voices; everything else is deleted, also what a crash leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from studio.app.background import Background
from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobState
from studio.app.transcript_job import TranscriptJob
from studio.app.voices.own_voices import OwnVoices
from studio.core.artifacts import TranscriptArtifact
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.documents.soundtrack.inputs import Input
    from studio.documents.soundtrack.recorder import Recorder, RecorderEvent
    from studio.documents.soundtrack.recording_files import Recording
    from studio.voices.checking import CheckedReading
    from studio.voices.reading import Reading
    from studio.voices.records import VoiceRecord

LANGUAGE = "en"
LOOK_MS = 80
CLOSE_S = 2.0
LONGEST_S = 61.0
"""Recording ends by itself then: nobody reads the text for so long."""


class Step(StrEnum):
    """Where lending a voice stands."""

    NAME = "name"
    READY = "ready"
    STARTING = "starting"
    RECORDING = "recording"
    CHECKING = "checking"
    REFUSED = "refused"
    DONE = "done"


class Lending(QObject):
    """One voice on its way; GUI thread only.

    Attributes:
        step: Where it stands.
        reading: What is shown to be read.
        problems: Why the last reading was not taken, in sentences.
        transcript: What was heard in it; "" when nobody listened.
        missing: Words that have to be heard and were not, in lower case.
        job: The check, while a model listens.
        record: The kept voice, once it is.
    """

    source: Callable[[], Input | None] = staticmethod(lambda: None)
    """What to record from; the system's choice when it returns ``None``."""

    changed = Signal()
    _recorder_event = Signal(object)

    def __init__(
        self, bridge: EngineBridge, voices: OwnVoices, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.step = Step.NAME
        self.reading: Reading | None = None
        self.problems: tuple[str, ...] = ()
        self.transcript = ""
        self.missing: tuple[str, ...] = ()
        self.job: TranscriptJob | None = None
        self.record: VoiceRecord | None = None
        self._bridge = bridge
        self._voices = voices
        self._worker = Background("voice-lending", self)
        self._recorder: Recorder | None = None
        self._unsubscribe: Callable[[], object] = lambda: None
        self._dropped = False
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._recorder_event.connect(self._on_recorder)

    # -- what the user does -------------------------------------------------------------------

    def begin(self, name: str) -> None:
        """Take a name and show a text.

        Raises:
            BadInputError: It is no name.
        """
        from studio.voices.reading import new_reading

        self.reading = new_reading(name, date.today())
        self._forget()
        self._go(Step.READY)

    def another_text(self) -> None:
        """Draw other words and sentences."""
        assert self.reading is not None
        self.begin(self.reading.name)

    def back(self) -> None:
        """Go back to the name."""
        self._forget()
        self._go(Step.NAME)

    def record_reading(self) -> None:
        """Begin to record; the last reading is gone already."""
        if self.step not in (Step.READY, Step.REFUSED) or self.reading is None:
            return
        if self.reading.day != date.today().isoformat():  # it is past midnight
            self.another_text()
            return
        from studio.documents.soundtrack.recorder import Recorder

        self._recorder = Recorder(self._voices.readings, self.source())
        self._unsubscribe = self._recorder.subscribe(self._recorder_event.emit)
        self._dropped = False
        self._forget()
        self._recorder.start()
        self._timer.start()
        self._go(Step.STARTING)

    def stop(self) -> None:
        """End the recording, and check it."""
        if self._recorder is not None:
            self._recorder.stop()

    def cancel(self) -> None:
        """Drop what is being recorded or checked."""
        if self.step in (Step.STARTING, Step.RECORDING):
            self._dropped = True
            self.stop()
        elif self.job is not None:
            self.job.stop()

    def close(self) -> None:
        """End everything; a reading that was not taken is deleted."""
        if self._closed:
            return
        self._closed = self._dropped = True
        self._timer.stop()
        if self._recorder is not None:
            self._recorder.stop()
            self._recorder.wait(CLOSE_S)
        if self.job is not None:
            self.job.abandon()
        self._unsubscribe()
        self._worker.close()
        self._voices.clear_readings()

    # -- what is shown ------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """How long the recording is so far."""
        return self._recorder.seconds if self._recorder is not None else 0.0

    @property
    def level(self) -> float:
        """How loud it is now, 0..1."""
        return max(self._recorder.levels().peak) if self._recorder is not None else 0.0

    # -- inside -------------------------------------------------------------------------------

    def _forget(self) -> None:
        self.problems, self.transcript, self.missing = (), "", ()

    def _look(self) -> None:
        if self.seconds > LONGEST_S:
            self.stop()
        self.changed.emit()

    def _on_recorder(self, event: RecorderEvent) -> None:
        if self._closed:
            return
        if event.state == "recording":
            self._go(Step.RECORDING)
            return
        self._timer.stop()
        self._unsubscribe()
        if event.error is not None:
            self._drop(event.recording)
            self._refuse(_sentences(event.error))
        elif self._dropped:
            self._drop(event.recording)
            self._go(Step.READY)
        elif event.recording is None:
            self._refuse((self.tr("Nothing was recorded. Look whether the microphone is on."),))
        else:
            self._take_in(event.recording)

    def _drop(self, recording: Recording | None) -> None:
        if recording is not None:
            from studio.documents.soundtrack.recorder import discard

            self._worker.run(lambda: discard(recording), lambda _: None, self._failed)

    def _take_in(self, recording: Recording) -> None:
        """Look at the sound itself before anybody listens to it."""
        self._go(Step.CHECKING)

        def work() -> tuple[bytes, tuple[str, ...]]:
            from studio.documents.soundtrack.recorder import discard
            from studio.voices.checking import sound_problems, taken_in

            try:
                flac = taken_in(recording.path)
            finally:
                discard(recording)
            return flac, sound_problems(flac)

        def taken(found: tuple[bytes, tuple[str, ...]]) -> None:
            flac, problems = found
            if problems:
                self._refuse(problems)
            else:
                self._listen(flac)

        self._worker.run(work, taken, self._failed)

    def _listen(self, flac: bytes) -> None:
        job = self.job = TranscriptJob(self._bridge, self._worker, self)
        job.changed.connect(self.changed)
        job.ended.connect(lambda: self._on_heard(job, flac))
        label = self.tr("Reading of a consent")
        job.listen_to(flac, "audio/flac", label, language=LANGUAGE)

    def _on_heard(self, job: TranscriptJob, flac: bytes) -> None:
        self.job = None
        job.deleteLater()
        if self._closed:
            return
        self._forget_sound(job)
        if job.state is JobState.FAILED and job.failure is not None:
            self._refuse((f"{job.failure.message} {job.failure.hint}".strip(),))
        elif job.artifact is None:
            self._go(Step.READY)
        else:
            self._check(flac, job.artifact)

    def _forget_sound(self, job: TranscriptJob) -> None:
        """Let the engine let go of the reading: it is kept with the voice, or not at all."""
        audio, bridge = job.audio, self._bridge
        if audio is not None:
            self._worker.run(lambda: bridge.inputs.drop(audio), lambda _: None, self._failed)

    def _check(self, flac: bytes, heard: TranscriptArtifact) -> None:
        reading = self.reading
        assert reading is not None

        def work() -> CheckedReading:
            from studio.voices.checking import checked_reading

            return checked_reading(reading, flac, heard)

        self._worker.run(work, self._checked, self._failed)

    def _checked(self, checked: CheckedReading) -> None:
        if checked.problems:
            self.transcript = checked.transcript
            self.missing = checked.hearing.missing
            self._refuse(checked.problems)
        else:
            self._voices.keep(checked, self._kept, self._failed)

    def _kept(self, record: VoiceRecord) -> None:
        self.record = record
        if not self._closed:
            self._go(Step.DONE)

    def _failed(self, error: StudioError) -> None:
        self._refuse(_sentences(error))

    def _refuse(self, problems: tuple[str, ...]) -> None:
        if not self._closed:
            self.problems = problems
            self._go(Step.REFUSED)

    def _go(self, step: Step) -> None:
        self.step = step
        self.changed.emit()


def _sentences(error: StudioError) -> tuple[str, ...]:
    return tuple(text for text in (error.user_message, error.hint) if text)

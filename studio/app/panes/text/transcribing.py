"""What is said in a sound file, as a new manuscript or as subtitles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.job_follower import JobState
from studio.app.missing_listener import MissingListener
from studio.app.panes import SOUND_SUFFIXES
from studio.app.transcript_job import TranscriptJob, can_listen
from studio.app.widgets.listening_bar import Choice, ListeningBar
from studio.app.widgets.words import fill_in
from studio.core.artifacts import TranscriptArtifact

if TYPE_CHECKING:
    from studio.app.panes.text.pane import TextPane


class Transcribing(QObject):
    """One file at a time; its result opens as a manuscript or is offered as a file.

    Attributes:
        bar: Shows what happens.
    """

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self.bar = ListeningBar(pane)
        self._worker = Background("transcribing", self)
        self._missing = MissingListener(context, self.bar, self._model_came, self)
        self._job: TranscriptJob | None = None
        self._file: Path | None = None
        self._subtitles = False

    @property
    def busy(self) -> bool:
        """Whether a file is being written down."""
        return self._job is not None

    def close(self) -> None:
        """End everything."""
        if self._job is not None:
            self._job.abandon()
        self._worker.close()

    # -- what the user does -------------------------------------------------------------------

    def ask_text(self) -> None:
        """Ask for a sound file and write down what is said, as a new manuscript."""
        self._ask(subtitles=False)

    def ask_subtitles(self) -> None:
        """Ask for a sound file and make subtitles."""
        self._ask(subtitles=True)

    def begin(self, file: Path, *, subtitles: bool = False) -> None:
        """Write down what is said in a file; nothing while another is being written down."""
        if self.busy:
            return
        self._file, self._subtitles = file, subtitles
        if can_listen(self._context.bridge):
            self._start()
        else:
            state = self._context.bridge.state()
            if state is None or not state.ready:
                failure = self._context.bridge.failure
                self.bar.say(failure or self.tr("The engine is getting ready."), [self._again()])
            else:
                self._missing.ask()

    def save_subtitles(self, artifact: TranscriptArtifact, path: Path) -> None:
        """Write a transcript in the format that the file's suffix names."""

        def write() -> None:
            from studio.core.atomic_write import atomic_write
            from studio.core.transcripts import FORMATS

            text = FORMATS[path.suffix.lower().lstrip(".")](artifact)
            atomic_write(path, text, doing="writing the transcript")

        words = fill_in(self.tr("%1 was saved."), path.name)
        notify = self._context.notify
        self._worker.run(write, lambda _: notify.success(words), notify.error)

    # -- inside -------------------------------------------------------------------------------

    def _ask(self, *, subtitles: bool) -> None:
        names = " ".join(f"*{suffix}" for suffix in SOUND_SUFFIXES)
        kinds = ";;".join((f"{self.tr('Sound')} ({names})", f"{self.tr('All files')} (*)"))
        name, _ = QFileDialog.getOpenFileName(
            self._pane, self.tr("Choose a sound file"), str(Path.home()), kinds
        )
        if name:
            self.begin(Path(name), subtitles=subtitles)

    def _model_came(self) -> None:
        """Go on with the file that waited for a model."""
        if not self.busy and self._file is not None:
            self._start()

    def _again(self) -> Choice:
        return self.tr("Try again"), self._retry

    def _retry(self) -> None:
        if self._file is not None:
            self.begin(self._file, subtitles=self._subtitles)

    def _start(self) -> None:
        assert self._file is not None
        self._missing.leave()
        job = self._job = TranscriptJob(self._context.bridge, self._worker, self)
        job.changed.connect(self._show_progress)
        job.ended.connect(self._on_ended)
        job.listen(self._file, self._file.name, word_times=self._subtitles)
        self._context.actions.refresh("text.transcribe", "text.subtitles")

    def _show_progress(self) -> None:
        job = self._job
        if job is not None and job.running and self._file is not None:
            words = f"{self._file.name} · {job.words}"
            self.bar.show_progress(words, job.fraction, [(self.tr("Stop"), job.stop)])

    def _on_ended(self) -> None:
        job, self._job = self._job, None
        assert job is not None and self._file is not None
        name = self._file.name
        if job.artifact is not None and job.artifact.text.strip():
            self._show(job.artifact, job)
        elif job.state is JobState.FAILED and job.failure is not None:
            said = f"{job.failure.message} {job.failure.hint}".strip()
            self.bar.say(said, [self._again()], bad=True)
        elif job.state is JobState.STOPPED:
            self.bar.say(fill_in(self.tr("%1 was not written down."), name), [self._again()])
        else:
            self.bar.say(fill_in(self.tr("No words were heard in %1."), name))
        self._context.actions.refresh("text.transcribe", "text.subtitles")
        job.deleteLater()

    def _show(self, artifact: TranscriptArtifact, job: TranscriptJob) -> None:
        """Open the text, or ask where the subtitles go; both can be had afterwards."""
        assert self._file is not None
        file = self._file

        def save() -> None:
            self._ask_where(artifact, file)

        def open_text() -> None:
            from studio.core.transcripts import to_text

            text = to_text(artifact).strip()
            self._pane.add_text(file.stem, text, "imported", artifact.request, job_facts)

        job_facts = job.facts
        words = fill_in(self.tr("%1 is written down."), file.name)
        as_file = (self.tr("Save as subtitles…"), save)
        if self._subtitles:
            self.bar.say(words, [as_file, (self.tr("Open as a text"), open_text)])
            save()
        else:
            open_text()
            self.bar.say(words, [as_file])

    def _ask_where(self, artifact: TranscriptArtifact, file: Path) -> None:
        kinds = (
            f"{self.tr('SubRip subtitles')} (*.srt);;{self.tr('WebVTT subtitles')} (*.vtt);;"
            f"{self.tr('Text')} (*.txt);;{self.tr('Everything known, as JSON')} (*.json)"
        )
        name, kind = QFileDialog.getSaveFileName(
            self._pane, self.tr("Save as subtitles"), str(file.with_suffix(".srt")), kinds
        )
        if not name:
            return
        path = Path(name)
        if path.suffix.lower() not in (".srt", ".vtt", ".txt", ".json"):
            suffix = next(each for each in ("srt", "vtt", "txt", "json") if f"*.{each}" in kind)
            path = path.with_name(f"{path.name}.{suffix}")
        self.save_subtitles(artifact, path)

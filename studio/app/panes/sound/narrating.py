"""Narrating from the pane: which text and voices, one run at a time, told in the strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.panes.sound.narration_run import NarrationRun, texts_of
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.app.panes.sound.pane import SoundPane
    from studio.documents.soundtrack.narration import Cast


class Narrating(QObject):
    """The pane's narration.

    Attributes:
        run: The last run; ``None`` before the first.
        voices: What was chosen for speakers the last time, by name.
    """

    def __init__(self, pane: SoundPane, context: AppContext, worker: Background) -> None:
        super().__init__(pane)
        self.run: NarrationRun | None = None
        self.voices: dict[str, tuple[str, str]] = {}
        self._pane = pane
        self._context = context
        self._worker = worker

    def ask(self) -> None:
        """Ask for a text of the project and speak it onto a track; or end that."""
        if self.run is not None and self.run.running:
            self.run.stop()
            return
        projects = self._context.projects
        project = projects.current
        texts = texts_of(project) if project is not None else []
        if not texts or project is None:
            self._context.notify.info(
                self.tr("There is no text in this project yet. Write one in the text pane first.")
            )
            return
        from studio.app.panes.sound.narrate_dialog import NarrateDialog

        dialog = NarrateDialog(
            texts,
            lambda text_id: project.text(text_id).text,
            self._pane.options,
            self.voices,
            self._pane,
        )
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.voices = dialog.voices
            self.speak(dialog.text, dialog.cast(), document_id=dialog.document_id)

    def speak(self, text: str, cast: Cast | None = None, *, document_id: str = "") -> None:
        """Speak a text onto the narration track; only what changed is spoken anew.

        Args:
            text: All of it.
            cast: Who speaks how; the chosen voice for everything when left out.
            document_id: Which document of the project it is, if it is one.
        """
        from studio.app.panes.sound.narrate_dialog import narrator_of
        from studio.documents.soundtrack.narration import Cast

        session = self._pane.session
        if session is None:
            return
        run = NarrationRun(self._context, session, self._worker, self)
        run.changed.connect(self._show)
        try:
            cast = cast or Cast(narrator=narrator_of(self._pane.options))
            run.start(text, cast, document_id)
        except StudioError as error:
            self._pane.view.show_error(error)
            return
        self.run = run
        self._show()

    def _show(self) -> None:
        run, strip = self.run, self._pane.strip
        if run is None:
            return
        if run.running:
            words = fill_in(self.tr("Speaking line %1 of %2"), run.done + 1, run.total)
            strip.say(words, [(self.tr("Stop"), run.stop)])
        else:
            strip.hide()

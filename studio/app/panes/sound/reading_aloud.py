"""Tells which sentence of a text is heard while its narration plays; plays from a sentence on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.context import AppContext
from studio.app.documents_pane import NARRATES, Heard, ReadAloud
from studio.core.errors import StudioError
from studio.documents.soundtrack.narration import clip_for, spoken_line
from studio.documents.soundtrack.storage import KIND

if TYPE_CHECKING:
    from studio.app.panes.sound.pane import SoundPane

PAUSE_S = 3.0
"""A sentence stays shown in a pause that is no longer than this."""


class ReadingAloud(QObject):
    """Follows the pane's play head; told on the GUI thread, once for each sentence."""

    #: A :class:`Heard`, or ``None`` when no sentence of a text is heard any more.
    heard = Signal(object)

    def __init__(self, pane: SoundPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self._now: Heard | None = None
        pane.view.speaking_changed.connect(self._on_speaking)
        pane.view.changed.connect(self._on_changed)

    def read(self, wish: ReadAloud) -> None:
        """Play the narration of a text from a place on, in whichever document it is."""
        try:
            if any(self._plays(wish, document) for document in self._narrations(wish)):
                return
        except StudioError as error:
            self._context.notify.error(error)
            return
        self._context.notify.info(
            self.tr("What stands here is not spoken yet."),
            hint=self.tr("Narrate the text again in the sound pane: only what is new is spoken."),
        )

    def stop(self) -> None:
        """Stop playing, and stay at this sentence."""
        session = self._pane.session
        if session is not None and session.player is not None:
            session.player.pause()

    # --- inside -----------------------------------------------------------------------------

    def _narrations(self, wish: ReadAloud) -> list[str]:
        """Return ids of the documents that may speak the text, the one in front first."""
        found = [
            info.id
            for info in wish.project.documents()
            if info.kind == KIND and wish.document_id in info.meta.get(NARRATES, ())
        ]
        front = self._pane.document
        here = front.document_id if front is not None else ""
        return sorted(found, key=lambda document: document != here)

    def _plays(self, wish: ReadAloud, document_id: str) -> bool:
        front = self._pane.document
        if front is None or (front.project, front.document_id) != (wish.project, document_id):
            self._pane.open_document(wish.project, document_id)
        session = self._pane.session
        if session is None or session.recorder.recording:
            return False
        arrangement = session.soundtrack.arrangement
        clip = clip_for(arrangement, wish.document_id, wish.text, wish.offset)
        if clip is None:
            return False
        session.ready()
        assert session.player is not None
        self._pane.view.timeline.set_cursor_position(clip.start, follow=True)
        session.player.play(clip.start)
        return True

    def _on_speaking(self, clip_id: str) -> None:
        session = self._pane.session
        if session is None or not session.playing:
            self._say(None)
        elif clip_id:
            found = spoken_line(*session.soundtrack.arrangement.find(clip_id))
            project = session.place.project
            told = found is not None and project is not None
            self._say(Heard(project, *found) if told else None)  # type: ignore[arg-type, misc]
        elif not self._goes_on():
            self._say(None)

    def _goes_on(self) -> bool:
        """Whether the next sentence comes after a short pause."""
        session = self._pane.session
        assert session is not None
        at = self._pane.view.timeline.cursor_position
        until = at + PAUSE_S * session.soundtrack.sampling_rate
        tracks = session.soundtrack.arrangement.audible_tracks()
        clips = (clip for track in tracks if track.kind == "speech" for clip in track.clips)
        return any(at <= clip.start <= until and not clip.mute for clip in clips)

    def _on_changed(self) -> None:
        session = self._pane.session
        if self._now is not None and (session is None or not session.playing):
            self._say(None)

    def _say(self, heard: Heard | None) -> None:
        if heard != self._now:
            self._now = heard
            self.heard.emit(heard)

"""The lent voices as the window sees them: read and changed in the back, told by a signal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.background import Background, Otherwise
from studio.core.errors import StudioError
from studio.core.paths import Folders
from studio.core.requests import KeptVoice

if TYPE_CHECKING:
    from studio.core.media import Sound
    from studio.voices.checking import CheckedReading
    from studio.voices.records import VoiceRecord
    from studio.voices.store import LentVoice, VoiceStore

READINGS = "voice-readings"
"""Where a reading is recorded until it is checked; what a crash leaves there is deleted."""


class OwnVoices(QObject):
    """Shared by everything in the window that offers voices.

    Attributes:
        voices: What is kept, by name; empty until :meth:`look` was answered.
        loaded: Whether it was.
        failure: Why the voices could not be read.
    """

    changed = Signal()

    def __init__(self, folders: Folders, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.voices: tuple[LentVoice, ...] = ()
        self.loaded = False
        self.failure: StudioError | None = None
        self.readings = folders.state / READINGS
        self._folders = folders
        self._asked = False
        self._worker = Background("lent-voices", self)
        self._made: VoiceStore | None = None

    def close(self) -> None:
        """End the thread; what was begun is ended."""
        self._worker.close()

    def look(self) -> None:
        """Read the voices in the back, the first time."""
        if not self._asked:
            self._asked = True
            self.clear_readings()
            self.refresh()

    def refresh(self) -> None:
        """Read the voices again, in the back."""
        self._worker.run(lambda: self._store().voices(), self._read, self._failed)

    def clear_readings(self) -> None:
        """Delete, in the back, readings that nobody agreed to keep."""
        self._worker.run(self._clear_readings, lambda _: None, self._failed)

    def usable(self) -> tuple[KeptVoice, ...]:
        """Return the voices whose consent checks out, as requests carry them."""
        return tuple(
            voice.record.kept_voice()
            for voice in self.voices
            if voice.record is not None and not voice.problem
        )

    def find(self, voice_id: str) -> KeptVoice | None:
        """Return a usable voice."""
        return next((voice for voice in self.usable() if voice.id == voice_id), None)

    def keep(
        self,
        checked: CheckedReading,
        then: Callable[[VoiceRecord], object],
        otherwise: Otherwise,
    ) -> None:
        """Keep a voice in the back, then tell."""

        def kept(record: VoiceRecord) -> None:
            self.refresh()
            then(record)

        self._worker.run(lambda: self._store().keep(checked), kept, otherwise)

    def revoke(self, voice_id: str, otherwise: Otherwise) -> None:
        """Delete a voice in the back."""

        def failed(error: StudioError) -> None:
            self.refresh()
            otherwise(error)

        revoke = partial(self._revoke, voice_id)
        self._worker.run(revoke, lambda _: self.refresh(), failed)

    def sound(self, voice_id: str, then: Callable[[Sound], object], otherwise: Otherwise) -> None:
        """Read and decode the reading of a voice, to listen to."""

        def work() -> Sound:
            from studio.voices.checking import sound_in

            return sound_in(self._store().sound(voice_id))

        self._worker.run(work, then, otherwise)

    # -- inside -------------------------------------------------------------------------------

    def _store(self) -> VoiceStore:
        """Return the store; on the worker's thread."""
        if self._made is None:
            from studio.voices.store import VoiceStore

            self._made = VoiceStore(self._folders.voices, self._folders.credentials)
        return self._made

    def _revoke(self, voice_id: str) -> None:
        self._store().revoke(voice_id)

    def _read(self, voices: tuple[LentVoice, ...]) -> None:
        self.voices, self.loaded, self.failure = voices, True, None
        self.changed.emit()

    def _failed(self, error: StudioError) -> None:
        self.loaded, self.failure = True, error
        self.changed.emit()

    def _clear_readings(self) -> None:
        from studio.documents.soundtrack.recorder import discard, recoverable

        for recording in recoverable(self.readings):
            discard(recording)

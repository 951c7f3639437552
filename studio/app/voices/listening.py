"""Listening to a kept reading: decoded in the back, played on the output, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.voices.own_voices import OwnVoices
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.core.media import Sound
    from studio.documents.soundtrack.outputs import Output
    from studio.documents.soundtrack.stream_player import StreamPlayer


class ReadingPlayer(QObject):
    """Plays one reading.

    Attributes:
        voice: Id of the voice that is heard; "" for none.
    """

    output: Callable[[], Output | None] = staticmethod(lambda: None)
    """Where to play; the system's choice when it returns ``None``."""

    changed = Signal()
    failed = Signal(object)
    """A :class:`StudioError`: the sound cannot be read or played."""
    _ended = Signal(object, object)

    def __init__(self, voices: OwnVoices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.voice = ""
        self._voices = voices
        self._player: StreamPlayer | None = None
        self._ended.connect(self._on_ended)

    def toggle(self, voice_id: str) -> None:
        """Play a reading from its beginning, or fall silent."""
        was = self.voice
        self.stop()
        if was != voice_id:
            self.voice = voice_id
            self._voices.sound(voice_id, lambda sound: self._play(voice_id, sound), self._fail)
            self.changed.emit()

    def stop(self) -> None:
        """Fall silent."""
        player, self._player = self._player, None
        if player is not None:
            player.stop()
        if self.voice:
            self.voice = ""
            self.changed.emit()

    def _play(self, voice_id: str, sound: Sound) -> None:
        if self.voice != voice_id:
            return
        from studio.documents.soundtrack.stream_player import StreamPlayer

        player = StreamPlayer(self.output(), lambda error: self._ended.emit(player, error))
        self._player = player
        player.put(sound)
        player.finish()

    def _on_ended(self, player: StreamPlayer, error: StudioError | None) -> None:
        if player is not self._player:
            return
        self.stop()
        if error is not None:
            self.failed.emit(error)

    def _fail(self, error: StudioError) -> None:
        self.stop()
        self.failed.emit(error)

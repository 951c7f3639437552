"""Listening to a sound of the library: one at a time, from its file, as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.errors import StudioError
from studio.documents.soundtrack.file_player import FilePlayer

if TYPE_CHECKING:
    from studio.documents.soundtrack.outputs import Output

TICK_MS = 50
CLOSE_S = 2.0
"""How long closing waits for a device that is being opened; it is given back in any case."""


class Listening(QObject):
    """Plays and falls silent. GUI thread only; nothing here waits but :meth:`close`."""

    changed = Signal()
    """It began, ended, or went on."""
    failed = Signal(object)
    """A :class:`StudioError`: why it could not be heard."""
    _ended = Signal(object, object)

    def __init__(self, output: Callable[[], Output | None], parent: QObject | None = None) -> None:
        """Be silent.

        Args:
            output: Where to play; the system's choice when it returns ``None``.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self._output = output
        self._player: FilePlayer | None = None
        self._item_id: int | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.changed)
        self._ended.connect(self._on_ended)

    @property
    def item_id(self) -> int | None:
        """The item that is heard; ``None`` in silence."""
        return self._item_id

    @property
    def position_s(self) -> float:
        """How much of it was heard, in seconds."""
        return self._player.position_s if self._player is not None else 0.0

    def toggle(self, item_id: int, path: Path) -> None:
        """Play an item from its beginning, or fall silent when it is the one that is heard."""
        was = self._item_id
        self.stop()
        if was != item_id:
            self._play(item_id, path)

    def stop(self) -> None:
        """Fall silent."""
        player, self._player = self._player, None
        self._timer.stop()
        if player is not None:
            player.stop()
            self._item_id = None
            self.changed.emit()

    def close(self) -> None:
        """Fall silent, and wait until the device is given back."""
        player = self._player
        self.stop()
        if player is not None:
            player.wait(CLOSE_S)

    def _play(self, item_id: int, path: Path) -> None:
        # The signal passes the player on, so that the word of an older one is told apart.
        def ended(error: StudioError | None) -> None:
            self._ended.emit(player, error)

        player = FilePlayer(path, self._output(), ended)
        self._player, self._item_id = player, item_id
        player.start()
        self._timer.start()
        self.changed.emit()

    def _on_ended(self, player: FilePlayer, error: StudioError | None) -> None:
        if player is not self._player:
            return
        self.stop()
        if error is not None:
            self.failed.emit(error)

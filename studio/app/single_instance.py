"""One window per data folder: a second start hands its files over and ends.

A lock file says at once who came first, without loading the network module; only the second one
needs that, and the first one after its first paint. The socket is local to this computer.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

HAND_OVER_MS = 3_000
MOST_BYTES = 1_000_000


class SingleInstance(QObject):
    """Says whether this is the first window, listens to later ones, or speaks to the first."""

    files_arrived = Signal(list)
    """Paths a second start was asked to open; empty when it only wants the window in front."""

    def __init__(self, state_folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        state_folder.mkdir(parents=True, exist_ok=True)
        self._lock = QLockFile(str(state_folder / "window.lock"))
        self._lock.setStaleLockTime(0)  # a window may be open for days; only its death counts
        digest = hashlib.sha256(str(state_folder.resolve()).encode()).hexdigest()
        self.name = f"triptych-{digest[:16]}"
        self._server: QLocalServer | None = None

    def is_first(self) -> bool:
        """Take the lock; false when another window of this data folder has it."""
        return self._lock.isLocked() or self._lock.tryLock(0)

    def listen(self) -> None:
        """Listen to later starts; call after the first paint."""
        from PySide6.QtNetwork import QLocalServer

        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self.name)  # what a crash left behind; the lock is ours
        self._server.newConnection.connect(self._on_connection)
        self._server.listen(self.name)

    def hand_over(self, files: list[Path]) -> bool:
        """Give files to the first window and let it come to the front; say whether it did."""
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self.name)
        if not socket.waitForConnected(HAND_OVER_MS):
            return False
        message = json.dumps([str(path.absolute()) for path in files]) + "\n"
        socket.write(message.encode("utf-8", "surrogateescape"))
        socket.flush()
        heard = socket.waitForReadyRead(HAND_OVER_MS)
        socket.disconnectFromServer()
        return bool(heard)

    def close(self) -> None:
        """Stop listening and let another window be the first."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _on_connection(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda s=socket: self._read(s))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        line = bytes(socket.readLine(MOST_BYTES).data())
        try:
            names = json.loads(line.decode("utf-8", "surrogateescape"))
        except ValueError:
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            self.files_arrived.emit([Path(name) for name in names])

"""Connections that only read, lent to whichever thread asks and used again."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.core.errors import StorageError
from studio.documents.project.database import database_errors, open_reader

MAX_IDLE = 4


class Readers:
    """Reading connections of one project file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._lent: set[sqlite3.Connection] = set()
        self._closed = False
        self._moves = 0

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection.

        Raises:
            StorageError: The file cannot be read, or the project is closed.
        """
        with self._lock:
            if self._closed:
                raise StorageError("The project is closed.", path=str(self.path))
            connection = self._idle.pop() if self._idle else None
            moves = self._moves
        if connection is None:
            connection = open_reader(self.path)
        with self._lock:
            self._lent.add(connection)
        try:
            with database_errors(self.path, "reading the project"):
                yield connection
        finally:
            self._take_back(connection, moves)

    def close(self) -> None:
        """Close all; those at work are interrupted and closed when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for connection in self._lent:
                connection.interrupt()
        for connection in idle:
            connection.close()

    def close_idle(self) -> None:
        """Close what nobody uses now; others are closed when they come back."""
        with self._lock:
            self._moves += 1
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def move_to(self, path: Path) -> None:
        """Read from another file from now on."""
        with self._lock:
            self.path = path
        self.close_idle()

    def _take_back(self, connection: sqlite3.Connection, moves: int) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._lock:
            self._lent.discard(connection)
            keep = not self._closed and moves == self._moves and len(self._idle) < MAX_IDLE
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()

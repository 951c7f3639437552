"""One lock between processes: whoever holds it may write the index and sweep the folder.

SQLite before 3.51.3 can lose a write when two connections write and checkpoint the same WAL at
once; with every write and checkpoint under this lock that cannot happen.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from studio.core.errors import storage_errors


class ProcessLock:
    """A lock file; not re-entrant, also between threads of this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread_lock = threading.Lock()
        self._file: BinaryIO | None = None

    def __enter__(self) -> ProcessLock:
        self._thread_lock.acquire()
        try:
            with storage_errors(self.path, "waiting for the library"):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("ab")
                _lock(self._file)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self._file is not None:
            self._file.close()  # closing also gives the lock back
            self._file = None
        self._thread_lock.release()


if os.name == "nt":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                return
            except OSError as error:
                if error.errno != 36:  # EDEADLOCK: ten seconds passed; wait on
                    raise
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)

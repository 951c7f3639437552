"""One writer per project: a lock the system takes away when its holder dies.

The lock file stands beside the project. Its content (process, time) only serves the sentence
shown to the user; what counts is the system's lock on it. A clean close removes the file, so a
file without a lock means that Triptych did not end cleanly: that is how a crash is told from a
second window.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from pathlib import Path
from typing import Literal

from studio.core.errors import StorageError, from_os_error
from studio.documents.project.records import ProjectInUseError

Standing = Literal["free", "held", "left"]
"""``free``: no lock file. ``held``: somebody has it open. ``left``: its holder died."""


def lock_path(project: Path) -> Path:
    """Return where the lock file of a project stands."""
    return project.with_name(f".{project.name}.lock")


class ProjectLock:
    """The right to write a project, held until :meth:`release` or the end of the process."""

    def __init__(self, project: Path) -> None:
        self._path = lock_path(Path(os.path.realpath(project)))
        self._project = project
        self._descriptor: int | None = None
        self.was_left = False

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            ProjectInUseError: Somebody else holds it.
            StorageError: The folder does not let us make the lock file.
        """
        while self._descriptor is None:
            existed = self._path.exists()
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise from_os_error(error, self._path, "opening the project") from error
            try:
                held = _try_lock(descriptor)
                if not held:
                    raise self._in_use(descriptor)
                if _is_file(descriptor, self._path):  # not one its holder removed meanwhile
                    self.was_left = existed and os.fstat(descriptor).st_size > 0
                    self._write_owner(descriptor)
                    self._descriptor = descriptor
            finally:
                if self._descriptor is None:
                    os.close(descriptor)

    def release(self) -> None:
        """Give the lock back and remove its file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if os.name == "nt":
            os.ftruncate(descriptor, 0)
            _unlock(descriptor)
            os.close(descriptor)
            _remove(self._path)
            return
        _remove(self._path)
        os.close(descriptor)

    def _write_owner(self, descriptor: int) -> None:
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(owner).encode(), 0) if hasattr(
                os, "pwrite"
            ) else os.write(descriptor, json.dumps(owner).encode())
        except OSError as error:
            if error.errno != errno.ENOSPC:  # on a full disk the lock itself still holds
                raise from_os_error(error, self._path, "opening the project") from error

    def _in_use(self, descriptor: int) -> ProjectInUseError:
        return ProjectInUseError(
            f"{self._project.name} is already open in another window.",
            hint="Go on there, or open it here to read only.",
            path=str(self._project),
            owner=_owner(descriptor),
        )


def standing(project: Path) -> Standing:
    """Return how a project's lock stands, without changing anything."""
    path = lock_path(Path(os.path.realpath(project)))
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return "free"
    try:
        if not _try_lock(descriptor):
            return "held"
        _unlock(descriptor)
        return "left" if os.fstat(descriptor).st_size else "free"
    finally:
        os.close(descriptor)


def remove_empty_log(project: Path) -> None:
    """Remove the empty files SQLite leaves beside a project that was only read.

    Only while holding the lock: a log that somebody writes must never lose its name.
    """
    rest = [project.with_name(project.name + ending) for ending in ("-wal", "-shm")]
    if not any(path.exists() for path in rest) or standing(project) != "free":
        return
    lock = ProjectLock(project)
    try:
        lock.acquire()
    except StorageError:
        return  # in use just now, or a read-only folder: they stay and harm nothing
    try:
        if not rest[0].exists() or rest[0].stat().st_size == 0:
            for path in rest:
                _remove(path)
    finally:
        lock.release()


def _owner(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 1000).decode("utf-8", "replace")
    except OSError as error:  # Windows lets nobody read a locked range
        return str(error)


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # Windows, while another window looks at it: an empty file is "free"
        return


if os.name == "nt":
    import msvcrt

    _FAR = 0x40000000  # a byte past the content, so that others can read who holds it

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            return True  # a drive without locks; is_network() has warned about it
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

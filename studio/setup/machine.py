"""What this computer has: its data folder, room on its disks, a display, a card; one lock."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from studio.setup.failures import DiskFullError, existing_parent
from studio.setup.screen import Screen


def data_dir(
    system: str = sys.platform,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Path:
    """Return Triptych's data folder: the one that platformdirs names, or TRIPTYCH_DATA_DIR.

    Args:
        system: As ``sys.platform``.
        env: The environment variables.
        home: The user's home folder; looked up when ``None``.

    Returns:
        The folder, which need not exist.
    """
    override = env.get("TRIPTYCH_DATA_DIR", "")
    if override:
        return Path(override).expanduser().absolute()
    if system == "win32":
        return windows_local_data(env, home) / "Triptych"
    xdg = env.get("XDG_DATA_HOME", "")
    if xdg.startswith("/"):
        return Path(xdg) / "Triptych"
    base = "Library/Application Support" if system == "darwin" else ".local/share"
    return (home or Path.home()) / base / "Triptych"


def windows_local_data(env: Mapping[str, str], home: Path | None = None) -> Path:
    """Return Windows' folder for a user's local application data."""
    if sys.platform == "win32":
        import ctypes

        buffer = ctypes.create_unicode_buffer(1024)
        if ctypes.windll.shell32.SHGetFolderPathW(None, 0x1C, None, 0, buffer) == 0:
            return Path(buffer.value)
    if env.get("LOCALAPPDATA"):
        return Path(env["LOCALAPPDATA"])
    return (home or Path.home()) / "AppData" / "Local"


def check_space(needs: Sequence[tuple[Path, int]]) -> None:
    """Stop when a disk has not enough room.

    Args:
        needs: Folders with the bytes that will be written below each; those on one disk add up.

    Raises:
        DiskFullError: With what is free and what is needed.
    """
    totals: dict[int, tuple[Path, int]] = {}
    for folder, count in needs:
        place = existing_parent(folder)
        disk = place.stat().st_dev
        totals[disk] = (place, totals.get(disk, (place, 0))[1] + count)
    for place, count in totals.values():
        if count and shutil.disk_usage(place).free < count:
            raise DiskFullError(place, count)


def has_nvidia() -> bool:
    """Tell whether this machine has NVIDIA's driver."""
    return Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))


def is_headless(system: str, env: Mapping[str, str]) -> bool:
    """Tell whether no window can be opened here."""
    if system in ("win32", "darwin"):
        return False
    return not any(env.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


class SetupLock:
    """Lets one set-up at a time touch the data folder and the environment.

    The system drops the lock when the process ends, however it ends.
    """

    def __init__(self, path: Path, screen: Screen) -> None:
        self._path = path
        self._screen = screen
        self._file: Any = None

    def __enter__(self) -> SetupLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a")
        if not self._try():
            self._screen.say("Another set-up of Triptych is running; this one goes on after it.")
            while not self._try():
                time.sleep(0.5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _try(self) -> bool:
        try:
            if sys.platform == "win32":
                import msvcrt

                self._file.seek(0)
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # A disk that knows no locks (some network ones) must not keep anyone out for good.
            return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
        return True

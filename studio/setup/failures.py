"""The ways in which setting up ends early, each one sentence for the person at the terminal."""

from __future__ import annotations

import shutil
from pathlib import Path


class SetupError(Exception):
    """Ends the set-up with one sentence for the person at the terminal."""


class NoNetworkError(SetupError):
    """Nothing can be fetched because the network is not there."""

    def __init__(self) -> None:
        super().__init__(
            "There is no network connection, and the first set-up needs one: connect and start "
            "again; what is already here is kept."
        )


class DiskFullError(SetupError):
    """There is not enough space."""

    def __init__(self, where: Path, needed: int = 0) -> None:
        free = shutil.disk_usage(existing_parent(where)).free
        need = f" and the set-up needs about {gigabytes(needed)}" if needed else ""
        super().__init__(
            f"The disk is full: {where} has {gigabytes(free)} free{need}. "
            "Make some room and start again; what is already here is kept."
        )


class WrongHashError(SetupError):
    """A file is not the one that is pinned."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not the file that was expected (its SHA-256 differs), so it was deleted: "
            "start again, and if it happens again, the place it comes from cannot be trusted."
        )


class UnavailableError(Exception):
    """A download route does not work here; another one may."""


def gigabytes(count: float) -> str:
    """Return a number of bytes as gigabytes, such as "3.8 GB"."""
    return f"{count / 1e9:.1f} GB"


def existing_parent(path: Path) -> Path:
    """Return the path itself or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())

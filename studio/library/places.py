"""Where things lie in a library folder, and how files are moved there without loss.

2026-11-22-text-the-old-lighthouse-7.md     results, by the user's template
.triptych/marks/                            stars, tags, boards
.triptych/trash/20261122T041500Z/…          the trash: when, and where the file was
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from studio.core.atomic_write import TEMPORARY_SUFFIX, sync_folder
from studio.core.errors import StorageError, storage_errors
from studio.library.names import numbered
from studio.library.reading import kind_of

OWN_FOLDER = ".triptych"
_STAMP = "%Y%m%dT%H%M%SZ"


class ListedFile(NamedTuple):
    """A file found in the folder, before it is read."""

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Places:
    """Paths inside one library folder."""

    folder: Path

    @property
    def marks(self) -> Path:
        """Folder of stars, tags and boards."""
        return self.folder / OWN_FOLDER / "marks"

    @property
    def trash(self) -> Path:
        """Folder of the trash."""
        return self.folder / OWN_FOLDER / "trash"

    def file(self, path: str) -> Path:
        """Return where a relative path lies."""
        return self.folder.joinpath(*PurePosixPath(path).parts)

    def relative(self, file: Path) -> str:
        """Return the path relative to the folder, with forward slashes."""
        return file.relative_to(self.folder).as_posix()

    def list_files(self) -> Iterator[ListedFile]:
        """Yield every file with results in it, the trash included.

        Raises:
            StorageError: The folder cannot be read, such as a drive that is not connected.
        """
        with storage_errors(self.folder, "looking through the library folder"):
            for file in _walk(self.folder):
                yield ListedFile(self.relative(file[0]), file[1].st_size, file[1].st_mtime_ns)

    def remove_leftovers(self) -> int:
        """Remove unfinished files of a crash; callers hold the library's lock."""
        removed = 0
        for folder, names, files in os.walk(self.folder):
            names[:] = [n for n in names if not n.startswith(".") or n == OWN_FOLDER]
            for name in files:
                if name.endswith(TEMPORARY_SUFFIX):
                    Path(folder, name).unlink(missing_ok=True)
                    removed += 1
        return removed

    # ---- trash -------------------------------------------------------------------------------

    def trash_path(self, path: str, when: datetime) -> str:
        """Return where a file goes when it is put into the trash at this moment."""
        stamp = when.astimezone(UTC).strftime(_STAMP)
        return f"{OWN_FOLDER}/trash/{stamp}/{path}"

    def trashed_at(self, path: str) -> float | None:
        """Return when the file at this path was put into the trash; ``None`` if it was not."""
        parts = PurePosixPath(path).parts
        if parts[:2] != (OWN_FOLDER, "trash") or len(parts) < 4:
            return None
        try:
            return datetime.strptime(parts[2], _STAMP).replace(tzinfo=UTC).timestamp()
        except ValueError:
            return None

    def path_before_trash(self, path: str) -> str:
        """Return where a file of the trash lay before."""
        return "/".join(PurePosixPath(path).parts[3:])

    def move(self, path: str, target: str) -> str:
        """Move a file to a free name; returns the relative path it has now.

        Raises:
            StorageError: It stays where it was.
        """
        source = self.file(path)
        wanted = PurePosixPath(target)
        for stem in numbered(wanted.stem):
            name = (wanted.parent / f"{stem}{wanted.suffix}").as_posix()
            goal = self.file(name)
            with storage_errors(source, "moving the file"):
                goal.parent.mkdir(parents=True, exist_ok=True)
                try:
                    _move_without_replacing(source, goal)
                except FileExistsError:
                    continue
                sync_folder(goal.parent)
                sync_folder(source.parent)
                return name
        raise StorageError(f"{source.name} could not be moved.")  # numbered() never ends

    def remove_empty_trash(self) -> None:
        """Remove folders of the trash that hold nothing any more."""
        for folder, _, _ in os.walk(self.trash, topdown=False):
            if not any(Path(folder).iterdir()):
                Path(folder).rmdir()


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        if not _utf8(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name == OWN_FOLDER:
                trash = Path(entry.path, "trash")
                if trash.is_dir():
                    yield from _walk(trash)
            elif not entry.name.startswith("."):
                yield from _walk(Path(entry.path))
        elif not entry.name.startswith(".") and kind_of(entry.name):
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue  # a link to nothing, or gone since the folder was listed
            if entry.is_file():
                yield Path(entry.path), status


def _utf8(name: str) -> bool:
    """Whether the name is text; bytes that are none cannot be kept in the index."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _move_without_replacing(source: Path, goal: Path) -> None:
    try:
        os.link(source, goal)
    except FileExistsError:
        raise
    except OSError:  # no hard links here
        if goal.exists():
            raise FileExistsError(goal) from None
        source.rename(goal)
        return
    source.unlink()

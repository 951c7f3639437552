"""Rolling backups: whole copies of a project, made when it is opened and once a day.

They lie in a folder per project, named by its id and path; ``source.json`` there says which file
they are copies of, so that they are found when the file itself cannot be read any more.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.atomic_write import atomic_write, sync_folder
from studio.core.errors import StorageError, storage_errors
from studio.documents.project.lock import ProjectLock
from studio.documents.project.moving import copy_database
from studio.documents.project.places import free_bytes
from studio.documents.project.project import SUFFIX
from studio.documents.project.records import Backup

if TYPE_CHECKING:
    from studio.documents.project.project import Project

logger = logging.getLogger(__name__)

KEPT = 5
BUDGET_BYTES = 2 * 2**30
"""All backups of one project together; of a larger project only the newest is kept."""


def back_up_if_due(project: Project, folder: Path, go_on: Callable[[], bool]) -> Backup | None:
    """Make a backup unless the newest one holds the same; returns the new one.

    Raises:
        StorageError: It could not be made; older ones are still there.
    """
    project.flush()
    with storage_errors(folder, "making a backup"), project.reading() as connection:
        row = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
        ).fetchone()
        sequence = row[0] if row is not None else 0
        mark = f"{project.id}:{sequence}"
        place = _place(folder, project)
        source = _source(place)
        kept = _backups_in(place)
        if not sequence or (kept and source.get("mark") == mark):
            return None
        size = project.path.stat().st_size
        free = free_bytes(place if place.is_dir() else folder.parent)
        if free is not None and free < 2 * size + 2**26:
            raise StorageError(
                f"There is no room for a backup of {project.path.name}.",
                hint=f"{size / 1e6:.0f} MB are needed where {folder} lies.",
            )
        path = place / f"{time.strftime('%Y%m%d-%H%M%S')}-{sequence:010d}{SUFFIX}"
        if not copy_database(connection, path, go_on=go_on):
            return None
    atomic_write(
        place / "source.json",
        json.dumps({"path": str(project.path), "mark": mark}),
        doing="noting the backup",
    )
    with storage_errors(place, "making a backup"):
        _thin(place)
        return _backup(path)


def backups_of(folder: Path, path: Path) -> tuple[Backup, ...]:
    """Return the backups of the project at ``path``, newest first."""
    found: list[Backup] = []
    for place in folder.iterdir() if folder.is_dir() else ():
        if _source(place).get("path") == str(path):
            found += _backups_in(place)
    return tuple(sorted(found, key=_age, reverse=True))


def put_in_place(source: Path, path: Path) -> Path | None:
    """Put a whole copy where a damaged project stands; return where that one is kept now.

    Raises:
        ProjectInUseError: Another window has it open.
        StorageError: The system refused; the damaged file is at its place or beside it.
    """
    aside: Path | None = None
    lock = ProjectLock(path)
    lock.acquire()
    try:
        with storage_errors(path, "putting the backup in place"):
            if path.exists():
                aside = aside_path(path)
                for rest in ("-wal", "-shm", ""):
                    part = path.with_name(path.name + rest)
                    if part.exists():
                        part.rename(aside.with_name(aside.name + rest))
            _copy_file(source, path)
    finally:
        lock.release()
    return aside


def aside_path(path: Path) -> Path:
    """Return a free name beside ``path`` under which a damaged file is kept."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    candidate = path.with_name(f"{path.name}.damaged-{stamp}")
    while candidate.exists():
        candidate = path.with_name(f"{path.name}.damaged-{stamp}-{secrets.token_hex(2)}")
    return candidate


def _copy_file(source: Path, path: Path) -> None:
    from studio.core.atomic_write import atomic_file

    with source.open("rb") as read, atomic_file(path, doing="putting the backup in place") as file:
        while block := read.read(2**20):
            file.write(block)


def _place(folder: Path, project: Project) -> Path:
    """Return the folder of a project's backups; copies share an id but not a path."""
    where = hashlib.sha256(os.fsencode(project.path)).hexdigest()
    return folder / f"{project.id[:16]}-{where[:16]}"


def _thin(place: Path) -> None:
    """Keep the first and the newest of each day, ``KEPT`` in all and within the budget."""
    kept = total = 0
    of_day: dict[str, int] = {}
    oldest_of_day = {backup.path.name[:8]: backup.path for backup in _backups_in(place)}
    for backup in _backups_in(place):
        day = backup.path.name[:8]
        of_day[day] = of_day.get(day, 0) + 1
        crowded = of_day[day] > 1 and backup.path != oldest_of_day[day]
        over = kept >= KEPT or (kept >= 1 and total + backup.size > BUDGET_BYTES)
        if crowded or over:
            backup.path.unlink(missing_ok=True)
            continue
        kept, total = kept + 1, total + backup.size
    if os.name != "nt":
        sync_folder(place)


def _backups_in(place: Path) -> list[Backup]:
    if not place.is_dir():
        return []
    found = [_backup(path) for path in place.glob(f"*{SUFFIX}")]
    return sorted(
        (backup for backup in found if not backup.path.name.startswith(".")),
        key=_age,
        reverse=True,
    )


def _age(backup: Backup) -> str:
    """Return what backups are ordered by: how far the journal was. Clocks may jump."""
    return backup.path.stem.rpartition("-")[2]


def _backup(path: Path) -> Backup:
    found = path.stat()
    return Backup(path=path, at=found.st_mtime, size=found.st_size)


def _source(place: Path) -> dict[str, str]:
    try:
        plain = json.loads((place / "source.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # no backups there yet, or a folder of something else
    return plain if isinstance(plain, dict) else {}

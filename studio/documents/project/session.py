"""The projects a window has open, and those the user can get back.

An untitled project is a file from its first keystroke on, in a folder of Triptych's own. What a
crash left there is offered back; what the user discards goes to a trash folder first. Methods
may be called from any thread; the slow ones say so.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.atomic_write import atomic_write
from studio.core.errors import (
    BadInputError,
    DamagedFileError,
    ReadOnlyError,
    StorageError,
    from_os_error,
    storage_errors,
)
from studio.documents.project.lock import lock_path, standing
from studio.documents.project.project import SUFFIX, Project
from studio.documents.project.records import Backup, Leftover

if TYPE_CHECKING:
    from studio.documents.project.care import Care
    from studio.documents.project.salvage import Salvage

UNTITLED = "untitled-"
RECENT_LIMIT = 20
TRASH_DAYS = 30

ProblemCallback = Callable[[Project, StorageError], None]


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What is known of a project that could not be opened as it is.

    Attributes:
        path: The damaged file, which nobody has changed.
        salvage: What could be read out of it, or ``None``.
        backups: Whole copies from before, newest first.
    """

    path: Path
    salvage: Salvage | None
    backups: tuple[Backup, ...]


class ProjectSession:
    """Opens, names, keeps and brings back projects.

    Attributes:
        folder: Untitled projects, and folders for backups, trash and what was salvaged.
        history_budget_bytes: How much old history a project may keep; set from the settings.
    """

    def __init__(self, folder: Path, *, history_budget_bytes: int = 512 * 2**20) -> None:
        """Touches no disk; folders are made when they are needed."""
        self.folder = folder
        self.history_budget_bytes = history_budget_bytes
        self._lock = threading.RLock()
        self._open: list[Project] = []
        self._current: Project | None = None
        self._damage: dict[Path, Damage] = {}
        self._listeners: list[ProblemCallback] = []
        self._care: Care | None = None

    # --- open projects ---------------------------------------------------------------------

    @property
    def current(self) -> Project | None:
        """The project the window shows; ``None`` before the first keystroke."""
        return self._current

    @property
    def projects(self) -> tuple[Project, ...]:
        """Every open project, in the order of opening."""
        with self._lock:
            return tuple(self._open)

    def set_current(self, project: Project) -> None:
        """Show another open project."""
        with self._lock:
            if project not in self._open:
                raise BadInputError("This project is not open.", path=str(project.path))
            self._current = project

    def ensure(self) -> Project:
        """Return the current project, or a new untitled one; for the first keystroke.

        Raises:
            StorageError: The folder of projects cannot be written.
        """
        with self._lock:
            return self._current if self._current is not None else self.new_untitled()

    def new_untitled(self) -> Project:
        """Make an untitled project and show it.

        Raises:
            StorageError: The folder of projects cannot be written.
        """
        stamp = time.strftime("%Y%m%d-%H%M%S")
        path = self.folder / f"{UNTITLED}{stamp}-{secrets.token_hex(3)}{SUFFIX}"
        return self._add(Project.open(path, create=True))

    def new(self, path: Path) -> Project:
        """Make an empty project at ``path`` and show it.

        Raises:
            StorageError: Something stands there already, or the system refused.
        """
        return self._add(Project.open(path, create=True))

    def open(self, path: Path, *, read_only: bool = False) -> Project:
        """Open a project and show it; one that is open here already is only shown.

        A file in a read-only place is opened to read only. Of a damaged one, what can be read is
        shown read-only in a copy, the file itself stays as it is, and :meth:`damage_of` tells of
        the backups. ``problems`` of the result says all that in sentences.

        Raises:
            ProjectInUseError: Another window writes it.
            NewerFormatError: A newer Triptych made it.
            DamagedFileError: Nothing can be read from it; ``backups`` may have copies.
            StorageError: The system refused.
        """
        path = path.absolute()
        for project in self.projects:
            if project.path == path and (read_only or not project.read_only):
                self.set_current(project)
                return project
        try:
            return self._add(_open_checked(path, read_only=read_only))
        except ReadOnlyError:
            project = Project.open(path, read_only=True)
            why = f"{path.name} is open to read only: its place does not allow writing."
            project.problems = (f"{why} Save it in another folder to change it.",)
            return self._add(project)
        except DamagedFileError as error:
            return self._open_damaged(path, error)

    def close(self, project: Project, *, timeout_s: float = 10.0, abandon: bool = False) -> None:
        """Close a project.

        Raises:
            UnwrittenChangesError: Its disk does not take what is left; it stays open.
        """
        if self._care is not None:
            self._care.forget(project)
        project.close(timeout_s=timeout_s, abandon=abandon)
        with self._lock:
            if project in self._open:
                self._open.remove(project)
            if self._current is project:
                self._current = self._open[-1] if self._open else None

    def close_all(self, *, timeout_s: float = 10.0, abandon: bool = False) -> None:
        """Close every project and end what runs in the background.

        Raises:
            UnwrittenChangesError: A disk does not take what is left; that project stays open.
        """
        for project in self.projects:
            self.close(project, timeout_s=timeout_s, abandon=abandon)
        with self._lock:
            care, self._care = self._care, None
        if care is not None:
            care.close()

    def on_problem(self, callback: ProblemCallback) -> Callable[[], None]:
        """Be told, on a background thread, what is found wrong with an open project later on.

        Returns what ends it. A disk that refuses is told by :meth:`Project.on_failure`.
        """
        with self._lock:
            self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    # --- names -----------------------------------------------------------------------------

    def save_as(self, path: Path, project: Project | None = None) -> None:
        """Go on with a project under another name; slow for a large one.

        An untitled file it had before goes to the trash folder.

        Raises:
            ProjectInUseError: Another window has that file open.
            StorageError: It did not work; the project goes on where it was.
        """
        project = self._chosen(project)
        before = project.path
        if project.read_only:
            project.copy_to(path)
            self.open(path)
            return
        project.move_to(path)
        if self._is_untitled(before) and before != project.path:
            self._to_trash(before)
        self._remember(project.path)

    def save_copy(self, path: Path, project: Project | None = None) -> None:
        """Write a copy and go on in the file as it is; slow for a large one.

        Raises:
            StorageError: It did not work; what stood at ``path`` is untouched.
        """
        project = self._chosen(project)
        if any(path.absolute() == other.path for other in self.projects):
            raise BadInputError(
                f"{path.name} is open; a copy cannot take its place.", hint="Choose another name."
            )
        project.flush()
        project.copy_to(path.absolute())

    def recent(self) -> tuple[Path, ...]:
        """Return the projects opened last, newest first, as far as they are still there."""
        return tuple(path for path in self._recent_paths() if path.exists())

    # --- what can be brought back ----------------------------------------------------------

    def recoverable(self) -> tuple[Leftover, ...]:
        """Return the projects a crash left open, last changed first; reads their files."""
        paths = [path for path in self._untitled_paths() if standing(path) == "left"]
        paths += [
            path
            for path in self._recent_paths()
            if path not in paths and path.exists() and standing(path) == "left"
        ]
        found = [self._leftover(path) for path in paths]
        return tuple(sorted(found, key=lambda item: -item.changed_at))

    def unfinished(self) -> tuple[Leftover, ...]:
        """Return untitled projects that were closed well but never got a name."""
        opened = {project.path for project in self.projects}
        found = [
            self._leftover(path)
            for path in self._untitled_paths()
            if path not in opened and standing(path) == "free"
        ]
        return tuple(sorted(found, key=lambda item: -item.changed_at))

    def adopt(self, leftover: Leftover) -> Project:
        """Open what a crash left.

        Raises:
            StorageError: As :meth:`open`.
        """
        return self.open(leftover.path)

    def discard(self, leftover: Leftover) -> None:
        """Put a leftover away, into the trash folder for ``TRASH_DAYS`` days; a named project
        stays where it is and is only not offered again.

        Raises:
            StorageError: The system refused.
        """
        if leftover.untitled:
            self._to_trash(leftover.path)
        elif standing(leftover.path) == "left":
            Project.open(leftover.path).close()

    def backups(self, path: Path) -> tuple[Backup, ...]:
        """Return the whole copies kept of a project, newest first."""
        from studio.documents.project.backups import backups_of

        return backups_of(self.folder / "backups", path.absolute())

    def damage_of(self, project: Project) -> Damage | None:
        """Return what is known of the damaged file a read-only project was read from."""
        return self._damage.get(project.path)

    def restore_backup(self, path: Path, backup: Backup) -> Project:
        """Put a backup in the place of a damaged project and open it.

        The damaged file is kept beside it, as ``NAME.damaged-DATE``.

        Raises:
            StorageError: It did not work; the damaged file is still there.
        """
        return self._replace_damaged(path.absolute(), backup.path)

    def keep_salvaged(self, project: Project) -> Project:
        """Put what was salvaged in the place of the damaged project and open it.

        The damaged file is kept beside it, as ``NAME.damaged-DATE``.

        Raises:
            StorageError: It did not work; the damaged file is still there.
        """
        damage = self.damage_of(project)
        if damage is None:
            raise BadInputError("This project was not salvaged.", path=str(project.path))
        return self._replace_damaged(damage.path, project.path)

    def wait_for_care(self, timeout_s: float = 60.0) -> bool:
        """Wait until checks and backups that are due have ended; return whether they have."""
        return self._care is None or self._care.wait(timeout_s)

    # --- inside ----------------------------------------------------------------------------

    def _add(self, project: Project) -> Project:
        with self._lock:
            self._open.append(project)
            self._current = project
        if not project.read_only:
            self._care_for(project)
        if not self._is_untitled(project.path) and project.path not in self._damage:
            self._remember(project.path)
        return project

    def _care_for(self, project: Project) -> None:
        from studio.documents.project.care import Care

        with self._lock:
            if self._care is None:
                self._care = Care(
                    self.folder / "backups", self._report, lambda: self.history_budget_bytes
                )
                self._sweep_trash()
            self._care.add(project)

    def _report(self, project: Project, error: StorageError) -> None:
        project.problems = (*project.problems, error.sentence())
        for listener in tuple(self._listeners):
            listener(project, error)

    def _open_damaged(self, path: Path, error: DamagedFileError) -> Project:
        from studio.documents.project.salvage import salvage

        backups = self.backups(path)
        offer = (
            "The newest backup is of "
            + time.strftime("%Y-%m-%d %H:%M", time.localtime(backups[0].at))
            + "."
            if backups
            else "There is no backup of it."
        )
        target = self._salvaged_path(path)
        found = salvage(path, target)
        if found is None:
            raise DamagedFileError(
                f"{path.name} is damaged and nothing in it can be read.",
                hint=f"The file was not touched. {offer}",
                path=str(path),
                backups=tuple(str(backup.path) for backup in backups),
                reason=error.facts.get("reason", ""),
            ) from error
        project = Project.open(target, read_only=True)
        project.problems = (
            f"{path.name} is damaged; {found.sentence()} The file itself was not touched.",
            offer,
        )
        self._damage[project.path] = Damage(path=path, salvage=found, backups=backups)
        return self._add(project)

    def _salvaged_path(self, path: Path) -> Path:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        name = f"{path.stem[:80]}-salvaged-{stamp}-{secrets.token_hex(2)}{SUFFIX}"
        return self.folder / "salvaged" / name

    def _replace_damaged(self, path: Path, source: Path) -> Project:
        from studio.documents.project.backups import put_in_place

        for project in self.projects:
            if project.path in (path, source):
                self.close(project, abandon=project.path == path)
        put_in_place(source, path)
        return self.open(path)

    def _chosen(self, project: Project | None) -> Project:
        chosen = project if project is not None else self._current
        if chosen is None:
            raise BadInputError("There is no project yet.", hint="Write something first.")
        return chosen

    def _leftover(self, path: Path) -> Leftover:
        title = path.stem
        changed = max(_changed_at(path), _changed_at(path.with_name(path.name + "-wal")))
        try:
            with Project.open(path, read_only=True) as project:
                documents = project.documents()
                title = documents[0].title if documents else title
                changed = max([changed, *(document.changed_at for document in documents)])
        except StorageError:
            changed = max(changed, 1.0)  # damaged: still offered; opening it will say so
        return Leftover(
            path=path, title=title, changed_at=changed, untitled=self._is_untitled(path)
        )

    def _is_untitled(self, path: Path) -> bool:
        return path.parent == self.folder.absolute() and path.name.startswith(UNTITLED)

    def _untitled_paths(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.absolute().glob(f"{UNTITLED}*{SUFFIX}"))

    def _to_trash(self, path: Path) -> None:
        trash = self.folder.absolute() / "trash"
        with storage_errors(path, "putting the project away"):
            trash.mkdir(parents=True, exist_ok=True)
            for rest in ("-wal", "-shm", ""):
                part = path.with_name(path.name + rest)
                if part.exists():
                    os.utime(part)
                    part.replace(trash / part.name)
            lock_path(path).unlink(missing_ok=True)

    def _sweep_trash(self) -> None:
        trash = self.folder / "trash"
        limit = time.time() - TRASH_DAYS * 86400
        for path in trash.glob("*") if trash.is_dir() else ():
            if _changed_at(path) < limit:
                path.unlink(missing_ok=True)

    def _recent_paths(self) -> list[Path]:
        try:
            plain = json.loads((self.folder / "recent.json").read_text("utf-8"))
            return [Path(item) for item in plain if isinstance(item, str)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise from_os_error(error, self.folder / "recent.json", "looking at it") from error
        except (ValueError, TypeError):
            return []  # only a convenience; the next opening writes it anew

    def _remember(self, path: Path) -> None:
        with self._lock:
            others = [other for other in self._recent_paths() if other != path]
            names = [str(item) for item in [path, *others][:RECENT_LIMIT]]
            text = json.dumps(names, ensure_ascii=True, indent=1)
            atomic_write(self.folder / "recent.json", text, doing="remembering the project")


def _open_checked(path: Path, *, read_only: bool) -> Project:
    """Open a project; a small one is looked through first, a large one later."""
    from studio.documents.project.care import SMALL_BYTES, check_quickly

    with storage_errors(path, "opening the project"):
        small = path.stat().st_size <= SMALL_BYTES
    project = Project.open(path, read_only=read_only)
    try:
        if small:
            check_quickly(project)
    except BaseException:
        project.close(abandon=True)
        raise
    return project


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

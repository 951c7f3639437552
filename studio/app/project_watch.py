"""Keeps window title and bar true to the projects that are open: names, damage, full disks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.app.context import AppContext
from studio.app.documents_pane import DocumentsPane
from studio.app.main_window import MainWindow
from studio.app.project_bar import Choice, ProjectBar
from studio.app.widgets.words import fill_in
from studio.core.errors import DamagedFileError, StorageError, StudioError
from studio.documents.project import Backup, Project
from studio.documents.project.session import UNTITLED, Damage

DoWith = Callable[[Project], object]


class ProjectWatch(QObject):
    """Follows the document in front and everything that happens to open projects.

    Attributes:
        bar: Where it says so.
    """

    save_as_wanted = Signal()
    backup_wanted = Signal(object, object)
    """The damaged file, and the :class:`Backup` to go on with."""
    keep_salvaged_wanted = Signal(object)
    open_wanted = Signal()

    _failed = Signal(object, object)

    def __init__(self, window: MainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._watched: dict[Project, Callable[[], None]] = {}
        self._listening: Callable[[], None] | None = None
        self.bar = ProjectBar()
        window.add_bar(self.bar)
        self._failed.connect(self._on_failure)
        window.pane_made.connect(self._on_pane)
        window.pane_shown.connect(lambda _name: self.follow())
        for name in window.panes:
            self._on_pane(name)
        self.follow()

    @property
    def project(self) -> Project | None:
        """The project in front; ``None`` before the first keystroke."""
        return self._context.projects.current

    def follow(self) -> None:
        """Show the project of the document in front in the title; watch the ones that are new."""
        session = self._context.projects
        pane = self._window.panes.get(self._window.current_pane)
        project = pane.front.project if isinstance(pane, DocumentsPane) else None
        if project is not None and project in session.projects:
            session.set_current(project)
        for each in session.projects:
            if each not in self._watched:
                self._watch(each)
        for each in set(self._watched) - set(session.projects):
            self._watched.pop(each)()
            self.bar.take_back(each)
        self._window.setWindowTitle(self.title())

    def title(self) -> str:
        """Return the window's title."""
        project = self.project
        if project is None:
            return "Triptych"
        name = self.name(project)
        if project.read_only:
            name = fill_in(self.tr("%1 (read only)"), name)
        return f"{name} – Triptych"

    def name(self, project: Project) -> str:
        """Return what a project is called."""
        damage = self._context.projects.damage_of(project)
        if damage is not None:
            return damage.path.stem
        return self.tr("Untitled project") if self.is_untitled(project) else project.path.stem

    def is_untitled(self, project: Project) -> bool:
        """Whether a project never got a name."""
        folder = self._context.projects.folder.absolute()
        return project.path.parent == folder and project.path.name.startswith(UNTITLED)

    def say_refused(self, path: Path, error: StudioError) -> None:
        """Say why a project could not be opened, with the ways out there are."""
        choices: list[Choice] = []
        if isinstance(error, DamagedFileError):
            backups = self._context.projects.backups(path)
            choices = self._backup_choice(path, backups[:1])
        choices.append((self.tr("Open another…"), self.open_wanted.emit))
        self.bar.say(
            path,
            error.user_message,
            error.hint,
            choices,
            icon_name="file-warning",
            role="bad",
        )

    # -- inside -------------------------------------------------------------------------------

    def _on_pane(self, name: str) -> None:
        pane = self._window.panes[name]
        if isinstance(pane, DocumentsPane):
            pane.front_changed.connect(self.follow)
            self.follow()

    def _watch(self, project: Project) -> None:
        session = self._context.projects
        if self._listening is None:
            self._listening = session.on_problem(self._failed.emit)
        self._watched[project] = project.on_failure(
            lambda failure: self._failed.emit(project, failure)
        )
        damage = session.damage_of(project)
        if damage is not None:
            self._say_damaged(project, damage)
        elif project.problems:
            self._say_problems(project)
        elif project.failure is not None:
            self._on_failure(project, project.failure)

    def _say_damaged(self, project: Project, damage: Damage) -> None:
        found = damage.salvage.sentence() if damage.salvage is not None else ""
        choices = self._backup_choice(damage.path, damage.backups[:1])
        choices.append(
            (
                self.tr("Go on with what could be read"),
                lambda: self.keep_salvaged_wanted.emit(project),
            )
        )
        choices.append((self.tr("Save as…"), self.save_as_wanted.emit))
        hint = self.tr("%1 It is shown to read only; the damaged file was not touched.")
        if not damage.backups:
            hint += " " + self.tr("There is no backup of it.")
        self.bar.say(
            project,
            fill_in(self.tr("%1 is damaged."), damage.path.name),
            fill_in(hint, found).strip(),
            choices,
            icon_name="file-warning",
            role="bad",
        )

    def _backup_choice(self, path: Path, backups: tuple[Backup, ...]) -> list[Choice]:
        def choice(backup: Backup) -> Choice:
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(backup.at))
            words = fill_in(self.tr("Go on with the backup of %1"), at)
            return words, lambda: self.backup_wanted.emit(path, backup)

        return [choice(backup) for backup in backups]

    def _say_problems(self, project: Project) -> None:
        first, *rest = project.problems
        choices = [(self.tr("Save as…"), self.save_as_wanted.emit)]
        self.bar.say(project, first, " ".join(rest), choices, icon_name="lock", role="gold")

    def _on_failure(self, project: Project, failure: StorageError | None) -> None:
        if project not in self._watched:
            return
        if failure is None:
            if self.bar.about is project:
                self.bar.take_back(project)
                self._context.notify.success(self.tr("Everything is saved again."))
            return
        self._context.projects.set_current(project)
        waiting = fill_in(self.tr("%1 changes wait in memory."), project.unwritten)
        hint = f"{waiting} {failure.hint}" if project.unwritten else failure.hint
        choices: list[Choice] = []
        if isinstance(failure, DamagedFileError):
            backups = self._context.projects.backups(project.path)
            choices = self._backup_choice(project.path, backups[:1])
        choices.append((self.tr("Save as…"), self.save_as_wanted.emit))
        self.bar.say(
            project,
            failure.user_message,
            hint,
            choices,
            icon_name="triangle-alert",
            role="bad",
        )

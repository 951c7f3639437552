"""What can be done with projects as a whole: new, open, save elsewhere, check, history.

Everything that reads or writes a project file runs on a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QFileDialog, QMenu

from studio.app.actions import ActionSpec
from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import DocumentsPane, TakesTexts
from studio.app.exchange_actions import ExchangeActions
from studio.app.main_window import MainWindow
from studio.app.project_watch import ProjectWatch
from studio.app.reveal import reveal
from studio.app.theme.icons import icon
from studio.app.widgets.words import BYTES_PER_MB, fill_in
from studio.core.errors import StudioError
from studio.documents.project import SUFFIX, Backup, Project

if TYPE_CHECKING:
    from studio.app.history_panel import HistoryPanel

FIRST_PANE = "text"


class ProjectActions(QObject):
    """Adds the actions to the registry once the window is painted, and holds what they open.

    Attributes:
        watch: Title and bar.
        exchange: Import, export, authorship and origin.
        work: The thread for what may take long.
    """

    def __init__(self, window: MainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._panel: HistoryPanel | None = None
        self.work = Background("projects", self)
        self.watch = ProjectWatch(window, context)
        self.watch.save_as_wanted.connect(self.ask_save_as)
        self.watch.open_wanted.connect(self.ask_open)
        self.watch.backup_wanted.connect(self.go_on_with_backup)
        self.watch.keep_salvaged_wanted.connect(self.keep_salvaged)
        for spec in (*self._file(), *self._past()):
            context.actions.add(spec)
        context.settings.changed.connect(self._on_setting)
        self.exchange = ExchangeActions(window, context, self)
        self._recent = QMenu(window)
        self._recent.aboutToShow.connect(self.fill_recent)
        context.actions.get("project.recent").setMenu(self._recent)

    @property
    def panel(self) -> HistoryPanel | None:
        """The time machine, once it was opened."""
        return self._panel

    def close(self) -> None:
        """Wait for what was begun."""
        self.work.close()
        if self._panel is not None:
            self._panel.close_reading()

    # -- the actions --------------------------------------------------------------------------

    def _file(self) -> tuple[ActionSpec, ...]:
        spec = partial(_spec, category="File")
        has, named = self._has_project, self._has_place
        return (
            spec("new", self.tr("New project…"), self.ask_new, icon_name="box"),
            spec("open", self.tr("Open project…"), self.ask_open, "Ctrl+Alt+O", "folder-open"),
            spec("recent", self.tr("Open recent project"), self.show_recent, icon_name="clock"),
            spec("save_as", self.tr("Save project as…"), self.ask_save_as, "", "save", has),
            spec("copy", self.tr("Save a copy of the project…"), self.ask_copy, "", "copy", has),
            spec("reveal", self.tr("Show project in folder"), self.reveal, "", "folder", named),
            spec("check", self.tr("Check project"), self.check, "", "stethoscope", has),
            spec("close", self.tr("Close project"), self.close_project, "", "x", has),
        )

    def _past(self) -> tuple[ActionSpec, ...]:
        spec = partial(_spec, category="Edit")
        return (
            spec(
                "history",
                self.tr("History"),
                self.toggle_history,
                "Ctrl+Shift+H",
                "history",
                tooltip=self.tr("Go through everything that happened to this document"),
            ),
            spec(
                "deleted",
                self.tr("Deleted documents"),
                lambda: self.open_history("deleted"),
                "",
                "recycle",
                self._has_project,
            ),
        )

    def _has_project(self) -> bool | str:
        return self.watch.project is not None or self.tr("There is no project yet: write first.")

    def _has_place(self) -> bool | str:
        project = self.watch.project
        if project is None:
            return self._has_project()
        return not self.watch.is_untitled(project) or self.tr("Save the project first.")

    # -- opening ------------------------------------------------------------------------------

    def ask_new(self) -> None:
        """Ask where, and make an empty project there."""
        path = self._ask_file(self.tr("New project"), self.tr("Untitled"))
        if path is not None:
            self.new_project(path)

    def new_project(self, path: Path) -> None:
        """Make an empty project and show it."""
        self.work.run(lambda: self._context.projects.new(path), self.show_project, self._say)

    def ask_open(self) -> None:
        """Ask for a project and open it."""
        kinds = fill_in(self.tr("Projects (%1)"), f"*{SUFFIX}")
        name, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open project"), str(self.folder()), kinds
        )
        if name:
            self.open_project(Path(name))

    def open_project(self, path: Path) -> None:
        """Open a project; what is wrong with it is said in the bar."""
        self._keep_now()
        self.work.run(
            lambda: self._context.projects.open(path),
            self.show_project,
            lambda error: self.watch.say_refused(path, error),
        )

    def show_project(self, project: Project) -> None:
        """Show an open project in the panes for its documents."""
        kinds = {info.kind for info in project.documents()}
        for name in self._panes_for(kinds):
            self._window.show_pane(name)
        for name, pane in self._open_panes().items():
            here = name == self._window.current_pane
            if here or kinds & set(self._window.sources[name].kinds):
                pane.show_project(project)
        self.watch.follow()

    def fill_recent(self) -> None:
        """List the projects opened last."""
        self._recent.clear()
        opened = {project.path for project in self._context.projects.projects}
        for path in self._context.projects.recent():
            action = self._recent.addAction(icon("box"), path.stem.replace("&", "&&"))
            action.setToolTip(str(path))
            action.setEnabled(path not in opened)
            action.triggered.connect(lambda _=False, path=path: self.open_project(path))
        self._recent.setToolTipsVisible(True)
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("No project was named yet")).setEnabled(False)

    def show_recent(self) -> None:
        """Show the list where the pointer is; for the palette."""
        self.fill_recent()
        self._recent.popup(QCursor.pos())

    # -- keeping ------------------------------------------------------------------------------

    def ask_save_as(self) -> None:
        """Ask for another place and go on there."""
        project = self.watch.project
        if project is None:
            return
        path = self._ask_file(self.tr("Save project as"), self.watch.name(project))
        if path is not None:
            self.save_as(path)

    def save_as(self, path: Path) -> None:
        """Go on with the project under another name."""
        project = self._kept()
        if project is None:
            return
        session, read_only = self._context.projects, project.read_only

        def saved(_: object) -> None:
            if read_only and session.current is not None and session.current is not project:
                self._leave(project)
                self.show_project(session.current)
            self.watch.bar.take_back(project)
            self.watch.follow()
            self._say_saved(self.tr("The project is now %1."), path)

        self.work.run(lambda: session.save_as(path, project), saved, self._say)

    def ask_copy(self) -> None:
        """Ask for a place and write a copy there."""
        project = self.watch.project
        if project is None:
            return
        name = fill_in(self.tr("%1 copy"), self.watch.name(project))
        path = self._ask_file(self.tr("Save a copy"), name)
        if path is not None:
            self.save_copy(path)

    def save_copy(self, path: Path) -> None:
        """Write a copy and go on in the file as it is."""
        project = self._kept()
        if project is not None:
            self.work.run(
                lambda: self._context.projects.save_copy(path, project),
                lambda _: self._say_saved(self.tr("A copy was written: %1."), path),
                self._say,
            )

    def close_project(self) -> None:
        """Close the project in front; everything in it is kept."""
        project = self._kept()
        if project is None:
            return
        name, path = self.watch.name(project), project.path
        self._leave(project)

        def closed(_: object) -> None:
            self.watch.follow()
            words = fill_in(self.tr("%1 was closed; everything in it is kept."), name)
            again = (self.tr("Open again"), lambda: self.open_project(path))
            self._context.notify.info(words, actions=[again])

        def refused(error: StudioError) -> None:
            self.show_project(project)
            self._say(error)

        self.work.run(lambda: self._context.projects.close(project), closed, refused)

    def reveal(self) -> None:
        """Show the project's file in the file manager."""
        if self.watch.project is not None:
            reveal(self.watch.project.path, self._context.notify)

    def check(self) -> None:
        """Look through the whole project and say whether it is what was written."""
        project = self._kept()
        if project is None:
            return
        name = self.watch.name(project)

        def look() -> tuple[int, int]:
            from studio.documents.project.care import check_thoroughly

            if not project.read_only:
                project.flush()
            check_thoroughly(project, lambda: True)
            return len(project.documents()), len(project.history())

        def sound(found: tuple[int, int]) -> None:
            words = self.tr("“%1” is sound: %2 documents and %3 steps were looked through.")
            self._context.notify.success(fill_in(words, name, *(f"{n:,}" for n in found)))

        self.work.run(look, sound, self._say)

    def go_on_with_backup(self, path: Path, backup: Backup) -> None:
        """Put a backup in the place of a damaged project, which is kept beside it."""
        session = self._context.projects
        for project in session.projects:
            damage = session.damage_of(project)
            if project.path == path or (damage is not None and damage.path == path):
                self._leave(project)
        self.work.run(lambda: session.restore_backup(path, backup), self._show_repaired, self._say)

    def keep_salvaged(self, project: Project) -> None:
        """Go on with what could be read of a damaged project."""
        self._leave(project)
        session = self._context.projects
        self.work.run(lambda: session.keep_salvaged(project), self._show_repaired, self._say)

    def _show_repaired(self, project: Project) -> None:
        self.watch.bar.hide()
        self.show_project(project)
        words = self.tr("You go on in %1. The damaged file is kept beside it.")
        self._context.notify.success(
            fill_in(words, project.path.name),
            actions=[(self.tr("Show in folder"), self.reveal)],
        )

    # -- the past -------------------------------------------------------------------------------

    def toggle_history(self) -> None:
        """Open the time machine, or close it."""
        if self._panel is not None and self._panel.isVisible():
            self._panel.close_panel()
        else:
            self.open_history()

    def open_history(self, tab: str = "steps") -> None:
        """Open the time machine for the document in front, at one of its lists."""
        if self._panel is None:
            from studio.app.history_panel import HistoryPanel

            self._panel = HistoryPanel(self._context, self._window.frame, self.pane_of)
            self._panel.closed.connect(self._focus_work)
        self._panel.open_for(self.documents(), tab)

    # -- inside -------------------------------------------------------------------------------

    def folder(self) -> Path:
        """Return where a file dialog begins."""
        recent = self._context.projects.recent()
        if recent:
            return recent[0].parent
        place = QStandardPaths.StandardLocation.DocumentsLocation
        return Path(QStandardPaths.writableLocation(place) or Path.home())

    def documents(self) -> DocumentsPane:
        """Return the pane in front if it has documents, else bring the first such one there."""
        pane = self._window.panes.get(self._window.current_pane)
        if isinstance(pane, DocumentsPane):
            return pane
        self._window.show_pane(FIRST_PANE)
        found = self._window.panes[FIRST_PANE]
        assert isinstance(found, DocumentsPane)
        return found

    def pane_of(self, kind: str) -> DocumentsPane:
        """Return the pane for documents of a kind, in front; the one there for unknown kinds."""
        for name, source in self._window.sources.items():
            if kind in source.kinds:
                self._window.show_pane(name)
        return self.documents()

    def texts(self) -> TakesTexts:
        """Return the pane where texts are opened, in front."""
        self._window.show_pane(FIRST_PANE)
        pane = self._window.panes[FIRST_PANE]
        assert isinstance(pane, TakesTexts)
        return pane

    def _open_panes(self) -> dict[str, DocumentsPane]:
        """Return every pane with documents that was made, by name."""
        made = self._window.panes.items()
        return {name: pane for name, pane in made if isinstance(pane, DocumentsPane)}

    def _panes_for(self, kinds: set[str]) -> tuple[str, ...]:
        """Return the pane to show documents of these kinds in, if it is not in front already."""
        sources = self._window.sources
        fitting = [name for name, source in sources.items() if kinds & set(source.kinds)]
        current = self._window.current_pane
        with_documents = isinstance(self._window.panes.get(current), DocumentsPane)
        if current in fitting or (not fitting and with_documents):
            return ()
        return (fitting[0],) if fitting else (FIRST_PANE,)

    def _leave(self, project: Project) -> None:
        for pane in self._open_panes().values():
            pane.leave_project(project)

    def _on_setting(self, group: str, name: str) -> None:
        if (group, name) == ("files", "history_budget_mb"):
            budget_mb = self._context.settings.value.files.history_budget_mb
            self._context.projects.history_budget_bytes = budget_mb * BYTES_PER_MB

    def _focus_work(self) -> None:
        self._window.focus_pane()

    def _keep_now(self) -> None:
        for pane in self._open_panes().values():
            pane.keep_now()

    def _kept(self) -> Project | None:
        """Return the project in front with everything typed so far."""
        self._keep_now()
        return self.watch.project

    def _ask_file(self, title: str, name: str) -> Path | None:
        kinds = fill_in(self.tr("Projects (%1)"), f"*{SUFFIX}")
        start = self.folder() / f"{file_name(name)}{SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(self._window, title, str(start), kinds)
        if not chosen:
            return None
        path = Path(chosen)
        return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)

    def _say_saved(self, words: str, path: Path) -> None:
        show = (self.tr("Show in folder"), lambda: reveal(path, self._context.notify))
        self._context.notify.success(fill_in(words, path.name), actions=[show])

    def _say(self, error: StudioError) -> None:
        self._context.notify.error(error)


def _spec(
    name: str,
    title: str,
    then: Callable[[], object],
    keys: str = "",
    icon_name: str = "",
    enabled: Callable[[], bool | str] | None = None,
    *,
    category: str,
    tooltip: str = "",
) -> ActionSpec:
    return ActionSpec(
        id=f"project.{name}",
        title=title,
        callback=then,
        shortcut=keys,
        icon=icon_name,
        enabled=enabled,
        category=category,
        tooltip=tooltip,
    )


def file_name(title: str) -> str:
    """Return a title as the name of a file on any system."""
    return "".join(c if c.isalnum() or c in " -_." else "" for c in title).strip() or "project"

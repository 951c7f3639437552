"""Opens the window: makes every object, passes them to each other, and ends them in order.

Before the first paint only Qt and small modules are loaded; the engine, the log file and the
network module for later starts come just after it.
"""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication

from studio.app.actions import ActionRegistry
from studio.app.bridge import EngineBridge
from studio.app.context import AppContext
from studio.app.documents_pane import (
    FollowsReading,
    Heard,
    MakesDocuments,
    MakesSpeech,
    NewFile,
    NewText,
    ReadAloud,
    ReadsAloud,
    TakesFiles,
    TakesTexts,
)
from studio.app.errors_hook import ErrorHooks
from studio.app.layout_state import load_layout, save_layout
from studio.app.logging_setup import Logs
from studio.app.main_window import MainWindow, PaneMaker, PaneSource
from studio.app.notify import Notifier
from studio.app.panes import PANES, PaneEntry
from studio.app.settings_model import SettingsModel
from studio.app.startup import EngineMaker, EngineStarter, engine_maker
from studio.app.theme import Theme
from studio.app.theme.fonts import ui_font
from studio.app.widgets.words import fill_in
from studio.app.window_actions import WindowActions
from studio.core.paths import Folders, user_folders
from studio.core.requests import Capability
from studio.core.settings import Settings, SettingsFile
from studio.library.service import LibraryService

if TYPE_CHECKING:
    from studio.app.project_actions import ProjectActions
    from studio.app.single_instance import SingleInstance
    from studio.documents.project.session import ProjectSession

log = logging.getLogger(__name__)

LAYOUT_FILE = "window.json"
TEXT_PANE, PICTURE_PANE, SOUND_PANE = "text", "picture", "sound"
FILE_PANES = {"image": PICTURE_PANE, "audio": SOUND_PANE}
"""In which pane a file of a kind becomes a document."""
MOST_PROBLEMS = 3
"""More problems than this found together are told in one message."""
QUEUE_FILE = "queue.sqlite"
SIGNAL_CHECK_MS = 500

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes:
        files: Files to open.
        safe_mode: Run without plugins.
        new_window: Open another window even when one is open.
    """

    files: tuple[Path, ...] = ()
    safe_mode: bool = False
    new_window: bool = False


def parse(arguments: Sequence[str]) -> Options:
    """Read the words after ``triptych``; ends the program on words it does not know."""
    if not arguments:
        return Options()
    import argparse

    parser = argparse.ArgumentParser(prog="triptych", description="Open the window.")
    parser.add_argument("files", nargs="*", type=Path, help="files to open")
    parser.add_argument("--safe-mode", action="store_true", help="start without any plugin")
    parser.add_argument(
        "--new-window", action="store_true", help="open one more window of the same data"
    )
    known = parser.parse_args(list(arguments))
    return Options(tuple(known.files), known.safe_mode, known.new_window)


def pane_sources(entries: Sequence[PaneEntry] = PANES) -> dict[str, PaneSource]:
    """Return the panes, ready to be imported."""

    def load(place: str) -> PaneMaker:
        module, _, attribute = place.partition(":")
        maker: PaneMaker = getattr(importlib.import_module(module), attribute)
        return maker

    return {
        entry.name: PaneSource(
            translate("panes", entry.title),
            entry.icon_name,
            partial(load, entry.place),
            entry.kinds,
            entry.suffixes,
        )
        for entry in entries
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window and return the exit code when it is closed."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    folders = user_folders()
    app = make_application(sys.argv[:1])
    from studio.app.single_instance import SingleInstance

    instance = SingleInstance(folders.state)
    first = instance.is_first()
    if not first and not options.new_window and instance.hand_over(list(options.files)):
        return 0
    window = Window(app, folders, options, durable=first)
    if first:
        window.listen_with(instance)
    window.show()
    wake_for_signals(app)
    try:
        return app.exec()
    finally:
        window.close()
        instance.close()


def make_application(arguments: list[str]) -> QApplication:
    """Return the application object, named for the desktop."""
    app = QApplication(arguments)
    app.setApplicationName("Triptych")
    app.setApplicationDisplayName("Triptych")
    app.setDesktopFileName("triptych")
    app.setFont(ui_font(app.font()))
    return app


def wake_for_signals(app: QApplication) -> None:
    """Let Ctrl+C in the terminal close the window, which Qt's loop would never notice."""
    signal.signal(signal.SIGINT, lambda *_: app.closeAllWindows())
    signal.signal(signal.SIGTERM, lambda *_: app.closeAllWindows())
    timer = QTimer(app)
    timer.timeout.connect(lambda: None)
    timer.start(SIGNAL_CHECK_MS)


class Window:
    """Everything one window consists of, with its beginning and its end."""

    def __init__(
        self,
        app: QApplication,
        folders: Folders,
        options: Options | None = None,
        *,
        panes: Mapping[str, PaneSource] | None = None,
        make_engine: EngineMaker | None = None,
        durable: bool = True,
        catch_errors: bool = True,
    ) -> None:
        """Make the objects; nothing is shown and no thread runs yet.

        Args:
            app: The application.
            folders: Where everything is kept.
            options: What the command line says.
            panes: Other panes than :data:`studio.app.panes.PANES`, for tests.
            make_engine: Something else than the real engine, for tests.
            durable: Keep waiting jobs on disk; only the first window of a data folder does.
            catch_errors: Show errors nobody caught to the user; tests want them raised.
        """
        self.folders = folders
        self.options = options or Options()
        self.logs = Logs(folders.logs)
        self.notify = Notifier()
        self.hooks = ErrorHooks(self.notify) if catch_errors else None
        self.settings = SettingsModel(SettingsFile(folders.settings_file))
        look = self.settings.value.appearance
        self.theme = Theme(app, look.theme, reduce_motion=look.reduce_motion)
        self.actions = ActionRegistry(self.settings)
        self.bridge = EngineBridge()
        self.library = LibraryService(
            folders, lambda: self.settings.value, on_failure=self.notify.error
        )
        self.context = AppContext(
            folders=folders,
            settings=self.settings,
            bridge=self.bridge,
            actions=self.actions,
            notify=self.notify,
            theme=self.theme,
            library=self.library,
            open_projects=self._open_projects,
        )
        self._layout_file = folders.state / LAYOUT_FILE
        layout = load_layout(self._layout_file)
        self.window = MainWindow(self.context, pane_sources() if panes is None else panes, layout)
        self.window_actions = WindowActions(self.window, self.context)
        queue = folders.state / QUEUE_FILE if durable else None
        make = make_engine or engine_maker(
            folders, self.settings.value, queue_file=queue, safe_mode=self.options.safe_mode
        )
        self._starter = EngineStarter(make, self.bridge, self.library)
        self._instance: SingleInstance | None = None
        self.project_actions: ProjectActions | None = None
        self._closed = False
        self._warmed_up = False
        self._reads_for_meaning = False
        self._told: set[str] = set()
        self.settings.changed.connect(self._on_setting)
        self.bridge.engine_changed.connect(self._on_engine_changed)
        self.bridge.engine_failed.connect(self.notify.error)
        self.settings.save_failed.connect(self.notify.error)
        self.window.first_painted.connect(self._after_first_paint)
        self.window.closing.connect(self._keep_layout)
        self.window.pane_made.connect(self._on_pane_made)

    def show(self) -> None:
        """Show the window; the rest begins after its first paint."""
        self.window.show()

    def listen_with(self, instance: SingleInstance) -> None:
        """Open the files of later starts here."""
        self._instance = instance
        instance.files_arrived.connect(self._on_files)

    @property
    def closed(self) -> bool:
        """Whether everything was ended."""
        return self._closed

    def close(self) -> None:
        """End everything in order; waits for what must be on disk."""
        if self._closed:
            return
        self._closed = True
        if self.project_actions is not None:
            self.project_actions.close()
        if "fetches" in self.context.__dict__:
            self.context.fetches.close()
        if "voices" in self.context.__dict__:
            self.context.voices.close()
        self.bridge.close()
        self._starter.close()
        self.library.close()  # after the engine, so that its last results are kept
        if "projects" in self.context.__dict__:
            self.context.projects.close_all(abandon=True)
        self.settings.close()
        if self.hooks is not None:
            self.hooks.remove()
        self.logs.close()
        self.window.deleteLater()
        self.theme.deleteLater()

    def _open_projects(self) -> ProjectSession:
        from studio.documents.project.session import ProjectSession

        budget = self.settings.value.files.history_budget_mb
        return ProjectSession(self.folders.projects, history_budget_bytes=budget * 2**20)

    def _after_first_paint(self) -> None:
        trouble = self.logs.open()
        self.window.show_toasts()
        if trouble:
            self.notify.warn(trouble)
        for problem in self.settings.problems:
            self.notify.warn(problem.message, hint=f"The default stands in for “{problem.name}”.")
        if self._instance is not None:
            self._instance.listen()
        self._add_project_actions()
        self._starter.start()
        self._open_files(list(self.options.files))

    def _add_project_actions(self) -> None:
        from studio.app.project_actions import ProjectActions

        self.project_actions = ProjectActions(self.window, self.context)

    def _keep_layout(self) -> None:
        save_layout(self._layout_file, self.window.layout_state())

    def _on_files(self, files: list[Path]) -> None:
        self.window.come_to_front()
        self._open_files(files)

    def _open_files(self, files: list[Path]) -> None:
        """Open projects off the GUI thread, and everything else in the pane in front."""
        from studio.documents.project import SUFFIX

        projects = [path for path in files if path.suffix == SUFFIX]
        self.window.open_files([path for path in files if path not in projects])
        for path in projects:
            if self.project_actions is not None:
                self.project_actions.open_project(path)

    def _on_pane_made(self, name: str) -> None:
        pane = self.window.panes[name]
        if name in FILE_PANES.values():
            self.library.prepare_to_sign()
        if isinstance(pane, MakesDocuments):
            pane.document_wanted.connect(self._open_as_document)
        if isinstance(pane, MakesSpeech):
            pane.words_wanted.connect(self._write_down)
        if isinstance(pane, ReadsAloud):
            pane.sentence_heard.connect(self._show_heard)
        if isinstance(pane, FollowsReading):
            pane.reading_wanted.connect(self._read_aloud)
            pane.reading_stopped.connect(self._stop_reading)

    def _show_heard(self, heard: Heard | None) -> None:
        """Show a sentence that is heard, in the pane for texts where that is open."""
        pane = self.window.panes.get(TEXT_PANE)
        if isinstance(pane, FollowsReading):
            pane.show_heard(heard)

    def _read_aloud(self, wish: ReadAloud) -> None:
        """Play a narration in the pane for sounds; the reader stays where the text is."""
        pane = self.window.make_pane(SOUND_PANE)
        if isinstance(pane, ReadsAloud):
            pane.read_aloud(wish)

    def _stop_reading(self) -> None:
        pane = self.window.panes.get(SOUND_PANE)
        if isinstance(pane, ReadsAloud):
            pane.stop_reading()

    def _open_as_document(self, new: NewText | NewFile) -> None:
        """Open what a pane hands over as a new document, in the pane for its kind."""
        if isinstance(new, NewText):
            self._texts().add_text(new.title, new.text, new.origin, new.request, new.facts)
            return
        name = FILE_PANES[new.kind]
        self.window.show_pane(name)
        pane = self.window.panes[name]
        assert isinstance(pane, TakesFiles)
        pane.open_as_new(new)

    def _write_down(self, sound: Path) -> None:
        """Open what is said in a sound as a new document, in the pane for texts."""
        self._texts().write_down(sound)

    def _texts(self) -> TakesTexts:
        self.window.show_pane(TEXT_PANE)
        pane = self.window.panes[TEXT_PANE]
        assert isinstance(pane, TakesTexts)
        return pane

    def _on_engine_changed(self) -> None:
        if not self.bridge.attached:
            return
        if not self._warmed_up:
            self._warmed_up = True
            if self.settings.value.computing.warm_up:
                self.bridge.warm_up()
        if not self._reads_for_meaning and any(
            Capability.TEXT_EMBED in model.capabilities for model in self.bridge.models()
        ):
            self._reads_for_meaning = True
            self.library.read_for_meaning()
        self._tell_problems()

    def _tell_problems(self) -> None:
        """Say what the engine could not use, each thing once; a folder full of them in one."""
        new = [problem for problem in self.bridge.problems() if problem not in self._told]
        self._told.update(new)
        if len(new) <= MOST_PROBLEMS:
            for problem in new:
                self.notify.warn(problem)
            return
        words = translate("window", "%1 models or plugins cannot be used. The first: %2")
        self.notify.warn(
            fill_in(words, str(len(new)), new[0]),
            hint=translate("window", "“triptych doctor” on the command line lists them all."),
        )

    def _on_setting(self, group: str, name: str) -> None:
        value: Settings = self.settings.value
        if (group, name) == ("appearance", "theme"):
            self.theme.set_choice(value.appearance.theme)
        elif (group, name) == ("appearance", "reduce_motion"):
            self.theme.set_reduce_motion(value.appearance.reduce_motion)
        elif group == "computing":
            self.bridge.configure(value.computing)
        elif group == "enabled_plugins":
            self.bridge.set_plugins(value.enabled_plugins)
        elif (group, name) == ("writing", "text_model"):
            for capability in (Capability.TEXT_GENERATE, Capability.TEXT_CHAT):
                self.bridge.set_default_model(capability, value.writing.text_model)

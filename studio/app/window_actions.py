"""What the window itself can do, as actions; panes add their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu

from studio.app.actions import ActionSpec
from studio.app.context import AppContext
from studio.app.main_window import MainWindow
from studio.app.menus import fill_main_menu
from studio.app.widgets.words import fill_in
from studio.core.errors import BadInputError
from studio.engine.jobs import ENDED

if TYPE_CHECKING:
    from studio.app.settings_dialog import SettingsDialog


class WindowActions(QObject):
    """Adds the window's actions to the registry and holds the dialog they open."""

    def __init__(self, window: MainWindow, context: AppContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._dialog: SettingsDialog | None = None
        for spec in (*self._file(), *self._view(), *self._generate(), *self._help()):
            context.actions.add(spec)
        for number, (name, source) in enumerate(window.sources.items(), start=1):
            action = self._pane_action(name, source.title, source.icon_name, number)
            context.actions.add(action)
        context.actions.attach(window)
        window.add_strip_buttons(self.fill_menu)
        window.rail.add_tool(self.tr("Settings (Ctrl+,)"), "settings", self.open_settings)
        if sys.platform == "darwin":
            fill_main_menu(window.menuBar(), context.actions)

    @property
    def dialog(self) -> SettingsDialog | None:
        """The settings dialog, once it was opened."""
        return self._dialog

    def fill_menu(self, menu: QMenu) -> None:
        """Fill the ⋯ menu."""
        fill_main_menu(menu, self._context.actions)

    def open_settings(self, page: str = "") -> None:
        """Open the settings, on a page when one is named."""
        if self._dialog is None:
            from studio.app.settings_dialog import SettingsDialog

            self._dialog = SettingsDialog(self._context, self._window)
        self._dialog.show_page(page)
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    # -- the actions --------------------------------------------------------------------------

    def _file(self) -> tuple[ActionSpec, ...]:
        return (
            _spec(
                "window.new",
                self.tr("New window"),
                self._new_window,
                "Ctrl+Shift+N",
                "app-window",
                "File",
            ),
            _spec(
                "window.settings",
                self.tr("Settings"),
                self.open_settings,
                "Ctrl+,",
                "settings",
                "File",
            ),
            _spec("window.quit", self.tr("Quit"), self._window.close, "Ctrl+Q", "log-out", "File"),
        )

    def _view(self) -> tuple[ActionSpec, ...]:
        window = self._window
        return (
            _spec(
                "view.palette",
                self.tr("Find a command"),
                window.open_palette,
                "Ctrl+K",
                "command",
                "View",
            ),
            ActionSpec(
                id="view.inspector",
                title=self.tr("Inspector"),
                callback=window.toggle_inspector,
                shortcut="F9",
                icon="panel-right",
                tooltip=self.tr("Show or hide the panel on the right"),
                category="View",
                checkable=True,
            ),
            _spec(
                "view.jobs",
                self.tr("Job list"),
                window.toggle_queue,
                "Ctrl+Shift+J",
                "list-ordered",
                "View",
            ),
            _spec(
                "view.full_screen",
                self.tr("Full screen"),
                self._full_screen,
                "F11",
                "maximize-2",
                "View",
            ),
            _spec(
                "view.other_theme",
                self.tr("Switch between dark and light"),
                self._other_theme,
                "",
                "sun-moon",
                "View",
            ),
            _spec(
                "view.next_region",
                self.tr("Next part of the window"),
                window.focus_next_region,
                "F6",
                "",
                "View",
            ),
            _spec("view.menu", self.tr("Open the menu"), self._open_menu, "F10", "", "View"),
        )

    def _generate(self) -> tuple[ActionSpec, ...]:
        return (
            ActionSpec(
                id="jobs.stop_all",
                title=self.tr("Stop all jobs"),
                callback=self._stop_all,
                shortcut="Ctrl+.",
                icon="square",
                category="Generate",
                enabled=lambda: bool(self._live_jobs()) or self.tr("Nothing is running."),
            ),
            ActionSpec(
                id="jobs.resume",
                title=self.tr("Go on with interrupted jobs"),
                callback=self._context.bridge.resume,
                icon="play",
                category="Generate",
                enabled=lambda: (
                    any(j.held for j in self._context.bridge.jobs())
                    or self.tr("Nothing was interrupted.")
                ),
            ),
        )

    def _help(self) -> tuple[ActionSpec, ...]:
        return (
            _spec(
                "help.shortcuts",
                self.tr("Keyboard shortcuts"),
                lambda: self.open_settings("shortcuts"),
                "F1",
                "keyboard",
                "Help",
            ),
            _spec(
                "help.models",
                self.tr("Models: get one or see what is here"),
                lambda: self.open_settings("models"),
                "",
                "box",
                "Help",
            ),
            _spec(
                "help.plugins",
                self.tr("Plugins"),
                lambda: self.open_settings("plugins"),
                "",
                "plug",
                "Help",
            ),
            _spec(
                "help.logs",
                self.tr("Open the folder with the logs"),
                self._open_logs,
                "",
                "file-text",
                "Help",
            ),
            _spec(
                "help.about",
                self.tr("About Triptych"),
                lambda: self.open_settings("about"),
                "",
                "info",
                "Help",
            ),
        )

    def _pane_action(self, name: str, title: str, icon_name: str, number: int) -> ActionSpec:
        return ActionSpec(
            id=f"pane.{name}",
            title=title,
            callback=lambda: self._window.show_pane(name),
            shortcut=f"Ctrl+{number}" if number < 10 else "",
            icon=icon_name,
            tooltip=fill_in(self.tr("Go to %1"), title),
            category="View",
        )

    # -- what they do -------------------------------------------------------------------------

    def _new_window(self) -> None:
        import subprocess

        subprocess.Popen(
            [sys.executable, "-m", "studio", "--new-window"],
            start_new_session=True,
        )

    def _open_menu(self) -> None:
        self._window.menu_button.showMenu()

    def _full_screen(self) -> None:
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _other_theme(self) -> None:
        other = "light" if self._context.theme.is_dark else "dark"
        try:
            self._context.settings.set("appearance", "theme", other)
        except BadInputError as error:
            self._context.notify.error(error)

    def _live_jobs(self) -> list[str]:
        jobs = self._context.bridge.jobs()
        return [job.id for job in jobs if job.state not in ENDED and job.state != "interrupted"]

    def _stop_all(self) -> None:
        for job_id in self._live_jobs():
            self._context.bridge.cancel(job_id)

    def _open_logs(self) -> None:
        folder = self._context.folders.logs
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.notify.info(
                self.tr("No file manager could be opened."),
                hint=fill_in(self.tr("The logs are in %1."), folder),
            )


def _spec(
    action_id: str,
    title: str,
    callback: Callable[[], object],
    shortcut: str,
    icon: str,
    category: str,
) -> ActionSpec:
    return ActionSpec(
        id=action_id,
        title=title,
        callback=callback,
        shortcut=shortcut,
        icon=icon,
        category=category,
    )

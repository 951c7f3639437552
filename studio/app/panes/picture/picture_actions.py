"""Everything the picture pane can do, as actions for menus, palette and shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from studio.app.actions import ActionSpec, Enabled, pane_action
from studio.app.panes.picture.canvas.commands import Command, commands
from studio.app.panes.picture.intent_words import ICONS, help_of, title_of
from studio.app.panes.picture.intents import Intent, Situation

if TYPE_CHECKING:
    from studio.app.panes.picture.pane import PicturePane

WITH_SELECTION = Situation(covered=1.0, selected=0.5, selected_covered=1.0)

_spec = partial(pane_action, "picture")


def _tr(text: str) -> str:
    return QCoreApplication.translate("picture_actions", text)


def picture_actions(pane: PicturePane) -> tuple[ActionSpec, ...]:
    """Return the pane's actions."""
    return (*_file(pane), *_edit(pane), *_generate(pane), *_intents(pane), *_canvas(pane))


def _file(pane: PicturePane) -> tuple[ActionSpec, ...]:
    def painted() -> bool | str:
        session = pane.session
        has = session is not None and bool(session.picture.layers)
        return has or _tr("There is nothing in this picture yet.")

    files = pane.files
    return (
        _spec("new", _tr("New picture"), pane.new_picture, "Ctrl+N", "file-plus"),
        _spec("open", _tr("Open picture…"), files.ask_open, "Ctrl+O", "folder-open"),
        _spec("save", _tr("Save picture"), files.save, "Ctrl+S", "save", "File", painted),
        _spec(
            "save_as",
            _tr("Save picture as…"),
            files.save_as,
            "Ctrl+Shift+S",
            "save",
            "File",
            painted,
            _tr("PNG, JPEG, WebP, AVIF and TIFF; OpenRaster and Photoshop with layers"),
        ),
        _spec(
            "recall",
            _tr("Recall settings from a picture…"),
            pane.recalling.ask,
            "",
            "history",
        ),
        _spec("rename", _tr("Rename picture…"), pane.rename, "F2", "pencil"),
        _spec(
            "close",
            _tr("Close picture"),
            lambda: pane.close_tab(pane.tabs.current()),
            "Ctrl+W",
            "x",
        ),
        _spec("delete", _tr("Delete picture"), pane.delete_document, "", "trash-2"),
    )


def _edit(pane: PicturePane) -> tuple[ActionSpec, ...]:
    def can(name: str, words: str) -> Callable[[], bool | str]:
        def answer() -> bool | str:
            session = pane.session
            return (session is not None and getattr(session.picture, name)) or words

        return answer

    return (
        _spec(
            "undo",
            _tr("Undo in the picture"),
            lambda: pane.session.picture.undo() if pane.session else None,
            "Ctrl+Z",
            "undo-2",
            "Edit",
            can("can_undo", _tr("There is nothing to undo.")),
        ),
        _spec(
            "redo",
            _tr("Redo in the picture"),
            lambda: pane.session.picture.redo() if pane.session else None,
            "Ctrl+Shift+Z",
            "redo-2",
            "Edit",
            can("can_redo", _tr("There is nothing to redo.")),
        ),
        _spec(
            "fit_frame",
            _tr("Fit the frame around the selection or picture"),
            pane.fit_frame,
            "",
            "frame",
            "Edit",
        ),
        _spec(
            "region",
            _tr("New region with a prompt of its own"),
            pane.add_region,
            "",
            "vector-square",
            "Edit",
        ),
    )


def _generate(pane: PicturePane) -> tuple[ActionSpec, ...]:
    view = pane.view

    def grid() -> None:
        from studio.app.panes.picture.grid_dialog import make_grid

        make_grid(pane, pane.context)

    def possible() -> bool | str:
        session = pane.session
        if session is None:
            return False
        return session.why_not(session.offer.intent) or True

    def has_result() -> bool | str:
        session = pane.session
        shown = session.tray.current if session is not None else None
        ready = (shown is not None and shown.ready) or pane.live.take() is not None
        return ready or _tr("There is no finished result yet.")

    def has_results() -> bool | str:
        session = pane.session
        return (session is not None and bool(session.tray.items)) or _tr("There are no results.")

    def running() -> bool | str:
        session = pane.session
        return (session is not None and session.tray.running) or _tr("Nothing is being made.")

    def step(by: int) -> Callable[[], object]:
        return lambda: pane.session.tray.step(by) if pane.session else None

    def accept() -> None:
        if not pane.live_view.accept():
            view.accept()

    def spec(
        name: str,
        title: str,
        then: Callable[[], object],
        keys: str = "",
        icon: str = "",
        enabled: Enabled = None,
        tip: str = "",
    ) -> ActionSpec:
        return _spec(name, title, then, keys, icon, "Generate", enabled, tip)

    return (
        spec(
            "generate",
            _tr("Paint: generate, refine, fill or expand"),
            view.generate,
            "Ctrl+Return",
            "sparkles",
            possible,
            _tr("Do what the gold button says"),
        ),
        spec("live", _tr("Live painting"), pane.toggle_live, "Ctrl+L", "zap"),
        spec("grid", _tr("X/Y grid…"), grid, "", "columns-2"),
        spec("accept", _tr("Accept the result"), accept, "", "check", has_result),
        spec("next", _tr("Next result"), step(1), "", "chevron-right", has_results),
        spec("previous", _tr("Result before"), step(-1), "", "chevron-left", has_results),
        spec("results", _tr("Show the results"), view.bring_back, "", "layers", has_results),
        spec("stop", _tr("Stop making pictures"), view.escape, "", "square", running),
        spec(
            "discard_all",
            _tr("Discard all results"),
            lambda: pane.session.tray.discard_all() if pane.session else None,
            "",
            "trash-2",
            has_results,
        ),
        spec("prompt", _tr("Go to the prompt"), lambda: view.prompt.setFocus(), "Ctrl+P", "pencil"),
        spec("add_model", _tr("Add a picture model…"), pane.models.ask, "", "package"),
    )


def _intents(pane: PicturePane) -> Iterator[ActionSpec]:
    def can(intent: Intent) -> Callable[[], bool | str]:
        def answer() -> bool | str:
            session = pane.session
            if session is None:
                return False
            if intent not in session.offer.choices:
                return _tr("It means nothing with what is in the frame and selected.")
            return session.why_not(intent) or True

        return answer

    for intent in Intent:
        if intent is Intent.GENERATE:
            continue
        situation = WITH_SELECTION if intent is not Intent.REFINE else Situation(covered=1.0)
        yield _spec(
            f"do.{intent.value}",
            title_of(intent, situation),
            partial(pane.view.generate, intent),
            "",
            ICONS[intent],
            "Generate",
            can(intent),
            help_of(intent),
        )


def _canvas(pane: PicturePane) -> Iterator[ActionSpec]:
    """Yield what the canvas does, without its keys: those work while it has the focus."""
    for command in commands(pane.view.canvas):
        if command.name in ("undo", "redo"):
            continue
        title = f"{command.title} ({command.keys})" if command.keys else command.title
        yield _spec(
            f"canvas.{command.name}",
            command.title,
            command.run,
            "",
            command.icon_name,
            "",
            partial(_possible, command),
            title,
        )


def _possible(command: Command) -> bool | str:
    return command.possible() or _tr("It cannot be done just now.")

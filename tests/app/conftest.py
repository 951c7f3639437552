"""A window, or only what a pane is given, with the scripted engine and a folder of its own.

Errors nobody caught and Qt's own messages fail the test, as everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.app.actions import ActionRegistry
from studio.app.bridge import EngineBridge
from studio.app.context import AppContext
from studio.app.main import Options, Window
from studio.app.main_window import MainWindow, PaneSource
from studio.app.notify import Notifier
from studio.app.settings_model import SettingsModel
from studio.app.theme import Theme
from studio.core.paths import Folders
from studio.core.settings import SettingsFile
from studio.library.service import LibraryService
from tests.app.sample_pane import SamplePane
from tests.fakes.fake_engine import FakeEngine

SAMPLE = PaneSource("Text", "feather", lambda: SamplePane)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let only the offscreen platform's own complaint pass."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


def delete_now() -> None:
    """Delete what was to be deleted later: every live widget makes a change of theme slower."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    root = tmp_path / "triptych"
    return Folders(root / "config", root / "data", root / "cache", root / "state")


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def app_context(
    qtbot: QtBot, qapp: QApplication, folders: Folders, engine: FakeEngine
) -> Iterator[AppContext]:
    """What a pane is given, with the scripted engine attached."""
    from studio.documents.project.session import ProjectSession

    settings = SettingsModel(SettingsFile(folders.settings_file))
    context = AppContext(
        folders=folders,
        settings=settings,
        bridge=EngineBridge(),
        actions=ActionRegistry(settings),
        notify=Notifier(),
        theme=Theme(qapp, "dark", reduce_motion=True),
        library=LibraryService(folders, lambda: settings.value),
        open_projects=lambda: ProjectSession(folders.projects),
    )
    context.bridge.attach(engine)  # type: ignore[arg-type]
    yield context
    if "fetches" in context.__dict__:
        context.fetches.close()
    if "voices" in context.__dict__:
        context.voices.close()
    context.bridge.close()
    context.library.close()
    if "projects" in context.__dict__:
        context.projects.close_all(abandon=True)
    settings.close()
    context.theme.deleteLater()
    delete_now()


@dataclass
class OpenWindow:
    """A window that is shown, with shorthands for tests."""

    app: Window
    engine: FakeEngine

    @property
    def view(self) -> MainWindow:
        return self.app.window

    @property
    def pane(self) -> SamplePane:
        pane = self.app.window.panes["text"]
        assert isinstance(pane, SamplePane)
        return pane


MakeWindow = Callable[..., OpenWindow]


@pytest.fixture
def make_window(
    qtbot: QtBot, qapp: QApplication, folders: Folders, engine: FakeEngine
) -> Iterator[MakeWindow]:
    """Return what opens a window and waits for its engine; all are closed at the end."""
    opened: list[Window] = []
    threads = set(threading.enumerate())

    def make(
        *,
        panes: dict[str, PaneSource] | None = None,
        options: Options | None = None,
        make_engine: Callable[[], object] | None = None,
        wait: bool = True,
    ) -> OpenWindow:
        window = Window(
            qapp,
            folders,
            options,
            panes=panes or {"text": SAMPLE},
            make_engine=make_engine or (lambda: engine),  # type: ignore[arg-type, return-value]
            catch_errors=False,
        )
        opened.append(window)
        window.theme.set_reduce_motion(True)
        window.show()
        if wait:
            qtbot.waitUntil(lambda: window.bridge.attached)
        return OpenWindow(window, engine)

    yield make
    for window in opened:
        if not window.closed:
            window.window.close()
            window.close()
    delete_now()
    left = [t for t in threading.enumerate() if t not in threads and not t.daemon]
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def window(make_window: MakeWindow) -> OpenWindow:
    return make_window()

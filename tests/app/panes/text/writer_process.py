"""A writer who is killed: a pane in its own process, typing and generating, telling as it goes.

Started by ``test_kill.py`` through a fork server that has imported everything, so that a kill
costs little. What was typed is told over a pipe with the time it was typed.
"""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TICK_MS = 15


def write(root: Path, told: Connection, *, generating: bool) -> None:
    """Type until killed; with ``generating``, a model writes all the while."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from studio.app.panes.text.manuscript_view import ManuscriptView

    app = QApplication([])
    pane, engine = _pane(app, root)
    pane.resize(800, 600)
    pane.show()
    pane.activated()
    view = pane.view
    assert isinstance(view, ManuscriptView)
    count = 0

    def tick() -> None:
        nonlocal count
        QTest.keyClicks(view.editor, f"w{count:04d} ")
        count += 1
        if generating and count % 4 == 0:
            _generate(view, engine, count)
        told.send((time.monotonic(), view.manuscript.text))

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    app.exec()


def _generate(view: Any, engine: Any, count: int) -> None:
    from tests.fakes.fake_engine import Finish, Steps, Text

    if view.generation.phase == "pending" and count % 16 == 0:
        view.accept()
        return
    if not view.generation.active:
        engine.script(Steps(1, 40), *(Text(f" g{n}") for n in range(40)), Finish())
        view.generate()
    live = [job.id for job in engine.jobs() if job.state in ("queued", "running")]
    if live:
        engine.step(live[0], count=12)


def _pane(app: Any, root: Path) -> tuple[Any, Any]:
    from studio.app.actions import ActionRegistry
    from studio.app.bridge import EngineBridge
    from studio.app.context import AppContext
    from studio.app.notify import Notifier
    from studio.app.panes.text.pane import TextPane
    from studio.app.settings_model import SettingsModel
    from studio.app.theme import Theme
    from studio.core.paths import Folders
    from studio.core.settings import SettingsFile
    from studio.documents.project.session import ProjectSession
    from studio.library.service import LibraryService
    from tests.fakes.fake_engine import FakeEngine

    folders = Folders(root / "config", root / "data", root / "cache", root / "state")
    settings = SettingsModel(SettingsFile(folders.settings_file))
    context = AppContext(
        folders=folders,
        settings=settings,
        bridge=EngineBridge(),
        actions=ActionRegistry(settings),
        notify=Notifier(),
        theme=Theme(app, "dark", reduce_motion=True),
        library=LibraryService(folders, lambda: settings.value),
        open_projects=lambda: ProjectSession(folders.projects),
    )
    engine = FakeEngine()
    context.bridge.attach(engine)  # type: ignore[arg-type]
    return TextPane(context), engine

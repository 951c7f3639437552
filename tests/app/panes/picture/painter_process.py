"""A painter who is killed: the picture pane in its own process, painting and accepting results.

Started by ``test_kill.py``. Each stroke puts one dot at its own place, and says so over a pipe.
"""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TICK_MS = 25
COLUMNS = 32
STEP_PX = 16


def place_of(number: int) -> tuple[int, int]:
    """Return where the dot of a stroke is."""
    row, column = divmod(number, COLUMNS)
    return column * STEP_PX + 8, row * STEP_PX + 8


def paint(root: Path, told: Connection) -> None:
    """Paint until killed; now and then a result is generated and accepted."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from studio.app.panes.picture.prompt_history import Prompt
    from studio.documents.picture.brush import Brush

    app = QApplication([])
    pane, engine = _pane(app, root)
    pane.resize(900, 700)
    pane.show()
    pane.activated()
    session = pane.session
    assert session is not None
    picture = session.picture
    layer = picture.add_layer()
    pane.view.prompt.set_text(Prompt("a fox"))
    count = 0

    def tick() -> None:
        nonlocal count
        stroke = picture.begin_stroke(layer, Brush(size_px=6.0, hardness=1.0), (255, 0, 0))
        x, y = place_of(count)
        stroke.add(x, y)
        stroke.add(x + 1, y)
        stroke.finish()
        told.send((time.monotonic(), count))
        count += 1
        if count % 5 == 0:
            pane.view.generate()
        engine.play()
        if session.tray.current is not None and count % 20 == 0:
            pane.view.accept()
        elif count % 7 == 0:
            session.tray.discard_all()

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    app.exec()


def _pane(app: Any, root: Path) -> tuple[Any, Any]:
    from studio.app.actions import ActionRegistry
    from studio.app.bridge import EngineBridge
    from studio.app.context import AppContext
    from studio.app.notify import Notifier
    from studio.app.panes.picture.pane import PicturePane
    from studio.app.settings_model import SettingsModel
    from studio.app.theme import Theme
    from studio.core.paths import Folders
    from studio.core.settings import SettingsFile
    from studio.documents.project.session import ProjectSession
    from studio.library.service import LibraryService
    from tests.fakes.fake_engine import IMAGE_MODEL, FakeEngine

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
    engine = FakeEngine(models=(IMAGE_MODEL,))
    context.bridge.attach(engine)  # type: ignore[arg-type]
    return PicturePane(context), engine

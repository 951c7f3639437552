"""Everything a session does, as a program: engine, generation, library, project, window.

Run as ``python -m tests.fakes.offline_session FOLDER MODEL``, where MODEL is a folder with a
language model; prints ``done`` when all of it worked and nothing reached for the network.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.fakes.network_guard import NetworkGuard

LONGEST_S = 60.0


def main(root: Path, model: Path) -> None:
    """Write a text in the window, accept it, and find it again."""
    guard = NetworkGuard()
    guard.install()

    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from studio.app.main import Window, make_application
    from studio.app.panes.text.generation import Phase
    from studio.app.panes.text.manuscript_view import ManuscriptView
    from studio.core.paths import Folders
    from studio.documents.project import Project

    folders = Folders(*(root / name for name in ("config", "data", "cache", "state")))
    folders.models.mkdir(parents=True)
    (folders.models / "toy").symlink_to(model)
    application = make_application(["triptych"])
    window = Window(application, folders, catch_errors=False)
    window.show()

    def until(condition: object) -> None:
        end = time.monotonic() + LONGEST_S
        while not condition():  # type: ignore[operator]
            assert time.monotonic() < end, "it never came to that"
            application.processEvents()
            time.sleep(0.01)  # qWait would hold the lock that the engine's threads need

    until(lambda: window.bridge.attached and window.bridge.models())
    view = window.window.panes["text"].view  # type: ignore[attr-defined]
    assert isinstance(view, ManuscriptView)
    window.settings.set("writing", "show_fact_note", False)
    QTest.keyClicks(view.editor, "The lighthouse keeper ")
    QTest.keyClick(view.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    until(lambda: view.generation.phase is Phase.PENDING)
    QTest.keyClick(view.editor, Qt.Key.Key_Tab)
    text = view.manuscript.text
    assert len(text) > len("The lighthouse keeper "), "nothing was written"
    until(lambda: window.library.library.search("").total == 1)
    project = window.context.projects.ensure()
    project.flush(10)
    copy = root / "story.triptych"
    project.copy_to(copy)
    with Project.open(copy, read_only=True) as kept:
        (document,) = kept.documents()
        assert kept.text(document.id).text == text
    window.window.close()
    window.close()
    assert not guard.tries, guard.tries
    print("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Draws everything of projects in the window into PNG files, to be looked at.

python -m tests.app.pictures_projects FOLDER
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from studio.core.requests import Capability, TextRequest
from studio.documents.project import Project, TextEdit
from tests.app.pictures import folders

OPENING = (
    "The lamp had been out for three nights before anyone in the village noticed. "
    "Maren noticed on the first, and said nothing.\n\n"
    "She climbed the stairs with a can of oil and a letter she had not opened."
)
GENERATED = (
    "\n\nThe letter smelled of tar. Inside it, folded twice, lay a map of the bay that showed "
    "an island where there had never been one."
)
DAY = 86_400


def typed(project: Project, document: str, text: str) -> None:
    """Type a text, a few letters at a time."""
    for at in range(0, len(text), 9):
        length = len(project.text(document).text)
        edit = TextEdit(length, "", text[at : at + 9])
        project.commit_text(document, [edit], label="Typing")


def novel(path: Path, steps: int = 0) -> tuple[Project, str]:
    """Make a project with three days of history."""
    import studio.documents.project.project as module

    real, shift = module.time.time, [0.0]

    class Clock:
        @staticmethod
        def time() -> float:
            return real() + shift[0]

    module.time = Clock  # type: ignore[assignment]
    try:
        shift[0] = -2 * DAY - 4000
        project = Project.open(path, create=True)
        document = project.create_document("text", "Chapter one")
        gone = project.create_document("text", "Notes on lighthouses")
        typed(project, gone, "Fresnel lens, 1822. Oil, not gas.")
        typed(project, document, OPENING)
        shift[0] = -DAY - 900
        asked = project.add_request(
            TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="x", model="fake-chat"),
            {"model": "fake-chat", "energy_j": 42.0},
        )
        project.commit_text(
            document,
            [TextEdit(len(OPENING), "", GENERATED)],
            label="Continue",
            origin="generated",
            request_id=asked,
        )
        project.snapshot("sent to the editor")
        shift[0] = -600
        text = project.text(document).text
        project.commit_text(
            document,
            [
                TextEdit(text.index(", and said nothing"), ", and said nothing", ""),
                TextEdit(text.index("three nights"), "three nights", "a week"),
            ],
            label="Typing",
        )
        text = project.text(document).text
        project.commit_text(
            document,
            [TextEdit(len(text), "", "\n\n“Mutter, wo ist die Insel?”")],
            label="Paste",
            origin="pasted",
        )
        typed(project, document, "\n\nShe put it in the stove.")
        for number in range(steps):
            length = len(project.text(document).text)
            project.commit_text(document, [TextEdit(length, "", f" w{number}")], label="Typing")
        project.delete_document(gone)
        project.flush()
    finally:
        import time

        module.time = time
    return project, document


def main(target: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from studio.app.main import Window, make_application
    from tests.fakes.fake_engine import FakeEngine

    target.mkdir(parents=True, exist_ok=True)
    app = make_application(["triptych"])
    engine = FakeEngine()
    with tempfile.TemporaryDirectory() as root:
        place = Path(root) / "Documents"
        place.mkdir()
        project, _ = novel(place / "The Keeper.triptych")
        project.close()
        window = Window(app, folders(Path(root)), make_engine=lambda: engine)
        window.settings.set("appearance", "reduce_motion", True)
        view = window.window

        def settle() -> None:
            for _ in range(12):
                app.processEvents()

        def shoot(name: str, widget=None) -> None:
            settle()
            (widget or view).grab().save(str(target / f"{name}.png"))

        def wait_for(done: Callable[[], bool]) -> None:
            while not done():
                app.processEvents()

        view.resize(1280, 800)
        window.show()
        wait_for(lambda: window.bridge.attached and window.project_actions is not None)
        actions = window.project_actions
        assert actions is not None
        engine.warm_up()
        actions.open_project(place / "The Keeper.triptych")
        wait_for(lambda: actions.work.pending == 0)
        for theme in ("dark", "light"):
            window.settings.set("appearance", "theme", theme)
            view.resize(1280, 800)
            shoot(f"project-{theme}")
            history(actions, shoot, wait_for, theme)
            menu = view.menu_button.menu()
            for action in menu.actions():
                if action.text() in ("File", "Edit"):
                    menu.aboutToShow.emit()
                    action.menu().aboutToShow.emit()
                    action.menu().popup(view.mapToGlobal(view.rect().center()))
                    shoot(f"menu-{action.text().lower()}-{theme}", action.menu())
                    action.menu().hide()
            more(window, shoot, wait_for, place, theme)
        view.close()
        window.close()


def history(actions, shoot, wait_for, theme: str) -> None:
    """The time machine, at now and back in time, and its other lists."""
    actions.open_history()
    panel = actions.panel
    wait_for(lambda: panel.reading.pending == 0 and bool(panel.past.entries))
    shoot(f"history-now-{theme}")
    panel.strip.setValue(panel.strip.maximum() - 6)
    wait_for(lambda: panel.reading.pending == 0)
    shoot(f"history-back-{theme}")
    for tab, name in ((1, "moments"), (2, "deleted")):
        panel.show_list(tab)
        wait_for(lambda: panel.reading.pending == 0)
        shoot(f"history-{name}-{theme}")
    panel.close_panel()


def more(window, shoot, wait_for, place: Path, theme: str) -> None:
    """Bars and dialogs."""
    actions = window.project_actions
    damaged = place / f"Broken {theme}.triptych"
    project, _ = novel(damaged)
    project.close()
    window.context.projects.open(damaged)
    window.context.projects.wait_for_care()
    window.context.projects.close(window.context.projects.current)
    data = bytearray(damaged.read_bytes())
    data[20_000:24_000] = bytes(4000)
    damaged.write_bytes(data)
    actions.open_project(damaged)
    wait_for(lambda: actions.work.pending == 0)
    shoot(f"damaged-{theme}")
    actions.close_project()
    wait_for(lambda: actions.work.pending == 0)
    actions.watch.bar.hide()
    exchange = actions.exchange
    exchange.open_export()
    shoot(f"export-{theme}", exchange.export_dialog)
    exchange.export_dialog.reject()
    exchange.open_authorship()
    wait_for(lambda: actions.work.pending == 0)
    shoot(f"authorship-{theme}", exchange.authorship_dialog)
    exchange.authorship_dialog.hide()
    pane = window.window.panes["text"]
    exchange.export_to(pane.front, place / f"Chapter {theme}.docx", with_prompts=False)
    wait_for(lambda: actions.work.pending == 0)
    shoot(f"exported-{theme}")
    exchange.open_origin()
    exchange.origin_dialog.check(place / f"Chapter {theme}.docx")
    wait_for(lambda: not exchange.origin_dialog._timer.isActive())
    shoot(f"origin-{theme}", exchange.origin_dialog)
    exchange.origin_dialog.hide()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

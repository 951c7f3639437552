"""Draws the picture pane in its states into PNG files, to be looked at.

    python -m tests.app.pictures_painting FOLDER

The engine is the scripted one, the pictures it makes are plain; everything else is real.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WAIT_S = 30.0


def main(target: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from studio.app.main import Window, make_application
    from tests.app.pictures import folders
    from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL, FakeEngine

    target.mkdir(parents=True, exist_ok=True)
    app = make_application(["triptych"])
    engine = FakeEngine(models=(CHAT_MODEL, IMAGE_MODEL))
    with tempfile.TemporaryDirectory() as root:
        window = Window(app, folders(Path(root)), make_engine=lambda: engine, catch_errors=False)
        window.settings.set("appearance", "reduce_motion", True)
        shots = Shots(app, window, engine, target)
        window.window.resize(1280, 800)
        window.show()
        shots.wait(lambda: window.bridge.attached)
        window.window.show_pane("picture")
        for theme in ("dark", "light"):
            window.settings.set("appearance", "theme", theme)
            shots.theme = theme
            shots.all()
        window.window.close()
        window.close()


class Shots:
    """Brings the pane into its states, one after another."""

    def __init__(self, app: Any, window: Any, engine: Any, target: Path) -> None:
        self.app, self.window, self.engine, self.target = app, window, engine, target
        self.theme = "dark"

    @property
    def pane(self) -> Any:
        return self.window.window.panes["picture"]

    def settle(self) -> None:
        for _ in range(15):
            self.app.processEvents()

    def wait(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + WAIT_S
        while not done():
            self.app.processEvents()
            if time.monotonic() > until:
                raise SystemExit("waited in vain")

    def wait_for_job(self) -> None:
        self.wait(lambda: any(job.state == "queued" for job in self.engine.jobs()))

    def looked(self) -> None:
        """Wait until the situation was looked at."""
        session = self.pane.session
        self.wait(
            lambda: (
                session.survey is not None and session.survey.revision == session.picture.revision
            )
        )
        self.wait(lambda: self.pane.view.canvas.up_to_date)
        self.settle()

    def shoot(self, name: str, size: tuple[int, int] = (1280, 800)) -> None:
        view = self.window.window
        view.resize(*size)
        self.settle()
        self.wait(lambda: self.pane.view.canvas.up_to_date)
        view.grab().save(str(self.target / f"{name}-{self.theme}.png"))

    def all(self) -> None:
        from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL

        self.engine.set_models((CHAT_MODEL,))
        self.pane.new_picture()
        self.wait(lambda: not self.pane.options.models())
        self.wait(lambda: "No picture model" in self.pane.view.card.title.text())
        self.shoot("model-missing")
        self.shoot("model-missing-small", (800, 520))
        self.engine.set_models((CHAT_MODEL, IMAGE_MODEL))
        self.wait(lambda: bool(self.pane.options.models()))
        self.looked()
        self.shoot("empty")
        self.shoot("empty-small", (800, 520))
        self.generating()
        self.intents()
        self.error()
        self.parts()

    def generating(self) -> None:
        from studio.app.panes.picture.prompt_history import Prompt
        from tests.fakes.fake_engine import Finish, Show, Steps

        pane = self.pane
        pane.view.prompt.set_text(Prompt("a lighthouse on a cliff, oil painting", "blurry"))
        pane.options.set(count=4)
        self.engine.script(
            Steps(3, 8, 12.0), Show((90, 120, 160, 255)), Show((120, 90, 90, 255), 1), Finish()
        )
        self.looked()
        pane.view.generate()
        self.wait_for_job()
        self.engine.step(count=3)
        self.wait(lambda: len(pane.session.tray.busy_job.previews) == 2)
        self.shoot("generating")
        self.shoot("generating-small", (800, 520))
        self.engine.play()
        self.wait(lambda: not pane.session.tray.running)
        self.shoot("tray")
        pane.view.tray.compare.setChecked(True)
        self.settle()
        self.shoot("compare")
        pane.view.tray.compare.setChecked(False)
        pane.view.accept()
        self.wait(lambda: bool(pane.session.picture.layers))
        self.looked()
        self.shoot("accepted")
        pane.options.set(count=1)

    def intents(self) -> None:
        from studio.documents.picture.geometry import Rect

        pane = self.pane
        picture, side = pane.session.picture, pane.session.side
        picture.select_ellipse(Rect(side // 4, side // 4, side // 2, side // 2))
        self.looked()
        self.shoot("fill")
        pane.view.prompt.menu.popup(pane.view.prompt.mapToGlobal(pane.view.prompt.rect().center()))
        self.settle()
        pane.view.prompt.menu.grab().save(str(self.target / f"menu-{self.theme}.png"))
        pane.view.prompt.menu.hide()
        picture.clear_selection()
        picture.frame = Rect(side // 2, 0, side, side)
        self.wait(lambda: pane.session.offer.intent.value == "expand")
        pane.view.canvas.fit()
        self.shoot("expand")
        picture.frame = Rect(0, 0, side, side)
        self.wait(lambda: pane.session.offer.intent.value == "refine")

    def error(self) -> None:
        from tests.fakes.fake_engine import Fail

        pane = self.pane
        self.engine.script(
            Fail(
                "There is not enough memory for a picture of this size.",
                "Make the frame smaller, or close other programs.",
                "OutOfMemoryError: tried to allocate 2.1 GB",
            )
        )
        pane.view.generate()
        self.wait_for_job()
        self.engine.play()
        self.wait(lambda: not pane.session.tray.running)
        self.shoot("error")
        self.shoot("error-small", (800, 520))
        pane.view.error_card.dismiss()
        pane.session.tray.discard_all()

    def parts(self) -> None:
        from studio.models.info import ModelInfo

        pane = self.pane
        self.engine.parts = (
            ModelInfo(id="ink", title="Ink drawings", role="lora", family="sd-1"),
            ModelInfo(id="xl", title="Crayons for XL", role="lora", family="sdxl"),
            ModelInfo(id="canny", title="Canny edges", role="controlnet", family="sd-1"),
            ModelInfo(id="ip", title="IP-Adapter plus", role="ip-adapter", family="sd-1"),
        )
        self.engine.set_models(self.engine.models())
        self.settle()
        pane.inspector.add_part("lora", "ink")
        pane.inspector.add_part("lora", "xl")
        pane.inspector.add_part("controlnet", "canny")
        pane.inspector.add_part("ip-adapter", "ip")
        pane.inspector.sections["frame"].set_expanded(False)
        self.shoot("parts")
        pane.inspector.sections["frame"].set_expanded(True)
        pane.options.set(loras=(), controls=(), references=())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

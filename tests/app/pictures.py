"""Draws the window in its states into PNG files, to be looked at.

    python -m tests.app.pictures FOLDER [sample]

The engine is the scripted one; the pane is the real text pane unless ``sample`` is named.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.core.paths import Folders
from studio.core.requests import Capability, TextRequest


def folders(root: Path) -> Folders:
    return Folders(root / "config", root / "data", root / "cache", root / "state")


def main(target: Path, *, sample: bool) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from studio.app.main import Window, make_application
    from studio.app.main_window import PaneSource
    from tests.app.sample_pane import SamplePane
    from tests.fakes.fake_engine import FakeEngine

    target.mkdir(parents=True, exist_ok=True)
    app = make_application(["triptych"])
    engine = FakeEngine()
    panes = {"text": PaneSource("Text", "feather", lambda: SamplePane)} if sample else None
    with tempfile.TemporaryDirectory() as root:
        window = Window(app, folders(Path(root)), panes=panes, make_engine=lambda: engine)
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
        wait_for(lambda: window.bridge.attached)
        engine.warm_up()
        wait_for(lambda: "Fake" in view.status.model_words())
        for theme in ("dark", "light"):
            window.settings.set("appearance", "theme", theme)
            view.resize(1280, 800)
            shoot(f"empty-{theme}")
            view.open_palette()
            shoot(f"palette-{theme}")
            view.palette_popup._field.setText("set")
            shoot(f"palette-typed-{theme}")
            view.palette_popup.dismiss()
            window.notify.info("The story was saved.", "It lies in Documents/story.md.")
            window.notify.error(
                __import__("studio.core.errors", fromlist=["StudioError"]).StudioError(
                    "The model file smollm2.safetensors is truncated: 120 of 270 MB are there.",
                    hint="Fetch it again; what was fetched so far is used.",
                    path="/home/someone/.local/share/Triptych/models/smollm2/model.safetensors",
                )
            )
            window.notify.warn("The text was cut at the model's context of 2048 tokens.")
            shoot(f"toasts-{theme}")
            for toast in view.toasts.toasts:
                toast.dismiss()
            ids = fill_queue(engine)
            view.toggle_queue()
            wait_for(
                lambda: "job" in view.status.job_words() and "No" not in view.status.job_words()
            )
            shoot(f"queue-{theme}")
            view.toggle_queue()
            for job in ids:
                engine.dismiss(job)
            wait_for(lambda: "No" in view.status.job_words())
            for page in (
                "appearance",
                "writing",
                "computing",
                "files",
                "plugins",
                "shortcuts",
                "about",
            ):
                window.window_actions.open_settings(page)
                shoot(f"settings-{page}-{theme}", window.window_actions.dialog)
            window.window_actions.dialog.hide()
            view.menu_button.menu().popup(view.mapToGlobal(view.rect().topRight()))
            shoot(f"menu-{theme}", view.menu_button.menu())
            view.menu_button.menu().hide()
            view.resize(1440, 900)
            shoot(f"wide-{theme}")
            view.resize(800, 520)
            shoot(f"small-{theme}")
        view.close()
        window.close()


def fill_queue(engine: Any) -> list[str]:
    from tests.fakes.fake_engine import Fail, Finish, Steps

    def request(label: str) -> TextRequest:
        return TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="x", label=label)

    engine.script(Steps(60, 200, 14.0), Finish())
    running = engine.submit(request("Continue “The lighthouse keeper”"))
    engine.step(running)
    waiting = [
        engine.submit(request(label))
        for label in (
            "Alternative 2",
            "Rewrite: shorten the second paragraph of a chapter with a long name",
        )
    ]
    failed = engine.submit(request("Translate to German"))
    engine._jobs[failed].steps.clear()
    engine._jobs[failed].steps.append(Fail("The model does not fit into memory."))
    engine.play(failed)
    back = engine.add_job(
        request=request("Summarise chapter 3"), state="interrupted", label="Summarise chapter 3"
    )
    done = engine.submit(request("Fix grammar"))
    engine.play(done)
    return [running, *waiting, failed, back, done]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sample="sample" in sys.argv[2:])

"""The window: how soon it is painted, and how smooth it stays while a model works.

Each start is a process of its own. Bare windows and Triptych's alternate, so that whatever else
the computer does falls on both; the medians are compared.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from studio.core.paths import user_folders
from tests.benchmarks.rows import Row

ROOT = Path(__file__).parents[2]
RUNS = 9
TIMER_MS = 8
TOKENS = 96
PICTURES = 4
"""Drawn one after another in the pane, previews shown: some thousand ticks of the timer."""

BARE = """
import time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QTextEdit
app = QApplication(["bare"])
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, done)
def done():
    print(time.time_ns(), flush=True)
    app.quit()
window = Window()
window.setCentralWidget(QTextEdit())
window.resize(1280, 800)
window.show()
app.exec()
import os
os._exit(0)
"""

OURS = """
import sys, time
from studio.app.main import Window, make_application
from studio.core.paths import user_folders
app = make_application(["triptych"])
window = Window(app, user_folders())
window._starter.start = lambda: None
view = window.window
after = view._after_first_paint
def first():
    painted = time.time_ns()
    heavy = [m for m in ("torch", "transformers", "numpy", "sqlite3") if m in sys.modules]
    after()
    app.processEvents()
    print(painted, time.time_ns(), len(heavy), flush=True)
    import os
    os._exit(0)
view._after_first_paint = first
window.show()
app.exec()
"""

LATENCY = """
import json, sys, threading, time
from PySide6.QtCore import QElapsedTimer, QTimer, Qt
from studio.app.main import Window, make_application
from studio.core.events import TERMINAL, Preview, TextDelta
from studio.core.paths import user_folders
from studio.core.requests import Capability, TextRequest
app = make_application(["triptych"])
window = Window(app, user_folders())
late, phases, now = [], {{}}, ["start"]
clock = QElapsedTimer()
def tick():
    phases.setdefault(now[0], []).append(max(0.0, clock.nsecsElapsed() / 1e6 - {timer}))
    clock.start()
timer = QTimer()
timer.setTimerType(Qt.TimerType.PreciseTimer)
timer.timeout.connect(tick)
def begin():
    now[0] = "imports"
    clock.start()
    timer.start({timer})
job = [None]
def ask():
    now[0] = "loading"
    job[0] = window.bridge.submit(TextRequest(
        capability=Capability.TEXT_GENERATE, seed=1, prompt="Once upon a time",
        options={{"max_new_tokens": {tokens}}}))
left = [{pictures}]
def draw():
    window.window.show_pane("picture")
    now[0] = "showing pictures"
    QTimer.singleShot(1000, ask_for_picture)
def ask_for_picture():
    now[0] = "loading"
    job[0] = None
    window.window.panes["picture"].view.run_example()
def seen(event):
    if isinstance(event, TextDelta) and event.job_id == job[0]:
        now[0] = "generating"
    if isinstance(event, Preview) and job[0] is None:
        job[0], now[0] = event.job_id, "drawing"
    if isinstance(event, TERMINAL) and event.job_id == job[0]:
        drawn = now[0] == "drawing"
        now[0] = "after it"
        left[0] -= drawn
        again = ask_for_picture if drawn else draw
        QTimer.singleShot(500, again if left[0] else finish)
def finish():
    print(json.dumps(phases), flush=True)
    import os
    os._exit(0)
window.bridge.engine_event.connect(seen)
def wait():
    ready = window.bridge.state().ready and "torch" in sys.modules
    resident = bool(window.bridge.state().resident)
    if ready and resident:
        ask()
    else:
        QTimer.singleShot(100, wait)
def after_paint():
    QTimer.singleShot(0, begin)
    QTimer.singleShot(200, wait)
window.window.first_painted.connect(after_paint)
window.show()
app.exec()
"""


def run() -> list[Row]:
    """Measure everything about the window."""
    return [*_first_paint(), *_latency()]


def _first_paint() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        for program in (BARE, OURS):  # the first start of each writes bytecode
            _start(program, environment)
        bare, ours, whole, heavy = [], [], [], 0
        for _ in range(RUNS):
            bare.append(_start(BARE, environment)[0])
            painted, with_pane, loaded = _start(OURS, environment)
            ours.append(painted)
            whole.append(with_pane)
            heavy += int(loaded)
    base = statistics.median(bare)
    return [
        Row("bare window with one text edit, to first paint", base, "ms"),
        Row("window to first paint", statistics.median(ours), "ms"),
        Row("window to first paint : bare", statistics.median(ours) / base, "x", 2.0),
        Row("window with its pane painted : bare", statistics.median(whole) / base, "x"),
        Row("starts with a heavy library before the first paint", heavy, "of them", 0),
    ]


def _start(program: str, environment: dict[str, str]) -> list[float]:
    """Run a program that prints times; return them in ms since its start, and what follows."""
    import time

    begin = time.time_ns()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    words = [int(word) for word in done.stdout.split()]
    return [(word - begin) / 1e6 if word > begin else float(word) for word in words]


def _latency() -> list[Row]:
    """Run the window with the real engine and the built-in model beside an 8 ms timer."""
    models = user_folders().models
    if not models.is_dir() or not any(models.iterdir()):
        raise SystemExit(f"The built-in model is not in {models}; set Triptych up first.")
    program = LATENCY.format(timer=TIMER_MS, tokens=TOKENS, pictures=PICTURES)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(models, target_is_directory=True)
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=_environment(Path(folder)),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
    phases: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    imports = phases["imports"]
    rows = [
        Row("event loop while torch and transformers import, worst", max(imports), "ms late", 250)
    ]
    for phase, what in (("generating", "text generates"), ("drawing", "a picture is drawn")):
        late = sorted(phases[phase])
        rows += [
            Row(f"event loop while {what}, p99 of {len(late)}", _p99(late), "ms late", 8),
            Row(f"event loop while {what}, worst", late[-1], "ms late", 50),
        ]
    return rows


def _p99(ordered: list[float]) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


def _environment(folder: Path) -> dict[str, str]:
    """A data folder of its own, bytecode kept beside it, and no display needed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return environment | {
        "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        "TRIPTYCH_DATA_DIR": str(folder),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }

"""What is loaded before the first paint, seen from outside in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HEAVY = (
    "torch",
    "transformers",
    "diffusers",
    "numpy",
    "sqlite3",
    "psutil",
    "PIL",
    "importlib.metadata",
    "PySide6.QtNetwork",
)

PROGRAM = """
import json, sys
from studio.app.main import Window, make_application
from studio.core.paths import user_folders
app = make_application(["triptych"])
window = Window(app, user_folders())
seen = []
def look():
    seen.extend(m for m in {heavy!r} if m in sys.modules)
    app.quit()
view = window.window
view._after_first_paint = look
window.show()
app.exec()
print(json.dumps({{"loaded": seen, "painted": view._painted}}))
"""


def run(tmp_path: Path, program: str) -> dict[str, object]:
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "TRIPTYCH_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_first_paint_needs_nothing_heavy(tmp_path):
    answer = run(tmp_path, PROGRAM.format(heavy=HEAVY))
    assert answer == {"loaded": [], "painted": True}

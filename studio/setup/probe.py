"""Trying whether an environment can start Triptych, and finding what the system lacks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from studio.setup.libraries import missing_libraries, platform_plugins
from studio.setup.programs import Outcome, setup_environ

# Tries what a start needs. The quick one only finds the heavy libraries; the full one imports
# them and makes a QApplication, which aborts where a part of Qt is missing.
PROBE = """
import ctypes, importlib, importlib.util, os, pathlib, sys
import PySide6.QtWidgets
names = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "psutil", "studio")
if sys.argv[1] == "quick":
    gone = [name for name in names if importlib.util.find_spec(name) is None]
    if gone:
        raise ImportError("not installed: " + ", ".join(gone))
else:
    for name in names[:-1]:
        importlib.import_module(name)
    app = PySide6.QtWidgets.QApplication([])
if sys.platform not in ("win32", "darwin") and sys.argv[2]:
    platforms = pathlib.Path(PySide6.__file__).parent / "Qt/plugins/platforms"
    for plugin in platforms.glob(sys.argv[2]):
        ctypes.CDLL(str(plugin))
print("probe passed")
"""


def try_start(python: Path, how: Literal["quick", "full"]) -> Outcome:
    """Run the probe in an environment.

    Args:
        python: The environment's Python.
        how: "quick" takes a fraction of a second, "full" imports everything.

    Returns:
        How it went; see :func:`passed`.
    """
    command = [str(python), "-I", "-c", PROBE, how, platform_plugins(os.environ)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**setup_environ(), "QT_QPA_PLATFORM": "offscreen"},
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Outcome(1, f"Error: {error}")
    return Outcome(done.returncode, done.stdout + done.stderr)


def passed(outcome: Outcome) -> bool:
    """Tell whether a probe found everything in order."""
    return outcome.code == 0 and outcome.output.rstrip().endswith("probe passed")


def lacking_libraries(outcome: Outcome, site_packages: Path) -> list[str]:
    """Return the system's libraries that kept a probe from passing.

    The loader names only the first one, so all parts of Qt that matter are looked through.

    Args:
        outcome: What the probe said.
        site_packages: The environment's folder of packages.

    Returns:
        File names such as "libEGL.so.1".
    """
    if sys.platform in ("win32", "darwin") or passed(outcome):
        return []
    found = missing_libraries(outcome.output)
    qt = site_packages / "PySide6"
    if (found or outcome.code < 0) and shutil.which("ldd"):
        plugins = qt / "Qt" / "plugins" / "platforms"
        parts = [*qt.glob("Qt[GW]*.abi3.so"), plugins / "libqoffscreen.so"]
        pattern = platform_plugins(os.environ)
        parts += plugins.glob(pattern) if pattern else []
        listing = subprocess.run(
            ["ldd", *parts], capture_output=True, text=True, check=False, timeout=60
        )
        found += missing_libraries(listing.stdout)
    own = {path.name for path in qt.glob("Qt/lib/*.so*")}
    return sorted(set(found) - own)

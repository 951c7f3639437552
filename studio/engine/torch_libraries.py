"""Loading torch's shared libraries without holding the interpreter, so that the window goes on.

``import torch`` spends 170 to 240 ms in one piece inside the dynamic linker, resolving
libtorch_cpu, with the interpreter's lock held: the longest stall of a start. Called as a foreign
function, ``dlopen`` runs without that lock; what it loaded is then found loaded by the import.
Measured with a 4 ms timer in the main thread: worst gap 209 and 234 ms before, 25 to 49 ms with.
``ctypes.CDLL(path)`` would not do: it holds the lock itself.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import sys
from pathlib import Path

_log = logging.getLogger(__name__)


def load_ahead() -> None:
    """Load torch's libraries in the order the import would; does nothing on Windows.

    What cannot be loaded is left to the import, which says why in full.
    """
    if os.name == "nt":
        return
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / "lib"
    suffix = "dylib" if sys.platform == "darwin" else "so"
    for name, mode in (
        ("libtorch_global_deps", os.RTLD_GLOBAL),
        ("libc10", os.RTLD_LOCAL),
        ("libtorch_cpu", os.RTLD_LOCAL),
        ("libtorch_python", os.RTLD_LOCAL),
    ):
        path = folder / f"{name}.{suffix}"
        if path.exists() and not _dlopen(path, os.RTLD_NOW | mode):
            _log.info("%s is left to the import", path.name)
            return


def _dlopen(path: Path, mode: int) -> bool:
    """Call the system's ``dlopen`` with the interpreter's lock released."""
    function = ctypes.CDLL(None).dlopen
    function.restype = ctypes.c_void_p
    function.argtypes = (ctypes.c_char_p, ctypes.c_int)
    return bool(function(os.fsencode(path), mode))

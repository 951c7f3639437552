"""Runs a conversion of model files in a process of its own, which can be stopped at once.

The process tells how far it is by lines ``progress <fraction> <text>`` on standard output, and
why it gave up by a line ``failed <json>``.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import studio
from studio.core import errors as studio_errors
from studio.core.errors import ModelDamagedError, StudioError

_log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]


def run_conversion(
    module: str,
    source: Path,
    target: Path,
    progress: Progress,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Run ``python -m module source target`` and wait for it.

    Args:
        module: One of ours that prints progress lines.
        source: The file to convert.
        target: What to make of it.
        progress: Called with a fraction 0..1 and what happens now, on a thread of its own.
        check: Called some twenty times a second; what it raises stops the process.

    Raises:
        ModelError: The file cannot be used.
        StudioError: What the process told of, or what ``check`` raises.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, str(source), str(target)],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    failed: dict[str, str] = {}
    errors: list[str] = []
    reader = threading.Thread(target=_follow, args=(process, progress, failed), daemon=True)
    drain = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    reader.start()
    drain.start()
    try:
        while process.poll() is None:
            check()
            reader.join(0.05)
            if not reader.is_alive():
                process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        reader.join()
        drain.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if process.returncode != 0:
        raise _failure(source, failed, "".join(errors).strip())


def _environment() -> dict[str, str]:
    package = str(Path(studio.__file__).resolve().parent.parent)
    parts = (package, os.environ.get("PYTHONPATH", ""))
    path = os.pathsep.join(part for part in parts if part)
    return dict(os.environ, PYTHONIOENCODING="utf-8", PYTHONPATH=path)


def _failure(source: Path, failed: dict[str, str], said: str) -> StudioError:
    """Return the error the child told of, or one for a child that died."""
    _log.warning("unpacking %s failed: %s", source.name, said[-2000:])
    kind = getattr(studio_errors, failed.get("kind", ""), None)
    if isinstance(kind, type) and issubclass(kind, StudioError):
        return kind(failed["message"], hint=failed["hint"], path=str(source))
    return ModelDamagedError(
        f"Unpacking {source.name} broke off.",
        hint="The file may be damaged, or the memory too small for it.",
        path=str(source),
        details=said[-4000:],
    )


def _follow(process: subprocess.Popen[str], progress: Progress, failed: dict[str, str]) -> None:
    for line in process.stdout or ():
        word, _, rest = line.strip().partition(" ")
        fraction, _, text = rest.partition(" ")
        if word == "progress":
            progress(float(fraction), text)
        elif word == "failed":
            failed.update(json.loads(rest))

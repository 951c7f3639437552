"""``triptych doctor``: what is here, what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from studio import __version__
from studio.cli.tables import size
from studio.core.paths import Folders, user_folders
from studio.core.requests import Capability

_PACKAGES = ("PySide6_Essentials", "torch", "transformers", "accelerate", "gguf", "safetensors")
_LOW_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes:
        what: What is wrong, in a sentence.
        do: What to do about it.
    """

    what: str
    do: str


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``doctor`` to the command line."""
    doctor = commands.add_parser("doctor", help="show what is here and what is wrong")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run ``triptych doctor``; exit code 1 when something is wrong."""
    report, findings = examine(user_folders())
    if options.json:
        print(
            json.dumps(
                {**report, "findings": [asdict(finding) for finding in findings]},
                ensure_ascii=False,
                default=str,
            )
        )
    else:
        _print(report, findings)
    return 1 if findings else 0


def examine(folders: Folders) -> tuple[dict[str, Any], list[Finding]]:
    """Look at everything Triptych stands on.

    Returns:
        The facts by subject, and what is wrong.
    """
    findings: list[Finding] = []
    report: dict[str, Any] = {
        "triptych": __version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: _version(name, findings) for name in _PACKAGES},
        "window": _window(findings),
        "folders": _folders(folders, findings),
    }
    report.update(_engine(findings))
    return report, findings


def _version(name: str, findings: list[Finding]) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        findings.append(
            Finding(
                f"The package {name} is missing.", "Run “python3 packaging/bootstrap.py setup”."
            )
        )
        return None


def _window(findings: list[Finding]) -> str:
    try:
        from PySide6.QtCore import qVersion
        from PySide6.QtWidgets import QApplication  # noqa: F401 - loads what a window needs
    except ImportError as error:
        findings.append(
            Finding(
                f"Qt cannot be loaded: {error}.",
                "Run “python3 packaging/bootstrap.py setup”; it names the system packages.",
            )
        )
        return "not available"
    shown = any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not shown:
        return f"Qt {qVersion()}, no display"
    return f"Qt {qVersion()}"


def _folders(folders: Folders, findings: list[Finding]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for name in ("config", "data", "cache", "state"):
        folder: Path = getattr(folders, name)
        there = next(p for p in (folder, *folder.parents) if p.exists())
        free = shutil.disk_usage(there).free
        writable = os.access(there, os.W_OK)
        found[name] = {"path": str(folder), "writable": writable, "free_bytes": free}
        if not writable:
            findings.append(
                Finding(
                    f"The {name} folder {folder} cannot be written to.",
                    "Change its permissions, or name another with TRIPTYCH_DATA_DIR.",
                )
            )
    if found["data"]["free_bytes"] < _LOW_DISK_BYTES:
        free_text = size(found["data"]["free_bytes"])
        findings.append(
            Finding(
                f"Only {free_text} are free where your work is kept.",
                "Free some space before making more.",
            )
        )
    return found


def _engine(findings: list[Finding]) -> dict[str, Any]:
    """Start an engine and ask it."""
    import psutil

    from studio.cli.session import engine_session, load_settings

    _, problems = load_settings(user_folders())
    findings += [
        Finding(
            f"A setting could not be read: {problem}",
            "The default is used; the old file is kept beside as settings.json.bad.",
        )
        for problem in problems
    ]
    with engine_session() as engine:
        device = engine.state().device
        models = engine.models()
        plugins = engine.plugins()
        findings += [
            Finding(problem, "See “triptych models list” and “triptych plugins list”.")
            for problem in engine.problems()
        ]
    if not any(Capability.TEXT_GENERATE in model.capabilities for model in models):
        findings.append(
            Finding(
                "No text model is installed.",
                "Run “python3 packaging/bootstrap.py setup” once with a network connection.",
            )
        )
    memory = psutil.virtual_memory()
    return {
        "memory": {"total_bytes": memory.total, "available_bytes": memory.available},
        "device": asdict(device) if device else None,
        "models": [model.info.id for model in models],
        "plugins": [plugin.id for plugin in plugins],
    }


def _print(report: dict[str, Any], findings: list[Finding]) -> None:
    device = report["device"]
    memory = report["memory"]
    lines = [
        ("Triptych", report["triptych"]),
        ("Python", report["python"]),
        ("System", report["system"]),
        ("Window", report["window"]),
        *((name, found or "missing") for name, found in report["packages"].items()),
        (
            "Device",
            f"{device['name']}, {device['dtype']}, {device['threads']} thread(s)"
            if device
            else "none",
        ),
        (
            "Memory",
            f"{size(memory['available_bytes'])} free of {size(memory['total_bytes'])}",
        ),
        *(
            (f"{name} folder", f"{found['path']} ({size(found['free_bytes'])} free)")
            for name, found in report["folders"].items()
        ),
        ("Models", ", ".join(report["models"]) or "none"),
        ("Plugins", ", ".join(report["plugins"]) or "none"),
    ]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name.ljust(width)}  {value}")
    print()
    if not findings:
        print("Everything Triptych needs is here.")
    for finding in findings:
        print(f"✗ {finding.what}\n  {finding.do}")

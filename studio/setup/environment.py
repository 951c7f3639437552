"""The ``.venv`` of a checkout: looked at cheaply on each start, repaired when need be."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.setup.builtin_models import write_whole
from studio.setup.failures import SetupError
from studio.setup.libraries import install_libraries
from studio.setup.machine import has_nvidia
from studio.setup.probe import lacking_libraries, passed, try_start
from studio.setup.programs import Outcome, Setup, says_no_network
from studio.setup.project import Project
from studio.setup.pythons import NEWEST_PYTHON, OLDEST_PYTHON, dotted, other_python

CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
STAMP_SCHEMA = 1


def torch_index(env: Mapping[str, str], system: str, nvidia: bool) -> str:
    """Return the index to take torch from besides pip's own, or "".

    On Linux pip's own index has the torch that brings NVIDIA's libraries, gigabytes of them, which
    a machine without such a card has no use for.
    """
    chosen = env.get("TRIPTYCH_TORCH_INDEX", "")
    if chosen:
        return "" if chosen == "none" else chosen
    return CPU_TORCH_INDEX if system == "linux" and not nvidia else ""


def answers(url: str) -> bool:
    """Tell whether an index can be reached; pip would wait minutes for one that cannot."""
    request = urllib.request.Request(url + "/torch/", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=5):
            return True
    except (OSError, http.client.HTTPException):
        return False


class Environment:
    """The ``.venv`` of a checkout: looked at cheaply on each start, repaired when need be."""

    def __init__(self, setup: Setup, project: Project) -> None:
        self._setup = setup
        self._project = project
        self.folder = setup.root / ".venv"
        self._stamp = self.folder / "triptych-setup.json"

    @property
    def scripts(self) -> Path:
        """The folder of its programs."""
        return self.folder / ("Scripts" if sys.platform == "win32" else "bin")

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.scripts / ("python.exe" if sys.platform == "win32" else "python")

    def is_ready(self, extras: Sequence[str]) -> bool:
        """Tell whether everything is installed as asked for; takes well under a second."""
        stamp = self._read_stamp()
        return (
            self.python.exists()
            and self._expected(stamp.get("python")).items() <= stamp.items()
            and set(extras) <= set(stamp.get("extras", ()))
            and set(stamp.get("installed", ["?"])) <= set(self._installed())
            and self._version() == stamp.get("python")
            and passed(try_start(self.python, "quick"))
        )

    def prepare(self, extras: Sequence[str], rebuild: bool = False) -> None:
        """Install everything as asked for, building the environment anew if it is broken.

        Args:
            extras: Names from pyproject's optional dependencies.
            rebuild: Do not even look whether it works.

        Raises:
            SetupError: It cannot be done here.
        """
        fresh = rebuild or not self._works()
        if fresh:
            self._create()
        kept = () if fresh else self._read_stamp().get("extras", ())
        wanted = sorted({*extras, *kept})
        self._install(wanted)
        problem = self._full_probe()
        if problem and not fresh:
            self._setup.screen.say("The environment does not work, so it is built anew.")
            self._create()
            self._install(wanted)
            problem = self._full_probe()
        if problem:
            raise self._setup.failed("Trying the new environment", problem)
        stamp = self._expected(self._version())
        stamp.update(extras=wanted, installed=self._installed())
        write_whole(self._stamp, json.dumps(stamp, indent=1) + "\n")

    def _expected(self, python: object) -> dict[str, Any]:
        return {
            "schema": STAMP_SCHEMA,
            "root": str(self._project.root),
            "packages": self._project.packages_digest,
            "project": self._project.project_digest,
            "python": python,
        }

    def _read_stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _site_packages(self) -> Path | None:
        if sys.platform == "win32":
            return self.folder / "Lib" / "site-packages"
        return next(self.folder.glob("lib/python3*/site-packages"), None)

    def _installed(self) -> list[str]:
        folder = self._site_packages()
        names = os.listdir(folder) if folder and folder.is_dir() else []  # noqa: PTH208 (3 x faster)
        return sorted(name for name in names if name[:1] != "~" and name != "__pycache__")

    def _version(self) -> str:
        try:
            text = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except OSError:
            return ""
        found = re.search(r"^version(?:_info)? *= *(\S+)", text, re.MULTILINE)
        return found.group(1) if found else ""

    def _works(self) -> bool:
        stamp = self._read_stamp()
        if stamp and stamp.get("root") != str(self._project.root):
            return False  # the checkout was moved, and environments cannot be
        if not self.python.exists():
            return False
        code = "import pip, sys; sys.exit(not (%r <= sys.version_info[:2] <= %r))"
        try:
            outcome = subprocess.run(
                [self.python, "-I", "-c", code % (OLDEST_PYTHON, NEWEST_PYTHON)],
                capture_output=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return outcome.returncode == 0

    def _create(self) -> None:
        check_can_make_environments()
        with self._setup.screen.step("Making the environment") as step:
            if self.folder.is_symlink():
                self.folder.unlink()
            elif self.folder.exists():
                shutil.rmtree(self.folder)
            # Started from an environment, the Python it was made from is the one that lasts.
            base = getattr(sys, "_base_executable", None) or sys.executable
            outcome = self._setup.execute([base, "-m", "venv", self.folder], step)
            if outcome.code:
                shutil.rmtree(self.folder, ignore_errors=True)
                raise self._setup.failed("Making the environment", outcome)

    def _install(self, extras: Sequence[str]) -> None:
        self._forget_half_installed()
        # torch alone and first: what depends on it then takes the one that is there.
        self._pip("Installing torch", [self._project.torch, *self._torch_options()])
        names = [name for extra in ("", *extras) for name in self._project.requirements[extra]]
        self._pip("Installing the libraries", names)
        options = ["--no-deps", "--no-build-isolation", "--editable", str(self._project.root)]
        self._pip("Installing Triptych itself", options)

    def _torch_options(self) -> list[str]:
        if any(name.startswith("torch-") for name in self._installed()):
            return []
        index = torch_index(os.environ, sys.platform, has_nvidia())
        return ["--extra-index-url", index] if index and answers(index) else []

    def _pip(self, title: str, arguments: Sequence[str]) -> None:
        command = [str(self.python), "-I", "-m", "pip", "install", "--retries", "2"]
        with self._setup.screen.step(title) as step:

            def said(line: str) -> None:
                step.activity(pip_activity(line))

            arguments = ["-c", str(self._project.constraints), *arguments]
            outcome = self._setup.execute(
                [*command, *arguments], step, on_line=lambda line: step.activity(pip_activity(line))
            )
            if outcome.code:
                raise self._pip_failed(title, outcome)

    def _pip_failed(self, title: str, outcome: Outcome) -> SetupError:
        no_torch = f"No matching distribution found for {self._project.torch}"
        if no_torch in outcome.output and not says_no_network(outcome.output):
            machine = f"Python {platform.python_version()} on {sys.platform} {platform.machine()}"
            return SetupError(f"There is no {self._project.torch} for {machine}: {other_python()}.")
        return self._setup.failed(title, outcome)

    def _forget_half_installed(self) -> None:
        # pip writes RECORD last, and takes a package without it for installed.
        folder = self._site_packages()
        for info in folder.glob("*.dist-info") if folder else ():
            if not (info / "RECORD").exists():
                shutil.rmtree(info)

    def _full_probe(self) -> Outcome | None:
        """Try everything, with system libraries installed on the way; return what still fails."""
        with self._setup.screen.step("Trying it") as step:
            step.tick()
            outcome = try_start(self.python, "full")
        site_packages = self._site_packages()
        libraries = lacking_libraries(outcome, site_packages) if site_packages else []
        if libraries:
            install_libraries(self._setup, libraries)
            outcome = try_start(self.python, "full")
        self._setup.log.write(outcome.output)
        return None if passed(outcome) else outcome


def pip_activity(line: str) -> str:
    """Return what a line of pip's output says is going on, or "" for the other lines."""
    words = line.split()
    if len(words) > 1 and words[0] in ("Collecting", "Downloading"):
        return f"{words[0]} {words[1].rpartition('/')[2]} {' '.join(words[2:4])}".rstrip()
    return "Unpacking" if line.startswith("Installing collected") else ""


def check_can_make_environments() -> None:
    """Stop when this Python lacks what environments are made with."""
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return
    version = dotted(sys.version_info[:2])
    raise SetupError(
        "This Python cannot make environments, since its ensurepip part is missing: install it "
        f"(on Debian and Ubuntu: sudo apt install python{version}-venv) and start again."
    )

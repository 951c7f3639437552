"""What the three commands do once this Python is known to fit."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.models.catalog import CatalogEntry, load_catalog
from studio.setup.builtin_models import ModelFetch, model_is_ready, needed_bytes
from studio.setup.environment import Environment
from studio.setup.failures import DiskFullError, SetupError
from studio.setup.machine import SetupLock, check_space, data_dir, has_nvidia, is_headless
from studio.setup.programs import OFFLINE, Log, Setup
from studio.setup.project import read_project
from studio.setup.screen import Screen

ENVIRONMENT_BYTES = 3_000_000_000
WHOLE_SUITE = ("--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")
#: Optional parts that everyone gets: small, and absent where there is none for the system.
_EXTRAS = ("repair",)
CUDA_BYTES = 6_000_000_000  # more, where torch brings NVIDIA's libraries


def perform(
    command: str, arguments: Sequence[str], *, root: Path, repair: bool, verbose: bool
) -> int:
    """Set up and do one command; what was foreseen to fail is one sentence on stderr.

    Args:
        command: "run", "test" or "setup".
        arguments: What goes to Triptych or to pytest.
        root: The checkout.
        repair: Build everything anew and check every byte.
        verbose: Show all output.

    Returns:
        The exit code.
    """
    data = data_dir()
    screen = Screen(verbose=verbose)
    setup = Setup(screen, Log(data / "setup.log"), root, data)
    try:
        extras = [*_EXTRAS, "dev"] if command == "test" else _EXTRAS
        environment = set_up(setup, extras, repair)
        if command == "test":
            return run_tests(environment, setup, arguments)
        if command == "run":
            return open_triptych(environment, screen, arguments)
        screen.say("Triptych is ready; open it with: python3 packaging/bootstrap.py run")
        return 0
    except SetupError as error:
        return _stopped(str(error))
    except StudioError as error:
        return _stopped(f"Triptych could not be set up: {error.user_message}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _stopped(str(DiskFullError(Path(error.filename or data))))
        return _stopped(f"Triptych could not be set up: {error}.")
    except KeyboardInterrupt:
        return _stopped("Stopped; the next start goes on from here.", 130)


def _stopped(sentence: str, code: int = 1) -> int:
    Screen(sys.stderr).say(sentence)
    return code


def set_up(setup: Setup, extras: Sequence[str], repair: bool = False) -> Environment:
    """Make the environment and the built-in models ready; quick when they are.

    Args:
        setup: The set-up.
        extras: Names from pyproject's optional dependencies.
        repair: Build the environment anew and read every byte of the models.

    Returns:
        The environment, ready.
    """
    environment = Environment(setup, read_project(setup.root))
    models = load_catalog(setup.root / "assets" / "models" / "catalog.json").built_in
    if not repair and environment.is_ready(extras) and not absent(setup.store, models):
        return environment
    setup.screen.say(f"Setting Triptych up (details: {setup.log.path})")
    with SetupLock(setup.data / "setup.lock", setup.screen):
        build = repair or not environment.is_ready(extras)
        missing = absent(setup.store, models, thorough=repair)
        room = ENVIRONMENT_BYTES + (CUDA_BYTES if sys.platform == "linux" and has_nvidia() else 0)
        first = build and not environment.python.exists()
        needs = [(setup.root, room if first else 0)]
        check_space([*needs, *((setup.store, needed_bytes(model)) for model in missing)])
        if build:
            environment.prepare(extras, rebuild=repair)
        for model in missing:
            ModelFetch(setup, environment.python, model).run()
    return environment


def absent(
    store: Path, models: Sequence[CatalogEntry], thorough: bool = False
) -> list[CatalogEntry]:
    """Return the models that are not complete in the store."""
    return [model for model in models if not model_is_ready(store, model, thorough)]


def launch(arguments: Sequence[str], system: str, env: Mapping[str, str]) -> tuple[list[str], str]:
    """Decide what Triptych is started with.

    Args:
        arguments: What was given after ``run``.
        system: As ``sys.platform``.
        env: The environment variables.

    Returns:
        The arguments for ``python -m studio`` and a sentence to say first, or "".
    """
    if arguments or not is_headless(system, env):
        return list(arguments), ""
    return ["tour"], (
        "There is no display here, so no window can open; instead Triptych makes one sample with "
        "each pane and writes them to triptych-tour/."
    )


def open_triptych(environment: Environment, screen: Screen, arguments: Sequence[str]) -> int:
    """Become Triptych; on Windows, wait for it."""
    arguments, sentence = launch(arguments, sys.platform, os.environ)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    if sentence:
        screen.say(sentence)
        env["QT_QPA_PLATFORM"] = "offscreen"
    # -P: a file named like a library in the folder this was started from must not stand for it.
    command = [str(environment.python), "-P", "-m", "studio", *arguments]
    sys.stdout.flush()
    if sys.platform != "win32":
        os.execve(command[0], command, env)
    return wait_for(command, env)


def wait_for(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Run a program in the foreground and return its exit code."""
    with subprocess.Popen([str(w) for w in command], env=dict(env), cwd=cwd) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the program has got it too, and ends as it sees fit


def check_commands(environment: Environment) -> list[tuple[str, list[str | Path]]]:
    """Return the checks that come before the tests, by name."""
    python: list[str | Path] = [environment.python, "-m"]
    return [
        ("ruff format", [*python, "ruff", "format", "--check", "."]),
        ("ruff check", [*python, "ruff", "check", "."]),
        ("mypy", [*python, "mypy"]),
        ("lint-imports", [environment.scripts / "lint-imports"]),
    ]


def run_tests(environment: Environment, setup: Setup, arguments: Sequence[str]) -> int:
    """Run all checks and then pytest, or only pytest when it is given arguments."""
    env = {**os.environ, **OFFLINE}
    env.setdefault("QT_QPA_PLATFORM", "offscreen")
    env.setdefault("OMP_NUM_THREADS", "1")  # toy models are slower on two threads than on one
    failed = []
    for name, command in [] if arguments else check_commands(environment):
        setup.screen.say(f"--- {name}")
        if wait_for(command, env, setup.root):
            failed.append(name)
    if failed:
        # Said here because pytest's summary is what a run ends with.
        setup.screen.say(f"--- FAILED: {', '.join(failed)}. The tests run all the same.")
    words = arguments or WHOLE_SUITE
    code = wait_for([environment.python, "-m", "pytest", *words], env, setup.root)
    return code or (1 if failed else 0)

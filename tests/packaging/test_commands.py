from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.core.errors import StudioError
from studio.models.catalog import load_catalog
from studio.setup import commands
from studio.setup.builtin_models import needed_bytes
from studio.setup.commands import ENVIRONMENT_BYTES, perform, run_tests, set_up
from studio.setup.environment import Environment
from studio.setup.failures import DiskFullError, NoNetworkError, SetupError
from studio.setup.programs import Setup
from studio.setup.project import read_project

ROOT = Path(__file__).parents[2]


def raises(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (NoNetworkError(), 1, "There is no network connection"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "The disk is full: "),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "Permission denied: '/x'"),
        (StudioError("The folder cannot be written."), 1, "The folder cannot be written."),
        (KeyboardInterrupt(), 130, "the next start goes on from here"),
    ],
)
def test_what_was_foreseen_is_one_sentence(
    error: BaseException,
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(commands, "set_up", raises(error))
    assert perform("run", [], root=ROOT, repair=False, verbose=False) == code
    said = capsys.readouterr()
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_disk_without_room_stops_the_set_up_before_it_writes(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "packaging/constraints.txt", "assets/models/catalog.json"):
        target = setup.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    asked: list[int] = []

    def no_room(needs: list[tuple[Path, int]]) -> None:
        asked.extend(count for _, count in needs)
        raise DiskFullError(setup.root, sum(asked))

    monkeypatch.setattr(commands, "has_nvidia", lambda: False)
    monkeypatch.setattr(commands, "check_space", no_room)
    with pytest.raises(DiskFullError, match=r"needs about \d\.\d GB"):
        set_up(setup, [])
    assert not (setup.root / ".venv").exists()
    built_in = load_catalog().built_in
    assert asked == [ENVIRONMENT_BYTES, *(needed_bytes(entry) for entry in built_in)]


@pytest.fixture
def environment(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> Environment:
    class Here(Environment):
        def __init__(self) -> None:
            self.folder = setup.root / ".venv"

    return Here()


class Runs:
    """Stands in for the programs that ``test`` runs; those named in ``failing`` fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.ran: list[list[str]] = []
        self.env: dict[str, str] = {}

    def __call__(self, command: list[object], env: dict[str, str], cwd: Path) -> int:
        self.ran.append([str(word) for word in command])
        self.env = dict(env)
        return int(any(name in " ".join(self.ran[-1]) for name in self.failing))


def run(
    runs: Runs,
    environment: Environment,
    setup: Setup,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> int:
    monkeypatch.setattr(commands, "wait_for", runs)
    return run_tests(environment, setup, arguments)


def test_all_checks_then_the_tests(
    environment: Environment, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    runs = Runs()
    assert run(runs, environment, setup, monkeypatch, []) == 0
    assert [" ".join(words).rpartition("bin/")[2] for words in runs.ran] == [
        "python -m ruff format --check .",
        "python -m ruff check .",
        "python -m mypy",
        "lint-imports",
        " ".join(("python -m pytest", *commands.WHOLE_SUITE)),
    ]
    assert runs.env["QT_QPA_PLATFORM"] == "offscreen"
    assert runs.env["HF_HUB_OFFLINE"] == "1"


def test_arguments_mean_only_pytest(
    environment: Environment, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    runs = Runs()
    assert run(runs, environment, setup, monkeypatch, ["-x", "tests/core"]) == 0
    assert [words[1:] for words in runs.ran] == [["-m", "pytest", "-x", "tests/core"]]
    assert runs.env["QT_QPA_PLATFORM"] == "xcb"


def test_a_failed_check_fails_the_run_and_pytest_has_the_last_word(
    environment: Environment, setup: Setup, monkeypatch: pytest.MonkeyPatch, said: io.StringIO
) -> None:
    runs = Runs("mypy", "lint-imports")
    assert run(runs, environment, setup, monkeypatch, []) == 1
    assert runs.ran[-1][1:] == ["-m", "pytest", *commands.WHOLE_SUITE]
    assert said.getvalue().endswith("FAILED: mypy, lint-imports. The tests run all the same.\n")


def test_failing_tests_fail_the_run(
    environment: Environment, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(Runs("pytest"), environment, setup, monkeypatch, []) == 1


def test_a_program_in_the_foreground_gives_its_exit_code() -> None:
    command = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['CODE']))"]
    assert commands.wait_for(command, {"CODE": "7"}) == 7


@pytest.mark.parametrize(
    ("command", "extras"), [("setup", {"repair"}), ("test", {"repair", "dev"})]
)
def test_what_repairs_sounds_is_set_up_for_everyone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, extras: set[str]
) -> None:
    asked: list[set[str]] = []

    def remember(setup: object, wanted: tuple[str, ...], repair: bool) -> None:
        asked.append(set(wanted))
        raise SetupError("far enough")

    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(commands, "set_up", remember)
    assert perform(command, [], root=ROOT, repair=False, verbose=False) == 1
    assert asked == [extras]
    known = read_project(ROOT).requirements
    assert all(known[name] for name in extras)

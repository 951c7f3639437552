from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.setup import environment as environment_module
from studio.setup.environment import (
    CPU_TORCH_INDEX,
    Environment,
    check_can_make_environments,
    pip_activity,
    torch_index,
)
from studio.setup.failures import SetupError
from studio.setup.programs import Outcome, Setup
from studio.setup.project import read_project

ROOT = Path(__file__).parents[2]
WORKS = Outcome(0, "probe passed\n")
LIB = f"lib/python3.{sys.version_info.minor}"
BROKEN = Outcome(1, "ImportError: cannot import name 'x' from 'numpy'")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the faked .venv is a POSIX one")


@pytest.fixture
def checkout(setup: Setup) -> Setup:
    """A set-up of a checkout that asks for what this one asks for."""
    (setup.root / "packaging").mkdir()
    for name in ("pyproject.toml", "packaging/constraints.txt"):
        shutil.copy(ROOT / name, setup.root / name)
    return setup


class Fakes:
    """Stands in for pip, ``venv`` and the probe; remembers what was asked for."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.commands: list[str] = []
        self.probes: dict[str, list[Outcome]] = {"quick": [], "full": []}

    def execute(self, command: list[str], *_: object, **__: object) -> Outcome:
        words = [str(word) for word in command]
        self.commands.append(" ".join(words))
        if words[1:3] == ["-m", "venv"]:
            self.make_venv()
        return Outcome(0, "")

    def make_venv(self) -> None:
        folder = self.setup.root / ".venv"
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
        for name in ("numpy", "pip", "torch-2.13.0.dist-info"):
            (folder / f"{LIB}/site-packages" / name).mkdir(parents=True)
        record = folder / f"{LIB}/site-packages/torch-2.13.0.dist-info/RECORD"
        record.write_text("")
        home = Path(sys._base_executable).parent
        (folder / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.11.7\n")

    def try_start(self, python: Path, how: str) -> Outcome:
        left = self.probes[how]
        return left.pop(0) if left else WORKS

    @property
    def environments_made(self) -> int:
        return sum("-m venv" in command for command in self.commands)


@pytest.fixture
def fakes(checkout: Setup, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes(checkout)
    monkeypatch.setattr(Setup, "execute", lambda self, *a, **k: fakes.execute(*a, **k))
    monkeypatch.setattr(environment_module, "try_start", fakes.try_start)
    monkeypatch.setattr(environment_module, "answers", lambda _: False)
    monkeypatch.setattr(Environment, "_works", lambda self: self.python.exists())
    return fakes


def look(setup: Setup) -> Environment:
    """What another start would see."""
    return Environment(setup, read_project(setup.root))


def test_a_set_up_environment_is_ready_at_the_next_start(checkout: Setup, fakes: Fakes) -> None:
    assert not look(checkout).is_ready([])
    look(checkout).prepare([])
    assert look(checkout).is_ready([])
    assert not look(checkout).is_ready(["dev"])


def test_what_is_installed_and_in_which_order(checkout: Setup, fakes: Fakes) -> None:
    look(checkout).prepare(["dev"])
    _, torch, libraries, own = fakes.commands
    pins = f"-c {checkout.root / 'packaging' / 'constraints.txt'}"
    assert torch.endswith(f"{pins} torch==2.13.0")
    assert pins in libraries
    assert {"hatchling>=1.27", "editables", "pytest>=9"} <= set(libraries.split())
    assert own.endswith(f"--no-deps --no-build-isolation --editable {checkout.root}")


def test_the_developers_tools_stay_when_only_a_start_is_asked_for(
    checkout: Setup, fakes: Fakes
) -> None:
    look(checkout).prepare(["dev"])
    look(checkout).prepare([])
    assert look(checkout).is_ready(["dev"])
    assert fakes.environments_made == 1


def change_pins(setup: Setup) -> None:
    path = setup.root / "packaging" / "constraints.txt"
    path.write_text(path.read_text().replace("numpy==2", "numpy==3"))


def change_dependencies(setup: Setup) -> None:
    path = setup.root / "pyproject.toml"
    path.write_text(path.read_text().replace('"pillow>=12"', '"pillow>=12.1"'))


def change_entry_points(setup: Setup) -> None:
    path = setup.root / "pyproject.toml"
    path.write_text(path.read_text().replace("transformers-text =", "other-text ="))


def lose_a_package(setup: Setup) -> None:
    (setup.root / f".venv/{LIB}/site-packages/numpy").rmdir()


def lose_python(setup: Setup) -> None:
    (setup.root / ".venv/bin/python").unlink()


def change_python(setup: Setup) -> None:
    (setup.root / ".venv/pyvenv.cfg").write_text("version = 3.12.1\n")


def damage_stamp(setup: Setup) -> None:
    (setup.root / ".venv/triptych-setup.json").write_text('{"schema": 1')


@pytest.mark.parametrize(
    "happen",
    [
        change_pins,
        change_dependencies,
        change_entry_points,
        lose_a_package,
        lose_python,
        change_python,
        damage_stamp,
    ],
)
def test_what_makes_a_set_up_necessary_again(
    checkout: Setup, fakes: Fakes, happen: Callable[[Setup], None]
) -> None:
    look(checkout).prepare([])
    happen(checkout)
    assert not look(checkout).is_ready([])


def test_what_does_not(checkout: Setup, fakes: Fakes) -> None:
    look(checkout).prepare([])
    path = checkout.root / "pyproject.toml"
    path.write_text(path.read_text().replace("line-length = 100", "line-length = 99"))
    (checkout.root / f".venv/{LIB}/site-packages/more").mkdir()
    assert look(checkout).is_ready([])


def test_an_environment_whose_imports_fail_is_not_ready(checkout: Setup, fakes: Fakes) -> None:
    look(checkout).prepare([])
    fakes.probes["quick"] = [BROKEN]
    assert not look(checkout).is_ready([])


def test_a_broken_environment_is_built_anew_once(checkout: Setup, fakes: Fakes) -> None:
    look(checkout).prepare([])
    fakes.probes["full"] = [BROKEN]
    look(checkout).prepare([])
    assert fakes.environments_made == 2
    assert look(checkout).is_ready([])


def test_an_environment_that_stays_broken_is_said_and_not_marked(
    checkout: Setup, fakes: Fakes
) -> None:
    fakes.probes["full"] = [BROKEN]
    with pytest.raises(SetupError, match=r"Trying the new environment failed: ImportError"):
        look(checkout).prepare([])
    assert fakes.environments_made == 1
    assert not look(checkout).is_ready([])


def test_a_missing_python_means_a_new_environment(checkout: Setup, fakes: Fakes) -> None:
    look(checkout).prepare([])
    lose_python(checkout)
    look(checkout).prepare([])
    assert fakes.environments_made == 2


def test_packages_cut_off_while_installing_are_installed_again(
    checkout: Setup, fakes: Fakes
) -> None:
    fakes.make_venv()
    info = checkout.root / f".venv/{LIB}/site-packages/torch-2.13.0.dist-info"
    (info / "RECORD").unlink()
    look(checkout).prepare([])
    assert not info.exists()


def test_a_moved_checkout_cannot_keep_its_environment(
    checkout: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = Fakes(checkout)
    fakes.make_venv()
    environment = look(checkout)
    stamp = checkout.root / ".venv/triptych-setup.json"
    stamp.write_text(json.dumps({"root": str(checkout.root)}))
    assert environment._works()
    stamp.write_text(json.dumps({"root": str(tmp_path / "elsewhere")}))
    assert not environment._works()


def test_no_torch_for_this_python_is_said(
    checkout: Setup, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment_module, "other_python", lambda: "take another")
    said = Outcome(1, "ERROR: No matching distribution found for torch==2.13.0")
    error = look(checkout)._pip_failed("Installing torch", said)
    assert str(error).startswith("There is no torch==2.13.0 for Python 3.")


@pytest.mark.parametrize(
    ("env", "system", "nvidia", "index"),
    [
        ({}, "linux", False, CPU_TORCH_INDEX),
        ({}, "linux", True, ""),
        ({}, "darwin", False, ""),
        ({}, "win32", False, ""),
        ({"TRIPTYCH_TORCH_INDEX": "none"}, "linux", False, ""),
        ({"TRIPTYCH_TORCH_INDEX": "https://x.invalid/cu"}, "win32", True, "https://x.invalid/cu"),
    ],
)
def test_where_torch_comes_from(env: dict[str, str], system: str, nvidia: bool, index: str) -> None:
    assert torch_index(env, system, nvidia) == index


def test_a_python_without_ensurepip_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_can_make_environments()
    found = importlib.util.find_spec
    monkeypatch.setattr(
        environment_module.importlib.util,
        "find_spec",
        lambda name: None if name == "ensurepip" else found(name),
    )
    with pytest.raises(SetupError, match=r"sudo apt install python3\.\d+-venv"):
        check_can_make_environments()


@pytest.mark.parametrize(
    ("line", "activity"),
    [
        ("Collecting torch==2.13.0", "Collecting torch==2.13.0"),
        (
            "  Downloading a/b/torch-2.13.0.whl (191.8 MB)",
            "Downloading torch-2.13.0.whl (191.8 MB)",
        ),
        ("Installing collected packages: a, b", "Unpacking"),
        ("Requirement already satisfied: numpy", ""),
        ("", ""),
    ],
)
def test_what_pip_is_doing(line: str, activity: str) -> None:
    assert pip_activity(line) == activity

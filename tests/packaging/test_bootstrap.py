from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from studio.setup import pythons
from studio.setup.pythons import NEWEST_PYTHON, unfit_python

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "packaging" / "bootstrap.py"


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("triptych_bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ("help", (), False, False)),
        ("--help", ("help", (), False, False)),
        ("setup -h", ("help", (), False, False)),
        ("run", ("run", (), False, False)),
        ("run generate text --repair", ("run", ("generate", "text", "--repair"), False, False)),
        ("run --help", ("run", ("--help",), False, False)),
        ("test -x -k some", ("test", ("-x", "-k", "some"), False, False)),
        ("--repair run a", ("run", ("a",), True, False)),
        ("--repair --verbose setup", ("setup", (), True, True)),
        ("setup --repair", ("setup", (), True, False)),
    ],
)
def test_command_line(
    bootstrap: ModuleType, line: str, expected: tuple[str, tuple[str, ...], bool, bool]
) -> None:
    asked = bootstrap.parse(line.split())
    assert (asked.command, asked.rest, asked.repair, asked.verbose) == expected


@pytest.mark.parametrize("line", ["rum", "--repare run", "setup now", "setup run"])
def test_what_is_not_understood_is_said(
    bootstrap: ModuleType, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(line.split()) == 2
    said = capsys.readouterr()
    assert "is not known here" in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_help_names_the_data_folder(
    bootstrap: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))
    assert bootstrap.main([]) == 0
    assert str(tmp_path) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "system", "machine", "bits", "words"),
    [
        ((3, 11), "linux", "x86_64", 64, ""),
        (NEWEST_PYTHON, "win32", "AMD64", 64, ""),
        ((3, 12), "darwin", "arm64", 64, ""),
        ((3, 10), "linux", "x86_64", 64, "needs Python 3.11 to 3.14, and this is 3.10: "),
        ((3, NEWEST_PYTHON[1] + 1), "linux", "x86_64", 64, "needs Python 3.11 to 3.14"),
        ((4, 0), "linux", "x86_64", 64, "needs Python 3.11 to 3.14, and this is 4.0"),
        ((3, 11), "win32", "x86", 32, "64-bit"),
        ((3, 11), "darwin", "x86_64", 64, "Intel Macs"),
    ],
)
def test_unfit_pythons_are_told_so(
    version: tuple[int, int],
    system: str,
    machine: str,
    bits: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pythons, "other_python", lambda: "take another")
    sentence = unfit_python(version, system, machine, bits)
    assert words in sentence
    assert bool(sentence) == bool(words)
    assert "\n" not in sentence


@pytest.mark.parametrize("installed", ["python3.13", "python3.11"])
def test_another_python_that_is_there_is_named(
    installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: object) -> None:
        if command[0] != installed:
            raise FileNotFoundError

    monkeypatch.setattr(pythons.subprocess, "run", run)
    assert pythons.other_python() == f"start it with {installed} packaging/bootstrap.py"


def test_no_other_python_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "python.org" in pythons.other_python()


def test_an_unfit_python_ends_the_set_up(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "unfit_python", lambda *_: "Not on this one.")
    assert bootstrap.main(["run"]) == 1
    assert capsys.readouterr().err == "Not on this one.\n"


@pytest.mark.parametrize("path", [SCRIPT, Path(pythons.__file__)])
def test_old_pythons_can_read_what_they_are_told_by(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 7))


def test_works_from_elsewhere_with_nothing_installed(tmp_path: Path) -> None:
    # -S: no site-packages, so an import of anything but the standard library fails.
    code = (
        "import runpy, sys; sys.argv = ['bootstrap.py', 'help']\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import studio.setup.commands\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: python3 packaging/bootstrap.py" in done.stdout

from __future__ import annotations

import errno
import io
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import platformdirs
import platformdirs.macos
import pytest

from studio.core.paths import user_folders
from studio.setup import machine
from studio.setup.commands import launch
from studio.setup.failures import DiskFullError
from studio.setup.machine import SetupLock, check_space, data_dir, is_headless
from studio.setup.screen import Screen

Usage = namedtuple("Usage", "total used free")


@pytest.mark.skipif(sys.platform != "linux", reason="compares with this system's rule")
@pytest.mark.parametrize("xdg", ["", "/elsewhere/data", "relative/ignored"])
def test_the_data_folder_is_platformdirs(xdg: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIPTYCH_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    expected = Path(platformdirs.user_data_dir("Triptych", appauthor=False))
    assert data_dir() == expected == user_folders().data
    mac = platformdirs.macos.MacOS("Triptych", appauthor=False).user_data_dir
    assert data_dir("darwin") == Path(mac)


def test_the_data_folder_of_each_system(tmp_path: Path) -> None:
    assert data_dir("linux", {}, tmp_path) == tmp_path / ".local/share/Triptych"
    assert data_dir("linux", {"XDG_DATA_HOME": "/x"}, tmp_path) == Path("/x/Triptych")
    assert data_dir("darwin", {}, tmp_path) == tmp_path / "Library/Application Support/Triptych"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows itself is asked there")
def test_the_data_folder_on_windows(tmp_path: Path) -> None:
    local = str(tmp_path / "Local")
    assert data_dir("win32", {"LOCALAPPDATA": local}) == tmp_path / "Local" / "Triptych"
    assert data_dir("win32", {}, tmp_path) == tmp_path / "AppData/Local/Triptych"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_another_data_folder_can_be_chosen(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = {"TRIPTYCH_DATA_DIR": str(tmp_path), "XDG_DATA_HOME": "/x", "LOCALAPPDATA": "/y"}
    assert data_dir(system, env) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert data_dir(system, {"TRIPTYCH_DATA_DIR": "near"}) == tmp_path / "near"


def test_needs_on_one_disk_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(10e9, 6e9, 4_000_000_000))
    missing = tmp_path / "not" / "yet"
    check_space([(tmp_path, 3_000_000_000), (missing, 1_000_000_000)])
    with pytest.raises(DiskFullError) as stop:
        check_space([(tmp_path, 3_000_000_000), (missing, 1_100_000_000)])
    sentence = str(stop.value)
    assert "has 4.0 GB free and the set-up needs about 4.1 GB" in sentence
    assert str(tmp_path) in sentence


def test_nothing_to_write_needs_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    check_space([(tmp_path, 0)])


@pytest.mark.parametrize(
    ("system", "env", "headless"),
    [
        ("linux", {}, True),
        ("linux", {"DISPLAY": ""}, True),
        ("linux", {"DISPLAY": ":0"}, False),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, False),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, False),
        ("darwin", {}, False),
        ("win32", {}, False),
    ],
)
def test_headless(system: str, env: dict[str, str], headless: bool) -> None:
    assert is_headless(system, env) is headless
    arguments, sentence = launch([], system, env)
    assert arguments == (["tour"] if headless else [])
    assert ("no display" in sentence) is headless


def test_arguments_are_passed_on_even_without_a_display() -> None:
    assert launch(["generate", "text"], "linux", {}) == (["generate", "text"], "")


def test_a_second_set_up_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data" / "setup.lock"
    code = (
        "import sys; from pathlib import Path\n"
        "from studio.setup.machine import SetupLock; from studio.setup.screen import Screen\n"
        "with SetupLock(Path(sys.argv[1]), Screen()):\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    root = Path(__file__).parents[2]
    words = [sys.executable, "-c", code, str(path)]
    said = io.StringIO()
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"

        def killed_meanwhile(_: float) -> None:
            first.kill()
            first.wait()

        monkeypatch.setattr(machine.time, "sleep", killed_meanwhile)
        with SetupLock(path, Screen(said)):
            assert first.returncode is not None
    assert said.getvalue().count("Another set-up of Triptych is running") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the error is flock's")
def test_a_disk_without_locks_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    said = io.StringIO()
    with SetupLock(tmp_path / "setup.lock", Screen(said)):
        assert said.getvalue() == ""

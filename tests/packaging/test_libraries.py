from __future__ import annotations

import io
from pathlib import Path

import pytest

from studio.setup import libraries, probe
from studio.setup.failures import SetupError
from studio.setup.libraries import (
    INSTALLERS,
    LIBRARY_PACKAGES,
    install_libraries,
    library_command,
    missing_libraries,
    platform_plugins,
)
from studio.setup.probe import lacking_libraries, passed
from studio.setup.programs import Outcome, Setup

MISSING = "ImportError: libEGL.so.1: cannot open shared object file: No such file or directory"


def test_the_loaders_and_ldds_words_are_understood() -> None:
    listing = "\tlibxcb-cursor.so.0 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n"
    assert missing_libraries(MISSING + "\n" + listing) == ["libEGL.so.1", "libxcb-cursor.so.0"]
    assert missing_libraries("ModuleNotFoundError: No module named 'numpy'") == []
    assert missing_libraries("libglib-2.0.so.0 => not found") == ["libglib-2.0.so.0"]


def test_every_library_is_known_to_every_installer() -> None:
    for library, packages in LIBRARY_PACKAGES.items():
        assert len(packages) == len(INSTALLERS), library


def test_the_command_for_each_system() -> None:
    names = ["libEGL.so.1", "libxcb-cursor.so.0", "libunheardof.so.3"]
    assert [" ".join(library_command(names, i)) for i in range(len(INSTALLERS))] == [
        "apt-get install -y libegl1 libxcb-cursor0",
        "dnf install -y libglvnd-egl xcb-util-cursor",
        "pacman -S --needed --noconfirm libglvnd xcb-util-cursor",
        "zypper --non-interactive install libEGL1 libxcb-cursor0",
    ]
    assert library_command(["libunheardof.so.3"], 0) == []


@pytest.mark.parametrize(
    ("env", "pattern"),
    [
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "libqxcb.so"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "libqwayland*.so"),
        ({}, ""),
    ],
)
def test_the_qt_plugin_for_a_display(env: dict[str, str], pattern: str) -> None:
    assert platform_plugins(env) == pattern


def only(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries.shutil, "which", lambda name: name if name == program else None)


@pytest.mark.parametrize(
    ("program", "root", "words"),
    [
        ("apt-get", False, "Install with: sudo apt-get install -y libegl1 "),
        ("dnf", True, "Install with: dnf install -y libglvnd-egl "),
        ("pacman", False, "Install with: sudo pacman -S --needed --noconfirm libglvnd "),
        ("nothing", False, "misses these system libraries: libEGL.so.1."),
    ],
)
def test_who_cannot_install_is_told_the_exact_command(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, program: str, root: bool, words: str
) -> None:
    only(program, monkeypatch)
    monkeypatch.setattr(libraries.os, "geteuid", lambda: 0 if root else 1000, raising=False)
    with pytest.raises(SetupError) as stop:
        install_libraries(setup, ["libEGL.so.1"])
    assert words in str(stop.value)


def test_root_on_debian_gets_them_installed(
    setup: Setup, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    only("apt-get", monkeypatch)
    monkeypatch.setattr(libraries.os, "geteuid", lambda: 0, raising=False)
    ran: list[list[str]] = []

    def execute(self: Setup, command: list[str], *_: object, **__: object) -> Outcome:
        ran.append(command)
        return Outcome(0, "")

    monkeypatch.setattr(Setup, "execute", execute)
    install_libraries(setup, ["libEGL.so.1"])
    assert ran == [["apt-get", "update"], ["apt-get", "install", "-y", "libegl1"]]
    assert "Installing libEGL.so.1 with apt" in said.getvalue()


def test_qts_own_libraries_are_not_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "PySide6" / "Qt" / "lib"
    own.mkdir(parents=True)
    (own / "libQt6Gui.so.6").touch()
    monkeypatch.setattr(probe.sys, "platform", "linux")
    monkeypatch.setattr(probe.shutil, "which", lambda _: None)
    broken = Outcome(1, "libQt6Gui.so.6: cannot open shared object file\n" + MISSING)
    assert lacking_libraries(broken, tmp_path) == ["libEGL.so.1"]


def test_a_probe_passes_only_to_the_end() -> None:
    assert passed(Outcome(0, "some warning\nprobe passed\n"))
    assert not passed(Outcome(-6, "probe passed\n"))
    assert not passed(Outcome(0, "probe passed\nCould not load the Qt platform plugin"))

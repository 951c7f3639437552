"""The shared libraries that Qt expects from a Linux system, and what the systems call them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence

from studio.setup.failures import SetupError
from studio.setup.programs import Setup, setup_environ

# Shared library: the packages that have it for apt, dnf, pacman and zypper.
_PACKAGE_TABLE = """
libEGL libegl1 libglvnd-egl libglvnd libEGL1
libGL libgl1 libglvnd-glx libglvnd libGL1
libGLX libglx0 libglvnd-glx libglvnd libGLX0
libOpenGL libopengl0 libglvnd-opengl libglvnd libOpenGL0
libICE libice6 libICE libice libICE6
libSM libsm6 libSM libsm libSM6
libX11 libx11-6 libX11 libx11 libX11-6
libX11-xcb libx11-xcb1 libX11-xcb libx11 libX11-xcb1
libdbus-1 libdbus-1-3 dbus-libs dbus libdbus-1-3
libfontconfig libfontconfig1 fontconfig fontconfig libfontconfig1
libfreetype libfreetype6 freetype freetype2 libfreetype6
libglib-2.0 libglib2.0-0 glib2 glib2 libglib-2_0-0
libgthread-2.0 libglib2.0-0 glib2 glib2 libgthread-2_0-0
libgssapi_krb5 libgssapi-krb5-2 krb5-libs krb5 krb5
libportaudio libportaudio2 portaudio portaudio libportaudio2
libwayland-client libwayland-client0 libwayland-client wayland libwayland-client0
libwayland-cursor libwayland-cursor0 libwayland-cursor wayland libwayland-cursor0
libwayland-egl libwayland-egl1 libwayland-egl wayland libwayland-egl1
libxcb libxcb1 libxcb libxcb libxcb1
libxcb-cursor libxcb-cursor0 xcb-util-cursor xcb-util-cursor libxcb-cursor0
libxcb-icccm libxcb-icccm4 xcb-util-wm xcb-util-wm libxcb-icccm4
libxcb-image libxcb-image0 xcb-util-image xcb-util-image libxcb-image0
libxcb-keysyms libxcb-keysyms1 xcb-util-keysyms xcb-util-keysyms libxcb-keysyms1
libxcb-randr libxcb-randr0 libxcb libxcb libxcb-randr0
libxcb-render libxcb-render0 libxcb libxcb libxcb-render0
libxcb-render-util libxcb-render-util0 xcb-util-renderutil xcb-util-renderutil libxcb-render-util0
libxcb-shape libxcb-shape0 libxcb libxcb libxcb-shape0
libxcb-shm libxcb-shm0 libxcb libxcb libxcb-shm0
libxcb-sync libxcb-sync1 libxcb libxcb libxcb-sync1
libxcb-util libxcb-util1 xcb-util xcb-util libxcb-util1
libxcb-xfixes libxcb-xfixes0 libxcb libxcb libxcb-xfixes0
libxcb-xkb libxcb-xkb1 libxcb libxcb libxcb-xkb1
libxkbcommon libxkbcommon0 libxkbcommon libxkbcommon libxkbcommon0
libxkbcommon-x11 libxkbcommon-x11-0 libxkbcommon-x11 libxkbcommon-x11 libxkbcommon-x11-0
"""
LIBRARY_PACKAGES = {
    library: packages for library, *packages in map(str.split, _PACKAGE_TABLE.strip().splitlines())
}
# Program: the words that install packages with it. The order is that of LIBRARY_PACKAGES.
INSTALLERS = (
    ("apt-get", "apt-get install -y"),
    ("dnf", "dnf install -y"),
    ("pacman", "pacman -S --needed --noconfirm"),
    ("zypper", "zypper --non-interactive install"),
)

_MISSING_LIBRARY = re.compile(r"(lib[\w.+-]+?\.so[.\d]*)(?:: cannot open shared| => not found)")


def platform_plugins(env: Mapping[str, str]) -> str:
    """Return a pattern for the Qt plugins that a window on this display needs."""
    if env.get("DISPLAY"):
        return "libqxcb.so"
    return "libqwayland*.so" if env.get("WAYLAND_DISPLAY") else ""


def missing_libraries(output: str) -> list[str]:
    """Return the system's shared libraries that a program or ``ldd`` says it cannot find."""
    return sorted(set(_MISSING_LIBRARY.findall(output)))


def library_command(libraries: Sequence[str], installer: int) -> list[str]:
    """Return the words that install the packages with these libraries.

    Args:
        libraries: File names such as "libxcb-cursor.so.0".
        installer: Index into ``INSTALLERS``.

    Returns:
        The command, without sudo; empty when no package is known for any of them.
    """
    known = [LIBRARY_PACKAGES.get(name.split(".so")[0]) for name in libraries]
    packages = sorted({packages[installer] for packages in known if packages})
    return [*INSTALLERS[installer][1].split(), *packages] if packages else []


def install_libraries(setup: Setup, libraries: Sequence[str]) -> None:
    """Install missing system libraries, or stop and say how.

    Args:
        setup: The set-up.
        libraries: File names such as "libxcb-cursor.so.0".

    Raises:
        SetupError: With the exact command, when this cannot be done here.
    """
    found = [i for i, (program, _) in enumerate(INSTALLERS) if shutil.which(program)]
    command = library_command(libraries, found[0]) if found else []
    names = ", ".join(libraries)
    if not command:
        raise SetupError(
            f"Qt misses these system libraries: {names}. Install them and start again."
        )
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root or command[0] != "apt-get":
        sudo = "" if root else "sudo "
        words = " ".join(command)
        raise SetupError(f"Qt misses {names}. Install with: {sudo}{words}   and start again.")
    env = {**setup_environ(), "DEBIAN_FRONTEND": "noninteractive"}
    with setup.screen.step(f"Installing {names} with apt") as step:
        setup.execute(["apt-get", "update"], step, env=env)
        outcome = setup.execute(command, step, env=env)
        if outcome.code:
            raise setup.failed("Installing system libraries", outcome)

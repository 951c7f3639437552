"""Which Pythons can run Triptych, and what to say to the others.

Those others read this file too, down to 3.7: nothing newer stands in it.
"""

from __future__ import annotations

import contextlib
import subprocess

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)  # the newest one that the pinned torch has wheels for


def unfit_python(version: tuple[int, int], system: str, machine: str, bits: int) -> str:
    """Say why Triptych cannot run on a Python and what to do instead.

    Args:
        version: Major and minor number.
        system: As ``sys.platform``.
        machine: As ``platform.machine()``.
        bits: 32 or 64.

    Returns:
        One sentence, or "" when it can.
    """
    if not OLDEST_PYTHON <= version <= NEWEST_PYTHON:
        span = f"{dotted(OLDEST_PYTHON)} to {dotted(NEWEST_PYTHON)}"
        return f"Triptych needs Python {span}, and this is {dotted(version)}: {other_python()}."
    if bits != 64:
        return "Triptych needs a 64-bit Python, and this one has 32 bits: install the other."
    if system == "darwin" and machine == "x86_64":
        return (
            "There is no torch for Intel Macs any more, so Triptych cannot run on this Python; "
            "on a Mac with Apple silicon, start it with a native (arm64) Python."
        )
    return ""


def dotted(version: tuple[int, int]) -> str:
    """Return a version as people write it."""
    return f"{version[0]}.{version[1]}"


def other_python() -> str:
    """Say how to start with a fitting Python, by name if one is installed."""
    for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1):
        name = f"python3.{minor}"
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([name, "-c", ""], check=True, capture_output=True, timeout=20)
            return f"start it with {name} packaging/bootstrap.py"
    return "install one from your system's packages or python.org and start it with that"

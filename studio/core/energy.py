"""How much energy a computation took, where the machine can measure it; otherwise not known.

Two counters are read, before and after: the processor's (RAPL, Linux, often readable by root
only) and NVIDIA's (NVML, needs the package ``pynvml``). Nothing is estimated: a number nobody
measured would be an invention. What other programs used in the same time is in the number too.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Energy:
    """What was measured.

    Attributes:
        joules: All sources together; ``None`` when nothing could be measured.
        sources: What was measured, such as "processor" and "NVIDIA RTX 4070".
    """

    joules: float | None = None
    sources: tuple[str, ...] = ()


class EnergyMeter:
    """Reads the counters when it is made, and again for every :meth:`used`.

    Making one costs under a millisecond without an NVIDIA device. Any thread.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._packages = _packages(powercap)
        self._devices = _devices()
        self._before = self._now()

    def used(self) -> Energy:
        """Return what was used since the meter was made."""
        now = self._now()
        sources: dict[str, float] = {}
        for name, before in self._before.items():
            if name in now:
                sources[name] = self._difference(name, before, now[name])
        if not sources:
            return Energy()
        names = ["processor" for name in sources if name in self._packages][:1]
        names += [name for name in sources if name not in self._packages]
        return Energy(sum(sources.values()), tuple(names))

    def _difference(self, name: str, before: float, now: float) -> float:
        if now >= before:
            return now - before
        # The processor's counter starts again at zero after its range.
        return now - before + self._packages.get(name, (Path(), 0.0))[1]

    def _now(self) -> dict[str, float]:
        found = {}
        for name, (path, _) in self._packages.items():
            value = _number(path)
            if value is not None:
                found[name] = value / 1e6
        for name, device in self._devices.items():
            value = _nvml_joules(device)
            if value is not None:
                found[name] = value
        return found


def _packages(root: Path) -> dict[str, tuple[Path, float]]:
    """Return the counter file and the range in joules of each processor package."""
    found = {}
    for zone in sorted(root.glob("intel-rapl:*")) if root.is_dir() else []:
        # Zones with two colons are parts of a package; counting them would count twice.
        if zone.name.count(":") != 1 or not _name(zone).startswith("package"):
            continue
        counter = zone / "energy_uj"
        if _number(counter) is not None:
            found[zone.name] = (counter, (_number(zone / "max_energy_range_uj") or 0.0) / 1e6)
    return found


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text("ascii", "replace")
    except OSError:
        return ""


def _number(path: Path) -> float | None:
    """Return the number in a file; ``None`` when the system keeps it to itself."""
    try:
        return float(path.read_text("ascii", "replace"))
    except (OSError, ValueError):
        return None


def _devices() -> Mapping[str, Any]:
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return {}
    try:
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return {f"{_text(nvml.nvmlDeviceGetName(h))} {i}": h for i, h in enumerate(handles)}
    except nvml.NVMLError:
        return {}


def _nvml_joules(device: Any) -> float | None:
    nvml = importlib.import_module("pynvml")
    try:
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(device)) / 1e3
    except nvml.NVMLError:
        return None


def _text(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from studio.core.energy import Energy, EnergyMeter


@pytest.fixture(autouse=True)
def no_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)


def zone(root: Path, name: str, title: str, microjoules: int | str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(title + "\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text("1000000000\n")
    return folder / "energy_uj"


def test_without_a_counter_nothing_is_invented(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path / "none").used() == Energy(None, ())
    zone(tmp_path, "intel-rapl:0", "package-0", "what?")
    assert EnergyMeter(tmp_path).used().joules is None


def test_packages_are_added_and_their_parts_left_out(tmp_path: Path) -> None:
    one = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    two = zone(tmp_path, "intel-rapl:1", "package-1", 1_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 3_000_000)
    zone(tmp_path, "intel-rapl:2", "psys", 3_000_000)
    meter = EnergyMeter(tmp_path)
    one.write_text("7500000")
    two.write_text("2000000")
    assert meter.used() == Energy(3.5, ("processor",))


def test_a_counter_that_starts_again_is_followed(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 999_000_000)
    meter = EnergyMeter(tmp_path)
    counter.write_text("2000000")
    assert meter.used().joules == pytest.approx(3.0)


def test_a_counter_that_goes_away_counts_as_not_known(tmp_path: Path) -> None:
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = EnergyMeter(tmp_path)
    counter.unlink()
    assert meter.used() == Energy(None, ())


def test_the_graphics_card_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = ModuleType("pynvml")
    readings = iter([1_000, 4_500])
    nvml.NVMLError = type("NVMLError", (Exception,), {})  # type: ignore[attr-defined]
    nvml.nvmlInit = lambda: None  # type: ignore[attr-defined]
    nvml.nvmlDeviceGetCount = lambda: 1  # type: ignore[attr-defined]
    nvml.nvmlDeviceGetHandleByIndex = lambda index: index  # type: ignore[attr-defined]
    nvml.nvmlDeviceGetName = lambda handle: b"RTX"  # type: ignore[attr-defined]
    nvml.nvmlDeviceGetTotalEnergyConsumption = lambda handle: next(readings)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert EnergyMeter(tmp_path / "none").used() == Energy(3.5, ("RTX 0",))


def test_a_card_that_cannot_be_asked_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = ModuleType("pynvml")
    nvml.NVMLError = type("NVMLError", (Exception,), {})  # type: ignore[attr-defined]

    def refuse() -> None:
        raise nvml.NVMLError

    nvml.nvmlInit = refuse  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert EnergyMeter(tmp_path / "none").used().joules is None

"""Which device is used, and with which numbers and threads."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio.core.events import Finished
from studio.core.settings import Computing
from studio.engine import devices
from studio.engine.api import Device
from tests.engine.conftest import MakeEngine
from tests.fakes.backends import CPU, StepBackend, request


class FakeTorch:
    """As much of torch as choosing a device asks for."""

    def __init__(
        self,
        *,
        cuda: tuple[tuple[str, int, int], ...] = (),
        mps: bool = False,
        hip: str | None = None,
    ) -> None:
        cards = [
            SimpleNamespace(name=name, major=major, total_memory=size) for name, major, size in cuda
        ]
        self.cuda = SimpleNamespace(
            is_available=lambda: bool(cards),
            device_count=lambda: len(cards),
            get_device_properties=cards.__getitem__,
        )
        self.backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps))
        self.mps = SimpleNamespace(recommended_max_memory=lambda: 12_000_000_000)
        self.version = SimpleNamespace(hip=hip)
        self.cpu = SimpleNamespace()
        self.threads = 0

    def set_num_threads(self, threads: int) -> None:
        self.threads = threads


AMPERE, TURING, SMALL = ("A", 8, 24_000), ("T", 7, 8_000), ("S", 8, 4_000)


def find(monkeypatch: pytest.MonkeyPatch, torch: Any, **settings: Any) -> tuple[Device, str]:
    monkeypatch.setattr(devices, "import_torch", lambda: torch)
    return devices.find_device(Computing(**settings))


def test_cuda_before_mps_before_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(monkeypatch, FakeTorch(cuda=(AMPERE,), mps=True))[0].kind == "cuda"
    assert find(monkeypatch, FakeTorch(mps=True))[0].kind == "mps"
    assert find(monkeypatch, FakeTorch())[0].kind == "cpu"


def test_the_largest_card_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    device, problem = find(monkeypatch, FakeTorch(cuda=(SMALL, AMPERE, TURING)))
    assert (device.name, device.index, device.torch_name) == ("A", 1, "cuda:1")
    assert device.total_bytes == 24_000
    assert problem == ""


@pytest.mark.parametrize(
    ("torch", "dtype"),
    [
        (FakeTorch(cuda=(AMPERE,)), "bfloat16"),
        (FakeTorch(cuda=(TURING,)), "float16"),
        (FakeTorch(cuda=(TURING,), hip="6.0"), "bfloat16"),
        (FakeTorch(mps=True), "float16"),
    ],
)
def test_the_numbers_fast_on_the_device_are_used(
    monkeypatch: pytest.MonkeyPatch, torch: Any, dtype: str
) -> None:
    assert find(monkeypatch, torch)[0].dtype == dtype


def test_the_users_choice_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    both = FakeTorch(cuda=(AMPERE,), mps=True)
    assert find(monkeypatch, both, device="cpu")[0].kind == "cpu"
    assert find(monkeypatch, both, device="mps")[0].kind == "mps"


@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_a_missing_device_is_told_and_the_cpu_used(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    device, problem = find(monkeypatch, FakeTorch(), device=wanted)
    assert device.kind == "cpu"
    assert wanted.upper() in problem


@pytest.mark.parametrize("error", [ImportError("no torch"), OSError("libtorch.so: damaged")])
def test_without_torch_the_program_goes_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken() -> Any:
        raise error

    monkeypatch.setattr(devices, "import_torch", broken)
    device, problem = devices.find_device(Computing())
    assert device.kind == "cpu"
    assert str(error) in problem


def test_threads_leave_one_core_free(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, threads in ((1, 1), (2, 1), (8, 7)):
        monkeypatch.setattr(devices, "physical_cores", lambda cores=cores: cores)
        assert devices.thread_count(0) == threads
    assert devices.thread_count(5) == 5
    torch = FakeTorch()
    assert find(monkeypatch, torch, cpu_threads=3)[0].threads == torch.threads == 3


def test_physical_cores_are_known() -> None:
    assert devices.physical_cores() >= 1


@pytest.mark.parametrize(
    ("line", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512f amx_bf16 amx_tile", True),
        ("flags\t\t: fpu avx512_bf16", True),
        ("flags\t\t: fpu avx2 avx512f", False),
        ("Features\t: fp asimd bf16", True),
        ("Features\t: fp asimd", False),
        ("", False),
    ],
)
def test_bfloat16_is_used_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, fast: bool
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: X bf16\n{line}\n")
    assert devices.has_fast_bf16(None, cpuinfo) is fast


def test_elsewhere_torch_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    torch = FakeTorch()
    assert not devices.has_fast_bf16(torch)
    assert not devices.has_fast_bf16(None)
    torch.cpu._is_avx512_bf16_supported = lambda: True
    assert devices.has_fast_bf16(torch)


def test_changed_settings_move_jobs_to_the_other_device(make_engine: MakeEngine) -> None:
    def choose(settings: Computing) -> tuple[Device, str]:
        if settings.device == "cuda":
            return Device(kind="cuda", name="Card", total_bytes=10**9), ""
        return CPU, ""

    backend = StepBackend()
    listener = make_engine(backend, find_device=choose)
    engine = listener.engine
    listener.run(request())
    engine.configure(Computing(device="cuda", memory_budget_gb=1))
    listener.until(lambda: engine.state().device and engine.state().device.name == "Card")
    assert backend.unloaded == ["small"]
    job = engine.submit(request())
    assert isinstance(listener.wait(job), Finished)
    assert listener.of(job)[1].device == "Card"  # type: ignore[attr-defined]


def test_more_threads_keep_the_models(make_engine: MakeEngine) -> None:
    def choose(settings: Computing) -> tuple[Device, str]:
        return Device(kind="cpu", threads=settings.cpu_threads or 1), ""

    backend = StepBackend()
    listener = make_engine(backend, find_device=choose)
    listener.run(request())
    listener.engine.configure(Computing(cpu_threads=2, memory_budget_gb=1))
    listener.until(lambda: listener.engine.state().device.threads == 2)  # type: ignore[union-attr]
    listener.run(request())
    assert backend.loads == ["small"]


def test_a_smaller_budget_is_followed_at_once(make_engine: MakeEngine) -> None:
    from tests.fakes.backends import model

    backend = StepBackend(model("a", size_bytes=400_000_000), model("b", size_bytes=400_000_000))
    listener = make_engine(backend)
    for name in ("a", "b"):
        listener.run(request(model=name))
    listener.engine.configure(Computing(memory_budget_gb=0.5))
    listener.until(lambda: [each.id for each in listener.engine.state().resident] == ["b"])


def test_a_problem_with_the_device_is_told(make_engine: MakeEngine) -> None:
    listener = make_engine(find_device=lambda settings: (CPU, "No CUDA device can be used here."))
    listener.run(request())
    assert listener.engine.problems() == ("No CUDA device can be used here.",)


def test_idle_models_leave_on_their_own(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = StepBackend()
    listener = make_engine(backend, settings={"unload_after_min": 5})
    listener.run(request())
    residency = listener.engine._lanes.current.residency  # type: ignore[union-attr]
    listener.until(lambda: not listener.engine.state().resident[0].in_use)
    assert backend.unloaded == []
    residency._residents["small"].last_used -= 5 * 60
    listener.engine.cancel("anything")
    listener.engine._post(lambda: None)
    listener.until(lambda: backend.unloaded == ["small"])


def test_the_user_can_unload_a_model(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    listener = make_engine(backend)
    listener.run(request())
    listener.until(lambda: not listener.engine.state().resident[0].in_use)
    listener.engine.unload("small")
    listener.until(lambda: backend.unloaded == ["small"])
    assert listener.engine.state().resident == ()

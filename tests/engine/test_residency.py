"""Which models stay in memory: the budget, who leaves, who may not, and giving back."""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from studio.core.errors import BackendError, OutOfMemoryError
from studio.engine import memory
from studio.engine.api import JobCancelled
from studio.engine.border import NeedsMemory
from studio.engine.context import Loading
from studio.engine.jobs import CancelToken
from studio.engine.residency import Residency, Resident
from studio.models.info import ModelInfo
from tests.fakes.backends import CPU, StepBackend, model
from tests.fakes.listener import WAIT_S

GB = memory.GB


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Place:
    """A residency with a budget of 10 GB and a backend."""

    def __init__(self, budget_gb: float = 10.0) -> None:
        self.backend = StepBackend()
        self.clock = Clock()
        self.changes: list[int] = []
        self.lock = threading.Lock()
        self.residency = Residency(
            CPU,
            self.lock,
            budget_gb=budget_gb,
            on_change=lambda: self.changes.append(1),
            clock=self.clock,
        )

    def take(self, info: ModelInfo, token: CancelToken | None = None) -> Resident:
        told: Any = lambda fraction, message: None  # noqa: E731 - a sink
        ctx = Loading(told, token or CancelToken(), lambda: False)
        return self.residency.take(info, self.backend, ctx)

    def use(self, info: ModelInfo) -> None:
        self.residency.done(self.take(info))

    def there(self) -> list[str]:
        return [each.id for each in self.residency.residents()]


A, B, C = (model(name, size_bytes=4 * GB) for name in "abc")


def test_the_least_recently_used_leaves_first() -> None:
    place = Place()
    place.use(A)
    place.use(B)
    place.use(A)
    place.use(C)
    assert place.there() == ["c", "a"]
    assert place.backend.unloaded == ["b"]
    assert place.residency.used_bytes() == 8 * GB
    assert place.residency.budget_bytes() == 10 * GB


def test_one_in_use_never_leaves() -> None:
    place = Place()
    held = place.take(A)
    place.use(B)
    place.use(C)
    assert sorted(place.there()) == ["a", "c"]
    place.use(B)
    assert sorted(place.there()) == ["a", "b"]
    place.residency.free_others()
    assert place.there() == ["a"]
    place.residency.done(held)
    place.residency.free_others()
    assert place.there() == []


def test_one_that_is_looked_at_never_leaves() -> None:
    place = Place()
    place.use(A)
    with place.residency.looking_at("a") as loaded:
        assert loaded is not None
        place.residency.free_others()
        assert place.there() == ["a"]
        assert not place.residency.residents()[0].in_use, "a look is no use"
    with place.residency.looking_at("b") as loaded:
        assert loaded is None
    assert place.residency.unload("a")


def test_what_can_never_fit_is_refused_in_words() -> None:
    place = Place()
    with pytest.raises(OutOfMemoryError, match=r"20\.0 GB.*10\.0 GB"):
        place.use(model("huge", size_bytes=20 * GB))
    assert place.backend.loads == []


def test_what_does_not_fit_beside_one_in_use_needs_memory() -> None:
    place = Place()
    place.take(A)
    place.take(B)
    with pytest.raises(NeedsMemory):
        place.use(C)
    assert sorted(place.there()) == ["a", "b"]


def test_a_smaller_budget_makes_room_at_once() -> None:
    place = Place()
    place.use(A)
    place.use(B)
    place.residency.budget_gb = 5
    place.residency.make_room(0)
    assert place.there() == ["b"]


def test_without_a_chosen_budget_it_follows_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 6 * GB)
    monkeypatch.setattr(memory, "total_bytes", lambda device: 20 * GB)
    place = Place(budget_gb=0)
    assert place.residency.budget_bytes() == 4 * GB
    place.use(A)
    assert place.residency.budget_bytes() == 8 * GB


def test_idle_models_leave_after_their_time() -> None:
    place = Place()
    place.use(A)
    place.clock.now = 100
    place.use(B)
    assert place.residency.next_idle_s(50) == 0.0
    assert place.residency.unload_idle(50) == ("A",)
    assert place.there() == ["b"]
    held = place.take(B)
    assert place.residency.next_idle_s(50) is None
    place.clock.now = 1000
    assert place.residency.unload_idle(50) == ()
    place.residency.done(held)


def test_a_model_in_use_that_does_not_interleave_cannot_be_taken() -> None:
    place = Place()
    place.backend.interleaves = False
    assert place.residency.can_take("a")
    held = place.take(A)
    assert not place.residency.can_take("a")
    place.residency.done(held)
    assert place.residency.can_take("a")


def test_loading_happens_behind_one_lock_and_waiting_for_it_can_be_stopped() -> None:
    place, token = Place(), CancelToken()
    place.lock.acquire()
    failure: list[BaseException] = []

    def wait() -> None:
        try:
            place.take(A, token)
        except JobCancelled as stopped:
            failure.append(stopped)

    thread = threading.Thread(target=wait)
    thread.start()
    token.cancel()
    thread.join(WAIT_S)
    assert failure
    place.lock.release()
    place.use(A)
    assert place.backend.loads == ["a"]


def test_two_who_want_the_same_model_load_it_once() -> None:
    place = Place()
    threads = [threading.Thread(target=place.use, args=(A,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert place.backend.loads == ["a"]
    assert not place.residency.residents()[0].in_use


def test_a_failed_load_leaves_the_lock_and_the_list_clean() -> None:
    place = Place()

    def broken(info: ModelInfo, ctx: Any) -> None:
        raise SystemExit(1)

    place.backend.on_load = broken
    with pytest.raises(BackendError):
        place.use(A)
    assert place.there() == []
    place.backend.on_load = lambda info, ctx: None
    place.use(A)


def test_a_defect_in_unloading_is_survived() -> None:
    place = Place()
    resident = place.take(A)
    resident.loaded.unload = raising  # type: ignore[method-assign]
    place.residency.done(resident)
    assert place.residency.unload("a")
    assert place.there() == []


def raising() -> None:
    raise RuntimeError("cannot let go")


def test_every_change_is_told() -> None:
    place = Place()
    place.use(A)
    assert len(place.changes) == 1
    place.use(A)
    assert len(place.changes) == 1
    place.residency.unload("a")
    assert len(place.changes) == 2


def test_an_unloaded_model_is_gone() -> None:
    import gc
    import weakref

    place = Place()
    gone = weakref.ref(place.take(A).loaded)
    resident = place.residency._residents["a"]
    place.residency.done(resident)
    del resident
    place.residency.free_others()
    gc.collect()
    assert gone() is None


def test_sizes_in_words() -> None:
    assert memory.in_words(270_000_000) == "270 MB"
    assert memory.in_words(8_200_000_000) == "8.2 GB"
    assert memory.in_words(10) == "1 MB"


def test_memory_of_this_computer_is_known() -> None:
    assert 0 < memory.host_free_bytes() <= memory.host_total_bytes()
    assert memory.free_bytes(CPU) > 0


def test_a_containers_limit_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert memory.host_total_bytes() == 1_000_000
    assert memory.host_free_bytes() == 700_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.host_total_bytes() > 1_000_000


HEAPS = """
import ctypes, os, threading
from studio.engine import memory
memory.share_one_heap()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
barrier = threading.Barrier(8)
def work():
    kept = [bytes(5000) for _ in range(100)]
    barrier.wait(30)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = library.fopen(os.fsencode(%r), b"w")
library.malloc_info(0, ctypes.c_void_p(file))
library.fclose(ctypes.c_void_p(file))
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc",
    reason="about the heaps of glibc",
)
def test_threads_share_one_heap(tmp_path: Path) -> None:
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", HEAPS % str(told)], check=True, timeout=60)
    assert told.read_text().count("<heap nr=") == 1


def test_nothing_is_prepared_while_a_model_is_loaded() -> None:
    place, other = Place(), StepBackend()
    loads, may_end, looked = threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def load(info: ModelInfo, ctx: Any) -> None:
        loads.set()
        may_end.wait(WAIT_S)
        order.append("loaded")

    place.backend.on_load = load
    place.residency._prepare = lambda backend: order.append(
        "own" if backend is not other else "other"
    )
    loading = threading.Thread(target=place.take, args=(A,))
    preparing = threading.Thread(target=place.residency.prepare, args=(other, looked.set))
    loading.start()
    assert loads.wait(WAIT_S)
    preparing.start()
    assert looked.wait(WAIT_S), "it waits, and asks whether it is still wanted"
    may_end.set()
    for thread in (loading, preparing):
        thread.join(WAIT_S)
    assert order == ["own", "loaded", "other"]

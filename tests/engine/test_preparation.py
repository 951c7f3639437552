"""Imports once, with the garbage collector at rest, and never a model frozen."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from studio.core.errors import BackendError
from studio.core.events import Finished
from studio.engine.preparation import Preparation, quiet_imports
from tests.engine.conftest import MakeEngine
from tests.fakes.backends import StepBackend, request
from tests.fakes.listener import WAIT_S


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()
    assert gc.isenabled()


def test_the_collector_rests_while_importing_and_what_was_made_is_frozen() -> None:
    with quiet_imports():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_nothing_is_frozen_while_a_model_is_in_memory() -> None:
    with quiet_imports(lambda: False):
        pass
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_the_collector_comes_back_after_a_failure() -> None:
    with pytest.raises(ImportError), quiet_imports():
        raise ImportError
    assert gc.isenabled()


def test_the_collector_comes_back_when_the_last_of_several_is_done() -> None:
    first_may_end, second_began = threading.Event(), threading.Event()

    def first() -> None:
        with quiet_imports():
            second_began.wait(WAIT_S)
            first_may_end.wait(WAIT_S)

    thread = threading.Thread(target=first)
    thread.start()
    with quiet_imports():
        second_began.set()
    assert not gc.isenabled()
    first_may_end.set()
    thread.join(WAIT_S)
    assert gc.isenabled()


def test_a_backend_is_prepared_once_whoever_asks() -> None:
    backend, preparation = StepBackend(), Preparation(lambda: False)
    threads = [threading.Thread(target=preparation.prepare, args=(backend,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert backend.prepared == 1


def test_a_failed_preparation_is_told_and_tried_again() -> None:
    class Fails(StepBackend):
        def prepare(self) -> None:
            super().prepare()
            if self.prepared == 1:
                raise ImportError("no module named torch")

    backend, preparation = Fails(), Preparation(lambda: False)
    with pytest.raises(BackendError):
        preparation.prepare(backend)
    preparation.prepare(backend)
    assert backend.prepared == 2


def test_the_engine_prepares_before_it_loads(make_engine: MakeEngine) -> None:
    order: list[str] = []

    class Notes(StepBackend):
        def prepare(self) -> None:
            order.append("prepare")

        def load(self, model: Any, device: Any, ctx: Any) -> Any:
            order.append("load")
            return super().load(model, device, ctx)

    listener = make_engine(Notes())
    for _ in range(2):
        assert isinstance(listener.run(request()), Finished)
        listener.engine._lanes.current.residency.free_others()  # type: ignore[union-attr]
    assert order == ["prepare", "load", "load"]
    assert gc.get_freeze_count() > 0

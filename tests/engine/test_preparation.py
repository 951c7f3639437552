"""Imports once, with the garbage collector at rest, and never a model frozen."""

from __future__ import annotations

import gc
import subprocess
import sys
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


def test_two_backends_never_import_at_once() -> None:
    going, most, guard = 0, 0, threading.Lock()
    other_came = threading.Event()

    class Imports(StepBackend):
        def prepare(self) -> None:
            nonlocal going, most
            with guard:
                going += 1
                most = max(most, going)
                if going > 1:
                    other_came.set()
            other_came.wait(0.1)  # without a lock, the others come in now
            with guard:
                going -= 1

    preparation = Preparation(lambda: False)
    threads = [threading.Thread(target=preparation.prepare, args=(Imports(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert most == 1


def test_both_kinds_of_models_can_be_prepared_at_the_same_time() -> None:
    code = (
        "import threading\n"
        "from studio.engine.preparation import Preparation\n"
        "from studio.engine.backends.transformers_text import TransformersTextBackend as Text\n"
        "from studio.engine.backends.transformers_embed import TransformersEmbedBackend as Embed\n"
        "preparation, gate = Preparation(lambda: True), threading.Barrier(2)\n"
        "def run(backend):\n"
        "    gate.wait()\n"
        "    preparation.prepare(backend)\n"
        "threads = [threading.Thread(target=run, args=(b(),)) for b in (Text, Embed)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "from studio.engine.backends import _transformers_embed_impl as embed\n"
        "from studio.engine.backends import _transformers_text_impl as text\n"
        "print(hasattr(embed.transformers, 'AutoTokenizer'),"
        " hasattr(text.transformers, 'AutoTokenizer'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"


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

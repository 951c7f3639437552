"""Engines for tests, closed again, with a look whether a thread stayed behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from studio.core.settings import Computing
from studio.engine.api import Backend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from tests.engine.backend_contract import OneModel
from tests.fakes.backends import CPU, StepBackend
from tests.fakes.listener import WAIT_S, Listener

MakeEngine = Callable[..., Listener]


@pytest.fixture
def make_engine() -> Iterator[MakeEngine]:
    """Make started engines (as listeners); every one is closed and leaves no thread."""
    before = set(threading.enumerate())
    made: list[Engine] = []

    def make(*backends: Backend, start: bool = True, **changes: Any) -> Listener:
        settings = Computing(**{"memory_budget_gb": 1.0, **changes.pop("settings", {})})
        arguments: dict[str, Any] = {
            "registry": Registry.of(*(backends or (StepBackend(),))),
            "store": OneModel(),
            "settings": settings,
            "queue_file": None,
            "find_device": lambda settings: (CPU, ""),
            **changes,
        }
        engine = Engine(**arguments)
        made.append(engine)
        listener = Listener(engine)
        if start:
            engine.start()
        return listener

    yield make
    for engine in made:
        engine.close()
    left = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    for thread in left:
        thread.join(WAIT_S)
    assert not [thread for thread in left if thread.is_alive()], "a thread stayed behind"

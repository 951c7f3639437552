"""The library with the real engine: results are filed, and found by their meaning."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.core.errors import StudioError
from studio.core.paths import Folders
from studio.core.requests import Capability, TextRequest
from studio.core.settings import Computing, Files, Settings
from studio.engine.backends.transformers_embed import TransformersEmbedBackend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.library.service import LibraryService
from tests.engine.backend_contract import OneModel
from tests.engine.test_transformers_embed import tiny_encoder
from tests.fakes.backends import CPU, StepBackend
from tests.fakes.listener import Listener


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(*(tmp_path / name for name in ("config", "data", "cache", "state")))


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it never came to that")


def test_making_a_service_imports_nothing_heavy() -> None:
    code = (
        "import sys; import studio.library.service\n"
        "print([n for n in ('sqlite3', 'numpy', 'PIL', 'studio.library.library')"
        " if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_real_engine_fills_the_library_and_reads_it_for_meaning(folders: Folders) -> None:
    failures: list[StudioError] = []
    service = LibraryService(folders, Settings, on_failure=failures.append)
    engine = Engine(
        registry=Registry.of(StepBackend(), TransformersEmbedBackend()),
        store=OneModel(tiny_encoder()),
        settings=Computing(memory_budget_gb=8),
        queue_file=folders.state / "queue.sqlite",
        find_device=lambda settings: (CPU, ""),
    )
    done: list[bool] = []
    service.attach(engine)
    engine.subscribe(
        lambda event: (
            done.append(service.library.search("").total == 1)
            if type(event).__name__ == "Finished" and not done
            else None
        )
    )
    listener = Listener(engine)
    try:
        engine.start()
        listener.run(
            TextRequest(
                capability=Capability.TEXT_GENERATE,
                seed=3,
                prompt="The sea",
                options={"word": "storm"},
            )
        )
        assert done == [True], "who subscribed later finds the result in the library already"
        (item,) = service.library.items(service.library.search("storm").ids)
        assert item.title.startswith("storm0")
        service.read_for_meaning()
        meaning = service.meaning
        assert meaning is not None
        assert meaning.why_not == ""
        _until(lambda: meaning.missing() == 0)
        assert list(meaning.search("the old sea", limit=5).ids) in ([item.id], [])
        _until(lambda: not [j for j in engine.jobs() if j.request.kind == "embed"])
    finally:
        listener.unsubscribe()
        engine.close()
        service.close()
    assert failures == []


def test_a_library_that_cannot_be_opened_is_told_once(folders: Folders, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    settings = Settings(files=Files(library_folder=str(tmp_path / "file" / "library")))
    failures: list[StudioError] = []
    service = LibraryService(folders, lambda: settings, on_failure=failures.append)
    engine = Engine(
        registry=Registry.of(StepBackend()),
        store=OneModel(),
        settings=Computing(),
        queue_file=None,
        find_device=lambda settings: (CPU, ""),
    )
    service.attach(engine)
    assert len(failures) == 1
    assert failures[0].user_message
    assert service.meaning is None
    service.close()
    engine.close()
    with pytest.raises(StudioError, match="closed"):
        _ = service.library

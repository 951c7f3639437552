"""What every backend must keep, as a class to subclass; for plugin authors too.

    from tests.engine.backend_contract import BackendContract

    class TestMine(BackendContract):
        def make_backend(self) -> Backend:
            return MyBackend()

        def make_request(self, seed: int = 7) -> Request:
            return TextRequest(capability=Capability.TEXT_GENERATE, seed=seed, prompt="A dog")

        def make_long_request(self) -> Request:
            ...  # one that takes twenty steps or more

Override ``make_model`` when the model does not live in the backend. Everything runs through the
real engine on a CPU with one thread; no test needs the network or a graphics card. Guide:
packaging/docs/write-a-backend.md.
"""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.core.artifacts import Artifact, TextArtifact
from studio.core.errors import BadInputError
from studio.core.events import (
    Cancelled,
    Event,
    Finished,
    ModelLoading,
    Progress,
    Queued,
    Started,
    TextDelta,
)
from studio.core.options import describe
from studio.core.requests import Capability, Request, from_json, replaced, to_json
from studio.core.settings import Computing
from studio.engine.api import API_VERSION, Backend, Device, JobCancelled, ModelInfo
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from tests.fakes.listener import Listener, ended

#: Modules that may not be loaded by making a backend.
HEAVY = ("torch", "transformers", "diffusers", "accelerate", "numpy", "PySide6")


class OneModel:
    """A model store with the contract's model."""

    def __init__(self, *models: ModelInfo) -> None:
        self._models = models

    def models(self) -> tuple[ModelInfo, ...]:
        return self._models

    def problems(self) -> dict[Path, str]:
        return {}

    def refresh(self) -> None:
        """Nothing changes."""


class LoadRecorder:
    """A LoadContext of a test; ``cancel_at`` counts the looks at the user's wish."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.told: list[tuple[float | None, str]] = []
        self.looks = 0
        self._cancel_at = cancel_at

    def loading(self, fraction: float | None, message: str) -> None:
        assert fraction is None or 0 <= fraction <= 1
        assert message
        self.told.append((fraction, message))
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        self.looks += 1
        if self._cancel_at is not None and self.looks >= self._cancel_at:
            raise JobCancelled

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        return ()


class BackendContract:
    """Subclass as ``TestSomething`` and say what is tested."""

    artifact_type: type[Artifact] = TextArtifact
    device = Device(kind="cpu", dtype="float32", threads=1)
    timeout_s = 60.0

    # What a subclass says

    def make_backend(self) -> Backend:
        raise NotImplementedError

    def make_model(self) -> ModelInfo:
        return next(iter(self.make_backend().models()))

    def make_request(self, seed: int = 7) -> Request:
        raise NotImplementedError

    def make_long_request(self) -> Request:
        """Return a request of at least twenty steps."""
        raise NotImplementedError

    # What is tested with

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[Engine]:
        """An engine with only this backend and this model, for all tests of the class."""
        contract = cls()
        engine = Engine(
            registry=Registry.of(contract.make_backend()),
            store=OneModel(contract.make_model()),
            settings=Computing(memory_budget_gb=64),
            queue_file=None,
            find_device=lambda settings: (cls.device, ""),
        )
        engine.start()
        yield engine
        engine.close()

    @pytest.fixture
    def listener(self, engine: Engine) -> Iterator[Listener]:
        listener = Listener(engine)
        yield listener
        listener.unsubscribe()

    def ask(self, listener: Listener, request: Request) -> Artifact:
        event = listener.run(replaced(request, model=self.make_model().id))
        assert isinstance(event, Finished), event
        return event.artifact

    # What it says about itself

    def test_the_manifest_is_complete(self) -> None:
        manifest = self.make_backend().manifest
        assert manifest.id and manifest.id == manifest.id.lower() and " " not in manifest.id
        assert manifest.title and manifest.licence
        assert manifest.description.endswith(".")
        assert manifest.capabilities
        assert all(isinstance(each, Capability) for each in manifest.capabilities)
        assert manifest.api_version == API_VERSION

    def test_making_it_imports_nothing_heavy(self) -> None:
        kind = type(self.make_backend())
        code = (
            "import importlib.util, sys\n"
            f"spec = importlib.util.spec_from_file_location('_under_test', {_file(kind)!r})\n"
            "module = importlib.util.module_from_spec(spec)\n"
            "sys.modules['_under_test'] = module\n"
            "spec.loader.exec_module(module)\n"
            f"module.{kind.__qualname__}()\n"
            f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "[]"

    def test_every_option_has_words_and_a_default_it_accepts(self) -> None:
        for info in describe(self.make_backend().Options):
            assert info.title and info.help.endswith("."), info.name
            assert info.check(info.default) == info.default

    def test_it_supports_its_model_and_no_other(self) -> None:
        backend, model = self.make_backend(), self.make_model()
        assert set(backend.supports(model)) <= set(backend.manifest.capabilities)
        assert self.make_request().capability in backend.supports(model)
        foreign = ModelInfo(id="foreign", title="Foreign", format="no-such-format")
        assert not backend.supports(foreign)

    def test_its_estimate_is_a_number_of_bytes(self) -> None:
        estimate = self.make_backend().estimate_bytes(self.make_model(), self.device)
        assert isinstance(estimate, int)
        assert estimate >= 0

    # Answering

    def test_it_answers_in_the_declared_shape(self, listener: Listener) -> None:
        request = self.make_request()
        artifact = self.ask(listener, request)
        assert isinstance(artifact, self.artifact_type)
        assert artifact.model == self.make_model().id
        assert artifact.backend == self.make_backend().manifest.id
        assert artifact.request.seed == request.seed
        assert artifact.duration_s >= 0
        if isinstance(artifact, TextArtifact):
            assert isinstance(artifact.text, str)
            assert artifact.finish_reason in ("stop", "stop_string", "length")
            assert artifact.new_tokens >= 0

    def test_the_same_request_gives_the_same_result(self, listener: Listener) -> None:
        request = self.make_request(seed=11)
        first = self.ask(listener, request)
        self.ask(listener, self.make_request(seed=12))
        second = self.ask(listener, from_json(to_json(request)))
        plain = replace(first, duration_s=0.0), replace(second, duration_s=0.0)
        if isinstance(first, TextArtifact) and isinstance(second, TextArtifact):
            # How much was kept from the turn before is no part of the result.
            plain = replace(plain[0], reused_tokens=0), replace(plain[1], reused_tokens=0)
        assert plain[0] == plain[1]

    def test_what_streams_is_the_text(self, listener: Listener) -> None:
        for request in (self.make_request(), self.make_long_request()):
            job = listener.engine.submit(replaced(request, model=self.make_model().id))
            event = listener.wait(job, self.timeout_s)
            assert isinstance(event, Finished), event
            if isinstance(event.artifact, TextArtifact):
                assert listener.text(job) == event.artifact.text

    def test_events_come_in_order_and_end_once(self, listener: Listener) -> None:
        job = listener.engine.submit(replaced(self.make_request(), model=self.make_model().id))
        listener.wait(job, self.timeout_s)
        events = listener.of(job)
        assert isinstance(events[0], Queued)
        assert isinstance(events[1], Started)
        kinds = [type(event) for event in events[2:]]
        while kinds and kinds[0] is ModelLoading:
            kinds.pop(0)
        assert ModelLoading not in kinds
        assert ended(events) == 1
        assert kinds[-1] is Finished
        steps = [event.step for event in events if isinstance(event, Progress)]
        assert steps == sorted(steps), "steps never go back"

    def test_an_unknown_option_is_refused_at_once(self, engine: Engine, listener: Listener) -> None:
        self.ask(listener, self.make_request())  # models are known from here on
        request = replaced(self.make_request(), options={"no_such_option": 1})
        with pytest.raises(BadInputError, match="no_such_option"):
            engine.submit(request)

    # Stopping

    def test_it_stops_within_one_step(self, engine: Engine, listener: Listener) -> None:
        after: list[Event] = []
        stopped: list[str] = []

        def stop_at_third(event: Event) -> None:
            if not isinstance(event, (Progress, TextDelta)):
                return
            if stopped:
                after.append(event)
            elif isinstance(event, Progress) and event.step >= 3:
                stopped.append(event.job_id)
                engine.cancel(event.job_id)

        listener.react(stop_at_third)
        job = engine.submit(replaced(self.make_long_request(), model=self.make_model().id))
        event = listener.wait(job, self.timeout_s)
        assert isinstance(event, Cancelled), event
        assert stopped == [job], "a long request tells at least three steps of progress"
        assert sum(isinstance(each, Progress) for each in after) <= 1
        assert ended(listener.of(job)) == 1

    def test_the_next_job_works_after_one_was_stopped(self, listener: Listener) -> None:
        before = self.ask(listener, self.make_request(seed=5))
        self.test_it_stops_within_one_step(listener.engine, listener)
        after = self.ask(listener, self.make_request(seed=5))
        if isinstance(before, TextArtifact) and isinstance(after, TextArtifact):
            assert after.text == before.text

    def test_loading_stops_when_the_user_wants_it(self) -> None:
        with pytest.raises(JobCancelled):
            self.make_backend().load(self.make_model(), self.device, LoadRecorder(cancel_at=1))

    # Memory

    def test_loading_twice_leaves_nothing_of_the_first(self) -> None:
        backend, model = self.make_backend(), self.make_model()
        sizes, gone = [], []
        for _ in range(2):
            loaded: Any = backend.load(model, self.device, LoadRecorder())
            assert loaded.memory_bytes > 0
            sizes.append(loaded.memory_bytes)
            gone.append(weakref.ref(loaded))
            loaded.unload()
            assert loaded.memory_bytes == 0, "what was given back is not counted any more"
            del loaded
            gc.collect()
        assert sizes[0] == sizes[1]
        assert [each() for each in gone] == [None, None]


def _file(kind: type) -> str:
    return inspect.getfile(kind)

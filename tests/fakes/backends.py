"""Small backends for engine tests, whose every step a test can hold and let go.

No sleeps: a :class:`Gate` stops a backend at a named place until the test opens it, and tells
the test when the backend got there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from studio.core.artifacts import TextArtifact
from studio.core.options import option, validate
from studio.core.requests import Capability, TextRequest
from studio.engine.api import (
    Backend,
    Device,
    JobContext,
    LoadContext,
    LoadedModel,
    Manifest,
    ModelInfo,
)
from tests.fakes.listener import WAIT_S

CPU = Device(kind="cpu", name="Test CPU", dtype="float32", threads=1)


class Gate:
    """A place where a backend waits until the test lets it by."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)
        self._open = threading.Event()

    def pass_through(self) -> None:
        """The backend is here; wait for the test."""
        self._arrived.release()
        assert self._open.wait(WAIT_S), "the test never opened this gate"

    def wait_for_arrival(self) -> None:
        """Wait until a backend is here."""
        assert self._arrived.acquire(timeout=WAIT_S), "nobody came to this gate"

    def open(self) -> None:
        """Let everybody by from now on."""
        self._open.set()


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """Options of the step backend."""

    steps: int = option(3, title="Steps", help="How many steps.", ge=0, le=1_000_000)
    word: str = option("word", title="Word", help="What each step writes.")


Behaviour = Callable[["StepModel", TextRequest, JobContext], Any]


class StepModel(LoadedModel):
    """Writes one word a step."""

    def __init__(self, backend: StepBackend, model: ModelInfo) -> None:
        self.backend = backend
        self.model = model
        self.memory_bytes = model.size_bytes
        self.interleaves = backend.interleaves
        self.economies = list(backend.economies)
        self.ballast: Any = None

    def generate(self, request: TextRequest, ctx: JobContext) -> Any:
        backend = self.backend
        with backend.lock:
            backend.running.append(request.label)
            backend.most_at_once = max(backend.most_at_once, backend.computing + 1)
        behaviour = backend.behaviours.get(request.label)
        if behaviour is not None:
            return behaviour(self, request, ctx)
        return self.write(request, ctx)

    def write(
        self,
        request: TextRequest,
        ctx: JobContext,
        each: Callable[[int], None] = lambda step: None,
    ) -> TextArtifact:
        """Write the words; ``each`` is called after every step."""
        options = validate(StepOptions, request.options)
        pieces = []
        for step in range(options.steps):
            ctx.checkpoint()
            self.backend.trace.append((request.label, step))
            piece = f"{options.word}{step} "
            pieces.append(piece)
            ctx.text(piece)
            ctx.progress(step + 1, options.steps)
            each(step)
        return self.artifact(request, "".join(pieces), options.steps)

    def artifact(self, request: TextRequest, text: str, steps: int = 0) -> TextArtifact:
        return TextArtifact(
            request=request,
            model=self.model.id,
            backend=self.backend.manifest.id,
            text=text,
            new_tokens=steps,
        )

    def economise(self) -> str | None:
        return self.economies.pop(0) if self.economies else None

    def count_tokens(self, text: str) -> int | None:
        return len(text.split())

    def unload(self) -> None:
        self.ballast = None
        self.memory_bytes = 0
        self.backend.unloaded.append(self.model.id)


class StepBackend(Backend):
    """Runs :class:`StepModel`; a test sets behaviours by a request's label."""

    manifest: ClassVar[Manifest] = Manifest(
        id="step",
        title="Step",
        description="Steps for tests.",
        licence="Apache-2.0",
        capabilities=(Capability.TEXT_GENERATE, Capability.TEXT_CHAT),
    )
    Options: ClassVar[type] = StepOptions

    def __init__(self, *models: ModelInfo, interleaves: bool = True) -> None:
        self._models = models or (model("small", built_in=True),)
        self.interleaves = interleaves
        self.economies: tuple[str, ...] = ()
        self.behaviours: dict[str, Behaviour] = {}
        self.on_load: Callable[[ModelInfo, LoadContext], None] = lambda model, ctx: None
        self.lock = threading.Lock()
        self.loads: list[str] = []
        self.unloaded: list[str] = []
        self.running: list[str] = []
        self.trace: list[tuple[str, int]] = []
        self.computing = 0
        self.most_at_once = 0
        self.prepared = 0

    def models(self) -> Iterable[ModelInfo]:
        return self._models

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        return self.manifest.capabilities if model.format == "step" else ()

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        return model.size_bytes

    def prepare(self) -> None:
        self.prepared += 1

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> Any:
        with self.lock:
            self.loads.append(model.id)
        self.on_load(model, ctx)
        return StepModel(self, model)


def model(name: str, *, size_bytes: int = 1000, built_in: bool = False) -> ModelInfo:
    """Return a model of the step backend."""
    return ModelInfo(
        id=name,
        title=name.capitalize(),
        format="step",
        size_bytes=size_bytes,
        built_in=built_in,
        backend="step",
    )


def request(label: str = "", *, model: str = "", seed: int = 1, **options: Any) -> TextRequest:
    """Return a request for the step backend; the label picks a behaviour."""
    return TextRequest(
        capability=Capability.TEXT_GENERATE,
        seed=seed,
        prompt="Once",
        label=label,
        model=model,
        options=options,
    )

"""A scriptable engine for GUI tests: the interface of ``Engine``, real events, no threads.

    engine = FakeEngine()
    engine.script(Loading("Loading"), Text("Hello"), Text(" world"), Finish())
    job = engine.submit(request)       # emits Queued before it returns
    engine.step(job)                   # plays one step: Started comes before the first
    engine.play(job)                   # plays the rest; the terminal event is the last

Steps are played in the calling thread, so a test decides when each event arrives. A job
submitted without a script gets ``engine.default_script``. ``cancel`` ends a job at once, as the
real engine does within a token. Nothing here is imported by the application.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.core.artifacts import (
    Artifact,
    AudioArtifact,
    ImageArtifact,
    Segment,
    TextArtifact,
    TranscriptArtifact,
)
from studio.core.errors import BadInputError, ModelNotFoundError
from studio.core.events import (
    AudioChunk,
    Cancelled,
    Event,
    Failed,
    Finished,
    ModelLoading,
    Notice,
    Preview,
    Progress,
    Queued,
    Started,
    TextDelta,
)
from studio.core.inputs import InputStore
from studio.core.media import SEED_MAX, Picture, Sound
from studio.core.options import OptionInfo, describe, option, validate
from studio.core.requests import (
    AudioRequest,
    Capability,
    ImageRequest,
    Request,
    TranscribeRequest,
    replaced,
)
from studio.core.settings import Computing
from studio.engine.api import Device, Voice
from studio.engine.jobs import (
    ENDED,
    EngineState,
    InstalledModel,
    JobInfo,
    Priority,
    ResidentModel,
)
from studio.models.info import ModelInfo


@dataclass(frozen=True)
class Loading:
    """Emit ModelLoading."""

    message: str = "Loading the model"
    fraction: float | None = None


@dataclass(frozen=True)
class Text:
    """Emit TextDelta."""

    text: str


@dataclass(frozen=True)
class Steps:
    """Emit Progress."""

    step: int
    total: int
    remaining_s: float | None = None


@dataclass(frozen=True)
class Say:
    """Emit Notice."""

    message: str
    code: str = ""


@dataclass(frozen=True)
class Show:
    """Emit Preview of a plain picture."""

    colour: tuple[int, int, int, int] = (200, 60, 40, 255)
    index: int = 0
    step: int = 1
    side: int = 16


@dataclass(frozen=True)
class Finish:
    """End well; ``text`` defaults to everything streamed, ``artifact`` overrides all.

    A request for pictures ends with plain ones whose colour comes from their seeds.
    """

    text: str | None = None
    finish_reason: Any = "stop"
    artifact: Artifact | None = None


@dataclass(frozen=True)
class Fail:
    """End with a failure."""

    message: str = "The model could not be loaded."
    hint: str = "Choose another model."
    details: str = "Traceback of the fake"
    code: str = "BackendError"


@dataclass(frozen=True)
class Sing:
    """Emit AudioChunk of a tone."""

    seconds: float = 0.5


Step = Loading | Text | Show | Sing | Steps | Say | Finish | Fail


@dataclass(frozen=True, kw_only=True)
class FakeOptions:
    """Options with one of each kind of control."""

    max_new_tokens: int = option(
        64, title="Length", help="At most this many tokens.", ge=1, le=4096, step=16, unit="tokens"
    )
    temperature: float = option(0.8, title="Temperature", help="Heat.", ge=0, le=2, step=0.05)
    top_p: float = option(0.95, title="Top p", help="Mass.", ge=0, le=1, step=0.01)
    min_p: float = option(0.0, title="Min p", help="Floor.", ge=0, le=1, advanced=True)
    top_k: int = option(0, title="Top k", help="Count.", ge=0, le=1000, advanced=True)
    repetition_penalty: float = option(1.0, title="Repetition", help="Penalty.", ge=0.5, le=2)
    stop_strings: tuple[str, ...] = option((), title="Stop at", help="Ends.", advanced=True)


@dataclass(frozen=True, kw_only=True)
class FakeImageOptions:
    """Options of a picture model."""

    num_inference_steps: int = option(
        8, title="Steps", help="How often it is refined.", ge=1, le=150, step=1
    )
    guidance_scale: float = option(
        7.0, title="Guidance", help="How closely it keeps to the prompt.", ge=0, le=30, step=0.5
    )
    scheduler: str = option(
        "default", title="Scheduler", help="The way to the picture.", choices=("default", "euler")
    )
    clip_skip: int = option(0, title="CLIP skip", help="Layers.", ge=0, le=11, advanced=True)
    region_base: float = option(0.2, title="Base", help="Share.", ge=0, le=0.9, advanced=True)


@dataclass(frozen=True, kw_only=True)
class FakeMendingOptions:
    """Options of a model that mends sounds."""

    attenuation_limit_db: float = option(
        100.0, title="Reduce noise by", help="At most so much.", ge=3, le=100, step=1, unit="dB"
    )


IMAGE_MODEL = InstalledModel(
    info=ModelInfo(
        id="fake-image",
        title="Fake Pictures 1M",
        format="diffusers",
        capabilities=("image.txt2img", "image.img2img", "image.inpaint"),
        size_bytes=2_000_000,
        parameters=1_000_000,
        family="sd-1",
        licence="Apache-2.0",
    ),
    capabilities=(
        Capability.IMAGE_TXT2IMG,
        Capability.IMAGE_IMG2IMG,
        Capability.IMAGE_INPAINT,
    ),
    backend="fake",
)

CHAT_MODEL = InstalledModel(
    info=ModelInfo(
        id="fake-chat",
        title="Fake Chat 1M",
        format="transformers",
        capabilities=("text.chat", "text.generate"),
        size_bytes=1_000_000,
        parameters=1_000_000,
        context_length=2048,
        built_in=True,
    ),
    capabilities=(Capability.TEXT_CHAT, Capability.TEXT_GENERATE),
    backend="fake",
)

VOICE_MODEL = InstalledModel(
    info=ModelInfo(
        id="fake-voice",
        title="Fake Voice 1M",
        capabilities=("audio.speech",),
        size_bytes=3_000_000,
        licence="Apache-2.0",
        built_in=True,
    ),
    capabilities=(Capability.AUDIO_SPEECH,),
    backend="fake",
)

MENDING_MODEL = InstalledModel(
    info=ModelInfo(
        id="fake-mender",
        title="Fake Mender 1M",
        capabilities=("audio.repair",),
        size_bytes=3_000_000,
        licence="MIT",
        built_in=True,
    ),
    capabilities=(Capability.AUDIO_REPAIR,),
    backend="fake",
)

DEFAULT_SCRIPT: tuple[Step, ...] = (
    Loading(),
    Text("A fake"),
    Text(" answer"),
    Text("."),
    Finish(),
)


LISTENER_MODEL = InstalledModel(
    info=ModelInfo(
        id="fake-listener",
        title="Fake Listener 1M",
        capabilities=("audio.transcribe",),
        size_bytes=1_000_000,
        licence="MIT",
    ),
    capabilities=(Capability.AUDIO_TRANSCRIBE,),
    backend="fake",
)


def fake_transcript(request: TranscribeRequest, model: str, text: str) -> TranscriptArtifact:
    """Return what a listening model would: each line of ``text`` is heard for two seconds."""
    segments = tuple(
        Segment(start_s=2.0 * row, end_s=2.0 * row + 1.5, text=line)
        for row, line in enumerate(text.splitlines())
    )
    return TranscriptArtifact(
        request=request,
        model=model,
        backend="fake",
        duration_s=0.5,
        text=" ".join(text.splitlines()),
        segments=segments,
        language="en",
    )


@dataclass
class _FakeJob:
    info: JobInfo
    steps: deque[Step]
    started: bool = False
    streamed: list[str] = field(default_factory=list)


class FakeEngine:
    """The engine's interface, played from scripts."""

    def __init__(
        self,
        *,
        models: Sequence[InstalledModel] = (CHAT_MODEL,),
        ready: bool = True,
        options: type = FakeOptions,
        autoplay: bool = False,
    ) -> None:
        self.default_script: tuple[Step, ...] = DEFAULT_SCRIPT
        self.submitted: list[Request] = []
        self.priorities: list[Priority] = []
        self.cancelled: list[str] = []
        self.warmed_up: list[str] = []
        self.settings = Computing()
        self.started = self.closed = False
        self.autoplay = autoplay
        self.problem_list: list[str] = []
        self.voices: tuple[Voice, ...] = ()
        self.cloning: set[str] = set()
        self.inputs = InputStore()
        self.parts: tuple[ModelInfo, ...] = ()
        self.unused: dict[str, str] = {}
        self.looked_again = 0
        self.used_models: list[Path] = []
        self._models = tuple(models)
        self._defaults: dict[Capability, str] = {}
        self._options = options
        self._scripts: deque[tuple[Step, ...]] = deque()
        self._jobs: dict[str, _FakeJob] = {}
        self._subscribers: list[Callable[[Event], None]] = []
        self._watchers: list[Callable[[], None]] = []
        self._ids = itertools.count(1)
        self._state = EngineState(
            ready=ready, device=Device(kind="cpu", name="Fake CPU"), budget_bytes=4_000_000_000
        )

    # What a test does

    def script(self, *steps: Step) -> None:
        """Give the next submitted job these steps."""
        self._scripts.append(steps)

    def step(self, job_id: str | None = None, count: int = 1) -> None:
        """Play ``count`` steps of the job (default: the oldest that has not ended)."""
        for _ in range(count):
            self._step(self._find(job_id))

    def play(self, job_id: str | None = None) -> None:
        """Play the job (default: every job that has not ended) to its end."""
        chosen = [job_id] if job_id else [i for i, j in self._jobs.items() if not _over(j)]
        for each in chosen:
            job = self._find(each)
            while job.steps and not _over(job):
                self._step(job)

    def emit(self, event: Event) -> None:
        """Hand an event of the test's own making to every subscriber."""
        for callback in tuple(self._subscribers):
            callback(event)

    def set_state(self, **changes: Any) -> None:
        """Change what ``state()`` says and tell the watchers."""
        self._state = replace(self._state, **changes)
        self._changed()

    def set_models(self, models: Sequence[InstalledModel]) -> None:
        """Change what is installed and tell the watchers."""
        self._models = tuple(models)
        self._changed()

    def add_job(self, **fields: Any) -> str:
        """Put a job into the list as it would come back from an earlier run."""
        job_id = f"job-{next(self._ids)}"
        info = JobInfo(id=job_id, **fields)
        self._jobs[job_id] = _FakeJob(info, deque(self.default_script))
        self._changed()
        return job_id

    # What the application does

    def start(self) -> None:
        self.started = True
        self._changed()

    def close(self, timeout_s: float = 5.0) -> None:
        self.closed = True
        for job_id, job in tuple(self._jobs.items()):
            if not _over(job):
                self.cancel(job_id)

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def submit(self, request: Request, *, priority: Priority = Priority.INTERACTIVE) -> str:
        if self.closed:
            raise BadInputError("Triptych is closing.")
        validate(self._options_of(request.capability), request.options)
        model = request.model or self._default_id(request.capability)
        if model not in {each.info.id for each in self._models}:
            raise ModelNotFoundError(f"There is no model called “{model}”.", hint="Add one.")
        self.submitted.append(request)
        self.priorities.append(priority)
        job_id = f"job-{next(self._ids)}"
        steps = self._scripts.popleft() if self._scripts else self.default_script
        info = JobInfo(
            id=job_id,
            request=replaced(request, model=model),
            state="queued",
            label=request.label or "Text",
            model=model,
            priority=priority,
            created_at=time.time(),
        )
        self._jobs[job_id] = _FakeJob(info, deque(steps))
        self.emit(Queued(job_id=job_id))
        self._changed()
        if self.autoplay:
            self.play(job_id)
        return job_id

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        job = self._jobs.get(job_id)
        if job is not None and not _over(job):
            self._end(job, "cancelled", Cancelled(job_id=job_id))

    def retry(self, job_id: str) -> str:
        job = self._jobs[job_id]
        if job.info.held:
            job.info = replace(job.info, held=False)
            self._changed()
            return job_id
        self.dismiss(job_id)
        return self.submit(job.info.request, priority=job.info.priority)

    def resume(self) -> None:
        for job in self._jobs.values():
            job.info = replace(job.info, held=False)
        self._changed()

    def dismiss(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        self._changed()

    def move(self, job_id: str, before: str | None) -> None:
        job = self._jobs.pop(job_id)
        items = list(self._jobs.items())
        at = next((i for i, (key, _) in enumerate(items) if key == before), len(items))
        self._jobs = dict([*items[:at], (job_id, job), *items[at:]])
        self._changed()

    def jobs(self) -> tuple[JobInfo, ...]:
        return tuple(job.info for job in self._jobs.values())

    def state(self) -> EngineState:
        return self._state

    def models(self) -> tuple[InstalledModel, ...]:
        return self._models

    def default_model(self, capability: Capability) -> ModelInfo | None:
        chosen = self._default_id(capability)
        return next((m.info for m in self._models if m.info.id == chosen), None)

    def refresh_models(self) -> None:
        self.looked_again += 1
        self._changed()

    def use_model(self, path: Path) -> None:
        self.used_models.append(path)
        self._changed()

    def set_default_model(self, capability: Capability, model_id: str) -> None:
        self._defaults[capability] = model_id
        self._changed()

    def configure(self, settings: Computing) -> None:
        self.settings = settings
        self._changed()

    def set_plugins(self, enabled: Mapping[str, str]) -> None:
        self._changed()

    def plugins(self) -> tuple[Any, ...]:
        return ()

    def options_for(self, capability: Capability, model_id: str = "") -> tuple[OptionInfo, ...]:
        return tuple(
            replace(info, unused=self.unused.get(info.name, ""))
            for info in describe(self._options_of(capability))
        )

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        return tuple(part for part in self.parts if part.role == role)

    def voices_for(self, capability: Capability, model_id: str = "") -> tuple[Voice, ...]:
        return self.voices

    def clones(self, model_id: str = "") -> bool:
        return (model_id or self._default_id(Capability.AUDIO_SPEECH)) in self.cloning

    def warm_up(self, model_id: str = "", capability: Capability = Capability.TEXT_CHAT) -> None:
        chosen = model_id or self._default_id(capability)
        self.warmed_up.append(chosen)
        title = next((m.info.title for m in self._models if m.info.id == chosen), chosen)
        resident = ResidentModel(id=chosen, title=title, bytes=1_000_000, in_use=False)
        self.set_state(resident=(resident,), used_bytes=1_000_000)

    def unload(self, model_id: str) -> None:
        kept = tuple(m for m in self._state.resident if m.id != model_id)
        self.set_state(resident=kept, used_bytes=sum(m.bytes for m in kept))

    def count_tokens(self, text: str, model_id: str = "") -> int | None:
        return len(text.split())

    def problems(self) -> tuple[str, ...]:
        return tuple(self.problem_list)

    # How steps are played

    def _step(self, job: _FakeJob) -> None:
        if _over(job) or not job.steps:
            return
        job_id = job.info.id
        if not job.started:
            job.started = True
            job.info = replace(job.info, state="running")
            self.emit(Started(job_id=job_id, model=job.info.model, device="Fake CPU"))
        step = job.steps.popleft()
        match step:
            case Loading(message, fraction):
                self.emit(ModelLoading(job_id=job_id, fraction=fraction, message=message))
            case Text(text):
                job.streamed.append(text)
                self.emit(TextDelta(job_id=job_id, text=text))
            case Show(colour, index, at, side):
                picture = plain_picture(side, side, colour)
                self.emit(Preview(job_id=job_id, picture=picture, index=index, step=at))
            case Sing(seconds):
                self.emit(AudioChunk(job_id=job_id, sound=tone(seconds)))
            case Steps(done, total, remaining_s):
                job.info = replace(job.info, step=done, total=total, remaining_s=remaining_s)
                self.emit(Progress(job_id=job_id, step=done, total=total, remaining_s=remaining_s))
            case Say(message, code):
                self.emit(Notice(job_id=job_id, message=message, code=code))
            case Finish():
                artifact = step.artifact or self._artifact(job, step)
                self._end(job, "finished", Finished(job_id=job_id, artifact=artifact))
            case Fail(message, hint, details, code):
                event = Failed(
                    job_id=job_id, message=message, hint=hint, details=details, code=code
                )
                self._end(job, "failed", event)
        self._changed()

    def _options_of(self, capability: Capability) -> type:
        if capability is Capability.AUDIO_REPAIR:
            return FakeMendingOptions
        return FakeImageOptions if capability.value.startswith("image.") else self._options

    def _artifact(self, job: _FakeJob, step: Finish) -> Artifact:
        request = job.info.request
        if isinstance(request, ImageRequest):
            return fake_pictures(request, job.info.model)
        if isinstance(request, AudioRequest) and request.capability is Capability.AUDIO_REPAIR:
            assert request.audio is not None
            return fake_mended(request, job.info.model, self.inputs.get(request.audio))
        if isinstance(request, AudioRequest):
            return AudioArtifact(
                request=request,
                model=job.info.model,
                backend="fake",
                duration_s=0.5,
                sound=tone(len(request.prompt) / 20),
                facts={"voice": request.voice or "First"},
            )
        if isinstance(request, TranscribeRequest):
            return fake_transcript(request, job.info.model, step.text or "".join(job.streamed))
        return TextArtifact(
            request=job.info.request,
            model=job.info.model,
            backend="fake",
            duration_s=1.0,
            text="".join(job.streamed) if step.text is None else step.text,
            finish_reason=step.finish_reason,
            new_tokens=len(job.streamed),
        )

    def _end(self, job: _FakeJob, state: Any, event: Event) -> None:
        message = event.message if isinstance(event, Failed) else ""
        job.info = replace(job.info, state=state, message=message)
        job.steps.clear()
        self.emit(event)
        self._changed()

    def _find(self, job_id: str | None) -> _FakeJob:
        if job_id is not None:
            return self._jobs[job_id]
        found = next((job for job in self._jobs.values() if not _over(job)), None)
        if found is None:
            raise AssertionError("no job is left to play")
        return found

    def _default_id(self, capability: Capability) -> str:
        if capability in self._defaults:
            return self._defaults[capability]
        fitting = (m.info.id for m in self._models if capability in m.capabilities)
        return next(fitting, "")

    def _changed(self) -> None:
        for callback in tuple(self._watchers):
            callback()


def plain_picture(width: int, height: int, colour: Sequence[int]) -> Picture:
    """Return a picture of one colour."""
    return Picture(width=width, height=height, rgba=bytes(colour) * (width * height))


def fake_mended(request: AudioRequest, model: str, data: bytes) -> AudioArtifact:
    """Return what a model that mends would: the same sound, half as loud."""
    import io

    import soundfile

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    limit = request.options.get("attenuation_limit_db", 100.0)
    return AudioArtifact(
        request=request,
        model=model,
        backend="fake",
        duration_s=0.5,
        sound=Sound.of(samples / 2, rate),
        facts={"attenuation_limit_db": f"{limit:g}"},
    )


def fake_pictures(request: ImageRequest, model: str) -> ImageArtifact:
    """Return what a request for pictures comes to: each of the colour its seed says."""
    count = request.num_images_per_prompt
    seeds = tuple((request.seed + n) % (SEED_MAX + 1) for n in range(count))
    width, height = request.width or 64, request.height or 64
    return ImageArtifact(
        request=request,
        model=model,
        backend="fake",
        duration_s=1.0,
        pictures=tuple(
            plain_picture(width, height, (s * 37 % 256, s * 91 % 256, s * 17 % 256, 255))
            for s in seeds
        ),
        seeds=seeds,
        facts={"num_inference_steps": "8"},
    )


def _over(job: _FakeJob) -> bool:
    return job.info.state in ENDED


__all__ = [
    "CHAT_MODEL",
    "DEFAULT_SCRIPT",
    "IMAGE_MODEL",
    "LISTENER_MODEL",
    "MENDING_MODEL",
    "Fail",
    "FakeEngine",
    "FakeImageOptions",
    "FakeOptions",
    "Finish",
    "Loading",
    "Say",
    "Show",
    "Steps",
    "Text",
    "fake_pictures",
    "plain_picture",
]


def tone(seconds: float, sampling_rate: int = 24_000) -> Sound:
    """Return a quiet tone."""
    import numpy as np

    at = np.arange(max(1, round(seconds * sampling_rate))) / sampling_rate
    return Sound.of(np.sin(at * 440 * 2 * np.pi).astype(np.float32) * 0.25, sampling_rate)

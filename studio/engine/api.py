"""The public API for backends and plugins; with ``studio.core`` the only thing they import.

A backend is a class with a manifest, an ``Options`` dataclass, and ``supports``, ``load``. What it
loads is a :class:`LoadedModel` with ``generate`` and ``unload``. See
packaging/docs/write-a-backend.md and plugins/example_echo for one in a single file.

Versioned by ``API_VERSION``: a plugin made for another major version is listed, not loaded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from studio.core.artifacts import (
    Artifact,
    AudioArtifact,
    ImageArtifact,
    Segment,
    SpokenMark,
    TextArtifact,
    TranscriptArtifact,
    Word,
)
from studio.core.errors import (
    BackendError,
    BadInputError,
    InputMissingError,
    ModelDamagedError,
    ModelError,
    ModelNotFoundError,
    StudioError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.core.inputs import InputRef
from studio.core.media import Picture, Sound
from studio.core.options import OptionInfo, describe, option, validate
from studio.core.requests import (
    AudioRequest,
    Capability,
    ControlUse,
    ImageRequest,
    KeptVoice,
    LoraUse,
    Message,
    ReferenceUse,
    Request,
    Role,
    TextRequest,
    TranscribeRequest,
)
from studio.models.info import ModelInfo

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "Artifact",
    "AudioArtifact",
    "AudioRequest",
    "Backend",
    "BackendError",
    "BadInputError",
    "Capability",
    "ControlUse",
    "Device",
    "ImageArtifact",
    "ImageRequest",
    "InputMissingError",
    "InputRef",
    "JobCancelled",
    "JobContext",
    "KeptVoice",
    "LoadContext",
    "LoadedModel",
    "LoraUse",
    "Manifest",
    "Message",
    "ModelDamagedError",
    "ModelError",
    "ModelInfo",
    "ModelNotFoundError",
    "NoOptions",
    "OptionInfo",
    "Picture",
    "ReferenceUse",
    "Request",
    "Role",
    "Segment",
    "Sound",
    "SpokenMark",
    "StudioError",
    "TextArtifact",
    "TextRequest",
    "TranscribeRequest",
    "TranscriptArtifact",
    "UnsafeFileError",
    "UnsupportedModelError",
    "Voice",
    "Word",
    "describe",
    "option",
    "validate",
]


class JobCancelled(Exception):  # noqa: N818 - a wish of the user, not an error
    """Raised out of the context's checks when the user stopped the job; let it pass through."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Who a backend is.

    Attributes:
        id: Stable name, such as "transformers-text".
        title: What people call it.
        description: One sentence: what it runs.
        licence: SPDX identifier of the backend's code.
        capabilities: Everything it can do with some model.
        requires: Names of Python packages it imports when it loads a model; the application
            says which are missing.
        api_version: The ``API_VERSION`` it was written for.
    """

    id: str
    title: str
    description: str
    licence: str
    capabilities: tuple[Capability, ...]
    requires: tuple[str, ...] = ()
    api_version: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Options of a backend that has none."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A voice a speaking model has.

    Attributes:
        id: What ``AudioRequest.voice`` names it by.
        title: What people call it.
        language: The language it speaks, as a BCP 47 tag such as "en-GB"; "" several or unknown.
        description: A few words about it, such as "American, female".
    """

    id: str
    title: str
    language: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where a model computes.

    Attributes:
        kind: "cuda", "mps" or "cpu".
        index: Which one of its kind.
        name: What people call it.
        dtype: What is fast there: "float32", "bfloat16" or "float16".
        threads: CPU threads a model may use.
        total_bytes: Memory it has.
    """

    kind: str
    index: int = 0
    name: str = "CPU"
    dtype: str = "float32"
    threads: int = 1
    total_bytes: int = 0

    @property
    def torch_name(self) -> str:
        """The device's name for ``torch.device``."""
        return f"{self.kind}:{self.index}" if self.kind == "cuda" else self.kind


class LoadContext(Protocol):
    """What a backend sees of the engine while it loads a model."""

    def loading(self, fraction: float | None, message: str) -> None:
        """Tell how far loading is (0..1 or unknown) and what happens, in plain words."""

    def raise_if_cancelled(self) -> None:
        """Raise :class:`JobCancelled` when the user stopped; call between shards."""

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        """Return the store's models of a role ("lora", "vae", …); "": models of their own.

        For parts that a model needs and its own files lack.
        """


class JobContext(LoadContext, Protocol):
    """What a backend sees of the engine while it generates."""

    def checkpoint(self) -> None:
        """Call in every step, token or chunk: raises :class:`JobCancelled`, and hands the device
        to a job that is more urgent, returning when it is ours again. Costs about a microsecond.
        """

    def progress(self, step: int, total: int) -> None:
        """Tell that ``step`` of at most ``total`` are done; the time left is worked out here."""

    def text(self, delta: str) -> None:
        """Hand out the next piece of text, whole characters only."""

    def notice(self, message: str, code: str = "") -> None:
        """Tell the user something about how this job is done, in one plain sentence."""

    def wants_preview(self) -> bool:
        """Return whether a preview would be shown now: at most 30 times a second.

        Ask before computing one; it costs about a microsecond.
        """

    def preview(self, picture: Picture, *, index: int = 0, step: int = 0) -> None:
        """Hand out what picture ``index`` of the job looks like after ``step`` steps."""

    def audio(self, sound: Sound) -> None:
        """Hand out the next piece of sound, to be played while the rest is made."""

    def input(self, ref: InputRef) -> bytes:
        """Return the content of a picture or sound of the request.

        Raises:
            InputMissingError: It is not here any more; let it through.
        """

    def find_model(self, name: str) -> ModelInfo:
        """Return a model of the store by id, or by title or file name without regard to case.

        For what is used beside the request's own model: a LoRA, an autoencoder.

        Raises:
            ModelNotFoundError: No such model; let it through.
        """

    def sub(self, offset: float, length: float) -> JobContext:
        """Return a context whose progress fills the part ``offset``..``offset + length`` of this.

        For a job of several phases, each of which counts its own steps.
        """


class LoadedModel(ABC):
    """A model in memory. Used by one job at a time, always under its device's lease."""

    #: Bytes it occupies on its device now; kept true by the backend.
    memory_bytes: int = 0
    #: True when ``generate`` may be entered while another call of it is paused inside
    #: ``ctx.checkpoint()``, that is when nothing one call works on is kept in the model. Then a
    #: more urgent job may use this model in the middle of a longer one; else it waits for its end.
    interleaves: bool = False

    @abstractmethod
    def generate(self, request: Any, ctx: JobContext) -> Artifact:
        """Answer the request.

        Args:
            request: A request of a kind and capability the backend declared; ``model`` resolved.
            ctx: The way to tell progress and to be stopped; call ``ctx.checkpoint()`` each step.

        Raises:
            JobCancelled: From the context's checks; release what was taken, let it through.
            StudioError: With words for the user. Anything else is a defect of the backend.
        """

    def economise(self) -> str | None:
        """Take the next step to need less memory, after an out-of-memory.

        Returns:
            What was done, in plain words, or ``None`` when nothing is left to do.
        """
        return None

    def count_tokens(self, text: str) -> int | None:
        """Return how many tokens ``text`` has for this model, ``None`` where that means nothing."""
        return None

    @abstractmethod
    def unload(self) -> None:
        """Give the memory back. Called once, never during ``generate``."""


class Backend(ABC):
    """A way to run a family of models. Made once, without importing anything heavy."""

    manifest: ClassVar[Manifest]
    #: A frozen dataclass whose fields come from ``option``; controls are built from it.
    Options: ClassVar[type] = NoOptions

    def models(self) -> Iterable[ModelInfo]:
        """Return models that live inside this backend rather than in the model store."""
        return ()

    @abstractmethod
    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return what this backend can do with the model, from its info alone; empty: nothing.

        Cheap and without heavy imports: called for every model at start.
        """

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return about how much device memory the loaded model will take."""
        return int(model.size_bytes * 1.2)

    def options_for(self, model: ModelInfo, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options as they are for one model: its defaults, its choices, and for what
        it does not use the reason (``OptionInfo.unused``). Cheap, without heavy imports.
        """
        return describe(self.Options)

    def voices_for(self, model: ModelInfo) -> tuple[Voice, ...]:
        """Return the voices of a speaking model that are on this computer, its own first.

        Cheap, without heavy imports; empty where the model has no choice of voices.
        """
        return ()

    def clones(self, model: ModelInfo) -> bool:
        """Return whether the model can speak in a lent voice (``AudioRequest.kept_voice``).

        The only sound it may clone is ``kept_voice.audio``, a reading of the consent; the engine
        checks the record before ``generate`` and names the consent in the result. Cheap.
        """
        return False

    def prepare(self) -> None:  # noqa: B027 - most backends have nothing to prepare
        """Import what ``load`` will need; called on an engine thread soon after the start.

        Imports stall the window: do them here, in pieces, rather than in the first ``load``.
        """

    @abstractmethod
    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load the model. Called on an engine thread under the engine's load lock.

        Raises:
            ModelError: With words for the user.
        """

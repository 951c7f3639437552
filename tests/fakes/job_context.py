"""A job context that writes down what a backend tells, without an engine."""

from __future__ import annotations

from collections.abc import Callable

from studio.core.inputs import InputStore
from studio.engine.api import InputRef, JobCancelled, ModelInfo, ModelNotFoundError, Picture, Sound


class RecordingContext:
    """What a backend sees of the engine.

    ``cancel_after`` checkpoints the job counts as stopped by the user; ``on_checkpoint`` runs in
    each, where another job could take the device.
    """

    def __init__(
        self,
        cancel_after: int | None = None,
        on_checkpoint: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.cancel_after = cancel_after
        self.on_checkpoint = on_checkpoint
        self.checkpoints = 0
        self.deltas: list[str] = []
        self.notices: list[tuple[str, str]] = []
        self.steps: list[tuple[int, int]] = []
        self.loads: list[tuple[float | None, str]] = []
        self.previews: list[tuple[int, int, Picture]] = []
        self.sounds: list[Sound] = []
        self.inputs = InputStore()
        self.models: dict[str, ModelInfo] = {}
        self.shows_previews = True

    def loading(self, fraction: float | None, message: str) -> None:
        self.loads.append((fraction, message))

    def raise_if_cancelled(self) -> None:
        if self.cancel_after is not None and self.checkpoints >= self.cancel_after:
            raise JobCancelled

    def checkpoint(self) -> None:
        self.raise_if_cancelled()
        self.checkpoints += 1
        self.on_checkpoint(self.checkpoints)

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def text(self, delta: str) -> None:
        self.deltas.append(delta)

    def notice(self, message: str, code: str = "") -> None:
        self.notices.append((code, message))

    def wants_preview(self) -> bool:
        return self.shows_previews

    def preview(self, picture: Picture, *, index: int = 0, step: int = 0) -> None:
        self.previews.append((index, step, picture))

    def audio(self, sound: Sound) -> None:
        self.sounds.append(sound)

    def input(self, ref: InputRef) -> bytes:
        return self.inputs.get(ref)

    def find_model(self, name: str) -> ModelInfo:
        if name not in self.models:
            raise ModelNotFoundError(f"There is no model called “{name}” here.")
        return self.models[name]

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        return tuple(model for model in self.models.values() if model.role == role)

    def sub(self, offset: float, length: float) -> RecordingContext:
        return self

    @property
    def written(self) -> str:
        return "".join(self.deltas)

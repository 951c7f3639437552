"""Which models can run here: every model of the store and the backends, with who runs it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio.core.errors import BadInputError, ModelNotFoundError, StudioError, UnsupportedModelError
from studio.core.options import OptionInfo, validate
from studio.core.requests import Capability, Request, replaced
from studio.engine.api import Backend, Voice
from studio.engine.border import NeedsMemory, calling
from studio.engine.jobs import InstalledModel
from studio.engine.lent_voices import voice_of
from studio.models.info import ModelInfo

_log = logging.getLogger(__name__)


class ModelSource(Protocol):
    """What the engine needs of the model store."""

    def models(self) -> Iterable[ModelInfo]:
        """Return the models on this computer."""

    def problems(self) -> Mapping[Path, str]:
        """Return what looks like a model and cannot be used, with a sentence each."""

    def refresh(self) -> object:
        """Look at the folders again."""

    def add(self, path: Path) -> object:
        """Use a model from anywhere."""


@dataclass(frozen=True)
class Answerer:
    """Who answers a request."""

    model: ModelInfo
    backend: Backend
    capabilities: tuple[Capability, ...]


class InstalledModels:
    """A frozen view, made anew whenever models or backends change."""

    def __init__(
        self,
        models: Sequence[ModelInfo] = (),
        backends: Sequence[Backend] = (),
        defaults: Mapping[str, str] | None = None,
    ) -> None:
        self.problems: list[str] = []
        self._defaults = dict(defaults or {})
        self._answerers: dict[str, Answerer] = {}
        for backend in backends:
            own = _own_models(backend, self.problems)
            for model in own:
                self._add(model, backend)
        for model in models:
            for backend in backends:
                if model.backend in ("", backend.manifest.id):
                    self._add(model, backend)

    def all(self) -> tuple[InstalledModel, ...]:
        """Return every model that can run."""
        return tuple(
            InstalledModel(
                info=each.model, capabilities=each.capabilities, backend=each.backend.manifest.id
            )
            for each in self._answerers.values()
        )

    def get(self, model_id: str) -> Answerer | None:
        """Return who runs the model."""
        return self._answerers.get(model_id)

    def default(self, capability: Capability) -> Answerer | None:
        """Return who answers when a request names no model.

        The one the user chose; else one that came with the set-up; else the smallest.
        """
        chosen = self._answerers.get(self._defaults.get(capability.value, ""))
        if chosen is not None and capability in chosen.capabilities:
            return chosen
        fitting = [a for a in self._answerers.values() if capability in a.capabilities]
        # A model without weights (an example plugin) never answers in place of a real one.
        return min(
            fitting,
            key=lambda a: (not a.model.built_in, a.model.size_bytes <= 0, a.model.size_bytes),
            default=None,
        )

    def choose(self, capability: Capability, model_id: str = "") -> Answerer:
        """Return who answers.

        Raises:
            ModelNotFoundError: No such model, or none that can do this.
            UnsupportedModelError: The model is there and cannot do this.
        """
        if not model_id:
            found = self.default(capability)
            if found is None:
                raise ModelNotFoundError(
                    "No installed model can do this yet.",
                    hint="Add a model that can, or turn on a plugin that brings one.",
                    capability=capability.value,
                )
            return found
        found = self._answerers.get(model_id)
        if found is None:
            raise ModelNotFoundError(
                f"There is no model called “{_short(model_id)}” here, or nothing can run it.",
                hint="Choose another model, or add this one again.",
                model=_short(model_id),
            )
        if capability not in found.capabilities:
            raise UnsupportedModelError(
                f"“{found.model.title}” cannot do this.",
                hint="Choose another model.",
                capability=capability.value,
                model=model_id,
            )
        return found

    def resolve(self, request: Request) -> tuple[Request, Answerer]:
        """Return the request with its model filled in, its options checked, and who answers.

        Raises:
            BadInputError: An option is unknown or refused, or a voice that was lent is asked
                of a model that cannot speak in one.
            ModelError: No model fits.
        """
        answerer = self.choose(request.capability, request.model)
        validate(answerer.backend.Options, request.options)
        if voice_of(request) is not None and not _clones(answerer):
            raise BadInputError(
                f"“{answerer.model.title}” cannot speak in a voice that was lent.",
                hint="Choose a model that can, or one of this model's own voices.",
                model=answerer.model.id,
            )
        if request.model != answerer.model.id:
            request = replaced(request, model=answerer.model.id)
        return request, answerer

    def options_for(self, capability: Capability, model_id: str = "") -> tuple[OptionInfo, ...]:
        """Return the options of whoever would answer; none when nobody would."""
        try:
            found = self.choose(capability, model_id)
            return found.backend.options_for(found.model, capability)
        except (ModelNotFoundError, UnsupportedModelError, BadInputError):
            return ()

    def voices_for(self, capability: Capability, model_id: str = "") -> tuple[Voice, ...]:
        """Return the voices of whoever would answer; none when nobody would."""
        try:
            found = self.choose(capability, model_id)
            with calling(found.backend.manifest.title, "listing its voices"):
                return tuple(found.backend.voices_for(found.model))
        except (StudioError, NeedsMemory) as error:
            _log.info("no voices of %s: %s", model_id or "the default", error)
            return ()

    def clones(self, model_id: str = "") -> bool:
        """Return whether whoever would speak can do so in a voice that was lent."""
        try:
            return _clones(self.choose(Capability.AUDIO_SPEECH, model_id))
        except StudioError:
            return False

    def smaller(self, capability: Capability, than_bytes: int) -> ModelInfo | None:
        """Return the largest model for this whose files take less than ``than_bytes``."""
        fitting = [
            a.model
            for a in self._answerers.values()
            if capability in a.capabilities and 0 < a.model.size_bytes < than_bytes
        ]
        return max(fitting, key=lambda model: model.size_bytes, default=None)

    def _add(self, model: ModelInfo, backend: Backend) -> None:
        if model.id in self._answerers:
            return
        try:
            with calling(backend.manifest.title, "saying what it supports"):
                capabilities = tuple(Capability(each) for each in backend.supports(model))
        except (StudioError, NeedsMemory) as error:
            _log.warning("%s on %s: %s", backend.manifest.id, model.id, error)
            text = error.user_message if isinstance(error, StudioError) else str(error)
            if text not in self.problems:
                self.problems.append(text)
            return
        if capabilities:
            self._answerers[model.id] = Answerer(model, backend, capabilities)


def _clones(answerer: Answerer) -> bool:
    try:
        with calling(answerer.backend.manifest.title, "saying whether it clones voices"):
            return bool(answerer.backend.clones(answerer.model))
    except (StudioError, NeedsMemory) as error:
        _log.warning("%s on %s: %s", answerer.backend.manifest.id, answerer.model.id, error)
        return False


def _own_models(backend: Backend, problems: list[str]) -> list[ModelInfo]:
    try:
        with calling(backend.manifest.title, "listing its models"):
            own = list(backend.models())
            if not all(isinstance(model, ModelInfo) for model in own):
                raise TypeError("models() returned something that is no ModelInfo")
            return own
    except (StudioError, NeedsMemory) as error:
        problems.append(error.user_message if isinstance(error, StudioError) else str(error))
        return []


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"

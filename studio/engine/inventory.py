"""What is here to answer with: backends and models, looked at again when something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from studio.core.errors import ModelNotFoundError
from studio.core.requests import Capability, Request
from studio.engine.installed import InstalledModels, ModelSource
from studio.engine.registry import Registry
from studio.models.info import ModelInfo


class Inventory:
    """Keeps :class:`InstalledModels` up to date. Looking takes time: never on a GUI thread.

    Args:
        registry: The backends.
        store: The models on this computer.
        defaults: Capability (as text) to the id of the model the user chose for it.
        on_change: Called after something may be different.
    """

    def __init__(
        self,
        registry: Registry,
        store: ModelSource,
        defaults: Mapping[str, str],
        on_change: Callable[[], None],
    ) -> None:
        self.registry = registry
        #: What is known now; replaced as a whole.
        self.installed = InstalledModels()
        #: Set when everything was looked at once; before that an unknown model may still come.
        self.settled = threading.Event()
        self._store = store
        self._defaults = dict(defaults)
        self._on_change = on_change
        self._lock = threading.Lock()
        self._counting = threading.Lock()

    def look_at_packages(self) -> None:
        """Find backends of installed packages, and the models they can run."""
        self.registry.probe_packages()
        self.count()

    def look_at_plugins(self) -> None:
        """Look at the plugin folders and follow what the user agreed to."""
        self.registry.probe_folders()
        self.count()

    def look_at_store(self) -> None:
        """Look at the model folders again."""
        self._store.refresh()
        self.count()

    def add(self, path: Path) -> None:
        """Use a model from anywhere as long as this runs.

        Raises:
            ModelError: It is none, or damaged.
            StorageError: The system does not let us read it.
        """
        self._store.add(path)
        self.count()

    def set_default(self, capability: Capability, model_id: str) -> None:
        """Note which model the user chose; :meth:`count` then follows it."""
        with self._lock:
            self._defaults[capability.value] = model_id

    def count(self) -> None:
        """Work out anew what can run here."""
        with self._counting:
            models = tuple(self._store.models())
            with self._lock:
                defaults = dict(self._defaults)
            installed = InstalledModels(models, self.registry.backends(), defaults)
            installed.problems += [
                text if path.name in text else f"{path.name}: {text}"
                for path, text in self._store.problems().items()
            ]
            self.installed = installed
        self._on_change()

    def check(self, request: Request) -> None:
        """Refuse a request that nothing here will ever answer.

        Raises:
            BadInputError: An option is unknown or refused.
            ModelError: No model fits, and everything was looked at.
        """
        try:
            self.installed.resolve(request)
        except ModelNotFoundError:
            if self.settled.is_set():
                raise

    def find(self, name: str) -> ModelInfo:
        """Return a model of the store by id, or by title or file name without regard to case.

        Raises:
            ModelNotFoundError: None is called so, or several are.
        """
        wanted, models = name.casefold(), self.everything()
        for names_of in (_id_of, _titles_of, _file_names_of):
            found = [model for model in models if wanted in names_of(model)]
            if len(found) == 1:
                return found[0]
        raise ModelNotFoundError(
            f"There is no model called “{name[:80]}” here.",
            hint="Look at the list of models for what is installed, or add it.",
            model=name[:80],
        )

    def everything(self) -> tuple[ModelInfo, ...]:
        """Return every model of the store, those too that only serve beside another."""
        return tuple(self._store.models())

    def text_model(self) -> ModelInfo | None:
        """Return the model that writes when nobody says which."""
        found = self.installed.default(Capability.TEXT_GENERATE)
        found = found or self.installed.default(Capability.TEXT_CHAT)
        return found.model if found is not None else None


def _id_of(model: ModelInfo) -> set[str]:
    return {model.id.casefold()}


def _titles_of(model: ModelInfo) -> set[str]:
    return {model.title.casefold(), model.id.rpartition("/")[2].casefold()}


def _file_names_of(model: ModelInfo) -> set[str]:
    if model.path is None:
        return set()
    return {model.path.name.casefold(), model.path.stem.casefold()}

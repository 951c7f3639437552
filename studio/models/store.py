"""Which models are on this computer: finds them in their folders and leaves them where they are.

Folders of other tools can be listed too; links are followed, and each real file counts once.
A scan looks at names, sizes and headers only and remembers what has not changed since, so asking
again is cheap. Every method may be called from any thread.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from studio.core.errors import StudioError
from studio.models.foreign_folders import NEVER_MODELS, model_roots
from studio.models.identify import PICKLE_SUFFIXES, identify, slug
from studio.models.info import ModelInfo
from studio.models.sound_models import is_sound_model_folder

_log = logging.getLogger(__name__)

MAX_DEPTH = 8
_WEIGHT_SUFFIXES = frozenset({".gguf", ".safetensors"})
#: What the weights of a model folder are called.
_USUAL_NAMES = ("model", "diffusion_pytorch_model", "pytorch_model", "adapter_model")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.safetensors$", re.IGNORECASE)
_OTHER_PARTS = ("-of-", "mmproj")  # later parts of a split GGUF, picture encoders beside one

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Found:
    """One place that looked like a model: either ``info`` or ``problem``."""

    signature: Signature
    info: ModelInfo | None = None
    problem: str = ""


@dataclass(frozen=True)
class _Snapshot:
    models: Mapping[str, ModelInfo]
    problems: Mapping[Path, str]


class ModelStore:
    """The models in a list of folders."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Remember the folders; nothing is read before the first question.

        Args:
            folders: The store's own folder first, then those the user added. Missing ones are
                empty ones.
        """
        self.folders = tuple(folders)
        self._added: list[Path] = []
        self._known: dict[Path, _Found] = {}
        self._snapshot: _Snapshot | None = None
        self._lock = threading.Lock()

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the usable models, those that came with the set-up first, then by title."""
        found = self._current().models.values()
        return tuple(sorted(found, key=lambda m: (not m.built_in, m.title.casefold(), m.id)))

    def get(self, model_id: str) -> ModelInfo | None:
        """Return the model with this id, or the only one with this title, or ``None``."""
        models = self._current().models
        if model_id in models:
            return models[model_id]
        wanted = model_id.casefold()
        titled = [model for model in models.values() if model.title.casefold() == wanted]
        return titled[0] if len(titled) == 1 else None

    def problems(self) -> Mapping[Path, str]:
        """Return what looks like a model and cannot be used, with a sentence for the user."""
        return self._current().problems

    def refresh(self) -> None:
        """Look again; what has not changed is not read again."""
        with self._lock:
            self._snapshot = self._scan()

    def add(self, path: Path) -> ModelInfo:
        """Use a model from anywhere, for as long as this store lives.

        Raises:
            ModelError: What :func:`studio.models.identify.identify` says against it.
            StorageError: The system does not let us read it.
        """
        path = path.expanduser().absolute()
        identify(path)
        with self._lock:
            if path not in self._added:
                self._added.append(path)
            self._snapshot = self._scan()
            real = _real(path)
            models = self._snapshot.models.values()
            return next(m for m in models if m.path is not None and _real(m.path) == real)

    def _current(self) -> _Snapshot:
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._scan()
            return self._snapshot

    def _scan(self) -> _Snapshot:
        known, self._known = self._known, {}
        models: dict[str, ModelInfo] = {}
        problems: dict[Path, str] = {}
        seen: set[Path] = set()
        for place, relative in self._places():
            real = _real(place)
            if real in seen:
                continue
            seen.add(real)
            found = self._known[place] = _look(place, known.get(place))
            if found.info is None:
                problems[place] = found.problem
                _log.info("not used as a model: %s", found.problem)
            else:
                info = _with_unique_id(found.info, relative, models)
                models[info.id] = info
        return _Snapshot(MappingProxyType(models), MappingProxyType(problems))

    def _places(self) -> Iterator[tuple[Path, Path]]:
        """Yield what may be a model, with its path inside the folder it was found in."""
        visited: set[Path] = set()
        for root in (root for folder in self.folders for root in model_roots(folder)):
            for place in _candidates(root, visited, MAX_DEPTH):
                yield place, place.relative_to(root)
        for place in self._added:
            yield place, Path(place.name)


def _candidates(folder: Path, visited: set[Path], depth: int) -> Iterator[Path]:
    real = _real(folder)
    if real in visited or depth < 0:
        return
    visited.add(real)
    try:
        with os.scandir(folder) as entries:
            listed = sorted((e.name, e.is_dir()) for e in entries if not e.name.startswith("."))
    except OSError as error:
        _log.info("a folder of models cannot be read: %s", error)
        return
    files = [name for name, is_folder in listed if not is_folder]
    if _is_model_folder(files):
        yield folder
        return
    for name in files:
        if _is_model_file(name):
            yield folder / name
    for name, is_folder in listed:
        # A folder of configurations beside a file of its name belongs to that file.
        if is_folder and name not in NEVER_MODELS and f"{name}.safetensors" not in files:
            yield from _candidates(folder / name, visited, depth - 1)


def _is_model_folder(files: Sequence[str]) -> bool:
    if "model_index.json" in files or is_sound_model_folder(files):
        return True
    if "adapter_config.json" in files and "adapter_model.safetensors" in files:
        return True
    if "config.json" not in files:
        return False
    weights = [name for name in files if name.lower().endswith(".safetensors")]
    if len(weights) > 1 and not any(name.startswith(_USUAL_NAMES) for name in weights):
        return False  # many files beside a stray config.json are many models
    # A config.json fetched along with a GGUF does not make a folder of transformers.
    return bool(weights) or not any(name.lower().endswith(".gguf") for name in files)


def _is_model_file(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    if suffix == ".gguf":
        return "-00001-of-" in name or not any(mark in name.lower() for mark in _OTHER_PARTS)
    if _SHARD.search(name):
        return False  # a part of a model whose config.json is missing is nothing by itself
    return suffix in _WEIGHT_SUFFIXES or suffix in PICKLE_SUFFIXES


def _look(place: Path, before: _Found | None) -> _Found:
    signature = _signature(place)
    if before is not None and before.signature == signature:
        return before
    try:
        return _Found(signature, info=identify(place))
    except StudioError as error:
        return _Found(signature, problem=error.sentence())


def _signature(place: Path) -> Signature:
    """Return names, sizes and times of everything that decides what ``place`` is."""
    found: list[tuple[str, int, int]] = []
    try:
        folders = [place] if place.is_dir() else []
        if (place / "model_index.json").exists():
            folders += sorted(folder for folder in place.iterdir() if folder.is_dir())
        files = [file for folder in folders for file in sorted(folder.iterdir())] or [place]
        for file in files:
            status = file.stat()
            found.append((str(file), status.st_size, status.st_mtime_ns))
    except OSError as error:
        found.append((str(error), -1, -1))
    return tuple(found)


def _with_unique_id(info: ModelInfo, relative: Path, taken: Mapping[str, ModelInfo]) -> ModelInfo:
    if info.id not in taken:
        return info
    longer = slug(str(relative.with_suffix("") if info.path and info.path.is_file() else relative))
    if longer not in taken:
        return dataclasses.replace(info, id=longer)
    digest = hashlib.sha256(str(info.path).encode("utf-8", "surrogateescape")).hexdigest()
    return dataclasses.replace(info, id=f"{info.id}-{digest[:8]}")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))

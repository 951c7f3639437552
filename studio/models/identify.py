"""Says what a file or folder is as a model, from names and headers alone.

Never reads a tensor, never executes anything, never imports a heavy library: what pickle files
hold is not even looked at, they are refused by their first bytes and their name.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from studio.core.errors import (
    ModelDamagedError,
    ModelError,
    ModelNotFoundError,
    UnsafeFileError,
    UnsupportedModelError,
    storage_errors,
)
from studio.models.gguf_header import MAGIC as GGUF_MAGIC
from studio.models.gguf_header import GgufHeader, read_gguf_header
from studio.models.info import ModelInfo
from studio.models.pictures.folders import encoder_role, tell_component, tell_pipeline
from studio.models.pictures.telling import tell
from studio.models.record import read_record
from studio.models.safetensors_header import SafetensorsHeader, read_safetensors_header
from studio.models.sound_models import identify_sound_folder

#: Always pickles, whatever their first bytes say (protocol 0 has no mark of its own).
PICKLE_SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".joblib"})
#: What :mod:`studio.models.unpickle` turns into safetensors.
_CONVERTIBLE = frozenset({".ckpt", ".pt", ".pth"})
_PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(1, 6))
_ZIP_START = b"PK\x03\x04"
_MAX_JSON_BYTES = 64_000_000
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
#: What a folder's weights are called when they are in one file, in the order they are preferred.
_WHOLE = ("model.safetensors", "diffusion_pytorch_model.safetensors")
_HUB_FOLDER = re.compile(r"models--(?:.+?--)?(.+)")


def identify(path: Path) -> ModelInfo:
    """Return what is known about the model at ``path``; its id is made from its name.

    Raises:
        ModelNotFoundError: Nothing is there.
        ModelDamagedError: Truncated, incomplete or contradicting itself.
        UnsafeFileError: Its weights are pickles, which could run code.
        UnsupportedModelError: Not a model, or of a kind Triptych does not know.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "looking at the model"):
        if path.is_dir():
            return _folder(path)
        if path.is_file():
            return _file(path)
    raise ModelNotFoundError(
        f"There is no model at {path}.",
        hint="It may have been moved, or lie on a drive that is not connected.",
        path=str(path),
    )


def identify_gguf(path: Path) -> GgufHeader:
    """Return the header of a GGUF file.

    Raises:
        ModelError: As :func:`identify`.
        StorageError: The system does not let us read it.
    """
    identify(path)
    with storage_errors(path, "looking at the model"):
        return read_gguf_header(path)


def unsupported_gguf(path: Path, architecture: str) -> UnsupportedModelError:
    """Return the error for a GGUF file whose architecture nothing here can run."""
    named = f"the architecture “{architecture[:60]}”" if architecture else "no named architecture"
    return UnsupportedModelError(
        f"{path.name} is a model of {named}, which cannot be run yet.",
        hint="Look for the same model as a folder with safetensors files.",
        path=str(path),
        architecture=architecture,
    )


def slug(name: str) -> str:
    """Return ``name`` as an id: lower case, words joined by hyphens."""
    return re.sub(r"[^\w.]+", "-", name.casefold()).strip("-.") or "model"


def _file(path: Path) -> ModelInfo:
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] == GGUF_MAGIC or path.suffix.lower() == ".gguf":
        return _gguf(path)
    if path.suffix.lower() in PICKLE_SUFFIXES or _looks_pickled(path, start):
        raise unsafe_file(path)
    if path.suffix.lower() == ".safetensors":
        return _safetensors(path)
    raise UnsupportedModelError(
        f"{path.name} is not a model file Triptych knows.",
        hint="It uses GGUF and safetensors files, and folders with a config.json.",
        path=str(path),
    )


def _safetensors(path: Path) -> ModelInfo:
    header = read_safetensors_header(path)
    told = tell(header.tensors, header.metadata, path.stem)
    return ModelInfo(
        id=slug(path.stem),
        title=path.stem,
        path=path,
        format="checkpoint",
        architecture=told.architecture or header.metadata.get("modelspec.architecture", ""),
        capabilities=tuple(told.capabilities),
        size_bytes=header.size_bytes,
        parameters=header.parameters,
        licence=header.metadata.get("modelspec.license", ""),
        role=told.role,
        family=told.family,
        told_by=told.told_by,
    )


def _looks_pickled(path: Path, start: bytes) -> bool:
    if start.startswith(_PICKLE_STARTS):
        return True
    return start.startswith(_ZIP_START) and path.suffix.lower() in {".bin", ".safetensors", ""}


def unsafe_file(path: Path) -> UnsafeFileError:
    """Return the error for a pickle file."""
    hint = "Look for the same model with .safetensors files."
    if path.suffix.lower() in _CONVERTIBLE:
        hint = (
            "Look for the same model with .safetensors files, or convert this one safely with "
            "“triptych models convert”."
        )
    return UnsafeFileError(
        f"{path.name} is a pickle file, which could run a program when opened, so it is not used.",
        hint=hint,
        path=str(path),
    )


def _gguf(path: Path) -> ModelInfo:
    header = read_gguf_header(path)
    if header.metadata.get("split.count", 1) != 1:
        raise UnsupportedModelError(
            f"{path.name} is one part of a model that was split into several files.",
            hint="Join the parts with llama.cpp's gguf-split, or fetch the model in one file.",
            path=str(path),
        )
    architecture = header.architecture
    return ModelInfo(
        id=slug(path.stem),
        title=path.stem,
        path=path,
        format="gguf",
        architecture=architecture,
        size_bytes=header.size_bytes,
        parameters=header.parameters,
        context_length=header.number(f"{architecture}.context_length"),
        licence=header.text("general.license"),
        source=header.text("general.source.url") or header.text("general.organization"),
    )


def _folder(path: Path) -> ModelInfo:
    if (path / "model_index.json").is_file():
        return _diffusers(path)
    sound = identify_sound_folder(path)
    if sound is not None:
        title = sound.title or _folder_title(path)
        return dataclasses.replace(sound, id=sound.id or slug(title), title=title)
    if (path / "config.json").is_file():
        config = _read_json(path / "config.json")
        return _component(path, config) if "_class_name" in config else _transformers(path, config)
    if (path / "adapter_config.json").is_file():
        return _adapter(path)
    names = sorted(file for file in path.iterdir() if file.is_file())
    pickles = [file for file in names if _is_pickle(file)]
    if pickles:
        raise unsafe_file(pickles[0])
    raise UnsupportedModelError(
        f"The folder {path.name} holds no model Triptych knows.",
        hint="A model folder has a config.json and .safetensors files, or a .gguf file.",
        path=str(path),
    )


def _transformers(path: Path, config: Mapping[str, Any]) -> ModelInfo:
    headers = _weights(path)
    record = read_record(path)
    architectures = config.get("architectures")
    first = architectures[0] if isinstance(architectures, list) and architectures else ""
    title = record.title or _folder_title(path)
    architecture = first if isinstance(first, str) else ""
    return ModelInfo(
        id=record.id or slug(title),
        title=title,
        path=path,
        format="transformers",
        architecture=architecture,
        role=encoder_role(architecture),
        size_bytes=sum(header.size_bytes for header in headers),
        parameters=sum(header.parameters for header in headers),
        context_length=_context_length(config),
        licence=record.licence or _card_licence(path),
        source=record.source,
        built_in=record.built_in,
    )


def _diffusers(path: Path) -> ModelInfo:
    index = _read_json(path / "model_index.json")
    name = index.get("_class_name", "")
    size = parameters = 0
    pickles: list[Path] = []
    for part in sorted(folder for folder in path.iterdir() if folder.is_dir()):
        if part.name not in index:
            continue
        files = sorted(part.glob("*.safetensors"))
        pickles += [] if files else [file for file in part.glob("*") if _is_pickle(file)]
        for header in map(read_safetensors_header, files):
            size += header.size_bytes
            parameters += header.parameters
    if pickles:
        raise unsafe_file(pickles[0])
    if not size:
        raise _incomplete(path, "it has no weights")
    record = read_record(path)
    title = record.title or _folder_title(path)
    told = tell_pipeline(name if isinstance(name, str) else "", _part_configs(path, index))
    return ModelInfo(
        id=record.id or slug(title),
        title=title,
        path=path,
        format="diffusers",
        architecture=told.architecture,
        capabilities=tuple(told.capabilities),
        size_bytes=size,
        parameters=parameters,
        licence=record.licence or _card_licence(path),
        source=record.source,
        built_in=record.built_in,
        family=told.family,
        told_by=told.told_by,
    )


def _part_configs(path: Path, index: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the configs of a pipeline's parts by name; what cannot be read is left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in ("unet", "transformer", "vae"):
        file = path / name / "config.json"
        if name in index and file.is_file():
            found[name] = _read_json(file)
    return found


def _component(path: Path, config: Mapping[str, Any]) -> ModelInfo:
    """One part of a diffusers pipeline in a folder of its own, such as a ControlNet."""
    told = tell_component(config)
    headers = _weights(path)
    record = read_record(path)
    title = record.title or _folder_title(path)
    return ModelInfo(
        id=record.id or slug(title),
        title=title,
        path=path,
        format="diffusers",
        architecture=told.architecture,
        size_bytes=sum(header.size_bytes for header in headers),
        parameters=sum(header.parameters for header in headers),
        licence=record.licence or _card_licence(path),
        source=record.source,
        role=told.role,
        family=told.family,
        told_by=told.told_by,
    )


def _adapter(path: Path) -> ModelInfo:
    """A LoRA as PEFT saves it: ``adapter_config.json`` and its weights."""
    weights = path / "adapter_model.safetensors"
    if not weights.is_file():
        raise _incomplete(path, "its weights (adapter_model.safetensors) are missing")
    title = _folder_title(path)
    return dataclasses.replace(_safetensors(weights), id=slug(title), title=title, path=path)


def _weights(path: Path) -> list[SafetensorsHeader]:
    """Return the headers of a folder's weight files after checking that all are there."""
    for name in _WHOLE:
        index = path / f"{name}.index.json"
        if index.is_file():
            return _shards(path, _read_json(index).get("weight_map"))
    files = sorted(path.glob("*.safetensors"))
    if files:
        whole = next((path / name for name in _WHOLE if path / name in files), files[0])
        return [read_safetensors_header(whole)]
    pickles = sorted(file for file in path.iterdir() if _is_pickle(file))
    if pickles:
        raise unsafe_file(pickles[0])
    raise _incomplete(path, "its weights (.safetensors) are missing")


def _shards(path: Path, weight_map: object) -> list[SafetensorsHeader]:
    if not isinstance(weight_map, dict) or not weight_map:
        raise _incomplete(path, "its list of weight files cannot be read")
    wanted: dict[str, list[str]] = {}
    for tensor, name in weight_map.items():
        if not isinstance(name, str) or name != Path(name).name or name in ("", ".", ".."):
            raise _incomplete(path, "its list of weight files points outside the folder")
        wanted.setdefault(name, []).append(tensor)
    headers = []
    for name, tensors in sorted(wanted.items()):
        file = path / name
        if not file.is_file():
            raise unsafe_file(file) if _is_pickle(file) else _incomplete(path, f"{name} is missing")
        header = read_safetensors_header(file)
        lost = [tensor for tensor in tensors if tensor not in header.tensors]
        if lost:
            raise _incomplete(path, f"{name} lacks {len(lost)} of its weights")
        headers.append(header)
    return headers


def _is_pickle(path: Path) -> bool:
    suffix = path.suffix.lower()
    # A folder's .bin file is a pickle whatever it begins with; training states are not weights.
    return suffix in PICKLE_SUFFIXES or (suffix == ".bin" and "training" not in path.name)


def _read_json(path: Path) -> Mapping[str, Any]:
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise _incomplete(path.parent, f"{path.name} is far too large")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _incomplete(path.parent, f"{path.name} cannot be read") from error
    if not isinstance(found, dict):
        raise _incomplete(path.parent, f"{path.name} cannot be read")
    return found


def _context_length(config: Mapping[str, Any]) -> int:
    inner = config.get("text_config")
    places: Iterable[Mapping[str, Any]] = (config, inner if isinstance(inner, dict) else {})
    for place in places:
        for key in _CONTEXT_KEYS:
            value = place.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40:
                return value
    return 0


def _folder_title(path: Path) -> str:
    if path.parent.name == "snapshots":  # the cache of huggingface_hub
        found = _HUB_FOLDER.fullmatch(path.parent.parent.name)
        if found:
            return found[1]
    return path.name or "model"


def _card_licence(path: Path) -> str:
    """Return the licence a model card's front matter names, "" when there is none."""
    try:
        with (path / "README.md").open(encoding="utf-8", errors="replace") as file:
            card = file.read(8192)
    except OSError:
        return ""
    front = re.match(r"\A---\s*\n(.*?)\n---", card, re.DOTALL)
    found = re.search(r"^license:\s*([\w.+-]+)\s*$", front[1], re.MULTILINE) if front else None
    return found[1] if found else ""


def _incomplete(path: Path, why: str) -> ModelError:
    return ModelDamagedError(
        f"The model {_folder_title(path)} is incomplete: {why}.",
        hint="Fetch or copy it again.",
        path=str(path),
    )

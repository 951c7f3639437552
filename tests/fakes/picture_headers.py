"""Headers of picture models at their real size, without any weights.

The networks are built from the configurations we ship on torch's meta device, which holds shapes
only, and named as their original programs name them. Files made of them are sparse: they have
their real length and take no space.
"""

from __future__ import annotations

import functools
import importlib
import json
import math
import struct
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from studio.models.single_file import config_folder
from tests.fakes.original_layout import original

Shapes = dict[str, tuple[int, ...]]


@functools.cache
def network(kind: str, component: str) -> Any:
    """Return one network of a kind on the meta device, ``None`` when the kind has none."""
    import transformers
    from accelerate import init_empty_weights

    folder = config_folder(kind)
    library, name = _index(folder).get(component) or (None, None)
    if library is None:
        return None
    made = getattr(importlib.import_module(library), name)
    with init_empty_weights(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # diffusers' own, about its own modules
        if library == "diffusers":
            return made.from_config(made.load_config(str(folder), subfolder=component))
        return made._from_config(transformers.AutoConfig.from_pretrained(str(folder / component)))


def networks(kind: str) -> tuple[str, ...]:
    """Return the names of the components of a kind that have weights."""
    folder = config_folder(kind)
    return tuple(
        name
        for name, value in _index(folder).items()
        if isinstance(value, list) and value[0] and not name.startswith(("tokenizer", "scheduler"))
    )


def _index(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "model_index.json").read_text())
    return found


@functools.cache
def original_shapes(kind: str) -> Shapes:
    """Return the header of a Stable Diffusion checkpoint in its original layout, T5 left out."""
    parts = {name: network(kind, name) for name in networks(kind) if name != "text_encoder_3"}
    if "transformer" in parts:
        parts["text_encoder_3"] = None
    pipeline = SimpleNamespace(**({"text_encoder": None} | parts))
    return {name: tuple(tensor.shape) for name, tensor in original(pipeline).items()}


@functools.cache
def component_shapes(kind: str, component: str) -> Shapes:
    """Return the header of one component in diffusers' layout."""
    state = network(kind, component).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def sparse_file(path: Path, shapes: Shapes, notes: dict[str, str] | None = None) -> Path:
    """Write a safetensors file of fp16 zeros with its real length and no space on the disk."""
    header: dict[str, Any] = {"__metadata__": notes or {}}
    at = 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + at)
    return path

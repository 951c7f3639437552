"""Reads the header of a safetensors file: which tensors it holds and whether it is whole.

Never reads a tensor. Format: 8 bytes little-endian header length, that many bytes of JSON, data
(https://github.com/huggingface/safetensors#format). Standard library only.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.errors import ModelDamagedError

MAX_HEADER_BYTES = 25_000_000  # a header of 300,000 names is 20 MB; the library allows 100 MB
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4,
    "F6_E2M3": 6, "F6_E3M2": 6, "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32,
    "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class SafetensorsHeader:
    """What the header says.

    Attributes:
        tensors: Shape of each tensor by name.
        metadata: The free text pairs a file may carry.
        parameters: Number of values in all tensors.
        size_bytes: Size of the whole file.
    """

    tensors: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]
    parameters: int
    size_bytes: int


def read_safetensors_header(path: Path) -> SafetensorsHeader:
    """Read and check the header of a safetensors file.

    Raises:
        ModelDamagedError: Truncated, or not a safetensors file.
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= MAX_HEADER_BYTES:
            raise _damaged(path, "it does not begin as a safetensors file does")
        if length > size - 8:
            raise _damaged(path, "it ends in the middle of its header")
        raw = file.read(length)
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header cannot be read") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a list of tensors")
    metadata = header.pop("__metadata__", None)
    tensors, end = _tensors(path, header)
    if end > size - 8 - length:
        missing = end - (size - 8 - length)
        raise _damaged(path, f"{missing:,} bytes are missing at its end", missing_bytes=missing)
    if not isinstance(metadata, dict):
        metadata = {}
    return SafetensorsHeader(
        tensors=tensors,
        metadata={k: v for k, v in metadata.items() if isinstance(v, str)},
        parameters=sum(math.prod(shape) for shape in tensors.values()),
        size_bytes=size,
    )


def _tensors(path: Path, header: dict[str, Any]) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the shapes by name and where the last tensor's data ends."""
    shapes: dict[str, tuple[int, ...]] = {}
    end = 0
    for name, entry in header.items():
        try:
            shape = tuple(entry["shape"])
            first, last = entry["data_offsets"]
            dtype = entry["dtype"]
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, "its header is incomplete") from error
        if not all(_is_count(n) for n in (*shape, first, last)) or not isinstance(dtype, str):
            raise _damaged(path, "its header holds impossible numbers")
        bits = _BITS.get(dtype)
        if last < first or (bits and (math.prod(shape) * bits + 7) // 8 != last - first):
            raise _damaged(path, "its header contradicts itself")
        shapes[name] = shape
        end = max(end, last)
    return shapes, end


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _damaged(path: Path, why: str, **facts: object) -> ModelDamagedError:
    return ModelDamagedError(
        f"The model file {path.name} is damaged: {why}.",
        hint="Fetch or copy it again.",
        path=str(path),
        **facts,
    )

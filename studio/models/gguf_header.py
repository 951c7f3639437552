"""Reads the header of a GGUF file: what model it is and whether the file is whole.

Never reads a tensor, and walks over the vocabulary without keeping it. Lengths that a hostile file
may claim are checked against the file before anything is read. Format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Standard library only.
"""

from __future__ import annotations

import math
import mmap
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import ModelDamagedError, UnsupportedModelError

MAGIC = b"GGUF"
_MAX_PAIRS = 65_536
_MAX_TENSORS = 1_000_000
_MAX_STRING = 16_000_000
_MAX_NESTING = 4
_STRING, _ARRAY = 8, 9
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q",
    12: "<d",
}  # fmt: skip
_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2),
    26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip
"""Number in the file -> (name, values in a block, bytes of a block)."""

Scalar = bool | int | float | str


@dataclass(frozen=True)
class GgufHeader:
    """What the header says.

    Attributes:
        metadata: Numbers and texts by key; of arrays only ``key`` -> number of items.
        parameters: Number of values in all tensors.
        quantisation: Name of the type most values are stored in, such as "Q4_1".
        size_bytes: Size of the whole file.
    """

    metadata: Mapping[str, Scalar]
    parameters: int
    quantisation: str
    size_bytes: int

    def text(self, key: str) -> str:
        """Return the text under ``key``, "" when there is none."""
        value = self.metadata.get(key, "")
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """Return the whole number under ``key``, 0 when there is none."""
        value = self.metadata.get(key, 0)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def architecture(self) -> str:
        """The architecture's name, such as "llama"."""
        return self.text("general.architecture")


def read_gguf_header(path: Path) -> GgufHeader:
    """Read and check the header of a GGUF file.

    Raises:
        ModelDamagedError: Truncated, or not a GGUF file.
        UnsupportedModelError: A version or byte order nobody uses any more.
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    if size < 24:
        raise _damaged(path, "it is too short to be a model")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view[:4] != MAGIC:
            raise _damaged(path, "it does not begin as a GGUF file does")
        reader = _Reader(path, view, size)
        try:
            return reader.header()
        except (struct.error, IndexError) as error:
            raise _damaged(path, "it ends in the middle of its header") from error


class _Reader:
    """Walks through one header; ``at`` is the position in bytes."""

    def __init__(self, path: Path, view: mmap.mmap, size: int) -> None:
        self.path = path
        self.view = view
        self.size = size
        self.at = 4

    def header(self) -> GgufHeader:
        version = self._scalar("<I")
        if version not in (2, 3):
            raise UnsupportedModelError(
                f"{self.path.name} is a GGUF file of version {version}, which cannot be read.",
                hint="Fetch a newer copy of this model.",
                path=str(self.path),
            )
        tensors, pairs = self._scalar("<Q"), self._scalar("<Q")
        if pairs > _MAX_PAIRS or tensors > _MAX_TENSORS:
            raise _damaged(self.path, "its header holds impossible numbers")
        metadata: dict[str, Scalar] = {}
        for _ in range(int(pairs)):
            key = self._string(limit=65_535)
            metadata[key] = self._value(int(self._scalar("<I")))
        parameters, quantisation = self._tensors(int(tensors), metadata)
        return GgufHeader(metadata, parameters, quantisation, self.size)

    def _scalar(self, code: str) -> int | float:
        value: int | float = struct.unpack_from(code, self.view, self.at)[0]
        self.at += struct.calcsize(code)
        return value

    def _string(self, limit: int = _MAX_STRING) -> str:
        length = int(self._scalar("<Q"))
        if length > limit or length > self.size - self.at:
            raise _damaged(self.path, "a text in its header is longer than the file allows")
        raw = self.view[self.at : self.at + length]
        self.at += length
        return raw.decode("utf-8", "replace")

    def _value(self, kind: int, depth: int = 0) -> Scalar:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._skip_array(depth)
        if kind not in _SCALARS:
            raise _damaged(self.path, "its header holds a kind of value nobody knows")
        return self._scalar(_SCALARS[kind])

    def _skip_array(self, depth: int) -> int:
        """Move past an array and return how many items it has."""
        kind, count = int(self._scalar("<I")), int(self._scalar("<Q"))
        smallest = 8 if kind == _STRING else 12 if kind == _ARRAY else 1
        if count * smallest > self.size - self.at or depth >= _MAX_NESTING:
            raise _damaged(self.path, "a list in its header is longer than the file allows")
        if kind == _STRING:
            self._skip_strings(count)
        elif kind in _SCALARS:
            self.at += count * struct.calcsize(_SCALARS[kind])
        else:
            for _ in range(count):
                self._value(kind, depth + 1)
        if self.at > self.size:
            raise _damaged(self.path, "it ends in the middle of its header")
        return count

    def _skip_strings(self, count: int) -> None:
        # The vocabulary: some 100,000 to 500,000 texts, so the loop is kept bare.
        at, view, unpack = self.at, self.view, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + unpack(view, at)[0]
            if at > self.size:
                raise _damaged(self.path, "it ends in the middle of its header")
        self.at = at

    def _tensors(self, count: int, metadata: Mapping[str, Scalar]) -> tuple[int, str]:
        """Check that every tensor lies inside the file; return parameters and main type."""
        values: Counter[int] = Counter()
        end = 0
        for _ in range(count):
            self._string(limit=65_535)
            dimensions = int(self._scalar("<I"))
            if dimensions > 8:
                raise _damaged(self.path, "its header holds impossible numbers")
            elements = math.prod(int(self._scalar("<Q")) for _ in range(dimensions))
            kind, offset = int(self._scalar("<I")), int(self._scalar("<Q"))
            _, block, block_bytes = _TYPES.get(kind, ("", 1, 0))
            values[kind] += elements
            end = max(end, offset + elements // block * block_bytes)
        alignment = metadata.get("general.alignment", 32)
        alignment = alignment if isinstance(alignment, int) and 0 < alignment <= 65_536 else 32
        missing = (self.at + alignment - 1) // alignment * alignment + end - self.size
        if missing > 0:
            raise _damaged(self.path, f"{missing:,} bytes are missing at its end")
        main = values.most_common(1)[0][0] if values else -1
        return sum(values.values()), _TYPES.get(main, ("", 1, 0))[0]


def _damaged(path: Path, why: str) -> ModelDamagedError:
    return ModelDamagedError(
        f"The model file {path.name} is damaged: {why}.",
        hint="Fetch or copy it again.",
        path=str(path),
    )

"""A network with the inputs and the output of Kokoro's, in a few hundred bytes of ONNX.

Written byte by byte, since nothing the application needs can write ONNX. Each phoneme becomes 600
samples of a tone whose pitch is its number; the voice says how loud.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

SAMPLES_PER_PHONEME = 600
_FLOAT, _INT64 = 1, 7


def write_toy_kokoro(folder: Path, voices: dict[str, float]) -> Path:
    """Write a Kokoro folder; ``voices`` maps names to loudness."""
    (folder / "voices").mkdir(parents=True)
    (folder / "kokoro-toy.onnx").write_bytes(toy_network())
    for name, loudness in voices.items():
        table = np.full((510, 256), loudness, "<f4")
        (folder / "voices" / f"{name}.bin").write_bytes(table.tobytes())
    return folder


def toy_network(tokens: str = "tokens") -> bytes:
    """Return the network as a file's content."""
    ramp = np.arange(SAMPLES_PER_PHONEME, dtype="<f4")[None] / 300
    mean = np.full((256, 1), 1 / 256, "<f4")
    nodes = [
        _node("Cast", [tokens], "numbers", to=_FLOAT),
        _node("Reshape", ["numbers", "column"], "upright"),
        _node("MatMul", ["upright", "ramp"], "phases"),
        _node("Sin", ["phases"], "tones"),
        _node("MatMul", ["style", "mean"], "loudness"),
        _node("Mul", ["tones", "loudness"], "loud"),
        _node("Div", ["loud", "speed"], "spoken"),
        _node("Reshape", ["spoken", "flat"], "audio"),
    ]
    constants = [
        _tensor("column", np.asarray([-1, 1], "<i8"), _INT64),
        _tensor("flat", np.asarray([-1], "<i8"), _INT64),
        _tensor("ramp", ramp, _FLOAT),
        _tensor("mean", mean, _FLOAT),
    ]
    inputs = [
        _value(tokens, _INT64, 1, "length"),
        _value("style", _FLOAT, 1, 256),
        _value("speed", _FLOAT, 1),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"toy")
    graph += b"".join(_field(5, constant) for constant in constants)
    graph += b"".join(_field(11, each) for each in inputs)
    graph += _field(12, _value("audio", _FLOAT, "samples"))
    opset = _field(1, b"") + _number(2, 17)
    return _number(1, 8) + _field(7, graph) + _field(8, opset)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = b""
    while value > 127:
        out += struct.pack("B", value & 127 | 128)
        value >>= 7
    return out + struct.pack("B", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _node(kind: str, inputs: list[str], output: str, **attributes: int) -> bytes:
    out = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode())
    out += _field(4, kind.encode())
    for name, value in attributes.items():
        out += _field(5, _field(1, name.encode()) + _number(3, value) + _number(20, 2))
    return out


def _tensor(name: str, values: np.ndarray, kind: int) -> bytes:
    out = b"".join(_number(1, size) for size in values.shape) + _number(2, kind)
    return out + _field(8, name.encode()) + _field(9, values.tobytes())


def _value(name: str, kind: int, *shape: int | str) -> bytes:
    sizes = b"".join(
        _field(1, _number(1, size) if isinstance(size, int) else _field(2, size.encode()))
        for size in shape
    )
    tensor = _number(1, kind) + _field(2, sizes)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))

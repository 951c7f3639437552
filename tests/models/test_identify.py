"""What a file or folder is as a model, from its names and headers alone."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import (
    ModelDamagedError,
    ModelError,
    ModelNotFoundError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.models import gguf_header
from studio.models.gguf_header import read_gguf_header
from studio.models.identify import identify
from studio.models.safetensors_header import read_safetensors_header
from studio.models.text_architectures import GGUF_ARCHITECTURES, is_causal_language_model


def safetensors(
    tensors: dict[str, tuple[int, ...]], metadata: dict[str, str] | None = None
) -> bytes:
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, shape in tensors.items():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(at)


def gguf(
    pairs: dict[str, str | int] | None = None, tensor_bytes: int = 32, version: int = 3
) -> bytes:
    pairs = {"general.architecture": "llama", "llama.context_length": 64} | (pairs or {})
    body = b""
    for key, value in pairs.items():
        body += struct.pack("<Q", len(key)) + key.encode()
        if isinstance(value, str):
            body += struct.pack("<IQ", 8, len(value.encode())) + value.encode()
        else:
            body += struct.pack("<II", 4, value)
    words = [b"a", b"bc"]
    body += struct.pack("<Q", 5) + b"words" + struct.pack("<IIQ", 9, 8, len(words))
    body += b"".join(struct.pack("<Q", len(word)) + word for word in words)
    body += struct.pack("<Q", 1) + b"t" + struct.pack("<IQIQ", 1, 8, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", version, 1, len(pairs) + 1) + body
    return head + bytes(-len(head) % 32) + bytes(tensor_bytes)


def written(path: Path, content: bytes | str | dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def folder(path: Path, **config: Any) -> Path:
    written(path / "config.json", {"architectures": ["LlamaForCausalLM"]} | config)
    return path


def test_a_folder_of_transformers(tmp_path: Path) -> None:
    place = folder(tmp_path / "Tiny Llama", max_position_embeddings=512)
    written(place / "model.safetensors", safetensors({"a": (2, 3), "b": (4,)}))
    written(place / "README.md", "---\nlicense: apache-2.0\nlanguage: en\n---\n# Tiny\n")
    info = identify(place)
    assert info.id == "tiny-llama"
    assert info.title == "Tiny Llama"
    assert info.format == "transformers"
    assert info.architecture == "LlamaForCausalLM"
    assert info.parameters == 10
    assert info.context_length == 512
    assert info.licence == "apache-2.0"
    assert info.size_bytes == (place / "model.safetensors").stat().st_size
    assert not info.built_in


def test_a_folder_in_shards(tmp_path: Path) -> None:
    place = folder(tmp_path / "m", text_config={"max_position_embeddings": 99})
    index = {"weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}}
    written(place / "model.safetensors.index.json", index)
    written(place / "x-1.safetensors", safetensors({"a": (2,)}))
    with pytest.raises(ModelDamagedError, match=r"x-2\.safetensors is missing"):
        identify(place)
    written(place / "x-2.safetensors", safetensors({"c": (3,)}))
    with pytest.raises(ModelDamagedError, match="lacks 1"):
        identify(place)
    written(place / "x-2.safetensors", safetensors({"b": (3,)}))
    assert identify(place).parameters == 5
    assert identify(place).context_length == 99


@pytest.mark.parametrize("name", ["../out.safetensors", "/etc/passwd", "", "..", 3])
def test_a_list_of_shards_that_points_elsewhere(tmp_path: Path, name: Any) -> None:
    place = folder(tmp_path / "m")
    written(place / "model.safetensors.index.json", {"weight_map": {"a": name}})
    with pytest.raises(ModelDamagedError, match="outside"):
        identify(place)


def test_the_cache_of_a_hub_gives_the_models_name(tmp_path: Path) -> None:
    place = folder(tmp_path / "models--org--Nice-Model" / "snapshots" / ("0" * 40))
    written(place / "model.safetensors", safetensors({"a": (2,)}))
    assert identify(place).title == "Nice-Model"


def test_a_gguf_file(tmp_path: Path) -> None:
    info = identify(written(tmp_path / "x.gguf", gguf({"general.license": "mit"})))
    assert (info.format, info.architecture, info.context_length) == ("gguf", "llama", 64)
    assert (info.licence, info.parameters) == ("mit", 8)
    assert read_gguf_header(tmp_path / "x.gguf").quantisation == "F32"
    assert read_gguf_header(tmp_path / "x.gguf").metadata["words"] == 2


def test_one_part_of_a_split_gguf(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="one part"):
        identify(written(tmp_path / "x-00001-of-00002.gguf", gguf({"split.count": 2})))


@pytest.mark.parametrize("length", [0, 3, 10, 30, 60, 100, -1])
def test_a_truncated_gguf(tmp_path: Path, length: int) -> None:
    with pytest.raises(ModelDamagedError, match="damaged"):
        identify(written(tmp_path / "x.gguf", gguf()[:length]))


def test_a_gguf_of_a_version_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="version 77"):
        identify(written(tmp_path / "x.gguf", gguf(version=77)))


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<IQQ", 3, 2**63, 1),
        struct.pack("<IQQ", 3, 1, 2**63),
        struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**63),
        struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 77),
        struct.pack("<IQQ", 3, 0, 1) + b"\1" + bytes(7) + b"k" + struct.pack("<IIQ", 9, 8, 2**60),
        struct.pack("<IQQ", 3, 0, 1) + b"\1" + bytes(7) + b"k" + struct.pack("<IIQ", 9, 0, 2**60),
        struct.pack("<IQQ", 3, 0, 1) + b"\1" + bytes(7) + b"k" + struct.pack("<IIQ", 9, 9, 1) * 9,
    ],
)
def test_hostile_lengths_in_a_gguf(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ModelDamagedError):
        identify(written(tmp_path / "x.gguf", b"GGUF" + header + bytes(64)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_gguf_header_never_surprises(tmp_path_factory: Any, data: st.DataObject) -> None:
    raw = bytearray(gguf())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.getbasetemp() / "fuzz.gguf", bytes(raw))
    try:
        identify(path)
    except ModelError as error:
        assert error.user_message.endswith(".")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_safetensors_header_never_surprises(
    tmp_path_factory: Any, data: st.DataObject
) -> None:
    raw = bytearray(safetensors({"a": (2, 3)}, {"format": "pt"}))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path_factory.getbasetemp() / "fuzz.safetensors", bytes(raw))
    try:
        identify(path)
    except ModelError as error:
        assert error.user_message.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05",
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 4) + b"nope",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        struct.pack("<Q", 12) + b'{"a": {"b":1',
        struct.pack("<Q", 10) + b'{"a": [1]}',
    ],
)
def test_a_safetensors_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelDamagedError):
        identify(written(tmp_path / "x.safetensors", content))


def test_a_truncated_safetensors_file_says_how_much_is_missing(tmp_path: Path) -> None:
    whole = safetensors({"a": (1000,)})
    with pytest.raises(ModelDamagedError, match="1,234 bytes are missing"):
        identify(written(tmp_path / "x.safetensors", whole[:-1234]))


def test_a_single_checkpoint(tmp_path: Path) -> None:
    content = safetensors({"a": (2,)}, {"modelspec.architecture": "stable-diffusion-v1"})
    info = identify(written(tmp_path / "dream.safetensors", content))
    assert (info.format, info.architecture) == ("checkpoint", "stable-diffusion-v1")


def test_a_folder_of_diffusers(tmp_path: Path) -> None:
    place = tmp_path / "pictures"
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet"]}
    written(place / "model_index.json", index)
    written(place / "unet" / "diffusion_pytorch_model.safetensors", safetensors({"a": (5,)}))
    info = identify(place)
    assert (info.format, info.architecture) == ("diffusers", "StableDiffusionPipeline")
    assert info.parameters == 5


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["a.ckpt", "b.pt", "c.pth", "d.bin", "e.safetensors", "f.pkl"])
def test_pickles_are_refused_and_never_opened(tmp_path: Path, name: str, protocol: int) -> None:
    marker = tmp_path / "was-run"
    path = written(tmp_path / name, pickle.dumps(_Evil(marker), protocol))
    wanted = UnsafeFileError
    if protocol < 2 and path.suffix in (".bin", ".safetensors"):
        wanted = ModelError  # nothing marks it as a pickle; it is no model either
    with pytest.raises(wanted):
        identify(path)
    assert not marker.exists()


def test_zipped_pickles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    with pytest.raises(UnsafeFileError):
        identify(path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt"])
def test_a_folder_with_pickles_only_is_refused(tmp_path: Path, name: str) -> None:
    written(folder(tmp_path / "m") / name, pickle.dumps([1]))
    with pytest.raises(UnsafeFileError, match="program"):
        identify(tmp_path / "m")
    (tmp_path / "m" / "config.json").unlink()
    with pytest.raises(UnsafeFileError, match="program"):
        identify(tmp_path / "m")


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        identify(tmp_path / "nothing")
    with pytest.raises(UnsupportedModelError, match="no model"):
        identify(tmp_path)
    with pytest.raises(UnsupportedModelError):
        identify(written(tmp_path / "letter.txt", "Dear"))
    with pytest.raises(ModelDamagedError, match="weights"):
        identify(folder(tmp_path / "empty"))


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, "\xff"])
def test_a_config_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    written(tmp_path / "m" / "config.json", content.encode("latin-1"))
    with pytest.raises(ModelDamagedError, match=r"config\.json"):
        identify(tmp_path / "m")


# The tables that are kept here against those of the libraries


def test_gguf_types_are_those_of_the_gguf_library() -> None:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    for kind, (block, size) in GGML_QUANT_SIZES.items():
        known = gguf_header._TYPES.get(int(kind))
        if known is not None:
            assert known == (GGMLQuantizationType(kind).name, block, size)
    assert {int(kind) for kind in GGML_QUANT_SIZES} - set(gguf_header._TYPES) <= {40, 41, 42}


def test_gguf_architectures_are_those_of_transformers() -> None:
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    encoders = {"t5", "umt5"}  # read a text and write another one: not causal
    not_models = {"general", "tokenizer"}
    spelled_by_llama_cpp = {
        "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe", "gpt_oss": "gpt-oss",
        "minimax_m2": "minimax-m2", "mistral": "llama",
    }  # fmt: skip
    theirs = set(GGUF_SUPPORTED_ARCHITECTURES) - encoders - not_models
    assert {spelled_by_llama_cpp.get(name, name) for name in theirs} == GGUF_ARCHITECTURES


def test_every_causal_model_of_transformers_is_known() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as TABLE

    names = {n for v in TABLE.values() for n in (v if isinstance(v, tuple) else (v,))}
    unknown = {name for name in names if not is_causal_language_model(name)}
    assert unknown == {  # they want a picture or a sound beside the text
        "GotOcr2ForConditionalGeneration",
        "MossTranscribeDiarizeForConditionalGeneration",
    }
    assert not is_causal_language_model("BertForMaskedLM")
    assert not is_causal_language_model("")


def test_headers_agree_with_the_library(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {"a": torch.zeros(3, 4), "b": torch.zeros(5, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "x.safetensors", metadata={"k": "v"})
    header = read_safetensors_header(tmp_path / "x.safetensors")
    assert header.tensors == {"a": (3, 4), "b": (5,)}
    assert header.metadata == {"k": "v"}
    assert header.parameters == 17

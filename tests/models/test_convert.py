"""Unpacking GGUF files into folders."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from studio.core.errors import (
    DiskFullError,
    ModelDamagedError,
    ModelNotFoundError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.models import convert
from studio.models.identify import identify
from studio.models.record import ModelRecord, read_record
from tests.fakes.toy_models import toy_gguf, toy_model
from tests.models.test_identify import written


def run(source: Path, target: Path, record: ModelRecord | None = None) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    convert.convert_gguf(source, target, lambda f, t: told.append((f, t)), record or ModelRecord())
    return told


def test_the_folder_holds_the_same_numbers(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    told = run(toy_gguf(), tmp_path / "m")
    made = load_file(tmp_path / "m" / "model.safetensors")
    original = toy_model().path
    assert original is not None
    for name, values in load_file(original / "model.safetensors").items():
        assert made[name].equal(values), name
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    info = identify(tmp_path / "m")
    assert info.architecture == "LlamaForCausalLM"
    assert info.title == "Toy"
    assert info.licence == "apache-2.0"
    assert "quantization_config" not in (tmp_path / "m" / "config.json").read_text()
    assert (tmp_path / "m" / "chat_template.jinja").exists()
    record = read_record(tmp_path / "m")
    assert record.dtype == "float32"
    assert record.source_bytes == toy_gguf().stat().st_size
    assert not record.built_in


def test_it_is_done_once_and_again_when_damaged(tmp_path: Path) -> None:
    target = tmp_path / "m"
    run(toy_gguf(), target)
    before = (target / "model.safetensors").stat().st_mtime_ns
    assert len(run(toy_gguf(), target)) == 2
    assert (target / "model.safetensors").stat().st_mtime_ns == before
    whole = (target / "model.safetensors").read_bytes()
    (target / "model.safetensors").write_bytes(whole[:-10])
    run(toy_gguf(), target)
    assert (target / "model.safetensors").read_bytes() == whole


def test_what_lies_in_the_folder_stays_and_leftovers_go(tmp_path: Path) -> None:
    target = tmp_path / "m"
    written(target / "LICENSE", "Apache")
    shutil.copy(toy_gguf(), target / "toy.gguf")
    leftover = tmp_path / ".m.0123.triptych-part"
    written(leftover / "model.safetensors", b"half")
    run(target / "toy.gguf", target, ModelRecord(title="Mine", licence="MIT"))
    assert (target / "LICENSE").read_text() == "Apache"
    assert (target / "toy.gguf").exists()
    assert not leftover.exists()
    assert identify(target).title == "Mine"
    assert identify(target).licence == "MIT"


def test_a_failure_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(part: Path, target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(convert, "_install", full)
    with pytest.raises(DiskFullError):
        run(toy_gguf(), tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == []


def test_too_little_room_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(convert.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(DiskFullError, match="GB are free"):
        run(toy_gguf(), tmp_path / "m")


def test_a_model_too_large_for_full_precision_is_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file

    monkeypatch.setattr(convert, "FULL_PRECISION_BYTES", 1000)
    run(toy_gguf(), tmp_path / "m")
    assert read_record(tmp_path / "m").dtype == "float16"
    assert str(load_file(tmp_path / "m" / "model.safetensors")["model.norm.weight"].dtype) == (
        "torch.float16"
    )


def test_what_cannot_be_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        run(tmp_path / "nothing.gguf", tmp_path / "m")
    with pytest.raises(UnsupportedModelError, match="frobnicator"):
        run(toy_gguf("frobnicator"), tmp_path / "m")
    with pytest.raises(ModelDamagedError):
        run(written(tmp_path / "x.gguf", toy_gguf().read_bytes()[:-500]), tmp_path / "m")
    with pytest.raises(UnsafeFileError):
        run(written(tmp_path / "x.ckpt", b"\x80\x04."), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_gguf_without_its_weights(tmp_path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_context_length(64)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelDamagedError):
        run(tmp_path / "x.gguf", tmp_path / "m")


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "m")
    assert convert.main([str(toy_gguf()), target, "--title", "Given"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("progress ") for line in lines)
    assert lines[-1] == "progress 1.00 Ready"
    assert identify(tmp_path / "m").title == "Given"
    assert convert.main([str(tmp_path / "no.gguf"), target]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out.splitlines()[-1].removeprefix("failed "))
    assert told["kind"] == "ModelNotFoundError"
    assert err.startswith("There is no model at")
    assert "Traceback" not in err

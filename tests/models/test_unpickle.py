"""Pickled checkpoints turned into safetensors, and those that are refused."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.core.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.models import unpickle as unpickle_module
from studio.models.safetensors_header import read_safetensors_header
from studio.models.unpickle import converted_file, is_converted, unpickle, unpickle_in_child


def saved(path: Path, content: Any, **options: Any) -> Path:
    import torch

    torch.save(content, path, **options)
    return path


def weights() -> dict[str, Any]:
    import torch

    table = torch.arange(12.0).reshape(3, 4)
    return {"a.weight": table, "half": table[:1], "again": table, "b": torch.ones(2).half()}


def run(source: Path, target: Path) -> list[float]:
    told: list[float] = []
    unpickle(source, target, lambda fraction, _: told.append(fraction))
    return told


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3, "global_step": 875000},
        lambda state: {"params_ema": state},
        lambda state: {"state_dict": {"model": state}},
        lambda state: {**state, "optimizer.x": state["b"], "model_ema.a": state["b"]},
    ],
    ids=["bare", "lightning", "ema", "nested", "training"],
)
def test_the_weights_are_the_same(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    from safetensors.torch import load_file

    source = saved(tmp_path / "x.ckpt", wrap(weights()))
    before = source.read_bytes()
    told = run(source, tmp_path / "out" / "x.safetensors")
    made = load_file(tmp_path / "out" / "x.safetensors")
    assert set(made) == set(weights())
    for name, tensor in weights().items():
        assert made[name].dtype == tensor.dtype
        assert made[name].equal(tensor), name
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert source.read_bytes() == before
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["x.safetensors"]


def test_a_file_of_the_old_format(tmp_path: Path) -> None:
    source = saved(tmp_path / "x.pt", weights(), _use_new_zipfile_serialization=False)
    run(source, tmp_path / "x.safetensors")
    assert set(read_safetensors_header(tmp_path / "x.safetensors").tensors) == set(weights())


def test_a_textual_inversion(tmp_path: Path) -> None:
    import torch

    content = {"string_to_token": {"*": 265}, "string_to_param": {"*": torch.ones(2, 768)},
               "name": "x"}  # fmt: skip
    run(saved(tmp_path / "x.pt", content), tmp_path / "x.safetensors")
    header = read_safetensors_header(tmp_path / "x.safetensors")
    assert header.tensors == {"emb_params": (2, 768)}


def test_it_is_done_once(tmp_path: Path) -> None:
    source, target = saved(tmp_path / "x.ckpt", weights()), tmp_path / "x.safetensors"
    run(source, target)
    before = target.stat().st_mtime_ns
    assert len(run(source, target)) == 2
    assert target.stat().st_mtime_ns == before
    target.write_bytes(target.read_bytes()[:-1])
    run(source, target)
    saved(source, {"other": weights()["b"]})
    assert len(run(source, target)) > 2
    assert set(read_safetensors_header(target).tensors) == {"other"}
    assert not is_converted(tmp_path / "missing", "")


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["a.ckpt", "b.pt", "c.pth", "d.bin"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "plain"])
def test_a_program_in_a_checkpoint_is_never_run(tmp_path: Path, name: str, zipped: bool) -> None:
    marker = tmp_path / "was-run"
    content = {"state_dict": weights(), "evil": _Evil(marker)}
    source = saved(tmp_path / name, content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafeFileError, match="could run a program"):
        run(source, tmp_path / "x.safetensors")
    assert not marker.exists()
    assert not (tmp_path / "x.safetensors").exists()
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_raw_pickle_of_a_program_is_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    for protocol in range(6):
        source = tmp_path / "x.ckpt"
        source.write_bytes(pickle.dumps(_Evil(marker), protocol))
        with pytest.raises((UnsafeFileError, ModelDamagedError)):
            run(source, tmp_path / "x.safetensors")
        assert not marker.exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "x.ckpt"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", bytes(50_000_000))
    with pytest.raises(UnsafeFileError, match="far more than its size"):
        run(source, tmp_path / "x.safetensors")


def test_what_cannot_be_converted(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        run(tmp_path / "none.ckpt", tmp_path / "x.safetensors")
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(UnsupportedModelError):
        run(tmp_path / "a.txt", tmp_path / "x.safetensors")
    with pytest.raises(UnsupportedModelError, match="no weights"):
        run(saved(tmp_path / "n.ckpt", {"epoch": 1}), tmp_path / "x.safetensors")
    whole = saved(tmp_path / "t.ckpt", weights()).read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 10):
        (tmp_path / "t.ckpt").write_bytes(whole[:length])
        with pytest.raises((ModelDamagedError, UnsafeFileError)):
            run(tmp_path / "t.ckpt", tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    source = saved(tmp_path / "My Model v1.ckpt", weights())
    target = converted_file(source, tmp_path)
    assert target == tmp_path / "converted" / "My Model v1.safetensors"
    told: list[tuple[float, str]] = []
    unpickle_in_child(source, target, lambda fraction, text: told.append((fraction, text)))
    assert told[-1] == (1.0, "Ready")
    assert set(read_safetensors_header(target).tensors) == set(weights())
    evil = saved(tmp_path / "evil.ckpt", {"x": _Evil(tmp_path / "was-run")})
    with pytest.raises(UnsafeFileError, match="could run a program"):
        unpickle_in_child(evil, tmp_path / "evil.safetensors", lambda *_: None)
    assert not (tmp_path / "was-run").exists()


def test_it_stops_when_it_shall(tmp_path: Path) -> None:
    source = saved(tmp_path / "x.ckpt", weights())

    class StoppedError(Exception):
        pass

    def check() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        unpickle_in_child(source, tmp_path / "x.safetensors", lambda *_: None, check)
    assert not (tmp_path / "x.safetensors").exists()


def test_the_process_limits_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    limits: dict[int, int] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda kind, pair: limits.update({kind: pair[0]}))
    source = saved(tmp_path / "x.ckpt", weights())
    unpickle_module._limit_this_process(source)
    assert limits[resource.RLIMIT_CORE] == 0
    assert limits[resource.RLIMIT_FSIZE] < 100_000_000
    assert limits[resource.RLIMIT_AS] < 9 * 1024**3
    assert limits[resource.RLIMIT_CPU] <= 1800

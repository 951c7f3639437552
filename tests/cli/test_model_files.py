"""``triptych models info`` and ``triptych models convert``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from studio.cli import main
from tests.models.test_identify import safetensors, written


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path / "data"))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["models", "info", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def lora(path: Path) -> Path:
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    shapes = {f"{name}.lora_down.weight": (4, 768), f"{name}.lora_up.weight": (320, 4)}
    return written(path, safetensors(shapes, {"modelspec.license": "MIT"}))


def test_a_lora_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = lora(tmp_path / "pixels.safetensors")
    facts = told(capsys, str(file))
    assert (facts["role"], facts["family"], facts["architecture"]) == ("lora", "sd-1", "LoRA")
    assert facts["licence"] == "MIT"
    assert facts["size_bytes"] == file.stat().st_size
    assert facts["needs"] == []
    assert facts["problem"] == ""
    assert "768-d text states" in facts["told_by"]
    assert main(["models", "info", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "told by       A LoRA for Stable Diffusion 1: the file's header has" in shown
    assert "licence       MIT" in shown


def test_a_model_that_needs_more_says_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), "img_in.weight": (8, 64)}
    facts = told(capsys, str(written(tmp_path / "flux.safetensors", safetensors(shapes))))
    assert facts["family"] == "flux"
    assert facts["needs"] == [
        "the autoencoder of FLUX.1", "the text encoder CLIP-L", "the text encoder T5-XXL",
    ]  # fmt: skip


def test_an_unknown_file_is_not_guessed_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "x.safetensors", safetensors({"foo.bar": (2,)}))
    facts = told(capsys, str(file))
    assert (facts["role"], facts["family"], facts["told_by"]) == ("", "", "")
    assert "cannot be told" in facts["problem"]
    assert main(["models", "info", str(file)]) == 0
    assert "nothing in its names or shapes" in capsys.readouterr().out


def test_the_hash_is_that_of_other_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lora(tmp_path / "pixels.safetensors")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    facts = told(capsys, str(file), "--hash")
    assert (facts["sha256"], facts["short_hash"]) == (digest, digest[:10])


def test_an_installed_model_is_found_by_its_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lora(tmp_path / "data" / "models" / "Lora" / "Pixel Art.safetensors")
    assert told(capsys, "pixel-art")["title"] == "Pixel Art"


@pytest.mark.parametrize("command", ["info", "convert"])
def test_what_is_not_there_gets_a_sentence(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", command, str(tmp_path / "none.ckpt")]) == 2
    assert "There is no" in capsys.readouterr().err


def test_a_checkpoint_is_converted_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    source = tmp_path / "old style.pt"
    torch.save({"string_to_param": {"*": torch.ones(2, 768)}}, source)
    assert main(["models", "convert", str(source), "--json"]) == 0
    captured = capsys.readouterr()
    made = Path(json.loads(captured.out)["path"])
    assert made == tmp_path / "data" / "models" / "converted" / "old style.safetensors"
    assert "Reading the weights" in captured.err
    assert told(capsys, "old-style")["role"] == "embedding"
    assert main(["models", "convert", str(source), "--out", str(tmp_path), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert (captured.out.strip(), captured.err) == (str(tmp_path / "old style.safetensors"), "")

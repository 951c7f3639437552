"""The folders of other programs, used in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.models.foreign_folders import model_roots
from studio.models.store import ModelStore
from tests.models.test_identify import safetensors, written

UNET = "model.diffusion_model."
SD1 = {
    f"{UNET}output_blocks.11.0.skip_connection.weight": (2, 2),
    f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (2, 768),
}
LORA = {
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (4, 768),
}
EMBEDDING = {"emb_params": (2, 768)}
VAE = {
    "encoder.conv_in.weight": (2, 3, 3, 3),
    "decoder.conv_in.weight": (2, 4, 3, 3),
    "decoder.conv_out.weight": (3, 2, 3, 3),
}


def put(path: Path, shapes: dict[str, tuple[int, ...]]) -> Path:
    return written(path.with_suffix(".safetensors"), safetensors(shapes))


def found(*folders: Path) -> dict[str, tuple[str, str]]:
    return {model.title: (model.role, model.family) for model in ModelStore(folders).models()}


def test_the_home_of_the_first_web_ui(tmp_path: Path) -> None:
    for name in ("webui.py", "launch.py"):
        written(tmp_path / name, "")
    put(tmp_path / "models" / "Stable-diffusion" / "dream", SD1)
    written(tmp_path / "models" / "Stable-diffusion" / "dream.civitai.info", "{}")
    written(tmp_path / "models" / "Stable-diffusion" / "dream.preview.png", "")
    written(tmp_path / "models" / "Stable-diffusion" / "dream.json", "{}")
    put(tmp_path / "models" / "Lora" / "pixels", LORA)
    put(tmp_path / "models" / "VAE" / "soft", VAE)
    put(tmp_path / "embeddings" / "bad-hands", EMBEDDING)
    put(tmp_path / "repositories" / "x" / "inside", SD1)
    put(tmp_path / "venv" / "lib" / "site-packages" / "test", SD1)
    put(tmp_path / "outputs" / "not-here", SD1)
    assert found(tmp_path) == {
        "dream": ("", "sd-1"), "pixels": ("lora", "sd-1"), "soft": ("vae", ""),
        "bad-hands": ("embedding", "sd-1"),
    }  # fmt: skip


def test_the_home_of_comfyui_and_the_paths_it_names(tmp_path: Path) -> None:
    home, other = tmp_path / "ComfyUI", tmp_path / "other drive"
    for name in ("main.py", "nodes.py"):
        written(home / name, "")
    put(home / "models" / "checkpoints" / "dream", SD1)
    put(home / "models" / "loras" / "sub" / "pixels", LORA)
    put(home / "custom_nodes" / "x" / "inside", SD1)
    put(other / "models" / "Stable-diffusion" / "second", SD1)
    put(other / "models" / "Lora" / "ink", LORA)
    put(other / "models" / "LyCORIS" / "oil", LORA)
    put(home / "relative" / "third", SD1)
    put(other / "not named", SD1)
    written(
        home / "extra_model_paths.yaml",
        f"""# a note
a111:
    base_path: {other}
    checkpoints: models/Stable-diffusion
    configs: models/Stable-diffusion
    loras: |
        models/Lora
        models/LyCORIS
comfyui:
    checkpoints: relative/
    is_default: true
empty:
""",
    )
    assert set(found(home)) == {"dream", "pixels", "second", "ink", "oil", "third"}
    assert model_roots(home)[0] == home / "models"


@pytest.mark.parametrize("content", ["", "[", "a: b", "- x", "a:\n  base_path: 3\n  x: 4", "\xff"])
def test_a_list_of_paths_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "extra_model_paths.yaml").write_bytes(content.encode("latin-1"))
    put(tmp_path / "dream", SD1)
    assert model_roots(tmp_path) == (tmp_path,)
    assert set(found(tmp_path)) == {"dream"}


def test_environment_and_home_in_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_MODELS", str(tmp_path / "big"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    written(
        tmp_path / "extra_model_paths.yaml",
        "x:\n  base_path: $MY_MODELS\n  loras: a\ny:\n  base_path: ~/x\n  loras: b\n",
    )
    expected = {tmp_path, tmp_path / "big" / "a", tmp_path / "home" / "x" / "b"}
    assert {Path(os.path.realpath(root)) for root in model_roots(tmp_path)} == {
        Path(os.path.realpath(root)) for root in expected
    }


def test_the_home_of_invokeai(tmp_path: Path) -> None:
    written(tmp_path / "invokeai.yaml", "schema_version: 4\n")
    put(tmp_path / "models" / "7f3c" / "dream", SD1)
    put(tmp_path / "nodes" / "x" / "inside", SD1)
    assert set(found(tmp_path)) == {"dream"}


def test_many_files_beside_a_stray_config_are_many_models(tmp_path: Path) -> None:
    written(tmp_path / "config.json", {"a": 1})
    put(tmp_path / "one", SD1)
    put(tmp_path / "two", LORA)
    assert set(found(tmp_path)) == {"one", "two"}


def test_lost_pieces_of_a_model_are_no_models(tmp_path: Path) -> None:
    put(tmp_path / "model-00001-of-00002", SD1)
    put(tmp_path / "dream", SD1)
    assert set(found(tmp_path)) == {"dream"}


def test_a_pipeline_in_a_folder_is_one_model(tmp_path: Path) -> None:
    written(
        tmp_path / "dream" / "model_index.json",
        {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "U"],
         "vae": ["diffusers", "V"]},
    )  # fmt: skip
    for part in ("unet", "vae"):
        written(tmp_path / "dream" / part / "config.json", {"_class_name": "X"})
        weights = tmp_path / "dream" / part / "diffusion_pytorch_model.safetensors"
        written(weights, safetensors({"a": (5,)}))
    put(tmp_path / "dream" / "dream-one-file", SD1)
    assert found(tmp_path) == {"dream": ("", "")}


def test_a_folder_of_configurations_belongs_to_the_file_of_its_name(tmp_path: Path) -> None:
    put(tmp_path / "new", {"foo.bar": (2,)})
    written(tmp_path / "new" / "model_index.json", {"_class_name": "NewPipeline"})
    store = ModelStore([tmp_path])
    assert [model.title for model in store.models()] == ["new"]
    assert store.problems() == {}

"""Picture models loaded from one file in their original layout, with nothing fetched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch  # noqa: TID253 - these tests are about weights
from safetensors.torch import load_file, save_file  # noqa: TID253

from studio.core.errors import ModelDamagedError
from studio.engine.backends._single_file_impl import load_single_file, load_tokenizer, load_vae
from studio.models.single_file import PartPlan, SingleFilePlan, plan
from tests.fakes import toy_pictures
from tests.fakes.original_layout import original, save_original


def toy(family: str, folder: Path) -> tuple[Any, SingleFilePlan]:
    """Return a pipeline, and how to load it from the file in which it was saved."""
    from diffusers import DiffusionPipeline

    config = toy_pictures.picture_folder(family)
    pipeline = DiffusionPipeline.from_pretrained(str(config), local_files_only=True)
    file = save_original(pipeline, folder / f"{family}.safetensors")
    return pipeline, plan(file, config=config)


def networks(pipeline: Any) -> dict[str, Any]:
    return {k: v for k, v in pipeline.components.items() if isinstance(v, torch.nn.Module)}


def the_same(first: Any, second: Any, but: tuple[str, ...] = ()) -> None:
    assert networks(first).keys() == networks(second).keys()
    for name, network in networks(first).items():
        theirs = networks(second)[name].state_dict()
        assert network.state_dict().keys() == theirs.keys()
        for key, tensor in network.state_dict().items():
            assert key in but or torch.equal(tensor, theirs[key]), f"{name} {key}"


@pytest.mark.parametrize("family", ["sd-1", "sd-1-inpaint", "sd-2", "sdxl", "sd-3"])
def test_the_weights_are_those_that_were_saved(family: str, tmp_path: Path) -> None:
    pipeline, found = toy(family, tmp_path)
    loaded = load_single_file(found)
    assert type(loaded) is type(pipeline)
    # Of CLIP-L in Stable Diffusion 3's files diffusers takes the projection to change nothing.
    the_same(pipeline, loaded, but=("text_projection.weight",) if family == "sd-3" else ())
    assert loaded.scheduler.config.get("prediction_type") == pipeline.scheduler.config.get(
        "prediction_type"
    )
    assert all(not network.training for network in networks(loaded).values())


def test_a_second_stable_diffusion_with_its_own_text_encoder(tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    config = toy_pictures.picture_folder("sd-2")
    pipeline = DiffusionPipeline.from_pretrained(str(config), local_files_only=True)
    pipeline.text_encoder.config.hidden_act = "gelu"  # as OpenCLIP has it
    file = save_original(pipeline, tmp_path / "x.safetensors")
    assert any(name.startswith("cond_stage_model.model.") for name in load_file(file))
    the_same(pipeline, load_single_file(plan(file, config=config)))


def test_number_types_are_converted(tmp_path: Path) -> None:
    _, found = toy("sd-1", tmp_path)
    loaded = load_single_file(found, torch_dtype=torch.bfloat16)
    for network in networks(loaded).values():
        assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}


def test_what_the_file_says_it_predicts_is_set(tmp_path: Path) -> None:
    pipeline, found = toy("sd-1", tmp_path)
    assert pipeline.scheduler.config.prediction_type == "epsilon"
    file = save_original(pipeline, found.path, **{"modelspec.prediction_type": "v"})
    loaded = load_single_file(plan(file, config=found.config))
    assert loaded.scheduler.config.prediction_type == "v_prediction"


def test_parts_the_file_lacks_come_from_other_files(tmp_path: Path) -> None:
    pipeline, found = toy("sd-1", tmp_path)
    whole = original(pipeline)

    def split(name: str, prefix: str, cut: str) -> Path:
        tensors = {
            key.removeprefix(cut): value.contiguous().clone()
            for key, value in whole.items()
            if key.startswith(prefix)
        }
        save_file(tensors, tmp_path / name)
        return tmp_path / name

    alone = split("unet.safetensors", "model.diffusion_model.", "")
    vae = split("vae.safetensors", "first_stage_model.", "first_stage_model.")
    clip = split("clip_l.safetensors", "cond_stage_model.", "cond_stage_model.transformer.")
    missing = (
        PartPlan("vae", ("diffusers", "AutoencoderKL"), "vae", "sd-1"),
        PartPlan("text_encoder", ("transformers", "CLIPTextModel"), "text-encoder", "clip-l"),
    )
    parts = SingleFilePlan(
        path=alone, kind="sd-1", family="sd-1", pipeline=found.pipeline, config=found.config,
        tokenizers=found.tokenizers, missing=missing,
    )  # fmt: skip
    the_same(pipeline, load_single_file(parts, {"vae": vae, "text_encoder": clip}))
    folders = {name: found.config / name for name in ("vae", "text_encoder")}
    the_same(pipeline, load_single_file(parts, folders))
    with pytest.raises(ModelDamagedError, match=r"vae\.safetensors could not be loaded: it lacks"):
        load_single_file(parts, {"vae": vae, "text_encoder": vae})


def test_an_optional_part_may_be_left_out(tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    config = toy_pictures.picture_folder("sd-3")
    pipeline = DiffusionPipeline.from_pretrained(
        str(config), text_encoder_3=None, local_files_only=True
    )
    file = save_original(pipeline, tmp_path / "x.safetensors")
    t5 = PartPlan("text_encoder_3", ("transformers", "T5EncoderModel"), "text-encoder", "t5-xxl",
                  optional=True)  # fmt: skip
    found = plan(file, config=config)
    loaded = load_single_file(
        SingleFilePlan(
            path=file, kind="sd-3-medium", family="sd-3", pipeline=found.pipeline, config=config,
            tokenizers=found.tokenizers, missing=(t5,),
        )
    )  # fmt: skip
    assert loaded.text_encoder_3 is None
    assert loaded.text_encoder is not None


def _without(prefix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda tensors: {k: v for k, v in tensors.items() if not k.startswith(prefix)}


def _narrow(tensors: dict[str, Any]) -> dict[str, Any]:
    name = "model.diffusion_model.input_blocks.0.0.weight"
    return tensors | {name: tensors[name][:, :2].contiguous()}


@pytest.mark.parametrize(
    "spoil",
    [
        _without("first_stage_model.decoder.conv_in"),
        _without("first_stage_model."),
        _without("model.diffusion_model.out."),
        _without("cond_stage_model.transformer.text_model.encoder.layers.0"),
        _narrow,
    ],
    ids=["a weight of the vae", "the vae", "the last layer", "a layer of the text encoder",
         "another shape"],
)  # fmt: skip
def test_a_file_with_holes_is_refused(
    spoil: Callable[[dict[str, Any]], dict[str, Any]], tmp_path: Path
) -> None:
    _, found = toy("sd-1", tmp_path)
    save_file(spoil(load_file(found.path)), found.path)
    with pytest.raises(ModelDamagedError, match="could not be loaded") as caught:
        load_single_file(found)
    assert caught.value.hint


def test_an_autoencoder_from_a_file_or_a_folder(tmp_path: Path) -> None:
    pipeline, found = toy("sd-1", tmp_path)
    folder = SimpleNamespace(path=found.config / "vae")
    for path in (found.path, folder.path):
        vae = load_vae(path, found.config, torch.float32)
        for key, tensor in pipeline.vae.state_dict().items():
            assert torch.equal(tensor, vae.state_dict()[key])
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(found.path.read_bytes()[:-100])
    with pytest.raises(ModelDamagedError):
        load_vae(broken, found.config, torch.float32)


def test_a_lack_of_memory_is_not_called_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionPipeline

    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    _, found = toy("sd-1", tmp_path)
    monkeypatch.setattr(StableDiffusionPipeline, "from_single_file", fail)
    with pytest.raises(torch.OutOfMemoryError):
        load_single_file(found)


def test_tokenizers_are_made_once_more_from_the_folder(tmp_path: Path) -> None:
    _, found = toy("sd-1", tmp_path)
    tokenizer = load_tokenizer(found.tokenizers["tokenizer"])
    assert tokenizer("a red fox").input_ids == toy_pictures.clip_tokenizer()("a red fox").input_ids

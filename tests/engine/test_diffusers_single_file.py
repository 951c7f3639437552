"""Picture models in one file, loaded offline: they draw what the folder draws."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.errors import ModelDamagedError, ModelNotFoundError
from studio.engine.api import Device, JobCancelled
from studio.engine.backends.diffusers_image import DiffusersImageBackend
from studio.models import single_file
from studio.models.info import ModelInfo
from studio.models.single_file import PartPlan, SingleFilePlan
from tests.engine.backend_contract import LoadRecorder
from tests.engine.test_diffusers_families import IMG2IMG, INPAINT, TXT2IMG, request
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_picture_parts import part
from tests.fakes.toy_pictures import loaded, picture_file, picture_folder, picture_model

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

CPU = Device(kind="cpu", dtype="float32", threads=1)
BACKEND = DiffusersImageBackend()


def load(model: ModelInfo, ctx: RecordingContext | None = None) -> Any:
    return BACKEND.load(model, CPU, ctx or RecordingContext())


@pytest.mark.parametrize("family", ["sd-1", "sd-2", "sdxl", "sd-3"])
def test_one_file_draws_what_the_folder_draws(family: str) -> None:
    """But for the last digit: weights begin elsewhere in memory, and products are rounded so."""
    model, ctx = load(picture_file(family)), RecordingContext()
    for capability in (TXT2IMG, IMG2IMG, INPAINT):
        asked = request(ctx, capability)
        ours = model.generate(asked, ctx).pictures[0].pixels().astype(np.int16)
        theirs = loaded(family).generate(asked, ctx).pictures[0].pixels()
        assert np.abs(ours - theirs).max() <= 1
        assert (ours != theirs).mean() < 0.001
    model.unload()


def test_a_file_for_painting_into_pictures_does_that() -> None:
    model, ctx = load(picture_file("sd-1-inpaint")), RecordingContext()
    asked = request(ctx, INPAINT)
    theirs = loaded("sd-1-inpaint").generate(asked, ctx)
    assert model.generate(asked, ctx).pictures == theirs.pictures
    model.unload()


def test_loading_tells_its_parts_and_stops_between_them() -> None:
    told = LoadRecorder()
    BACKEND.load(picture_file("sdxl"), CPU, told).unload()
    words = [message for _, message in told.told]
    assert "Reading the painter" in words
    assert "Reading the autoencoder" in words
    assert "Reading the text encoder" in words
    fractions = [fraction for fraction, _ in told.told if fraction is not None]
    assert fractions == sorted(fractions)
    for look in range(2, told.looks):
        with pytest.raises(JobCancelled):
            BACKEND.load(picture_file("sdxl"), CPU, LoadRecorder(cancel_at=look))


def test_a_file_cut_short_gets_a_sentence(tmp_path: Path) -> None:
    model = picture_file("sd-1")
    assert model.path is not None
    path = tmp_path / model.path.name
    path.write_bytes(model.path.read_bytes()[:-5000])
    shutil.copytree(model.path.with_suffix(""), path.with_suffix(""))
    with pytest.raises(ModelDamagedError, match="damaged"):
        load(dataclasses.replace(model, path=path))


def test_a_file_without_its_autoencoder_gets_a_sentence(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = picture_file("sd-1")
    assert model.path is not None
    path = tmp_path / model.path.name
    state = load_file(str(model.path))
    kept = {key: value for key, value in state.items() if not key.startswith("first_stage")}
    save_file(kept, path)
    shutil.copytree(model.path.with_suffix(""), path.with_suffix(""))
    with pytest.raises(ModelDamagedError):
        load(dataclasses.replace(model, path=path))


# A transformer alone, the rest in other files of the store, as FLUX is passed around


@pytest.fixture
def flux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelInfo:
    folder = picture_folder("flux")
    path = tmp_path / "flux-toy.safetensors"
    shutil.copy(folder / "transformer" / "diffusion_pytorch_model.safetensors", path)
    index = json.loads((folder / "model_index.json").read_text())
    config = tmp_path / "config"
    shutil.copytree(folder, config, ignore=shutil.ignore_patterns("*.safetensors"))
    plan = SingleFilePlan(
        path=path,
        kind="flux-dev",
        family="flux",
        pipeline="FluxPipeline",
        config=config,
        tokenizers={
            name: single_file.TokenizerPlan(index[name][1], folder / name)
            for name in ("tokenizer", "tokenizer_2")
        },
        missing=(
            PartPlan("text_encoder", ("transformers", "CLIPTextModel"), "text-encoder", "clip-l"),
            PartPlan("text_encoder_2", ("transformers", "T5EncoderModel"), "text-encoder",
                     "t5-xxl"),
            PartPlan("vae", ("diffusers", "AutoencoderKL"), "vae", "flux"),
        ),
    )  # fmt: skip
    monkeypatch.setattr(single_file, "plan", lambda path: plan)
    return dataclasses.replace(picture_model("flux"), path=path, format="checkpoint")


def beside() -> list[ModelInfo]:
    folder = picture_folder("flux")
    return [
        part("text-encoder", folder / "text_encoder", "clip-l"),
        part("text-encoder", folder / "text_encoder_2", "t5-xxl"),
        part("vae", folder / "vae", "flux"),
    ]


def test_parts_of_other_files_are_found_in_the_store(flux: ModelInfo) -> None:
    ctx = RecordingContext()
    ctx.models = {info.id: info for info in beside()}
    model = load(flux, ctx)
    asked = request(ctx)
    theirs = loaded("flux").generate(asked, ctx)
    assert model.generate(asked, ctx).pictures == theirs.pictures
    model.unload()


def test_a_part_that_is_nowhere_is_named(flux: ModelInfo) -> None:
    ctx = RecordingContext()
    ctx.models = {info.id: info for info in beside()[:1]}
    with pytest.raises(ModelNotFoundError, match="T5-XXL and the autoencoder"):
        load(flux, ctx)

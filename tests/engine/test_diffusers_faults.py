"""What goes wrong with pictures: bad input, wrong numbers, no memory, impatience."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.errors import (
    BackendError,
    BadInputError,
    InputMissingError,
    ModelDamagedError,
    OutOfMemoryError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.core.events import Cancelled, Failed, Finished, ModelLoading, Notice, Progress, Started
from studio.core.inputs import InputRef
from studio.core.requests import ImageRequest, replaced
from studio.core.settings import Computing
from studio.engine.api import Device, JobCancelled
from studio.engine.backends.diffusers_image import DiffusersImageBackend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.models.identify import identify
from tests.engine.backend_contract import OneModel
from tests.engine.test_diffusers_families import (
    IMG2IMG,
    INPAINT,
    TXT2IMG,
    request,
    some_mask,
    some_picture,
)
from tests.fakes.job_context import RecordingContext
from tests.fakes.listener import Listener, ended
from tests.fakes.toy_pictures import encoded, loaded, picture_folder, picture_model

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

CPU = Device(kind="cpu", dtype="float32", threads=1)
BACKEND = DiffusersImageBackend()


@pytest.fixture
def ctx() -> RecordingContext:
    return RecordingContext()


def pixels(family: str, ctx: RecordingContext, asked: ImageRequest) -> Any:
    return loaded(family).generate(asked, ctx).pictures[0].pixels()


# Bad input


@pytest.mark.parametrize(
    "changes", [{"width": 16_385}, {"height": -1}, {"width": 1.5}], ids=["huge", "negative", "half"]
)
def test_impossible_sizes_are_refused_before_anything_is_computed(changes: Any) -> None:
    with pytest.raises(BadInputError):
        ImageRequest(capability=TXT2IMG, seed=1, prompt="a fox", **changes)


def test_the_largest_size_is_more_than_a_model_can_draw(ctx: RecordingContext) -> None:
    with pytest.raises(BadInputError, match="more than a model can draw"):
        pixels("sd-1", ctx, request(ctx, width=16_384, height=16_384))
    assert not ctx.steps


def test_a_mask_of_another_shape_is_refused(ctx: RecordingContext) -> None:
    mask = ctx.inputs.put(encoded(some_mask(64, 64)[:32]), "image/png")
    with pytest.raises(BadInputError, match="The mask is 64 x 32 px"):
        pixels("sd-1", ctx, request(ctx, INPAINT, mask_image=mask))


def test_an_empty_mask_is_refused(ctx: RecordingContext) -> None:
    mask = ctx.inputs.put(encoded(some_mask() * 0), "image/png")
    with pytest.raises(BadInputError, match="empty"):
        pixels("sd-1", ctx, request(ctx, INPAINT, mask_image=mask))


def test_a_picture_that_is_none_gets_a_sentence(ctx: RecordingContext) -> None:
    image = ctx.inputs.put(b"%PDF-1.7", "application/pdf")
    with pytest.raises(BadInputError, match="not a picture"):
        pixels("sd-1", ctx, request(ctx, IMG2IMG, image=image))


def test_a_picture_that_is_gone_is_said_to_be(ctx: RecordingContext) -> None:
    gone = InputRef(sha256="0" * 64, media_type="image/png")
    with pytest.raises(InputMissingError):
        pixels("sd-1", ctx, request(ctx, IMG2IMG, image=gone))


@pytest.mark.parametrize("prompt", ["", "(((", "[a|b|", "\ud800", "a" * 5000, "BREAK BREAK"])
def test_any_prompt_draws_something(prompt: str, ctx: RecordingContext) -> None:
    asked = request(ctx, prompt=prompt, options={"num_inference_steps": 1})
    assert pixels("sd-1", ctx, asked).shape == (64, 64, 4)


def test_a_task_that_the_family_has_not_is_refused(ctx: RecordingContext) -> None:
    with pytest.raises(UnsupportedModelError, match="cannot make pictures from words"):
        pixels("sd-1-inpaint", ctx, request(ctx))


# Outpainting


def test_a_grown_canvas_is_painted_where_it_was_empty(ctx: RecordingContext) -> None:
    grown = np.zeros((64, 128, 4), np.uint8)
    grown[:, :72] = some_picture()
    mask = np.zeros((64, 128), np.uint8)
    mask[:, 64:] = 255
    asked = request(
        ctx,
        INPAINT,
        image=ctx.inputs.put(encoded(grown), "image/png"),
        mask_image=ctx.inputs.put(encoded(mask), "image/png"),
        strength=1.0,
    )
    out = pixels("sd-1", ctx, asked)
    assert np.array_equal(out[:, :64], grown[:, :64])
    assert out[:, 96:, 3].min() == 255
    assert out[:, 96:, :3].std() > 5


# Damaged and foreign files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(picture_folder("sd-1"), tmp_path / "toy")
    return tmp_path / "toy"


def load(folder: Path) -> Any:
    return BACKEND.load(identify(folder), CPU, RecordingContext())


def test_weights_cut_short_after_the_scan_are_found_out(folder: Path) -> None:
    model = identify(folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelDamagedError, match="damaged"):
        BACKEND.load(model, CPU, RecordingContext())


@pytest.mark.parametrize("where", ["unet", "vae", "text_encoder"])
def test_a_weight_that_is_missing_is_not_made_up(folder: Path, where: str) -> None:
    from safetensors.torch import load_file, save_file

    weights = next((folder / where).glob("*.safetensors"))
    state = load_file(str(weights))
    state.pop(sorted(state)[1])
    save_file(state, weights, metadata={"format": "pt"})
    with pytest.raises(ModelDamagedError, match="could not be loaded"):
        load(folder)


def test_a_configuration_that_is_no_json_gets_a_sentence(folder: Path) -> None:
    (folder / "unet" / "config.json").write_text("{")
    model = picture_model("sd-1")
    import dataclasses

    with pytest.raises(ModelDamagedError):
        BACKEND.load(dataclasses.replace(model, path=folder), CPU, RecordingContext())


def test_a_folder_that_brings_a_program_is_refused(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit('started')")
    index = json.loads((folder / "model_index.json").read_text())
    index["unet"] = ["mine", "MyUNet"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UnsafeFileError, match="program of its own"):
        load(folder)


def test_a_part_nobody_knows_is_named(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["unet"] = ["diffusers", "UNet9DModel"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UnsupportedModelError, match="UNet9DModel"):
        load(folder)


def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    import dataclasses

    from studio.core.errors import ModelNotFoundError

    gone = dataclasses.replace(picture_model("sd-1"), path=tmp_path / "gone")
    with pytest.raises(ModelNotFoundError, match="gone"):
        BACKEND.load(gone, CPU, RecordingContext())


def test_a_judge_of_pictures_is_not_loaded(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    model, ctx = load(folder), RecordingContext()
    assert np.array_equal(
        model.generate(request(ctx), ctx).pictures[0].pixels(), pixels("sd-1", ctx, request(ctx))
    )


def test_weights_kept_only_as_a_variant_are_found(folder: Path) -> None:
    for weights in folder.rglob("*.safetensors"):
        weights.rename(weights.with_name(f"{weights.stem}.fp16.safetensors"))
    ctx = RecordingContext()
    assert load(folder).generate(request(ctx), ctx).pictures


# Wrong numbers


@pytest.mark.parametrize("task", [TXT2IMG, IMG2IMG, INPAINT])
def test_a_picture_of_wrong_numbers_is_said_to_be_black(
    task: Any, ctx: RecordingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import UNet2DConditionModel

    monkeypatch.setattr(
        UNet2DConditionModel, "forward", lambda self, sample, *args, **kw: (sample * np.nan,)
    )
    with pytest.raises(BackendError, match="came out black"):
        pixels("sd-1", ctx, request(ctx, task))
    assert len(ctx.steps) <= 2, "it is noticed at the first step"


@pytest.mark.parametrize("value", [np.nan, -1.0], ids=["no number", "black"])
def test_a_black_picture_out_of_the_autoencoder_is_not_kept(
    value: float, ctx: RecordingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import AutoencoderKL

    own = AutoencoderKL.decode

    def decode(self: Any, *args: Any, **kw: Any) -> Any:
        return (own(self, *args, **kw)[0] * 0 + value,)

    monkeypatch.setattr(AutoencoderKL, "decode", decode)
    with pytest.raises(BackendError, match="came out black"):
        pixels("sd-1", ctx, request(ctx))


# Stopping


@pytest.mark.parametrize("family", ["sd-1", "flux"])
@pytest.mark.parametrize("task", [TXT2IMG, INPAINT])
def test_it_stops_at_every_point_and_the_next_picture_is_right(family: str, task: Any) -> None:
    ctx = RecordingContext()
    asked = request(ctx, task, num_images_per_prompt=2)
    loaded(family).generate(asked, ctx)  # the first one also finds the colours of previews
    ctx.checkpoints = 0
    whole = loaded(family).generate(asked, ctx)
    assert ctx.checkpoints > 40, "it can be stopped in the middle of a step and while decoding"
    points = sorted({*range(8), *range(8, ctx.checkpoints, ctx.checkpoints // 9 + 1)})
    for point in points:
        stopped = RecordingContext(cancel_after=point)
        stopped.inputs = ctx.inputs
        with pytest.raises(JobCancelled):
            loaded(family).generate(asked, stopped)
        assert stopped.checkpoints == point
    assert loaded(family).generate(asked, ctx).pictures == whole.pictures


def test_it_stops_while_tiles_are_decoded(ctx: RecordingContext) -> None:
    model = BACKEND.load(picture_model("sd-1"), CPU, ctx)
    before = model.generate(request(ctx, width=192, height=192), ctx)
    told = [model.economise()]
    assert told == ["large pictures are drawn in tiles"]
    vae = model._pipelines.parts["vae"]
    vae.tile_sample_min_size, vae.tile_latent_min_size = 64, 8
    counting = RecordingContext()
    tiled = model.generate(request(ctx, width=192, height=192), counting)
    assert tiled.pictures[0].width == before.pictures[0].width
    decoding = counting.checkpoints - 20
    with pytest.raises(JobCancelled):
        model.generate(request(ctx, width=192, height=192), RecordingContext(cancel_after=decoding))
    model.unload()


# What fits


def test_what_cannot_fit_is_refused_with_a_size_that_would(
    ctx: RecordingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.engine import memory

    monkeypatch.setattr(memory, "host_total_bytes", lambda: 8_000_000)
    with pytest.raises(OutOfMemoryError, match="1024 x 1024 px needs about") as raised:
        pixels("sd-1", ctx, request(ctx, width=1024, height=1024))
    assert "px would fit" in raised.value.hint
    assert pixels("sd-1", ctx, request(ctx, width=64, height=64)).any()


def test_what_would_fit_if_others_left_is_told_as_short_memory(
    ctx: RecordingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.engine import memory
    from studio.engine.border import is_out_of_memory

    monkeypatch.setattr(memory, "host_free_bytes", lambda: 100_000)
    with pytest.raises(MemoryError) as raised:
        pixels("sd-1", ctx, request(ctx))
    assert is_out_of_memory(raised.value)


def test_a_large_picture_is_decoded_in_tiles_and_the_next_small_one_is_not(
    ctx: RecordingContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.engine.backends import _diffusers_room_impl as room

    vae = loaded("sd-1")._pipelines.parts["vae"]
    before = pixels("sd-1", ctx, request(ctx))
    monkeypatch.setattr(room, "_UNTILED_SHARE", 1e-9)
    pixels("sd-1", ctx, request(ctx, width=128))
    assert vae.use_tiling
    monkeypatch.undo()
    assert np.array_equal(pixels("sd-1", ctx, request(ctx)), before)
    assert not vae.use_tiling


# Through the engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(
        registry=Registry.of(DiffusersImageBackend()),
        store=OneModel(picture_model("sd-1")),
        settings=Computing(memory_budget_gb=64),
        queue_file=None,
        find_device=lambda settings: (CPU, ""),
    )
    engine.start()
    yield engine
    engine.close()


@pytest.fixture
def listener(engine: Engine) -> Iterator[Listener]:
    listener = Listener(engine)
    yield listener
    listener.unsubscribe()


def job(steps: int = 3, **changes: Any) -> ImageRequest:
    return ImageRequest(
        capability=TXT2IMG,
        seed=5,
        prompt="a red fox in snow",
        model=picture_model("sd-1").id,
        width=64,
        height=64,
        options={"num_inference_steps": steps},
        **changes,
    )


class Once:
    """Stands in for a function and runs out of memory the first ``times`` times."""

    def __init__(self, own: Callable[..., Any], times: int) -> None:
        self.own = own
        self.left = times

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return lambda *args, **kw: self(owner, *args, **kw)

    def __call__(self, *args: Any, **kw: Any) -> Any:
        if self.left > 0:
            self.left -= 1
            import torch

            raise torch.OutOfMemoryError("simulated: out of memory")
        return self.own(*args, **kw)


def starve(monkeypatch: pytest.MonkeyPatch, phase: str, times: int) -> Once:
    import diffusers

    from studio.engine.backends import _diffusers_loading_impl, _diffusers_prompts_impl

    place: Any
    place, name = {
        "load": (_diffusers_loading_impl, "read_network"),
        "encode": (_diffusers_prompts_impl, "encode"),
        "step": (diffusers.UNet2DConditionModel, "forward"),
        "decode": (diffusers.AutoencoderKL, "decode"),
    }[phase]
    once = Once(getattr(place, name), times)
    monkeypatch.setattr(place, name, once)
    return once


@pytest.mark.parametrize("phase", ["encode", "step", "decode"])
def test_short_memory_is_met_by_needing_less(
    phase: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = listener.run(job())
    assert isinstance(whole, Finished)
    asked = job(num_images_per_prompt=2, label=phase)
    if phase == "encode":
        asked = replaced(asked, prompt="another fox")
        whole = listener.run(replaced(asked, label="before"))
        asked = replaced(asked, prompt="another fox ")
    once = starve(monkeypatch, phase, 1)
    number = listener.engine.submit(asked)
    event = listener.wait(number)
    assert isinstance(event, Finished), event
    assert once.left == 0
    notices = [each for each in listener.of(number) if isinstance(each, Notice)]
    assert [each.code for each in notices] == ["memory"]
    assert "tiles" in notices[0].message
    if phase != "encode":
        assert event.artifact.pictures[0] == whole.artifact.pictures[0]


def test_short_memory_while_loading_is_said_and_the_next_try_works(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    starve(monkeypatch, "load", 1)
    event = listener.run(job())
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"
    assert isinstance(listener.run(job()), Finished)


@pytest.mark.parametrize("phase", ["step", "decode"])
def test_when_nothing_helps_a_sentence_says_so_and_the_next_job_works(
    phase: str, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(listener.run(job()), Finished)
    with monkeypatch.context() as patch:
        starve(patch, phase, 1000)
        number = listener.engine.submit(job())
        event = listener.wait(number)
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"
    assert event.hint
    told = [each.message for each in listener.of(number) if isinstance(each, Notice)]
    assert len(told) == 2
    assert "tiles" in told[0]
    assert "8 bits" in told[1]
    assert isinstance(listener.run(job()), Finished)


def test_a_hundred_quick_presses_each_end_once(listener: Listener) -> None:
    first = listener.run(job())
    for press in range(100):
        number = listener.engine.submit(job(steps=30))
        if press % 4 == 1:
            listener.wait_for(number, Started)
        elif press % 4 == 2:
            listener.wait_for(number, (ModelLoading, Progress))
        elif press % 4 == 3:
            listener.until(
                lambda number=number: any(  # type: ignore[misc]
                    isinstance(each, Progress) and each.step >= 2 for each in listener.of(number)
                )
            )
        listener.engine.cancel(number)
        event = listener.wait(number)
        assert isinstance(event, Cancelled), event
        assert ended(listener.of(number)) == 1
    last = listener.run(job())
    assert isinstance(last, Finished)
    assert last.artifact.pictures == first.artifact.pictures


@pytest.mark.parametrize("moment", [Started, Progress], ids=["at the start", "between steps"])
def test_closing_in_the_middle_of_a_picture_is_quick(engine: Engine, moment: Any) -> None:
    import threading
    import time

    listener = Listener(engine)
    listener.run(job(steps=1))
    number = engine.submit(job(steps=150, num_images_per_prompt=8))
    listener.wait_for(number, moment)
    began = time.monotonic()
    engine.close()
    assert time.monotonic() - began < 5
    assert ended(listener.of(number)) <= 1
    left = [each.name for each in threading.enumerate() if "worker" in each.name]
    assert not left

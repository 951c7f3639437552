"""Each family of picture models, at toy size: every task, against bare diffusers, every option."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.requests import Capability, ImageRequest
from studio.engine.api import Device
from studio.engine.backends._diffusers_families import (
    FAMILIES,
    IMG2IMG,
    INPAINT,
    TXT2IMG,
    family_of,
)
from studio.engine.backends.diffusers_image import (
    DiffusersImageBackend,
    ImageOptions,
    scheduler_choices,
)
from studio.models.info import ModelInfo
from tests.engine.backend_contract import LoadRecorder
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_pictures import encoded, loaded, picture_folder, picture_model

#: What diffusers' schedulers do with numpy 2 and this torch; nothing of ours.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array_wrap__ must:DeprecationWarning"),
]

TOYS = ("sd-1", "sd-2", "sdxl", "sd-3", "flux")
BACKEND = DiffusersImageBackend()
STEPS = {"num_inference_steps": 3}


def request(
    ctx: RecordingContext, capability: Capability = TXT2IMG, **changes: Any
) -> ImageRequest:
    """Return a request for a small picture, with pictures to go on where the task wants some."""
    values: dict[str, Any] = {"prompt": "a red fox in snow", "seed": 5, "options": STEPS}
    if capability is TXT2IMG:
        values |= {"width": 64, "height": 64}
    else:
        values["image"] = ctx.inputs.put(encoded(some_picture()), "image/png")
    if capability is INPAINT:
        values["mask_image"] = ctx.inputs.put(encoded(some_mask()), "image/png")
    return ImageRequest(capability=capability, **{**values, **changes})


def some_picture(width: int = 72, height: int = 64) -> Any:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    whole = np.full_like(across, 255)
    return np.stack((across, down, 255 - across, whole), axis=2).astype(np.uint8)


def some_mask(width: int = 72, height: int = 64) -> Any:
    mask = np.zeros((height, width), np.uint8)
    mask[16:48, 20:56] = 255
    return mask


def drawn(family: str, ctx: RecordingContext, asked: ImageRequest) -> Any:
    """Return the pixels of the first picture."""
    return loaded(family).generate(asked, ctx).pictures[0].pixels()


@pytest.mark.parametrize("family", TOYS)
def test_words_become_the_picture_that_bare_diffusers_draws(family: str) -> None:
    import diffusers
    import torch

    ctx = RecordingContext()
    ours = drawn(family, ctx, request(ctx))
    bare = diffusers.DiffusionPipeline.from_pretrained(
        str(picture_folder(family)), local_files_only=True
    )
    bare.set_progress_bar_config(disable=True)
    guidance = family_of(picture_model(family)).guidance_scale  # type: ignore[union-attr]
    theirs = bare(
        "a red fox in snow",
        width=64,
        height=64,
        num_inference_steps=3,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(5),
        output_type="np",
    ).images[0]
    # Our autoencoders compute with channels last, which rounds a few px in another way.
    far = np.abs(ours[..., :3].astype(int) - (theirs * 255).round().astype(int))
    assert far.max() <= 1
    assert far.mean() < 0.02
    assert ours[..., 3].min() == 255


@pytest.mark.parametrize("capability", [IMG2IMG, INPAINT])
@pytest.mark.parametrize("family", TOYS)
def test_pictures_are_remade_in_their_own_size(family: str, capability: Capability) -> None:
    ctx = RecordingContext()
    pixels = drawn(family, ctx, request(ctx, capability))
    source = some_picture()
    assert pixels.shape == source.shape
    assert not np.array_equal(pixels, source)
    if capability is INPAINT:
        kept = some_mask() == 0
        assert np.array_equal(pixels[kept], source[kept])


def test_a_model_made_for_painting_into_pictures_does_that_alone() -> None:
    model = picture_model("sd-1-inpaint")
    assert BACKEND.supports(model) == (INPAINT,)
    ctx = RecordingContext()
    pixels = drawn("sd-1-inpaint", ctx, request(ctx, INPAINT, strength=1.0))
    assert not np.array_equal(pixels, some_picture())


@pytest.mark.parametrize("family", TOYS)
def test_every_scheduler_that_is_offered_works(family: str) -> None:
    model = picture_model(family)
    names = scheduler_choices(model, family_of(model))  # type: ignore[arg-type]
    ctx = RecordingContext()
    seen = {}
    for name in names:
        asked = request(ctx, options={"scheduler": name, "num_inference_steps": 4})
        seen[name] = drawn(family, ctx, asked).tobytes()
    assert len(set(seen.values())) > len(names) // 2, "they are not all the same one"


def test_nothing_of_a_scheduler_is_left_for_the_next_picture() -> None:
    ctx = RecordingContext()
    first = drawn("sd-1", ctx, request(ctx))
    drawn("sd-1", ctx, request(ctx, options={"scheduler": "dpmpp_2m_sde_karras", **STEPS}))
    assert np.array_equal(first, drawn("sd-1", ctx, request(ctx)))


@pytest.mark.parametrize("family", ["sd-1", "flux"])
def test_each_picture_is_the_same_when_it_is_asked_for_alone(family: str) -> None:
    ctx = RecordingContext()
    seed = 2**32 - 2
    several = loaded(family).generate(request(ctx, seed=seed, num_images_per_prompt=3), ctx)
    assert several.seeds == (2**32 - 2, 2**32 - 1, 0)
    for number, (picture, each) in enumerate(zip(several.pictures, several.seeds, strict=True)):
        alone = loaded(family).generate(request(ctx, seed=each), ctx)
        assert alone.pictures == (picture,), number
    assert len(set(several.pictures)) == 3


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (8, 8), (65, 71), (100, 64), (64, 130), (40, 200)]
)
def test_any_size_comes_out_as_it_was_asked_for(width: int, height: int) -> None:
    ctx = RecordingContext()
    for capability in (TXT2IMG, IMG2IMG):
        picture = ctx.inputs.put(encoded(some_picture(width, height)), "image/png")
        more: dict[str, Any] = {"width": width, "height": height}
        if capability is IMG2IMG:
            more["image"] = picture
        asked = request(ctx, capability, options={"num_inference_steps": 2}, **more)
        assert drawn("sd-1", ctx, asked).shape == (height, width, 4)


def test_no_size_is_the_models_own() -> None:
    ctx = RecordingContext()
    assert drawn("sd-1", ctx, request(ctx, width=0, height=0)).shape == (64, 64, 4)
    assert drawn("sd-1", ctx, request(ctx, width=80, height=0)).shape == (64, 80, 4)


def test_without_strength_a_picture_stays_as_it_is() -> None:
    ctx = RecordingContext()
    source = some_picture()
    assert np.array_equal(drawn("sd-1", ctx, request(ctx, IMG2IMG, strength=0.0)), source)


def test_the_least_strength_still_takes_a_step() -> None:
    ctx = RecordingContext()
    pixels = drawn("sd-1", ctx, request(ctx, IMG2IMG, strength=0.01))
    assert not np.array_equal(pixels, some_picture())


def test_more_strength_goes_further() -> None:
    ctx = RecordingContext()
    options = {"num_inference_steps": 8}
    far = [
        np.abs(
            drawn("sd-1", ctx, request(ctx, IMG2IMG, strength=strength, options=options)).astype(
                int
            )
            - drawn("sd-1", ctx, request(ctx, IMG2IMG, strength=0.02, options=options)).astype(int)
        ).mean()
        for strength in (0.25, 1.0)
    ]
    assert far[0] < far[1]


def test_weights_and_changes_in_a_prompt_change_the_picture() -> None:
    ctx = RecordingContext()
    prompts = ("a red fox", "a (red:1.6) fox", "a [red:blue:0.5] fox", "a red fox BREAK snow")
    seen = {drawn("sd-1", ctx, request(ctx, prompt=prompt)).tobytes() for prompt in prompts}
    assert len(seen) == len(prompts)


def test_a_family_that_reads_plain_words_says_what_it_leaves_aside() -> None:
    ctx = RecordingContext()
    drawn("flux", ctx, request(ctx, prompt="a (red:1.6) fox"))
    assert [code for code, _ in ctx.notices] == ["prompt"]


def test_the_facts_say_what_was_used() -> None:
    ctx = RecordingContext()
    artifact = loaded("sd-1").generate(request(ctx), ctx)
    assert artifact.facts["scheduler"] == "PNDMScheduler"
    assert artifact.facts["num_inference_steps"] == "3"
    assert artifact.backend == "diffusers-image"


# What is said about models before they are loaded


@functools.cache
def arguments(name: str) -> frozenset[str]:
    """Return what a call of a pipeline takes, from its source: importing them all takes minutes."""
    for file in (Path(diffusers_root()) / "pipelines").rglob("pipeline_*.py"):
        source = file.read_text("utf-8")
        if f"class {name}(" not in source:
            continue
        body = next(
            each
            for each in ast.parse(source).body
            if isinstance(each, ast.ClassDef) and each.name == name
        )
        call = next(
            each
            for each in body.body
            if isinstance(each, ast.FunctionDef) and each.name == "__call__"
        )
        return frozenset(each.arg for each in call.args.args)
    raise AssertionError(f"diffusers has no {name}")


def diffusers_root() -> str:
    found = importlib.util.find_spec("diffusers")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent)


def test_the_classes_of_every_family_exist_and_take_what_we_pass() -> None:
    for family in FAMILIES:
        for capability, name in family.pipelines.items():
            known = arguments(name)
            assert {"prompt", "generator", "output_type", "num_inference_steps"} <= set(known), name
            assert family.guidance in known, name
            if capability is not TXT2IMG:
                assert "image" in known
                assert "strength" in known
            if capability is INPAINT:
                assert "mask_image" in known
        for name in family.controlled.values():
            known = arguments(name)
            assert {"image", "control_image"} & set(known)
            assert "controlnet_conditioning_scale" in known


def test_an_option_is_called_unused_just_where_the_pipeline_does_not_take_it() -> None:
    for family in FAMILIES:
        for capability, name in family.pipelines.items():
            taken = arguments(name)
            if family.guidance == "true_cfg_scale" or family.id == "chroma":
                taken -= {"true_cfg_scale"}  # there it is the guidance, or never looked at
            unused = family.unused_in(capability)
            for option in ("true_cfg_scale", "guidance_rescale", "eta"):
                assert (option in taken) is (option not in unused), (name, option)


def named(title: str, architecture: str) -> ModelInfo:
    model = picture_model("sd-1")
    return dataclasses.replace(
        model, title=title, architecture=architecture, format="checkpoint", capabilities=()
    )


@pytest.mark.parametrize(
    ("title", "architecture", "steps", "guidance", "scheduler"),
    [
        ("sdxl_lightning_8step", "StableDiffusionXLPipeline", 8, 0.0, "euler_trailing"),
        ("dreamshaper-lcm", "StableDiffusionPipeline", 6, 1.5, "lcm"),
        ("sd_xl_turbo_1.0", "StableDiffusionXLPipeline", 4, 0.0, "default"),
        ("Z-Image-Turbo", "ZImagePipeline", 9, 0.0, "default"),
        ("flux1-schnell", "FluxPipeline", 4, 0.0, "default"),
        ("flux1-dev", "FluxPipeline", 28, 3.5, "default"),
        ("my model", "StableDiffusionPipeline", 25, 7.0, "default"),
    ],
)
def test_models_taught_to_need_few_steps_are_known_by_their_names(
    title: str, architecture: str, steps: int, guidance: float, scheduler: str
) -> None:
    infos = {info.name: info for info in BACKEND.options_for(named(title, architecture), TXT2IMG)}
    assert infos["num_inference_steps"].default == steps
    assert infos["guidance_scale"].default == guidance
    assert infos["scheduler"].default == scheduler
    assert bool(infos["guidance_scale"].unused) is (guidance == 0.0)


def test_defaults_of_every_model_are_values_their_options_allow() -> None:
    for family in FAMILIES:
        for name in family.pipelines.values():
            model = named("turbo lightning", name)
            for info in BACKEND.options_for(model, IMG2IMG):
                assert info.check(info.default) == info.default


def test_only_schedulers_that_fit_are_offered() -> None:
    by_family = {
        family: {info.name: info for info in BACKEND.options_for(picture_model(family), TXT2IMG)}[
            "scheduler"
        ].choices
        for family in ("sd-1", "flux")
    }
    assert "ddim" in by_family["sd-1"]
    assert "ddim" not in by_family["flux"]
    assert "euler" in by_family["flux"]


def test_what_is_not_a_picture_model_is_left_to_others() -> None:
    model = picture_model("sd-1")
    for changes in (
        {"role": "lora"},
        {"format": "gguf"},
        {"architecture": "WanPipeline"},
        {"path": None},
    ):
        assert BACKEND.supports(dataclasses.replace(model, **changes)) == ()  # type: ignore[arg-type]
    assert BACKEND.options_for(dataclasses.replace(model, role="lora"), TXT2IMG)


def test_the_estimate_follows_the_number_type() -> None:
    model = picture_model("sd-1")
    whole, half = (
        BACKEND.estimate_bytes(model, Device(kind="cpu", dtype=dtype))
        for dtype in ("float32", "bfloat16")
    )
    assert whole - half == model.parameters * 2


@pytest.mark.parametrize("family", TOYS)
def test_loading_tells_how_far_it_is_and_can_be_stopped_between_parts(family: str) -> None:
    from studio.engine.api import JobCancelled

    told = LoadRecorder()
    model, device = picture_model(family), Device(kind="cpu", threads=1)
    BACKEND.load(model, device, told).unload()
    fractions = [fraction for fraction, _ in told.told if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) >= 7
    for look in (2, told.looks // 2, told.looks - 1):
        with pytest.raises(JobCancelled):
            BACKEND.load(model, device, LoadRecorder(cancel_at=look))


def test_half_precision_draws_nearly_the_same() -> None:
    ctx = RecordingContext()
    whole = drawn("sd-1", ctx, request(ctx)).astype(int)
    half = BACKEND.load(picture_model("sd-1"), Device(kind="cpu", dtype="bfloat16", threads=1), ctx)
    pixels = half.generate(request(ctx), ctx).pictures[0].pixels().astype(int)
    assert half.memory_bytes < loaded("sd-1").memory_bytes * 0.6
    assert np.abs(whole - pixels).mean() < 12
    half.unload()


@pytest.mark.parametrize("capability", [TXT2IMG, IMG2IMG, INPAINT])
def test_a_model_that_draws_transparency_does_so_in_every_task(capability: Capability) -> None:
    model, ctx = picture_model("alpha"), RecordingContext()
    assert BACKEND.supports(model) == (TXT2IMG, IMG2IMG, INPAINT)
    artifact = loaded("alpha").generate(request(ctx, capability, options={}), ctx)
    pixels = artifact.pictures[0].pixels()
    assert len(np.unique(pixels[..., 3])) > 2
    assert ctx.previews
    if capability is INPAINT:
        kept = some_mask() == 0
        assert np.array_equal(pixels[kept], some_picture()[kept])
    again = loaded("alpha").generate(request(ctx, capability, options={}), ctx)
    assert again.pictures == artifact.pictures


def test_only_solvers_that_take_its_latents_are_offered_for_a_unet_that_straightens_flows() -> None:
    model, ctx = picture_model("alpha"), RecordingContext()
    names = scheduler_choices(model, family_of(model))  # type: ignore[arg-type]
    assert names == ("default", "dpmpp_2m", "dpmpp_2m_sde", "unipc")
    for name in names:
        drawn("alpha", ctx, request(ctx, options={"scheduler": name, "num_inference_steps": 4}))


def test_a_folder_can_recommend_values(tmp_path: Path) -> None:
    import json
    import shutil

    folder = tmp_path / "toy"
    shutil.copytree(picture_folder("alpha"), folder)
    index = json.loads((folder / "model_index.json").read_text())
    index["_recommended"] = {"num_inference_steps": 12, "guidance_scale": 99, "colour": "red"}
    (folder / "model_index.json").write_text(json.dumps(index))
    from studio.models.identify import identify

    infos = {info.name: info for info in BACKEND.options_for(identify(folder), TXT2IMG)}
    assert infos["num_inference_steps"].default == 12
    assert infos["guidance_scale"].default == 7.0, "what its option refuses falls back"
    ctx = RecordingContext()
    loaded_here = BACKEND.load(identify(folder), Device(kind="cpu", threads=1), ctx)
    artifact = loaded_here.generate(request(ctx, options={}), ctx)
    assert artifact.facts["num_inference_steps"] == "12"


def test_every_option_is_there() -> None:
    assert {field.name for field in dataclasses.fields(ImageOptions)} >= {
        "num_inference_steps", "guidance_scale", "scheduler", "clip_skip", "eta",
        "guidance_rescale", "mask_blur", "true_cfg_scale",
    }  # fmt: skip

"""Regions with prompts of their own: where they act, that they act nowhere else, and no trace."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.core.errors import BadInputError, StudioError
from studio.core.requests import Capability, ImageRequest, LoraUse, Region
from studio.engine.api import Device, JobCancelled
from studio.engine.backends._diffusers_areas import box_around, shares_of
from studio.engine.backends._diffusers_families import IMG2IMG, INPAINT, TXT2IMG
from studio.engine.backends._diffusers_frames import Frame
from studio.engine.backends.diffusers_image import NO_REGIONS, DiffusersImageBackend
from tests.engine.test_diffusers_adapters import control, pixels, put, reference
from tests.engine.test_diffusers_families import STEPS, request
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_picture_parts import toy_controlnet, toy_ip_adapter, toy_lora
from tests.fakes.toy_pictures import encoded, loaded, picture_model, unet

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
]
WITH_REGIONS = ("sd-1", "sd-2", "sdxl", "alpha", "flux")


@pytest.fixture
def ctx() -> RecordingContext:
    return RecordingContext()


def area(width: int = 64, height: int = 64, part: slice = slice(0, 32)) -> Any:
    """Return a mask of some columns."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, part] = 255
    return mask


def region(ctx: RecordingContext, prompt: str = "a cat", mask: Any = None, **more: Any) -> Region:
    data = encoded(area() if mask is None else mask)
    return Region(prompt, ctx.inputs.put(data, "image/png"), **more)


def asked(ctx: RecordingContext, *regions: Region, **changes: Any) -> ImageRequest:
    return request(ctx, regions=regions, **changes)


# Shares of places


FRAME = Frame.of(64, 64, 8, centred=True)


def shares(*masks: Any, base: float = 0.0, weights: tuple[float, ...] = ()) -> Any:
    ctx = RecordingContext()
    weights = weights or (1.0,) * len(masks)
    regions = [region(ctx, weight=weight) for weight in weights]
    return shares_of(regions, [encoded(mask) for mask in masks], FRAME, 8, base)


def test_a_region_counts_in_its_cells_alone_and_fades_inwards() -> None:
    (found,) = shares(area(part=slice(0, 32)))
    assert found.shape == (8, 8)
    assert not found[:, 4:].any(), "exactly nothing outside"
    assert (found[:, :3] > 0.99).all()
    assert ((found[:, 3] > 0) & (found[:, 3] < 1)).all()


def test_shares_never_sum_up_to_more_than_is_there() -> None:
    both = shares(area(part=slice(0, 48)), area(part=slice(16, 64)), base=0.25)
    assert both.sum(axis=0).max() == pytest.approx(0.75)
    assert both[0, 4, 3] == pytest.approx(both[1, 4, 3], abs=0.05), "where they overlap they share"


def test_weights_leave_more_of_the_main_prompt() -> None:
    (half,) = shares(area(), weights=(0.5,))
    assert half.max() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((64, 64), np.uint8), "covers no part"),
        (area(64, 32), "64 x 32"),
    ],
    ids=["empty", "of another shape"],
)
def test_a_mask_that_cannot_be_used_gets_a_sentence(mask: Any, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        shares(mask)


def test_a_mask_of_another_size_is_scaled_to_the_picture() -> None:
    (small,) = shares(area(32, 32, slice(0, 16)))
    assert not small[:, 5:].any()
    assert (small[:, :3] > 0.9).all()


@pytest.mark.parametrize(
    ("rows", "columns", "box"),
    [
        (slice(2, 4), slice(0, 1), (1, 5, 0, 4)),
        (slice(0, 16), slice(3, 9), (0, 16, 2, 10)),
        (slice(14, 16), slice(14, 16), (12, 16, 12, 16)),
        (slice(0, 0), slice(0, 0), (0, 16, 0, 16)),
    ],
    ids=["small ones grow", "as high as the picture", "in a corner", "nothing"],
)
def test_a_region_is_drawn_in_a_box_around_it(rows: slice, columns: slice, box: Any) -> None:
    share = np.zeros((16, 16))
    share[rows, columns] = 1
    assert box_around(share, 4, 4) == box


# One layer of attention


def one_layer(texts: tuple[Any, ...], found: Any) -> Any:
    """Return what one layer of a toy's cross-attention does, (2, 64, 16), with regions."""
    import torch

    from studio.engine.backends._diffusers_regions_impl import Regions
    from studio.engine.backends._prompt_encoding_impl import Encoded

    network = unet(down_block_types=("CrossAttnDownBlock2D",) * 2)
    layer = network.down_blocks[0].attentions[0].transformer_blocks[0].attn2
    torch.manual_seed(3)
    places, main = torch.randn(2, 64, 16), torch.randn(2, 7, 32)
    if not texts:
        return layer(places, encoder_hidden_states=main)
    regions = Regions([Encoded({"prompt_embeds": text}) for text in texts], found)
    with regions.acting(SimpleNamespace(unet=network)):
        return layer(places, encoder_hidden_states=main)


def words(seed: int, tokens: int = 7) -> Any:
    import torch

    return torch.randn(1, tokens, 32, generator=torch.Generator().manual_seed(seed))


def test_places_outside_a_region_never_see_its_prompt() -> None:
    import torch

    with torch.inference_mode():
        found = shares(area())
        none = one_layer((), None)
        one, another = one_layer((words(1),), found), one_layer((words(2),), found)
    inside = torch.from_numpy(found[0].reshape(-1) > 0)
    assert torch.equal(one[:, ~inside], another[:, ~inside])
    assert torch.equal(one[:, ~inside], none[:, ~inside]), "what they see is what they saw before"
    assert not torch.isclose(one[1, inside], another[1, inside]).all(dim=-1).any()
    assert torch.equal(one[0], none[0]), "the row of the negative prompt has no regions"


def test_inside_a_region_only_its_own_prompt_counts_where_nothing_else_is_mixed_in() -> None:
    import torch

    whole = np.full((64, 64), 255, np.uint8)
    with torch.inference_mode():
        found = shares(whole)
        none = one_layer((), None)
        # Its text in place of the main one does what attention to that text does.
        torch.manual_seed(3)
        torch.randn(2, 64, 16)
        main = torch.randn(2, 7, 32)[1:]
        same = one_layer((main,), found)
        other = one_layer((words(1, tokens=11),), found)
    assert torch.allclose(same, none, atol=1e-6)
    assert not torch.allclose(other[1], none[1], atol=1e-3), "of any length"


def test_two_regions_each_act_in_their_own_half() -> None:
    import torch

    left, right = area(part=slice(0, 32)), area(part=slice(32, 64))
    with torch.inference_mode():
        found = shares(left, right)
        before = one_layer((words(1), words(2)), found)
        after = one_layer((words(1), words(3)), found)
    columns = torch.arange(64) % 8
    assert torch.equal(before[:, columns < 4], after[:, columns < 4])
    assert not torch.equal(before[:, columns >= 4], after[:, columns >= 4])


def flux_layer(texts: tuple[Any, ...], found: Any) -> Any:
    """Return what FLUX's first layer of attention says of the places, (1, 64, 32)."""
    import torch

    from studio.engine.backends._diffusers_flux_regions_impl import FluxRegions

    network = loaded("flux")._pipelines.parts["transformer"]
    seen: list[Any] = []
    layer = network.transformer_blocks[0].attn
    listening = layer.register_forward_hook(lambda _layer, _given, made: seen.append(made[0]))
    torch.manual_seed(3)
    given = {
        "hidden_states": torch.randn(1, 64, 64),
        "encoder_hidden_states": torch.randn(1, 7, 32),
        "pooled_projections": torch.randn(1, 32),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([3.5]),
        "img_ids": torch.zeros(64, 3),
        "txt_ids": torch.zeros(7, 3),
        "return_dict": False,
    }
    try:
        if texts:
            with FluxRegions(texts, found).acting(SimpleNamespace(transformer=network)):
                network(**given)
        else:
            network(**given)
    finally:
        listening.remove()
    return seen[0]


def test_flux_too_lets_no_place_outside_a_region_see_its_prompt() -> None:
    import torch

    left, right = area(part=slice(0, 32)), area(part=slice(32, 64))
    with torch.inference_mode():
        found = shares(left, right)
        none = flux_layer((), None)
        before = flux_layer((words(1), words(2)), found)
        after = flux_layer((words(1), words(3, tokens=9)), found)
        alone = flux_layer((words(1),), found[:1])
    columns = torch.arange(64) % 8
    assert torch.allclose(before[:, columns < 4], after[:, columns < 4], atol=1e-6)
    assert not torch.isclose(before[:, columns >= 4], after[:, columns >= 4]).all(dim=-1).any()
    assert torch.allclose(alone[:, columns >= 4], none[:, columns >= 4], atol=1e-6)


def test_flux_refuses_regions_with_a_second_look_at_the_prompt(ctx: RecordingContext) -> None:
    with pytest.raises(StudioError, match="true guidance"):
        options = {**STEPS, "true_cfg_scale": 2.0}
        pixels(loaded("flux"), ctx, asked(ctx, region(ctx), options=options))


def test_places_of_every_depth_are_known_also_where_halves_are_uneven() -> None:
    import torch

    from studio.engine.backends._diffusers_regions_impl import Regions

    regions = Regions([], np.zeros((0, 9, 13), np.float32))
    for tokens in (9 * 13, 5 * 7, 3 * 4, 2 * 2, 1):
        base, _ = regions.places(tokens, torch.device("cpu"))
        assert base.shape == (1, tokens, 1)
    with pytest.raises(StudioError, match="what shall stand where"):
        regions.places(50, torch.device("cpu"))


# Whole pictures


@pytest.mark.parametrize("family", WITH_REGIONS)
@pytest.mark.parametrize("capability", [TXT2IMG, IMG2IMG, INPAINT])
def test_regions_act_in_every_task_and_leave_no_trace(
    family: str, capability: Capability, ctx: RecordingContext
) -> None:
    toy = loaded(family)
    mask = area(*((64, 64) if capability is TXT2IMG else (72, 64)))
    before = pixels(toy, ctx, request(ctx, capability))
    cat = asked(ctx, region(ctx, "a cat", mask), capability=capability)
    fox = asked(ctx, region(ctx, "a red fox", mask), capability=capability)
    first = pixels(toy, ctx, cat)
    assert not np.array_equal(first, before)
    assert not np.array_equal(first, pixels(toy, ctx, fox))
    assert np.array_equal(first, pixels(toy, ctx, cat)), "the same request is the same picture"
    assert np.array_equal(before, pixels(toy, ctx, request(ctx, capability)))


def test_a_region_drawn_apart_changes_its_own_area_most(ctx: RecordingContext) -> None:
    # Toys of the other kind cannot show it: their normalisations are over the whole picture.
    toy = loaded("alpha")
    mask = area(128, 128, slice(0, 64))
    one, other = (
        pixels(
            toy,
            ctx,
            asked(
                ctx,
                region(ctx, words, mask),
                width=128,
                height=128,
                options={"num_inference_steps": 1, "region_base": 0.0, "guidance_scale": 1.0},
            ),
        ).astype(int)
        for words in ("a cat", "red red fox in in snow")
    )
    changed = np.abs(one - other)[..., :3].mean(axis=(0, 2))
    assert changed[:64].mean() > 2 * changed[80:].mean()


def test_guidance_makes_no_difference_to_where_they_act(ctx: RecordingContext) -> None:
    toy = loaded("sd-1")
    for guidance in (1.0, 5.0):
        options = {**STEPS, "guidance_scale": guidance}
        plain = pixels(toy, ctx, request(ctx, options=options))
        assert not np.array_equal(plain, pixels(toy, ctx, asked(ctx, region(ctx), options=options)))


def test_the_main_prompt_counts_inside_by_its_share(ctx: RecordingContext) -> None:
    toy = loaded("sd-1")
    plain = pixels(toy, ctx, request(ctx)).astype(int)
    far = [
        np.abs(
            pixels(toy, ctx, asked(ctx, region(ctx), options={**STEPS, "region_base": base}))
            - plain
        ).mean()
        for base in (0.0, 0.5, 0.9)
    ]
    assert far[0] > far[1] > far[2] > 0


def test_several_pictures_are_the_same_as_each_alone(ctx: RecordingContext) -> None:
    toy = loaded("sd-1")
    both = toy.generate(asked(ctx, region(ctx), num_images_per_prompt=2), ctx)
    second = pixels(toy, ctx, asked(ctx, region(ctx), seed=both.seeds[1]))
    assert np.array_equal(both.pictures[1].pixels(), second)


def test_where_nobody_asked_for_anything_a_clear_picture_stays_clear(ctx: RecordingContext) -> None:
    toy = loaded("alpha")
    size = {"width": 128, "height": 128}
    part = region(ctx, "a cat", area(128, 128, slice(0, 64)))
    named = pixels(toy, ctx, asked(ctx, part, prompt="a red fox", **size))
    blank = pixels(toy, ctx, asked(ctx, part, prompt=" ", **size))
    assert named[:, 64:, 3].any() and blank[:, :32, 3].any()
    assert not blank[:, 64:, 3].any()


# The syntax of prompts


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("a cat", "a (cat:1.4)"),
        ("a cat", "a cat BREAK red snow"),
        ("a cat", "a cat" + ", red fox in snow" * 30),
        ("a cat", "[a cat:red snow:0.4]"),
    ],
    ids=["weights", "BREAK", "long", "changing over the steps"],
)
@pytest.mark.parametrize("family", ["sd-1", "sdxl"])
def test_prompts_of_regions_have_the_syntax_of_prompts(
    plain: str, written: str, family: str, ctx: RecordingContext
) -> None:
    toy = loaded(family)
    seen = [pixels(toy, ctx, asked(ctx, region(ctx, each))) for each in (plain, written)]
    assert not np.array_equal(*seen)


def test_what_changes_over_the_steps_begins_as_its_first_part(ctx: RecordingContext) -> None:
    toy = loaded("sd-1")
    changing = region(ctx, "[a cat:red snow:2]")
    early = toy.generate(asked(ctx, changing), ctx)
    ctx.previews.clear()
    toy.generate(asked(ctx, changing), ctx)
    first = ctx.previews[0][2].pixels()
    ctx.previews.clear()
    toy.generate(asked(ctx, region(ctx, "a cat")), ctx)
    assert np.array_equal(first, ctx.previews[0][2].pixels())
    assert np.array_equal(early.pictures[0].pixels(), pixels(toy, ctx, asked(ctx, changing))), (
        "each picture begins anew"
    )


def test_choices_in_a_region_are_made_from_the_seed(ctx: RecordingContext) -> None:
    toy = loaded("sd-1")
    drawn = {
        pixels(toy, ctx, asked(ctx, region(ctx, "{a cat|snow snow}"), seed=seed)).tobytes()
        for seed in (1, 1)
    }
    assert len(drawn) == 1
    either = [pixels(toy, ctx, asked(ctx, region(ctx, each), seed=1)).tobytes()
              for each in ("a cat", "snow snow")]  # fmt: skip
    assert drawn <= set(either)


# Together with what lies over a model


@pytest.fixture
def model() -> Any:
    """A toy of its own: adapters leave their layers in it."""
    info = dataclasses.replace(picture_model("sd-1"), family="sd-1")
    device = Device(kind="cpu", threads=1)
    found = DiffusersImageBackend().load(info, device, RecordingContext())
    yield found
    found.unload()


def test_a_lora_named_in_a_region_acts_as_one_of_the_request(
    model: Any, ctx: RecordingContext
) -> None:
    put(ctx, toy_lora())
    tagged = pixels(model, ctx, asked(ctx, region(ctx, "a cat<lora:ink:0.8>")))
    uses = (LoraUse(toy_lora().id, 0.8),)
    assert np.array_equal(tagged, pixels(model, ctx, asked(ctx, region(ctx), loras=uses)))
    assert not np.array_equal(tagged, pixels(model, ctx, asked(ctx, region(ctx))))


def test_controls_and_references_act_beside_regions(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_controlnet(), toy_ip_adapter())
    steered = (control(ctx, toy_controlnet()),)
    looks = (reference(ctx, toy_ip_adapter()),)
    seen = [
        pixels(model, ctx, asked(ctx, *regions, **more))
        for regions in ((), (region(ctx),))
        for more in ({}, {"controls": steered}, {"references": looks})
    ]
    assert len({each.tobytes() for each in seen}) == 6
    assert np.array_equal(seen[0], pixels(model, ctx, request(ctx)))


def test_a_model_that_draws_regions_apart_refuses_controls_in_a_sentence(
    ctx: RecordingContext,
) -> None:
    put(ctx, toy_controlnet())
    with pytest.raises(StudioError, match="control"):
        controls = (dataclasses.replace(control(ctx, toy_controlnet())),)
        pixels(loaded("alpha"), ctx, asked(ctx, region(ctx), controls=controls))


# What cannot be


@pytest.mark.parametrize("family", ["sd-3"])
def test_other_families_refuse_in_a_sentence_and_say_so_before(
    family: str, ctx: RecordingContext
) -> None:
    with pytest.raises(StudioError, match="regions"):
        pixels(loaded(family), ctx, asked(ctx, region(ctx)))
    infos = DiffusersImageBackend().options_for(picture_model(family), TXT2IMG)
    assert {info.name: info.unused for info in infos}["region_base"] == NO_REGIONS


@pytest.mark.parametrize("family", WITH_REGIONS)
def test_families_that_take_regions_say_so(family: str) -> None:
    infos = DiffusersImageBackend().options_for(picture_model(family), TXT2IMG)
    assert not {info.name: info.unused for info in infos}["region_base"]


@pytest.mark.parametrize("family", ["sd-1", "alpha", "flux"])
def test_stopping_half_way_leaves_no_trace(family: str, ctx: RecordingContext) -> None:
    toy = loaded(family)
    before = pixels(toy, ctx, request(ctx))
    places = 0
    while True:  # how often it can be stopped depends on what is cached and on the clock
        stopped = RecordingContext(cancel_after=places)
        try:
            pixels(toy, stopped, asked(stopped, region(stopped)))
        except JobCancelled:
            places += 1
        else:
            break
    assert places > 3
    assert np.array_equal(before, pixels(toy, ctx, request(ctx)))


def test_an_empty_region_is_named_and_nothing_is_drawn(ctx: RecordingContext) -> None:
    empty = region(ctx, "a red fox far away", np.zeros((64, 64), np.uint8))
    with pytest.raises(BadInputError, match="a red fox far away"):
        pixels(loaded("sd-1"), ctx, asked(ctx, empty))
    assert not ctx.steps

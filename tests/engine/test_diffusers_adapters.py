"""LoRAs, textual inversions, ControlNets, IP-Adapters and other autoencoders over toy models."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from studio.core.errors import BadInputError, ModelDamagedError, ModelError, StudioError
from studio.core.requests import ControlUse, ImageRequest, LoraUse, ReferenceUse
from studio.engine.api import Device
from studio.engine.backends.diffusers_image import DiffusersImageBackend
from studio.models.info import ModelInfo
from tests.engine.test_diffusers_families import IMG2IMG, INPAINT, TXT2IMG, request, some_picture
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_picture_parts import (
    part,
    toy_controlnet,
    toy_embedding,
    toy_ip_adapter,
    toy_lora,
    toy_vae,
    unet_weights,
    wrong,
)
from tests.fakes.toy_pictures import encoded, loaded, picture_model

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Already found a `peft_config`:UserWarning"),
]


@pytest.fixture
def model() -> Any:
    """A toy of its own for each test: adapters leave their layers in it."""
    device = Device(kind="cpu", threads=1)
    info = dataclasses.replace(picture_model("sd-1"), family="sd-1")
    found = DiffusersImageBackend().load(info, device, RecordingContext())
    yield found
    found.unload()


@pytest.fixture
def ctx() -> RecordingContext:
    return RecordingContext()


def put(ctx: RecordingContext, *models: ModelInfo) -> None:
    for each in models:
        ctx.models |= {each.id: each, each.title: each}


def pixels(model: Any, ctx: RecordingContext, asked: ImageRequest) -> Any:
    return model.generate(asked, ctx).pictures[0].pixels()


# LoRAs


def test_a_lora_changes_the_picture_and_is_gone_without_a_trace(
    model: Any, ctx: RecordingContext
) -> None:
    put(ctx, toy_lora())
    before = pixels(model, ctx, request(ctx))
    with_lora = pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id, 0.8),)))
    assert not np.array_equal(with_lora, before)
    assert np.array_equal(pixels(model, ctx, request(ctx)), before)
    again = pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id, 0.8),)))
    assert np.array_equal(again, with_lora), "kept in memory, it does just the same"


def test_the_tag_in_a_prompt_does_what_the_request_does(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_lora())
    asked = pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id, 0.8),)))
    tagged = pixels(model, ctx, request(ctx, prompt="a red fox in snow<lora:ink:0.8>"))
    assert np.array_equal(asked, tagged)


def test_weights_count_and_nothing_is_nothing(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_lora())
    before = pixels(model, ctx, request(ctx))
    seen = [
        pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id, weight),))).astype(int)
        for weight in (0.0, 0.3, 1.0, -1.0)
    ]
    far = [np.abs(each - before).mean() for each in seen]
    assert far[0] < 0.5
    assert far[0] < far[1] < far[2]
    assert not np.array_equal(seen[2], seen[3])


def test_several_loras_act_together_and_each_alone(model: Any, ctx: RecordingContext) -> None:
    ink, oil = toy_lora(), toy_lora("oil", seed=2, text=False)
    put(ctx, ink, oil)
    alone = pixels(model, ctx, request(ctx, loras=(LoraUse(oil.id),)))
    both = pixels(model, ctx, request(ctx, loras=(LoraUse(ink.id), LoraUse(oil.id))))
    assert not np.array_equal(alone, both)
    assert np.array_equal(alone, pixels(model, ctx, request(ctx, loras=(LoraUse(oil.id),))))


def test_only_a_few_loras_stay_in_memory(model: Any, ctx: RecordingContext) -> None:
    many = [toy_lora(f"many{number}", seed=number, text=False) for number in range(7)]
    put(ctx, *many)
    first = pixels(model, ctx, request(ctx, loras=(LoraUse(many[0].id),)))
    for each in many[1:]:
        pixels(model, ctx, request(ctx, loras=(LoraUse(each.id),)))
    names = model._pipelines.get(TXT2IMG).get_list_adapters()["unet"]
    assert len(names) <= 6
    assert np.array_equal(first, pixels(model, ctx, request(ctx, loras=(LoraUse(many[0].id),))))


def test_a_lora_acts_in_every_task(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_lora())
    for capability in (IMG2IMG, INPAINT):
        before = pixels(model, ctx, request(ctx, capability))
        uses = (LoraUse(toy_lora().id),)
        assert not np.array_equal(pixels(model, ctx, request(ctx, capability, loras=uses)), before)
        assert np.array_equal(pixels(model, ctx, request(ctx, capability)), before)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: wrong(toy_lora()), "made for sdxl models"),
        (lambda: part("lora", unet_weights(), "sd-1"), "damaged|do not belong|nothing in it"),
        (lambda: part("controlnet", toy_lora().path), "is not a LoRA"),  # type: ignore[arg-type]
    ],
    ids=["another family", "no LoRA at all", "another role"],
)
def test_a_lora_that_does_not_fit_gets_a_sentence_and_leaves_no_trace(
    model: Any, ctx: RecordingContext, broken: Any, words: str
) -> None:
    bad = broken()
    put(ctx, toy_lora(), bad)
    before = pixels(model, ctx, request(ctx))
    good = pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id),)))
    with pytest.raises(StudioError, match=words):
        pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id), LoraUse(bad.id))))
    assert np.array_equal(pixels(model, ctx, request(ctx)), before)
    assert np.array_equal(pixels(model, ctx, request(ctx, loras=(LoraUse(toy_lora().id),))), good)


def test_a_lora_of_other_sizes_gets_a_sentence(model: Any, ctx: RecordingContext) -> None:
    from safetensors.torch import load_file, save_file

    assert toy_lora().path is not None
    path = toy_lora().path.with_name("larger.safetensors")  # type: ignore[union-attr]
    state = load_file(str(toy_lora().path))
    save_file({key: value.repeat(3, 3) for key, value in state.items()}, path)
    bad = part("lora", path, "sd-1")
    put(ctx, bad)
    before = pixels(model, ctx, request(ctx))
    with pytest.raises(ModelDamagedError, match="larger"):
        pixels(model, ctx, request(ctx, loras=(LoraUse(bad.id),)))
    assert np.array_equal(pixels(model, ctx, request(ctx)), before)


def test_a_lora_that_nobody_knows_is_named(model: Any, ctx: RecordingContext) -> None:
    with pytest.raises(ModelError, match="watercolour"):
        pixels(model, ctx, request(ctx, prompt="a fox <lora:watercolour>"))


# Textual inversions


def test_a_textual_inversion_acts_where_its_name_stands(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_embedding())
    plain = pixels(model, ctx, request(ctx))
    named = pixels(model, ctx, request(ctx, prompt="a red fox in easyfox"))
    unknown = pixels(model, RecordingContext(), request(ctx, prompt="a red fox in easyfo"))
    assert not np.array_equal(named, plain)
    assert not np.array_equal(named, unknown)
    assert np.array_equal(pixels(model, ctx, request(ctx)), plain)


def test_a_textual_inversion_acts_in_the_negative_prompt(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_embedding())
    plain = pixels(model, ctx, request(ctx, negative_prompt="blue"))
    named = pixels(model, ctx, request(ctx, negative_prompt="blue easyfox"))
    assert not np.array_equal(named, plain)


def test_a_textual_inversion_of_another_width_gets_a_sentence(
    model: Any, ctx: RecordingContext
) -> None:
    import torch
    from safetensors.torch import save_file

    assert toy_embedding().path is not None
    path = toy_embedding().path.with_name("wide.safetensors")  # type: ignore[union-attr]
    save_file({"emb_params": torch.zeros(1, 768)}, path)
    put(ctx, part("embedding", path, "sd-1"))
    with pytest.raises(ModelDamagedError, match="wide"):
        pixels(model, ctx, request(ctx, prompt="a wide fox"))


# ControlNets


def control(ctx: RecordingContext, info: ModelInfo, **changes: Any) -> ControlUse:
    edges = ctx.inputs.put(encoded(some_picture(64, 64)[:, ::-1]), "image/png")
    return ControlUse(info.id, edges, **changes)


@pytest.mark.parametrize("capability", [TXT2IMG, IMG2IMG, INPAINT])
def test_a_controlnet_steers_every_task(capability: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_controlnet())
    toy = loaded("sd-1")
    before = pixels(toy, ctx, request(ctx, capability))
    steered = pixels(toy, ctx, request(ctx, capability, controls=(control(ctx, toy_controlnet()),)))
    assert not np.array_equal(steered, before)
    assert np.array_equal(pixels(toy, ctx, request(ctx, capability)), before)


def test_a_controlnet_acts_by_weight_and_for_a_time(ctx: RecordingContext) -> None:
    net = toy_controlnet()
    put(ctx, net)
    toy = loaded("sd-1")
    plain = pixels(toy, ctx, request(ctx))
    whole = pixels(toy, ctx, request(ctx, controls=(control(ctx, net),)))
    half = pixels(toy, ctx, request(ctx, controls=(control(ctx, net, end=0.34),)))
    none = pixels(toy, ctx, request(ctx, controls=(control(ctx, net, weight=0.0),)))
    assert np.array_equal(none, plain)
    assert len({each.tobytes() for each in (plain, whole, half)}) == 3


def test_several_controlnets_steer_together(ctx: RecordingContext) -> None:
    edges, depth = toy_controlnet(), toy_controlnet("depth-map", single_file=True)
    put(ctx, edges, depth)
    toy = loaded("sd-1")
    one = pixels(toy, ctx, request(ctx, controls=(control(ctx, edges),)))
    both = pixels(
        toy, ctx, request(ctx, controls=(control(ctx, edges), control(ctx, depth, weight=0.5)))
    )
    assert not np.array_equal(one, both)


def test_a_controlnet_in_one_file_is_the_same_as_in_a_folder(ctx: RecordingContext) -> None:
    folder, file = toy_controlnet("same1"), toy_controlnet("same2", single_file=True)
    put(ctx, folder, file)
    toy = loaded("sd-1")
    seen = {
        pixels(toy, ctx, request(ctx, controls=(control(ctx, each),))).tobytes()
        for each in (folder, file)
    }
    assert len(seen) == 1


def test_a_controlnet_of_another_family_gets_a_sentence(model: Any, ctx: RecordingContext) -> None:
    bad = toy_controlnet("xl", xl=True)
    put(ctx, bad)
    with pytest.raises(BadInputError, match="sdxl"):
        pixels(model, ctx, request(ctx, controls=(control(ctx, bad),)))


def test_memory_counts_what_lies_beside_the_model(model: Any, ctx: RecordingContext) -> None:
    put(ctx, toy_controlnet())
    before = model.memory_bytes
    pixels(model, ctx, request(ctx, controls=(control(ctx, toy_controlnet()),)))
    assert model.memory_bytes > before
    assert model.economise() == "what was kept beside the model was given up"
    assert model.memory_bytes == before


# Other autoencoders


@pytest.mark.parametrize("single_file", [False, True])
def test_another_autoencoder_can_be_used(ctx: RecordingContext, single_file: bool) -> None:
    other = toy_vae("soft-file" if single_file else "soft", single_file=single_file)
    put(ctx, other)
    toy = loaded("sd-1")
    plain = pixels(toy, ctx, request(ctx))
    assert not np.array_equal(pixels(toy, ctx, request(ctx, vae=other.id)), plain)
    assert np.array_equal(pixels(toy, ctx, request(ctx)), plain)


def test_an_autoencoder_of_other_latents_gets_a_sentence(ctx: RecordingContext) -> None:
    bad = toy_vae("sixteen", 16)
    put(ctx, bad)
    with pytest.raises(BadInputError, match="sixteen"):
        pixels(loaded("sd-1"), ctx, request(ctx, vae=bad.id))


# IP-Adapters


def reference(ctx: RecordingContext, info: ModelInfo, **changes: Any) -> ReferenceUse:
    look = ctx.inputs.put(encoded(some_picture(40, 40)), "image/png")
    return ReferenceUse(info.id, look, **changes)


def test_a_reference_changes_the_picture_and_is_gone_without_a_trace(
    model: Any, ctx: RecordingContext
) -> None:
    adapter = toy_ip_adapter()
    put(ctx, adapter)
    plain = pixels(model, ctx, request(ctx))
    seen = pixels(model, ctx, request(ctx, references=(reference(ctx, adapter, weight=0.9),)))
    assert not np.array_equal(seen, plain)
    assert np.array_equal(pixels(model, ctx, request(ctx)), plain)
    again = pixels(model, ctx, request(ctx, references=(reference(ctx, adapter, weight=0.9),)))
    assert np.array_equal(again, seen)
    remade = pixels(model, ctx, request(ctx, IMG2IMG, references=(reference(ctx, adapter),)))
    assert not np.array_equal(remade, pixels(model, ctx, request(ctx, IMG2IMG)))


def test_a_reference_without_its_image_encoder_says_what_is_missing(
    model: Any, ctx: RecordingContext
) -> None:
    alone = toy_ip_adapter(with_encoder=False)
    put(ctx, alone)
    with pytest.raises(ModelError, match="image encoder"):
        pixels(model, ctx, request(ctx, references=(reference(ctx, alone),)))


def test_a_family_without_ip_adapters_says_so(ctx: RecordingContext) -> None:
    put(ctx, dataclasses.replace(toy_ip_adapter(), family=""))
    with pytest.raises(ModelError, match="look of other pictures"):
        pixels(loaded("flux"), ctx, request(ctx, references=(reference(ctx, toy_ip_adapter()),)))

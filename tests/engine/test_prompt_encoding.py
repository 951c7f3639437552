"""Prompts turned into embeddings, with real text encoders of toy size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch  # noqa: TID253 - these tests are about tensors

from studio.core.prompts import parse
from studio.engine.backends._prompt_encoding_impl import (
    CLIP_SKIP_UNUSED,
    WEIGHTS_UNUSED,
    Encoded,
    count_tokens,
    encode,
    for_callback,
)
from tests.fakes import toy_pictures

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def toy(family: str) -> Any:
    """Return a fresh pipeline of toy size."""
    from diffusers import DiffusionPipeline

    folder = str(toy_pictures.picture_folder(family))
    return DiffusionPipeline.from_pretrained(folder, local_files_only=True)


@pytest.fixture(scope="module")
def sd() -> Any:
    pipeline = toy("sd-1")
    encoder = pipeline.text_encoder
    # The states of a trained encoder have a mean; those of a new one have none.
    getattr(encoder, "text_model", encoder).final_layer_norm.bias.data.fill_(0.3)
    return pipeline


@pytest.fixture(scope="module")
def xl() -> Any:
    return toy("sdxl")


@pytest.fixture(scope="module")
def bert() -> Any:
    """A Stable Diffusion pipeline that reads with a BERT, as the built-in picture model does."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from transformers import BertConfig, BertModel, BertTokenizer

    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "red",
        "fox",
        "in",
        "snow",
        "3",
        "##d",
    ]
    tokenizer = BertTokenizer(vocab={w: i for i, w in enumerate(words)}, model_max_length=24)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=37, max_position_embeddings=32,
    )  # fmt: skip
    config.use_attention_mask = True
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(config).eval()
    scheduler = DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    return StableDiffusionPipeline(
        vae=toy_pictures.kl_autoencoder(), text_encoder=model, tokenizer=tokenizer,
        unet=toy_pictures.unet(), scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def states(pipeline: Any, text: str) -> torch.Tensor:
    """Return what diffusers makes of a text of one piece."""
    return pipeline.encode_prompt(text, CPU, 1, False)[0]


def weighted(plain: torch.Tensor, weights: dict[int, float]) -> torch.Tensor:
    """AUTOMATIC1111's emphasis: scale the states of some tokens, then restore the mean."""
    scale = torch.ones(plain.shape[1])
    for place, weight in weights.items():
        scale[place] = weight
    scaled = plain * scale[None, :, None]
    least = 1e-3 * plain.abs().mean()
    has_mean = min(plain.mean().abs(), scaled.mean().abs()) >= least
    return scaled * (plain.mean() / scaled.mean()) if has_mean else scaled


@pytest.mark.parametrize("text", ["a red fox", "", "a cat, in snow (", "a  red   fox"])
def test_a_plain_prompt_is_what_diffusers_makes_of_it(sd: Any, text: str) -> None:
    found = encode(sd, parse(text.replace("(", r"\(")), "blue")
    wanted, unwanted = sd.encode_prompt(text, CPU, 1, True, negative_prompt="blue")
    assert torch.equal(found.kwargs["prompt_embeds"], wanted)
    assert torch.equal(found.kwargs["negative_prompt_embeds"], unwanted)
    assert (found.later, found.notices) == ((), ())


def test_a_plain_prompt_of_the_large_one(xl: Any) -> None:
    found = encode(xl, "a red fox", "blue").kwargs
    theirs = xl.encode_prompt("a red fox", None, CPU, 1, True, negative_prompt="blue")
    names = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds",
             "negative_pooled_prompt_embeds")  # fmt: skip
    for name, wanted in zip(names, theirs, strict=True):
        assert torch.equal(found[name], wanted), name


def test_nothing_to_keep_out_is_nothing_where_the_model_was_trained_so(xl: Any) -> None:
    found = encode(xl, "a red fox", "").kwargs
    assert not found["negative_prompt_embeds"].any()
    assert not found["negative_pooled_prompt_embeds"].any()
    xl.register_to_config(force_zeros_for_empty_prompt=False)
    try:
        assert encode(xl, "a red fox", "").kwargs["negative_prompt_embeds"].any()
    finally:
        xl.register_to_config(force_zeros_for_empty_prompt=True)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("a (red:1.5) fox", {2: 1.5}),
        ("a (red) fox", {2: 1.1}),
        ("a [red] fox", {2: 1 / 1.1}),
        ("a (red:0.5) (fox:1.3)", {2: 0.5, 3: 1.3}),
        ("a (red:1.0) fox", {}),
        ("(a red fox:0.8)", {1: 0.8, 2: 0.8, 3: 0.8}),
    ],
)
def test_weights_scale_tokens_and_the_mean_is_kept(
    sd: Any, text: str, weights: dict[int, float]
) -> None:
    plain = states(sd, "a red fox")
    found = encode(sd, text).kwargs["prompt_embeds"]
    wanted = weighted(plain, weights) if weights else plain
    assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)
    assert weights == {} or not torch.allclose(found, plain)
    assert torch.isclose(found.mean(), plain.mean(), rtol=1e-3, atol=1e-6)


def test_where_there_is_no_mean_none_is_restored() -> None:
    pipeline = toy("sd-1")
    plain = states(pipeline, "a red fox")
    assert abs(float(plain.mean())) < 1e-4
    scale = torch.ones(77)
    scale[2] = 1.5
    found = encode(pipeline, "a (red:1.5) fox").kwargs["prompt_embeds"]
    assert torch.allclose(found, plain * scale[None, :, None])


def test_weights_of_the_large_one_touch_each_encoder_alone_and_no_pooled_vector(xl: Any) -> None:
    plain = encode(xl, "a red fox", "x").kwargs
    found = encode(xl, "a (red:1.5) fox", "x").kwargs
    widths = [each.config.hidden_size for each in (xl.text_encoder, xl.text_encoder_2)]
    halves = [weighted(part, {2: 1.5}) for part in plain["prompt_embeds"].split(widths, dim=-1)]
    assert torch.allclose(found["prompt_embeds"], torch.cat(halves, -1), rtol=1e-5, atol=1e-6)
    assert torch.equal(found["pooled_prompt_embeds"], plain["pooled_prompt_embeds"])


def test_long_prompts_are_read_in_pieces(sd: Any) -> None:
    long = " ".join(["red", "fox"] * 50)
    found = encode(sd, long, "blue").kwargs
    assert found["prompt_embeds"].shape == (1, 154, 32)
    first, second = found["prompt_embeds"].split(77, dim=1)
    assert torch.allclose(first, states(sd, " ".join(["red", "fox"] * 37 + ["red"])), atol=1e-6)
    assert torch.allclose(second, states(sd, " ".join(["fox"] + ["red", "fox"] * 12)), atol=1e-6)
    against, empty = found["negative_prompt_embeds"].split(77, dim=1)
    assert torch.allclose(against, states(sd, "blue"), atol=1e-6)
    assert torch.allclose(empty, states(sd, ""), atol=1e-6)


def test_a_long_negative_prompt_lengthens_the_other(sd: Any) -> None:
    found = encode(sd, "fox", " ".join(["cat"] * 160)).kwargs
    assert found["prompt_embeds"].shape == found["negative_prompt_embeds"].shape == (1, 231, 32)


def test_break_begins_a_piece_and_weights_are_restored_in_each(sd: Any) -> None:
    found = encode(sd, "a (red:1.5) fox BREAK (cat:0.5)").kwargs["prompt_embeds"]
    first, second = found.split(77, dim=1)
    assert torch.allclose(first, weighted(states(sd, "a red fox"), {2: 1.5}), rtol=1e-5, atol=1e-6)
    assert torch.allclose(second, weighted(states(sd, "cat"), {1: 0.5}), rtol=1e-5, atol=1e-6)


def test_the_pooled_vector_is_that_of_the_first_piece(xl: Any) -> None:
    alone = encode(xl, "a red fox", "x").kwargs["pooled_prompt_embeds"]
    both = encode(xl, "a red fox BREAK snow", "x").kwargs["pooled_prompt_embeds"]
    assert torch.allclose(alone, both, atol=1e-6)


@pytest.mark.parametrize("skip", [1, 2])
def test_layers_are_skipped_as_diffusers_counts(sd: Any, xl: Any, skip: int) -> None:
    ids = sd.tokenizer("a red fox", padding="max_length", return_tensors="pt").input_ids
    hidden = sd.text_encoder(ids, output_hidden_states=True).hidden_states
    model = getattr(sd.text_encoder, "text_model", sd.text_encoder)
    found = encode(sd, "a red fox", clip_skip=skip).kwargs["prompt_embeds"]
    assert torch.allclose(found, model.final_layer_norm(hidden[-(skip + 1)]), atol=1e-6)
    if skip == 1:  # the toy has three layers; the large one begins from the last but one
        theirs = xl.encode_prompt("a red fox", None, CPU, 1, False, clip_skip=skip)[0]
        ours = encode(xl, "a red fox", "x", clip_skip=skip).kwargs["prompt_embeds"]
        assert torch.equal(ours, theirs)


def test_parts_that_change_have_an_embedding_for_each_text(sd: Any) -> None:
    found = encode(sd, "a [red:blue:0.5] fox", "[tree:snow:3]", total=10)
    assert [start for start, _ in found.later] == [3, 5]
    assert torch.equal(found.kwargs["prompt_embeds"], states(sd, "a red fox"))
    assert torch.equal(found.at_step(4)["prompt_embeds"], states(sd, "a red fox"))
    assert torch.equal(found.at_step(5)["prompt_embeds"], states(sd, "a blue fox"))
    assert torch.equal(found.at_step(2)["negative_prompt_embeds"], states(sd, "tree"))
    assert torch.equal(found.at_step(9)["negative_prompt_embeds"], states(sd, "snow"))
    assert len({id(found.at_step(step)) for step in range(10)}) == 3


def test_turns_are_encoded_once_for_each_text(sd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    forward = type(sd.text_encoder).forward
    monkeypatch.setattr(
        type(sd.text_encoder),
        "forward",
        lambda self, *args, **more: calls.append(1) or forward(self, *args, **more),
    )
    found = encode(sd, "a [red|blue] fox", "tree", total=20)
    assert len(found.later) == 19
    assert len(calls) == 3
    assert torch.equal(found.at_step(18)["prompt_embeds"], found.kwargs["prompt_embeds"])


def test_all_texts_of_a_picture_have_one_shape(sd: Any) -> None:
    found = encode(sd, "a fox[" + ", red" * 60 + "::3]", total=10)
    shapes = {kwargs["prompt_embeds"].shape for _, kwargs in found.later}
    assert shapes == {found.kwargs["prompt_embeds"].shape} == {(1, 154, 32)}


def test_what_a_pipeline_is_handed_between_the_steps(sd: Any, xl: Any) -> None:
    found = encode(sd, "a [red:blue:2] fox", "tree", total=4)
    assert for_callback(found, 1, guided=True) == {}
    handed = for_callback(found, 2, guided=True, count=3)
    assert set(handed) == {"prompt_embeds"}
    against, wanted = handed["prompt_embeds"].split(3)
    assert torch.equal(against, states(sd, "tree").repeat(3, 1, 1))
    assert torch.equal(wanted, states(sd, "a blue fox").repeat(3, 1, 1))
    assert for_callback(found, 2, guided=False)["prompt_embeds"].shape == (1, 77, 32)
    large = for_callback(encode(xl, "a [red:blue:2] fox", "x", total=4), 2, guided=True, count=2)
    assert large["prompt_embeds"].shape == (4, 77, xl.unet.config.cross_attention_dim)
    assert large["add_text_embeds"].shape == (4, xl.text_encoder_2.config.projection_dim)


def picture(pipeline: Any, **kwargs: Any) -> Any:
    return pipeline(
        **kwargs, num_inference_steps=2, height=32, width=32, output_type="np",
        generator=torch.Generator().manual_seed(3),
    ).images  # fmt: skip


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_picture_is_the_same_as_from_the_text(sd: Any, xl: Any) -> None:
    for pipeline in (sd, xl):
        pipeline.set_progress_bar_config(disable=True)
        theirs = picture(pipeline, prompt="a red fox", negative_prompt="blue")
        ours = picture(pipeline, **encode(pipeline, "a red fox", "blue").kwargs)
        assert (ours == theirs).all()
        other = picture(pipeline, **encode(pipeline, "a (red:1.9) fox", "blue").kwargs)
        assert not (ours == other).all()


@pytest.mark.parametrize("family", ["sd-3", "flux"])
def test_other_models_get_the_words_and_the_user_a_notice(family: str) -> None:
    pipeline = toy(family)
    found = encode(pipeline, "a (red:1.2) [fox:cat:0.5]", r"\(blue\)", clip_skip=1)
    assert found.kwargs["prompt"] == "a red fox"
    assert found.kwargs["negative_prompt"] == "(blue)"
    assert found.notices == (WEIGHTS_UNUSED, CLIP_SKIP_UNUSED)
    assert encode(pipeline, "a red fox") == Encoded({"prompt": "a red fox", "negative_prompt": ""})


def test_a_bert_reads_a_plain_prompt_as_in_diffusers(bert: Any) -> None:
    found = encode(bert, "a red fox, 3d", "snow")
    wanted, unwanted = bert.encode_prompt("a red fox, 3d", CPU, 1, True, negative_prompt="snow")
    assert torch.equal(found.kwargs["prompt_embeds"], wanted)
    assert torch.equal(found.kwargs["negative_prompt_embeds"], unwanted)


def test_a_bert_has_weights_but_neither_pieces_nor_layers_to_skip(bert: Any) -> None:
    plain = encode(bert, "a red fox").kwargs["prompt_embeds"]
    found = encode(bert, "a (red:1.5) [fox]", clip_skip=1)
    scale = torch.ones(24)
    scale[2], scale[3] = 1.5, 1 / 1.1
    assert torch.allclose(found.kwargs["prompt_embeds"], plain * scale[None, :, None])
    assert found.notices == (CLIP_SKIP_UNUSED,)
    long = encode(bert, "red fox BREAK " * 40).kwargs["prompt_embeds"]
    assert long.shape == (1, 24, 32)
    assert torch.equal(long, states(bert, "red fox " * 40))
    changing = encode(bert, "a [red:snow:2] fox", total=4)
    assert [start for start, _ in changing.later] == [2]


def test_a_textual_inversion_is_called_by_its_name() -> None:
    pipeline = toy("sd-1")
    vectors = torch.arange(64.0).reshape(2, 32) / 64
    pipeline.load_textual_inversion({"my-cat": vectors}, token="my-cat")
    found = encode(pipeline, "a (my-cat:1.0) in snow").kwargs["prompt_embeds"]
    wanted, _ = pipeline.encode_prompt("a my-cat in snow", CPU, 1, False)
    assert torch.equal(found, wanted)
    assert not torch.equal(found, states(pipeline, "a cat in snow"))


def test_counting_tokens(sd: Any, bert: Any) -> None:
    assert count_tokens(sd.tokenizer, "a (red:1.2) fox <lora:x>") == (3, 75)
    assert count_tokens(sd.tokenizer, " ".join(["red"] * 80)) == (80, 150)
    assert count_tokens(sd.tokenizer, "") == (0, 75)
    assert count_tokens(bert.tokenizer, "a (red:1.2) fox, 3d") == (6, 22)

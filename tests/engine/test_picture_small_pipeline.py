"""Remaking and repainting transparent pictures, with networks of random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "purple", "apple")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A denoiser, an autoencoder and a text encoder as the built-in model has them, but tiny."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    tokenizer = BertTokenizerFast(
        vocab={word: index for index, word in enumerate(WORDS)}, model_max_length=8
    )
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=8,
    )  # fmt: skip
    config.use_attention_mask = True
    unet = diffusers.UNet2DConditionModel(
        sample_size=4, in_channels=6, out_channels=6, block_out_channels=(8, 16),
        layers_per_block=1, cross_attention_dim=16, attention_head_dim=8, norm_num_groups=4,
        down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2,
    )  # fmt: skip
    vae = diffusers.AutoencoderTiny(
        in_channels=4, out_channels=4, latent_channels=6, scaling_factor=4.0,
        encoder_block_out_channels=(8,) * 5, decoder_block_out_channels=(8,) * 5,
        num_encoder_blocks=(0,) * 5, num_decoder_blocks=(0,) * 5,
    )  # fmt: skip
    scheduler = diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, steps_offset=1
    )
    return {
        "vae": vae.eval(),
        "unet": unet.eval(),
        "text_encoder": BertModel(config).eval(),
        "tokenizer": tokenizer,
        "scheduler": scheduler,
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }


@pytest.fixture
def picture() -> Image.Image:
    """A red square on nothing, 64 x 64 px."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[16:48, 16:48] = (220, 30, 30, 255)
    return Image.fromarray(pixels)


def _made(kind: str, parts: dict[str, Any]) -> Any:
    from studio.engine.backends import _picture_small_pipeline_impl as ours

    made = getattr(ours, kind)(**parts)
    made.set_progress_bar_config(disable=True)
    return made


def _options(seed: int, **more: Any) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    return {"num_inference_steps": 4, "guidance_scale": 2.0, "generator": generator, **more}


@pytest.mark.parametrize("kind", ["PictureSmallImg2ImgPipeline", "PictureSmallInpaintPipeline"])
def test_a_transparent_picture_comes_out_transparent_and_the_same_for_a_seed(
    parts: dict[str, Any], picture: Image.Image, kind: str
) -> None:
    pipeline = _made(kind, parts)
    more: dict[str, Any] = {"image": picture, "strength": 0.75}
    if "Inpaint" in kind:
        more["mask_image"] = Image.new("L", (64, 64), 255)
    first = pipeline("a purple apple", **_options(1, **more)).images[0]
    again = pipeline("a purple apple", **_options(1, **more)).images[0]
    other = pipeline("a purple apple", **_options(2, **more)).images[0]
    assert (first.mode, first.size) == ("RGBA", (64, 64))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_colours_under_transparency_do_not_matter(
    parts: dict[str, Any], picture: Image.Image
) -> None:
    pipeline = _made("PictureSmallImg2ImgPipeline", parts)
    pixels = np.array(picture)
    pixels[pixels[..., 3] == 0] = (10, 250, 90, 0)
    one = pipeline("an apple", image=picture, **_options(3)).images[0]
    two = pipeline("an apple", image=Image.fromarray(pixels), **_options(3)).images[0]
    assert one.tobytes() == two.tobytes()


def test_what_the_mask_protects_keeps_its_latents(
    parts: dict[str, Any], picture: Image.Image
) -> None:
    pipeline = _made("PictureSmallInpaintPipeline", parts)
    mask = Image.new("L", (64, 64), 0)
    mask.paste(255, (32, 0, 64, 64))
    latents = pipeline(
        "a red apple", image=picture, mask_image=mask, output_type="latent", **_options(4)
    ).images
    pixels = torch.from_numpy(np.array(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    own = pipeline.encode_rgba(pixels)
    assert torch.allclose(latents[..., :2], own[..., :2], atol=1e-5)
    assert not torch.allclose(latents[..., 2:], own[..., 2:], atol=1e-2)


def test_a_caller_hears_of_every_step_and_may_stop(
    parts: dict[str, Any], picture: Image.Image
) -> None:
    pipeline = _made("PictureSmallInpaintPipeline", parts)
    heard: list[int] = []

    def step_end(pipe: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
        heard.append(step)
        assert values["latents"].shape == (1, 6, 4, 4)
        pipe._interrupt = step == 1
        return {}

    mask = Image.new("L", (64, 64), 255)
    pipeline("an apple", image=picture, mask_image=mask, callback_on_step_end=step_end,
             **_options(5))  # fmt: skip
    assert heard == [0, 1]


def test_the_classes_can_be_named_to_the_backend() -> None:
    from studio.engine.backends._diffusers_pipelines_impl import class_named

    for name in ("PictureSmallImg2ImgPipeline", "PictureSmallInpaintPipeline"):
        assert class_named(f"_picture_small_pipeline_impl:{name}").__name__ == name

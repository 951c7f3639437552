"""The built-in picture model that ships: its files, its licence, and that it draws as asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "assets" / "models" / "picture-small"
STATES = Path(__file__).parent / "picture_small_states.npz"
LIMIT_BYTES = 36_000_000
PROMPTS = ("a red heart, flat", "a green tree, flat", "a blue car, noto", "a yellow star, 3d")

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")


@pytest.fixture(scope="module")
def model() -> tuple[Any, Any, Any]:
    """Denoiser, autoencoder and scheduler, read as any diffusers folder is."""
    unet = diffusers.UNet2DConditionModel.from_pretrained(
        FOLDER / "unet", dtype=torch.float32, local_files_only=True
    )
    vae = diffusers.AutoencoderTiny.from_pretrained(
        FOLDER / "vae", dtype=torch.float32, local_files_only=True
    )
    scheduler = diffusers.UniPCMultistepScheduler.from_pretrained(FOLDER / "scheduler")
    return unet.eval(), vae.eval(), scheduler


def _draw(model: tuple[Any, Any, Any], prompts: tuple[str, ...], steps: int = 8) -> np.ndarray:
    """Straight RGBA (n, 256, 256, 4) in 0..1; token states come from a file, not the encoder."""
    unet, vae, scheduler = model
    kept = np.load(STATES)
    words = torch.from_numpy(np.stack([kept[p] for p in ("",) * len(prompts) + prompts])).float()
    latents = torch.randn(len(prompts), 32, 16, 16, generator=torch.Generator().manual_seed(0))
    scheduler.set_timesteps(steps)
    with torch.no_grad():
        for time in scheduler.timesteps:
            free, told = unet(torch.cat([latents, latents]), time, words).sample.chunk(2)
            latents = scheduler.step(free + 3 * (told - free), time, latents).prev_sample
        pictures = vae.decode(latents / vae.config.scaling_factor).sample / 2 + 0.5
    return np.asarray(pictures.clamp(0, 1).permute(0, 2, 3, 1))


def test_it_is_light_and_names_stock_classes() -> None:
    index = json.loads((FOLDER / "model_index.json").read_text(encoding="utf-8"))
    assert index["_class_name"] == "StableDiffusionPipeline"
    for library, name in (value for value in index.values() if isinstance(value, list)):
        if library == "diffusers":
            assert hasattr(diffusers, name)
        else:
            assert library in ("transformers", None)
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= LIMIT_BYTES
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md", ""}


def test_its_sources_are_named_where_it_ships_and_at_the_top() -> None:
    for notice in (FOLDER / "NOTICE", ROOT / "NOTICE"):
        text = notice.read_text(encoding="utf-8")
        assert "Microsoft Corporation" in text
        assert "Google Inc." in text
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for word in ("Limits", "Cost", "PSNR", "shuffled", "NOTICE"):
        assert word in card


def test_the_text_encoder_is_told_to_mask_padding() -> None:
    config = json.loads((FOLDER / "text_encoder" / "config.json").read_text(encoding="utf-8"))
    settings = json.loads(
        (FOLDER / "tokenizer" / "tokenizer_config.json").read_text(encoding="utf-8")
    )
    assert config["use_attention_mask"] is True
    assert settings["model_max_length"] == 24
    assert config["hidden_size"] == 384


def test_it_draws_the_colour_that_is_asked_on_nothing(model: tuple[Any, Any, Any]) -> None:
    pictures = _draw(model, PROMPTS)
    strongest = {"red": 0, "green": 1, "blue": 2}
    for prompt, picture in zip(PROMPTS, pictures, strict=True):
        alpha = picture[..., 3]
        corners = np.concatenate([alpha[:8, :8], alpha[:8, -8:]]).mean()
        assert corners < 0.2, prompt
        assert 0.1 < alpha.mean() < 0.9, prompt
        mean = (picture[..., :3] * alpha[..., None]).sum((0, 1)) / alpha.sum()
        colour = prompt.split()[1]
        if colour == "yellow":
            assert mean[0] > mean[2] + 0.3, prompt
            assert mean[1] > mean[2] + 0.3, prompt
        else:
            assert int(mean.argmax()) == strongest[colour], prompt


def test_the_same_noise_gives_the_same_picture_and_words_matter(
    model: tuple[Any, Any, Any],
) -> None:
    first = _draw(model, PROMPTS[:2], steps=3)
    again = _draw(model, PROMPTS[:2], steps=3)
    other = _draw(model, PROMPTS[2:], steps=3)
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.02


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("swapped", [False, True])
def test_each_region_gets_what_is_asked_for_there(
    model: tuple[Any, Any, Any], swapped: bool
) -> None:
    from studio.engine.backends._diffusers_regions_impl import Regions
    from studio.engine.backends._prompt_encoding_impl import Encoded

    unet, vae, scheduler = model
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=None, tokenizer=None, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    kept = {name: torch.from_numpy(words).float()[None] for name, words in np.load(STATES).items()}
    prompts = ["a red heart, flat", "a blue car, noto"]
    halves = np.zeros((2, 16, 32), np.float32)
    halves[0, :, :16] = halves[1, :, 16:] = 1
    words = [Encoded({"prompt_embeds": kept[name]}) for name in prompts[:: -1 if swapped else 1]]
    with torch.inference_mode(), Regions(words, halves).acting(pipeline):
        drawn = pipeline(
            prompt_embeds=kept[""], negative_prompt_embeds=kept[""], width=512, height=256,
            guidance_scale=3.0, num_inference_steps=8, output_type="np",
            generator=torch.Generator().manual_seed(0),
        ).images[0]  # fmt: skip
    left, right = drawn[:, :256], drawn[:, 256:]
    red, blue = (right, left) if swapped else (left, right)
    for half, channel in ((red, 0), (blue, 2)):
        alpha = half[..., 3:]
        mean = (half[..., :3] * alpha).sum((0, 1)) / alpha.sum()
        assert int(mean.argmax()) == channel
        assert 0.1 < alpha.mean() < 0.9

"""What pictures look like while they form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from studio.core.media import Picture
from studio.engine.backends._diffusers_families import FAMILIES
from tests.engine.test_diffusers_families import request
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_picture_parts import toy_tiny_vae
from tests.fakes.toy_pictures import loaded, picture_model

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

FAMILY = {family.id: family for family in FAMILIES}


class Averaging:
    """An autoencoder whose latents are the averages of 8x8 pixels, mixed."""

    dtype: Any = None
    device: Any = None

    def __init__(self, channels: int) -> None:
        import torch

        self.dtype, self.device = torch.float32, torch.device("cpu")
        self.config = {"in_channels": channels, "scaling_factor": 0.5, "shift_factor": 0.25}
        chance = torch.Generator().manual_seed(1)
        self.mix = torch.randn(channels + 1, channels, generator=chance)

    def encode(self, pixels: Any) -> Any:
        import torch

        small = torch.nn.functional.avg_pool2d(pixels, 8)
        latents = torch.einsum("lc,bchw->blhw", self.mix, small)
        return type("Coded", (), {"latents": latents})()


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_found_for_any_autoencoder(channels: int) -> None:
    import torch

    from studio.engine.backends._diffusers_previews_impl import fitted, in_pipeline

    vae = Averaging(channels)
    matrix = fitted(vae)
    assert matrix is not None
    assert matrix.shape == (channels + 2, channels)
    chance = torch.Generator().manual_seed(5)
    pixels = torch.rand(1, channels, 8, 8, generator=chance).repeat_interleave(8, 2)
    pixels = pixels.repeat_interleave(8, 3) * 1.6 - 0.8
    latents = in_pipeline(vae, pixels)
    assert latents is not None
    known = latents[0].flatten(1).T
    colours = torch.cat((known, torch.ones_like(known[:, :1])), 1) @ matrix
    wanted = pixels[0, :, ::8, ::8].flatten(1).T
    assert (colours - wanted).abs().max() < 0.1


def test_colours_of_transparent_previews_are_straight() -> None:
    import torch

    from studio.engine.backends._diffusers_previews_impl import _as_seen, _straight

    chance = torch.Generator().manual_seed(2)
    card = torch.rand(1, 4, 6, 6, generator=chance) * 1.6 - 0.8
    back = _straight(_as_seen(card).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert torch.allclose(back, card, atol=1e-4)


def test_packed_latents_are_laid_out_as_a_picture() -> None:
    import torch
    from diffusers import FluxPipeline

    from studio.engine.backends._diffusers_previews_impl import unpacked

    latents = torch.arange(2.0 * 16 * 8 * 6).reshape(2, 16, 8, 6)
    packed = FluxPipeline._pack_latents(latents, 2, 16, 8, 6)
    assert torch.equal(unpacked(packed, FAMILY["flux"], (8, 6)), latents[0])
    assert torch.equal(unpacked(latents, FAMILY["sd"], (8, 6)), latents[0])
    assert torch.equal(unpacked(latents[:, :, None], FAMILY["sd"], (8, 6)), latents[0])


def test_the_picture_behind_the_noise_is_shown() -> None:
    """Where every step points at the same picture, the first one shows it."""
    import torch
    from diffusers import EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler

    from studio.engine.backends._diffusers_previews_impl import expected

    clean = torch.full((1, 4, 4, 4), 0.3)
    noise = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    flow = FlowMatchEulerDiscreteScheduler()
    flow.set_timesteps(8)
    before = (1 - flow.sigmas[0]) * clean + flow.sigmas[0] * noise
    after = flow.step(noise - clean, flow.timesteps[0], before).prev_sample
    assert torch.allclose(expected(flow, after, before), clean, atol=1e-4)
    euler = EulerDiscreteScheduler()
    euler.set_timesteps(8)
    before = clean + euler.sigmas[0] * noise
    after = euler.step(noise, euler.timesteps[0], before).prev_sample
    assert torch.allclose(expected(euler, after, before), clean, atol=1e-3)


@pytest.mark.parametrize("family", ["sd-1", "sdxl", "sd-3", "flux"])
def test_previews_have_the_shape_of_the_picture(family: str) -> None:
    ctx = RecordingContext()
    loaded(family).generate(request(ctx, width=96, height=64), ctx)
    assert ctx.previews
    for index, step, picture in ctx.previews:
        assert index == 0
        assert step >= 1
        assert (picture.width, picture.height) == (12, 8)
        assert picture.pixels()[..., 3].min() == 255


def test_each_picture_has_its_own_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.engine.backends import _diffusers_previews_impl as previews

    monkeypatch.setattr(previews, "_SHARE", 1e9)
    ctx = RecordingContext()
    loaded("sd-1").generate(
        request(ctx, num_images_per_prompt=2, options={"num_inference_steps": 12}), ctx
    )
    assert {index for index, _, _ in ctx.previews} == {0, 1}


def test_nobody_looking_means_no_preview_and_the_same_picture() -> None:
    seen, unseen = RecordingContext(), RecordingContext()
    unseen.shows_previews = False
    first = loaded("sd-1").generate(request(seen), seen)
    second = loaded("sd-1").generate(request(unseen), unseen)
    assert not unseen.previews
    assert first.pictures == second.pictures


def test_a_small_autoencoder_of_the_store_draws_better_previews(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import dataclasses

    from studio.engine.api import Device
    from studio.engine.backends import _diffusers_previews_impl as previews
    from studio.engine.backends.diffusers_image import DiffusersImageBackend

    info = dataclasses.replace(picture_model("sd-1"), family="sd-1")
    ctx = RecordingContext()
    tiny = toy_tiny_vae()
    ctx.models = {tiny.id: tiny}
    model = DiffusersImageBackend().load(info, Device(kind="cpu", threads=1), ctx)
    model.generate(request(ctx), ctx)
    plain = ctx.previews[-1][2]
    monkeypatch.setattr(previews, "_SHARE", 1e9)
    model.generate(request(ctx), ctx)
    drawn = ctx.previews[-1][2]
    monkeypatch.setattr(previews, "_SHARE", 1e-9)
    model.generate(request(ctx), ctx)
    slow = ctx.previews[-1][2]
    assert (drawn.width, drawn.height) == (64, 64)
    assert (slow.width, slow.height) == (8, 8), "where there is no time for it, it is not used"
    assert plain.width in (8, 64)
    model.unload()


def test_previews_stay_within_their_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock by which each look takes 10 ms, the next comes half a second later."""
    import torch

    from studio.engine.backends import _diffusers_previews_impl as previews

    now = [0.0]
    monkeypatch.setattr(previews.time, "perf_counter", lambda: now[0])
    ctx = RecordingContext()

    def shown(picture: Picture, *, index: int = 0, step: int = 0) -> None:
        now[0] += 0.010
        ctx.previews.append((index, step, picture))

    monkeypatch.setattr(ctx, "preview", shown)
    looking = previews.Previews(torch.zeros(5, 3), FAMILY["sd"])
    pipeline = loaded("sd-1")._pipelines.get("image.txt2img")
    for step in range(200):
        latents = torch.zeros(1, 4, 4, 4)
        looking.step(pipeline, latents, (4, 4), ctx, 0, step)
        now[0] += 0.01
    assert 3 <= len(ctx.previews) <= 5
    assert np.all(ctx.previews[0][2].pixels()[..., :3] == 128)

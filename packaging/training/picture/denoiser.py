"""The denoiser: a UNet on 32x16x16 latents that listens to the token states of a caption."""

from __future__ import annotations

from pathlib import Path

import torch
from autoencoder import LATENT_CHANNELS
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor

CHANNELS = (96, 192, 256)
STEPS = 1000
"""Time 0 to 1 of the flow is 0 to 1000 in the scheduler's count."""


def build() -> UNet2DConditionModel:
    """An untrained denoiser. The caption steers every block through the time embedding, and
    single words through attention at the coarsest level."""
    model = UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=CHANNELS,
        layers_per_block=1,
        cross_attention_dim=384,
        attention_head_dim=[channels // 64 for channels in CHANNELS],
        down_block_types=("DownBlock2D",) * 3,
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=("UpBlock2D",) * 3,
        addition_embed_type="text",
        addition_embed_type_num_heads=8,
        resnet_time_scale_shift="scale_shift",
        use_linear_projection=True,
    )
    # PyTorch's fused attention is slower than plain products for so few positions on a CPU.
    model.set_attn_processor(AttnProcessor())
    return model


def load(path: Path) -> UNet2DConditionModel:
    """The averaged weights of a checkpoint."""
    saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    model = build()
    model.load_state_dict(saved["ema"])
    return model.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def sample(
    model: UNet2DConditionModel,
    states: Tensor,
    empty: Tensor,
    seeds: list[int],
    steps: int = 20,
    guidance_scale: float = 3.0,
) -> Tensor:
    """Latents (n, 32, 16, 16) for captions, one seed each, with the scheduler that is shipped.

    Args:
        model: the denoiser.
        states: token states (n, 24, 384).
        empty: token states of the empty caption (24, 384).
        seeds: one number per caption.
        steps: num_inference_steps.
        guidance_scale: 1 means no guidance.
    """
    plan = scheduler()
    plan.set_timesteps(steps)
    latents = torch.cat(
        [
            torch.randn((1, LATENT_CHANNELS, 16, 16), generator=torch.Generator().manual_seed(seed))
            for seed in seeds
        ]
    ).to(states.device)
    guided = guidance_scale > 1
    words = torch.cat([empty.expand_as(states), states]) if guided else states
    for time in plan.timesteps:
        inputs = torch.cat([latents, latents]) if guided else latents
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        flow = model(inputs, time, words).sample.float()
        if guided:
            free, told = flow.chunk(2)
            flow = free + guidance_scale * (told - free)
        latents = plan.step(flow, time, latents).prev_sample
    return latents


def scheduler() -> object:
    """The scheduler that is shipped with the model."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        num_train_timesteps=STEPS,
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=1.0,
        solver_order=2,
        steps_offset=1,
    )

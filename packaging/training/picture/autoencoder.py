"""The autoencoder: 256x256 RGBA to 32x16x16 and back, in diffusers' AutoencoderTiny.

The encoder is not trained but computed: without blocks, EncoderTiny is a chain of convolutions,
and principal components of the training pictures are written into it. So latents are known at
once, ordered from coarse to fine, and the denoiser learns while the decoder still does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from torch.nn import functional

LATENT_CHANNELS = 32
ENCODER_WIDTH = 64
DECODER_WIDTH = 48
DECODER_BLOCKS = (3, 4, 3, 1, 0)
SCALING = 4.0
"""Latents inside the autoencoder are this much smaller than those the denoiser sees: its decoder
squeezes inputs near 3, which these never reach."""

LEVELING = 0.5
"""Share (as an exponent) of the components' own size that is taken away: 0 keeps it, 1 makes all
equally large. Between the two, coarse shapes still come first but details count as well."""


def build() -> AutoencoderTiny:
    """An untrained autoencoder."""
    return AutoencoderTiny(
        in_channels=4,
        out_channels=4,
        encoder_block_out_channels=(ENCODER_WIDTH,) * 5,
        decoder_block_out_channels=(DECODER_WIDTH,) * 5,
        num_encoder_blocks=(0,) * 5,
        num_decoder_blocks=DECODER_BLOCKS,
        latent_channels=LATENT_CHANNELS,
        scaling_factor=SCALING,
    )


def premultiplied(pictures: np.ndarray) -> Tensor:
    """uint8 straight RGBA (n, height, width, 4) as premultiplied (n, 4, height, width) in -1..1."""
    values = torch.from_numpy(np.ascontiguousarray(pictures)).float().div_(255)
    values[..., :3] *= values[..., 3:]
    return values.permute(0, 3, 1, 2).mul(2).sub(1)


def visible(decoded: Tensor) -> Tensor:
    """What the decoder's output looks like: premultiplied RGBA in 0..1, not clipped.

    The decoder speaks straight colour, so that stock pipelines save correct PNG files; how
    colour and transparency look together is all that it is trained for.
    """
    values = decoded.float() / 2 + 0.5
    return torch.cat([values[:, :3] * values[:, 3:], values[:, 3:]], 1)


def psnr(reference: Tensor, decoded: Tensor) -> Tensor:
    """PSNR in dB of every picture, on premultiplied RGBA. Both in 0..1."""
    error = (reference - decoded.clamp(0, 1)).pow(2).flatten(1).mean(1)
    return -10 * error.clamp_min(1e-10).log10()


def _merge(values: Tensor) -> Tensor:
    """(n, c, h, w) to (n, 4c, h/2, w/2), in the order that ``_merging_kernel`` writes."""
    return functional.pixel_unshuffle(values, 2)


def _merging_kernel(matrix: Tensor) -> Tensor:
    """A 3x3 kernel for stride 2 and padding 1 that does ``matrix @ merge(x)``.

    Args:
        matrix: (out, 4 * in), columns ordered as pixel_unshuffle orders channels.
    """
    outs, ins = matrix.shape[0], matrix.shape[1] // 4
    kernel = torch.zeros(outs, ins, 3, 3)
    kernel[:, :, 1:, 1:] = matrix.reshape(outs, ins, 2, 2)
    return kernel


def _components(samples: Tensor, count: int, centred: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, components (count, dims) and their standard deviations of ``samples`` (n, dims)."""
    mean = samples.mean(0) if centred else torch.zeros(samples.shape[1])
    moved = (samples - mean).double()
    values, vectors = torch.linalg.eigh(moved.T @ moved / len(moved))
    order = values.argsort(descending=True)[:count]
    return mean, vectors[:, order].T.float(), values[order].clamp_min(1e-12).sqrt().float()


@torch.no_grad()
def compute_encoder(model: AutoencoderTiny, pictures: Tensor) -> None:
    """Writes the principal components of ``pictures`` (n, 4, 256, 256, -1..1) into the encoder."""
    convolutions = [layer for layer in model.encoder.layers if isinstance(layer, torch.nn.Conv2d)]
    for convolution in convolutions:
        convolution.weight.zero_()
        if convolution.bias is not None:
            convolution.bias.zero_()
    first, *halving, last = convolutions
    for channel in range(4):
        first.weight[channel, channel, 1, 1] = 1
    merged, width = pictures / 2 + 0.5, 4
    for convolution in halving:
        merged = _merge(merged)
        matrix = torch.eye(4 * width)
        samples = merged.permute(0, 2, 3, 1).reshape(-1, 4 * width)
        if 4 * width > ENCODER_WIDTH:
            _, matrix, _ = _components(
                samples[:: 1 + len(samples) // 400_000], ENCODER_WIDTH, False
            )
            merged = torch.einsum("oc,nchw->nohw", matrix, merged)
        convolution.weight[: len(matrix), :width] = _merging_kernel(matrix)
        width = len(matrix)
    samples = merged.permute(0, 2, 3, 1).reshape(-1, width)
    mean, matrix, spread = _components(samples, LATENT_CHANNELS, True)
    sizes = spread ** (1 - LEVELING)
    gain = sizes / spread / sizes.pow(2).mean().sqrt() / SCALING
    last.weight[:, :, 1, 1] = matrix * gain[:, None]
    last.bias.copy_(-(matrix * gain[:, None]) @ mean)


def save(model: AutoencoderTiny, path: Path) -> None:
    """Writes the weights, whole or not at all."""
    torch.save(model.state_dict(), path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load(path: Path) -> AutoencoderTiny:
    """The autoencoder whose weights ``save`` wrote."""
    model = build()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()

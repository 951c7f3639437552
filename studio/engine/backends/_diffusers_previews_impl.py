"""What a picture looks like while it forms: latents to colours by a matrix, at next to no cost.

The matrix is fitted to the model's own autoencoder, from one small test card it encodes when the
first preview is wanted. So it is right for every family, for exchanged autoencoders and for those
with transparency, where published tables know a few families only.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.core.media import Picture
from studio.engine.api import JobContext
from studio.engine.backends._diffusers_families import Family

#: At most this share of a run's time goes into previews.
_SHARE = 0.02
#: A better preview may come this much later than the next step.
_LONGEST_WAIT_S = 2.0
_CARD_PX = 128
_RIDGE = 1e-4


class TinyDecoder:
    """A small autoencoder that draws better previews, where there is time for it."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._latent_s = self._measured()

    def seconds(self, latents: torch.Tensor) -> float:
        """Return how long a preview of latents (channels, height, width) takes."""
        return float(self._latent_s * latents.shape[-1] * latents.shape[-2])

    def draw(self, latents: torch.Tensor) -> torch.Tensor:
        """Return colours (height, width, 3 or 4) in -1..1."""
        drawn = self._network.decode(latents[None].to(self._network.dtype)).sample[0]
        found: torch.Tensor = drawn.permute(1, 2, 0).float()
        return found

    def _measured(self) -> float:
        network: Any = self._network
        best = float("inf")
        sample = torch.zeros(network.config.latent_channels, 16, 16, device=network.device)
        for _ in range(2):
            began = time.perf_counter()
            self.draw(sample).cpu()
            best = min(best, time.perf_counter() - began)
        return float(best / 256)


class Previews:
    """Shows the pictures of one run as they form.

    Args:
        matrix: From :func:`fitted`.
        family: How latents are laid out.
        tiny: Draws better previews where there is time for it.
    """

    def __init__(
        self, matrix: torch.Tensor, family: Family, tiny: TinyDecoder | None = None
    ) -> None:
        self._matrix = matrix
        self._family = family
        self._tiny = tiny
        self._before: torch.Tensor | None = None
        self._stepped_at = time.perf_counter()
        self._rest_until = 0.0

    def begin(self) -> None:
        """A new picture begins."""
        self._before = None
        self._stepped_at = time.perf_counter()

    def step(
        self,
        pipeline: Any,
        latents: torch.Tensor,
        grid: tuple[int, int],
        ctx: JobContext,
        index: int,
        step: int,
    ) -> None:
        """Show the picture after a step, if anybody would see it.

        Args:
            pipeline: Whose scheduler tells how noisy ``latents`` are.
            latents: As the pipeline keeps them, one picture.
            grid: Height and width of what is computed, in latents.
            ctx: Of the job.
            index: Which picture of the job it is.
            step: Steps done.
        """
        now = time.perf_counter()
        if now >= self._rest_until and ctx.wants_preview():
            clean = expected(pipeline.scheduler, latents, self._before)
            picture = self._picture(unpacked(clean, self._family, grid), now - self._stepped_at)
            ctx.preview(picture, index=index, step=step)
            spent = time.perf_counter() - now
            self._rest_until = now + spent / _SHARE
        self._before = latents
        self._stepped_at = time.perf_counter()

    def _picture(self, latents: torch.Tensor, step_s: float) -> Picture:
        tiny = self._tiny
        if tiny is not None and tiny.seconds(latents) / _SHARE <= max(_LONGEST_WAIT_S, step_s):
            return Picture.of(_bytes(tiny.draw(latents)))
        plain = latents.float().permute(1, 2, 0)
        ones = torch.ones_like(plain[..., :1])
        colours = torch.cat((plain, ones), dim=-1) @ self._matrix.to(plain.device)
        return Picture.of(_bytes(_straight(colours)))


def _bytes(colours: torch.Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return colours in -1..1 as bytes."""
    scaled = (colours.nan_to_num() * 127.5 + 127.5).round().clamp(0, 255)
    found: np.ndarray[Any, np.dtype[np.uint8]] = scaled.to(torch.uint8).cpu().numpy()
    return found


def unpacked(latents: torch.Tensor, family: Family, grid: tuple[int, int]) -> torch.Tensor:
    """Return the first picture's latents as (channels, height, width)."""
    first = latents[0]
    if first.ndim == 4:  # (channels, 1, height, width), from an autoencoder of films
        first = first[:, 0]
    if first.ndim == 3:
        return first
    height, width = grid[0] // 2, grid[1] // 2
    patches = first[: height * width].reshape(height, width, -1, 2, 2)
    return patches.permute(2, 0, 3, 1, 4).reshape(-1, height * 2, width * 2)


def expected(scheduler: Any, latents: torch.Tensor, before: torch.Tensor | None) -> torch.Tensor:
    """Return what noisy latents are expected to become, from how the last step changed them."""
    outputs = getattr(scheduler, "model_outputs", None)
    if outputs and outputs[-1] is not None and _predicts_clean(scheduler):
        found: torch.Tensor = outputs[-1]
        return found if found.shape == latents.shape else latents
    sigmas, index = getattr(scheduler, "sigmas", None), getattr(scheduler, "step_index", None)
    if sigmas is None or index is None or not 0 < index < len(sigmas):
        return latents
    now, last = float(sigmas[index]), float(sigmas[index - 1])
    if type(scheduler).__name__ in _STRAIGHT and before is not None and now != last:
        return latents - (latents - before) * (now / (now - last))
    if "FlowMatch" in type(scheduler).__name__ or scheduler.init_noise_sigma < 2:
        return latents
    return latents / (1 + now**2) ** 0.5


#: Schedulers that go straight on from one step to the next.
_STRAIGHT = ("EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler")


def _predicts_clean(scheduler: Any) -> bool:
    kind = scheduler.config.get("algorithm_type", "")
    return "++" in kind or bool(scheduler.config.get("predict_x0"))


def fitted(vae: Any) -> torch.Tensor | None:
    """Return the matrix (latent channels + 1, 3 or 4) that turns latents into colours.

    Returns:
        ``None`` for an autoencoder that cannot be asked in the usual way.
    """
    channels = vae.config.get("in_channels", 3)
    card = _as_seen(_card(channels))
    latents = in_pipeline(vae, card)
    if latents is None:
        return None
    small = torch.nn.functional.interpolate(card, latents.shape[-2:], mode="area")[0]
    known = latents[0].float().flatten(1).T.cpu()
    known = torch.cat((known, torch.ones_like(known[:, :1])), dim=1)
    wanted = small.flatten(1).T
    square = known.T @ known
    square += _RIDGE * square.diagonal().mean() * torch.eye(len(square))
    matrix: torch.Tensor = torch.linalg.solve(square, known.T @ wanted)
    return matrix


def in_pipeline(vae: Any, pixels: torch.Tensor) -> torch.Tensor | None:
    """Return a picture's latents as pipelines keep them, (1, channels, height, width)."""
    films = "temperal_downsample" in vae.config
    asked = pixels.to(vae.device, vae.dtype)
    coded = vae.encode(asked[:, :, None] if films else asked)
    for name in ("latent_dist", "latents", "latent"):
        found = getattr(coded, name, None)
        if found is not None:
            break
    else:
        return None
    latents = (found.mode() if name == "latent_dist" else found).float()
    mean, std = vae.config.get("latents_mean"), vae.config.get("latents_std")
    if mean is not None and std is not None:
        shape = (1, -1) + (1,) * (latents.ndim - 2)
        latents = (latents - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)
    else:
        shift = vae.config.get("shift_factor") or 0.0
        latents = (latents - shift) * (vae.config.get("scaling_factor") or 1.0)
    return latents[:, :, 0] if films else latents


def _straight(colours: torch.Tensor) -> torch.Tensor:
    """Return colours (…, 3 or 4) in -1..1 with what their alpha took from them."""
    if colours.shape[-1] != 4:
        return colours
    alpha = (colours[..., 3:] / 2 + 0.5).clamp(0.02, 1)
    plain = (colours[..., :3] / 2 + 0.5) / alpha * 2 - 1
    return torch.cat((plain, colours[..., 3:]), dim=-1)


def _as_seen(card: torch.Tensor) -> torch.Tensor:
    """Return what an encoder of transparent pictures sees: colours times their alpha."""
    if card.shape[1] != 4:
        return card
    alpha = card[:, 3:] / 2 + 0.5
    colours = (card[:, :3] / 2 + 0.5) * alpha * 2 - 1
    return torch.cat((colours, card[:, 3:]), dim=1)


def _card(channels: int) -> torch.Tensor:
    """Return a test card of soft, coloured shapes of all sizes, (1, channels, px, px), -1..1."""
    chance = torch.Generator().manual_seed(7)
    card = torch.zeros(1, channels, _CARD_PX, _CARD_PX)
    for cells in (2, 4, 8, 16):
        grid = torch.randn(1, channels, cells, cells, generator=chance) / cells**0.5
        size = (_CARD_PX, _CARD_PX)
        card += torch.nn.functional.interpolate(grid, size, mode="bicubic", align_corners=False)
    return torch.tanh(card)

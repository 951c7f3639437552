"""Trains the autoencoder's decoder, by the clock, from its checkpoint if there is one.

    python train_decoder.py --data DATA --out RUN --minutes 60

The encoder is computed (see autoencoder.py), so this runs beside the denoiser's training.
"""

from __future__ import annotations

import argparse
import copy
import random
import time
from pathlib import Path

import autoencoder
import numpy as np
import torch
from diffusers import AutoencoderTiny
from prepare import read_rows
from torch import Tensor

LATENT_NOISE = 0.1
"""Most noise on the latents in training (their own size is 1): the denoiser errs as well."""


class Cuts:
    """Random square cuts of the pictures, mirrored and with colours swapped at random."""

    def __init__(self, data: Path, crop: int, splits: tuple[str, ...]) -> None:
        rows = read_rows(data)
        self.numbers = [index for index, row in enumerate(rows) if row["split"] in splits]
        self._pictures = np.load(data / "pictures.npy", mmap_mode="r")
        self._crop = crop

    def batch(self, size: int) -> Tensor:
        """Premultiplied (size, 4, crop, crop) in -1..1."""
        cuts = np.empty((size, self._crop, self._crop, 4), np.uint8)
        for index in range(size):
            cuts[index] = self._cut()
        values = autoencoder.premultiplied(cuts)
        if random.random() < 0.3:
            values = values[:, [*random.sample(range(3), 3), 3]]
        return values.flip(3) if random.random() < 0.5 else values

    def _cut(self) -> np.ndarray:
        """A cut that shows something."""
        picture = self._pictures[random.choice(self.numbers)]
        room = picture.shape[0] - self._crop
        for _ in range(4):
            top, left = (random.randint(0, room) for _ in range(2))
            cut = picture[top : top + self._crop, left : left + self._crop]
            if cut[::8, ::8, 3].any():
                break
        return cut

    def whole(self, every: int) -> Tensor:
        """Whole pictures, premultiplied, every so many."""
        return autoencoder.premultiplied(self._pictures[self.numbers[::every]])


def differences(values: Tensor) -> tuple[Tensor, Tensor]:
    """Steps between neighbours, across and down."""
    return values[..., 1:] - values[..., :-1], values[..., 1:, :] - values[..., :-1, :]


def loss_of(decoded: Tensor, target: Tensor) -> Tensor:
    """How far the decoder's output looks from ``target`` (premultiplied, -1..1)."""
    shown, wanted = autoencoder.visible(decoded), target / 2 + 0.5
    pixels = (shown - wanted).abs().mean() + 4 * (shown - wanted).pow(2).mean()
    edges = sum(
        (one - other).abs().mean()
        for one, other in zip(differences(shown), differences(wanted), strict=True)
    )
    straight = decoded.float() / 2 + 0.5
    outside = (straight - straight.clamp(0, 1)).abs().mean()
    return pixels + 0.5 * edges + 0.05 * outside


@torch.no_grad()
def measure(model: AutoencoderTiny, pictures: Tensor) -> float:
    """Mean PSNR in dB over whole pictures."""
    values = []
    for target in pictures.split(8):
        latents = model.encode(target).latents
        with torch.autocast(target.device.type, dtype=torch.bfloat16):
            decoded = model.decode(latents).sample
        values.append(autoencoder.psnr(target / 2 + 0.5, autoencoder.visible(decoded)))
    return float(torch.cat(values).mean())


class Run:
    """Model, average, optimiser and the clock."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.path = arguments.out / "decoder.pt"
        self.device = torch.device(arguments.device)
        model = autoencoder.load(arguments.out / "encoder.pt")
        saved = (
            torch.load(self.path, map_location="cpu", weights_only=True)
            if self.path.is_file()
            else {}
        )
        if saved:
            model.load_state_dict(saved["model"])
        self.model = model.to(self.device, memory_format=torch.channels_last).train()
        self.model.encoder.requires_grad_(False)
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.AdamW(
            self.model.decoder.parameters(),
            lr=arguments.lr, betas=(0.9, 0.99), weight_decay=1e-3, fused=True,
        )  # fmt: skip
        self.step, self.elapsed = 0, 0.0
        if saved:
            self.average.load_state_dict(saved["ema"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.elapsed = int(saved["step"]), float(saved["elapsed"])

    def rate(self) -> float:
        """Learning rate: warm-up, level, and a straight fall over the last half."""
        done = min(self.elapsed / (self.arguments.minutes * 60), 1)
        fall = min(1, max(0.01, (1 - done) / 0.5))
        return self.arguments.lr * min(1, (self.step + 1) / 150) * fall

    def train_step(self, target: Tensor) -> float:
        """One step; the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        target = target.to(self.device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            with torch.no_grad():
                latents = self.model.encode(target).latents
            amount = torch.rand(len(latents), 1, 1, 1, device=self.device) - 0.4
            amount = amount.clamp_min(0) / 0.6 * LATENT_NOISE / autoencoder.SCALING
            noisy = latents + amount * torch.randn_like(latents)
            loss = loss_of(self.model.decode(noisy).sample, target)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.decoder.parameters(), 0.5)
        self.optimiser.step()
        self.step += 1
        decay = min(0.998, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.decoder.parameters()),
                list(self.model.decoder.parameters()),
                1 - decay,
            )
        return float(loss.detach())

    def save(self) -> None:
        """Writes the checkpoint, and the autoencoder to use."""
        torch.save(
            {
                "model": self.model.state_dict(),
                "ema": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "elapsed": self.elapsed,
            },
            self.path.with_suffix(".part"),
        )
        self.path.with_suffix(".part").replace(self.path)
        autoencoder.save(self.average, self.arguments.out / "autoencoder.pt")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128, help="edge of the cuts, in pixels")
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    cuts = Cuts(arguments.data, arguments.crop, ("train", "colour"))
    run = Run(arguments)
    held = Cuts(arguments.data, 256, ("style", "unseen")).whole(10).to(run.device)
    base, began, shown, mean = run.elapsed, time.monotonic(), time.monotonic(), 0.0
    while run.elapsed < arguments.minutes * 60:
        loss = run.train_step(cuts.batch(arguments.batch))
        mean = 0.98 * mean + 0.02 * loss if mean else loss
        run.elapsed = base + time.monotonic() - began
        if time.monotonic() - shown > 120:
            decibels = measure(run.average, held)
            now = f"{run.elapsed / 60:.1f} min, step {run.step}"
            print(f"{now}, loss {mean:.4f}, held out {decibels:.2f} dB", flush=True)
            run.save()
            shown = time.monotonic()
    run.save()
    print(f"done: {measure(run.average, held):.2f} dB held out")


if __name__ == "__main__":
    main()

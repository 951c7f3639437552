"""Trains the denoiser on precomputed latents, by the clock, from its checkpoint if there is one.

    python train_denoiser.py --data DATA --out RUN --minutes 100

A rectified flow: the denoiser sees latents on the straight line between a picture and noise and
learns the direction. ``--minutes`` is the length of the whole training, not of this call; the
learning rate falls to nothing over its last part.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import denoiser
import numpy as np
import torch
from muon import Muon
from prepare import read_rows
from torch import Tensor

SHARES = {"base": 0.56, "recolour": 0.32, "background": 0.04, "sticker": 0.05, "silhouette": 0.03}
"""How often each kind of picture is drawn."""

EMPTY_SHARE = 0.1
"""How often the caption is left out, for classifier-free guidance."""


class Samples:
    """Latents and captions of the training part."""

    def __init__(self, data: Path, run: Path) -> None:
        rows = read_rows(data)
        number = {
            caption: index
            for index, caption in enumerate(json.loads((run / "captions.json").read_text()))
        }
        self.latents = torch.from_numpy(np.load(run / "latents.npy"))
        self.states = torch.from_numpy(np.load(run / "states.npy", mmap_mode="c"))
        self.by_kind = {
            kind: [
                (index, [number[caption] for caption in row["captions"]])  # type: ignore[attr-defined]
                for index, row in enumerate(rows)
                if row["kind"] == kind and row["split"] == "train"
            ]
            for kind in SHARES
        }

    def batch(self, size: int, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Latents (size, 32, 16, 16) and token states (size, 24, 384)."""
        kinds = chance.choice(list(SHARES), size, p=list(SHARES.values()))
        pictures, captions = [], []
        for kind in kinds:
            rows = self.by_kind[kind]
            index, words = rows[chance.integers(len(rows))]
            pictures.append(index)
            empty = chance.random() < EMPTY_SHARE
            captions.append(0 if empty else words[chance.integers(len(words))])
        return self.latents[pictures].float(), self.states[captions].float()


def noise_shares(size: int, device: torch.device) -> Tensor:
    """How much noise each sample gets (0 to 1): most in the middle, where shapes are decided."""
    middle = torch.sigmoid(0.2 + 1.1 * torch.randn(size, device=device))
    even = torch.rand(size, device=device)
    return torch.where(torch.rand(size, device=device) < 0.1, even, middle)


class Run:
    """Model, average, optimiser and the clock."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.path = arguments.out / "denoiser.pt"
        self.device = torch.device(arguments.device)
        model = denoiser.build()
        saved = (
            torch.load(self.path, map_location="cpu", weights_only=True)
            if self.path.is_file()
            else {}
        )
        if saved:
            model.load_state_dict(saved["model"])
        self.model = model.to(self.device, memory_format=torch.channels_last).train()
        self.average = copy.deepcopy(self.model)
        self.optimiser = Muon(self.model.parameters(), lr=arguments.lr)
        self.step, self.elapsed = 0, 0.0
        if saved:
            self.average.load_state_dict(saved["ema"])
            if saved.get("optimiser_name") == "muon":
                self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.elapsed = int(saved["step"]), float(saved["elapsed"])

    def rate(self) -> float:
        """Learning rate: warm-up, level, and a straight fall over the last third."""
        done = min(self.elapsed / (self.arguments.minutes * 60), 1)
        fall = min(1, max(0.01, (1 - done) / self.arguments.fall))
        return self.arguments.lr * min(1, (self.step + 1) / 200) * fall

    def train_step(self, latents: Tensor, states: Tensor) -> float:
        """One step; the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        latents, states = latents.to(self.device), states.to(self.device)
        share = noise_shares(len(latents), self.device)
        noise = torch.randn_like(latents)
        mixed = latents + share[:, None, None, None] * (noise - latents)
        mixed = mixed.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            flow = self.model(mixed, share * denoiser.STEPS, states).sample
        loss = (flow.float() - (noise - latents)).pow(2).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(0.9985, (1 + self.step) / (20 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.model.parameters()), 1 - decay
            )
        return float(loss.detach())

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        torch.save(
            {
                "model": self.model.state_dict(),
                "ema": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "optimiser_name": "muon",
                "step": self.step,
                "elapsed": self.elapsed,
            },
            self.path.with_suffix(".part"),
        )
        self.path.with_suffix(".part").replace(self.path)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--fall", type=float, default=0.45, help="share of the time the rate falls")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--save-every", type=float, default=150, help="seconds")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    samples, run = Samples(arguments.data, arguments.out), Run(arguments)
    chance = np.random.default_rng(run.step)
    torch.manual_seed(run.step)
    base, began, shown, mean = run.elapsed, time.monotonic(), time.monotonic(), 0.0
    while run.elapsed < arguments.minutes * 60:
        loss = run.train_step(*samples.batch(arguments.batch, chance))
        mean = 0.99 * mean + 0.01 * loss if mean else loss
        run.elapsed = base + time.monotonic() - began
        if time.monotonic() - shown > arguments.save_every:
            print(f"{run.elapsed / 60:.1f} min, step {run.step}, loss {mean:.4f}", flush=True)
            run.save()
            shown = time.monotonic()
    run.save()
    print(f"done: step {run.step}, loss {mean:.4f}")


if __name__ == "__main__":
    main()

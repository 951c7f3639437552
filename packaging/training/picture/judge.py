"""The judge: a small network that says how well a picture goes with a caption.

    python judge.py --data DATA --out RUN

It is trained on real pictures alone, without the held-out styles and colours: it never sees what
the denoiser draws, and meets the held-out pictures' real counterparts for the first time when it
ranks them. Pictures of unseen concepts it must have seen: it could not know them otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import autoencoder
import numpy as np
import torch
from prepare import read_rows
from torch import Tensor, nn
from torch.nn import functional

EDGE = 64


def small_pictures(pictures: np.ndarray) -> Tensor:
    """Straight RGBA (n, 256, 256, 4) uint8 as premultiplied (n, 4, 64, 64) in 0..1."""
    parts = [
        functional.avg_pool2d(autoencoder.premultiplied(pictures[begin : begin + 128]) / 2 + 0.5, 4)
        for begin in range(0, len(pictures), 128)
    ]
    return torch.cat(parts)


def pooled(states: Tensor) -> Tensor:
    """One vector per caption: the mean and the first of its token states."""
    return torch.cat([states.mean(1), states[:, 0]], 1)


class Judge(nn.Module):
    """Pictures and captions into one space."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 4
        for width in (32, 64, 128, 192):
            layers += [
                nn.Conv2d(before, width, 3, stride=2 if before > 4 else 1, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.Conv2d(width, width, 3, stride=1 if before > 4 else 2, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            before = width
        self.look = nn.Sequential(*layers, nn.Flatten())
        self.see = nn.Sequential(nn.Dropout(0.2), nn.Linear(192 * 16, 384))
        self.read = nn.Sequential(nn.Linear(768, 512), nn.ReLU(), nn.Linear(512, 384))
        self.sharpness = nn.Parameter(torch.tensor(2.3))

    def pictures(self, small: Tensor) -> Tensor:
        """Unit vectors of premultiplied pictures (n, 4, 64, 64)."""
        return functional.normalize(self.see(self.look(small)), dim=1)

    def captions(self, states: Tensor) -> Tensor:
        """Unit vectors of token states (n, 24, 384)."""
        return functional.normalize(self.read(pooled(states)), dim=1)


def disturbed(small: Tensor) -> Tensor:
    """Pictures shifted, scaled, softened and speckled, so that trifles do not decide."""
    size = len(small)
    scale = 1 + 0.25 * (torch.rand(size) - 0.35)
    theta = torch.zeros(size, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = scale
    theta[:, :, 2] = 0.16 * (torch.rand(size, 2) - 0.5)
    grid = functional.affine_grid(theta, list(small.shape), align_corners=False)
    moved = functional.grid_sample(small, grid, align_corners=False)
    if random.random() < 0.4:
        moved = functional.interpolate(functional.avg_pool2d(moved, 2), scale_factor=2.0)
    return moved + 0.08 * random.random() * torch.randn_like(moved)


def train(
    judge: Judge, small: Tensor, states: Tensor, captions: list[list[int]], minutes: float
) -> None:
    """Contrastive training by the clock: every picture against the captions of its batch."""
    optimiser = torch.optim.AdamW(judge.parameters(), lr=1.5e-3, weight_decay=0.02, fused=True)
    began, order, step = time.monotonic(), torch.randperm(len(small)), 0
    while (done := (time.monotonic() - began) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * min(1, (step + 1) / 50) * (1 - done)
        if len(order) < 128:
            order = torch.randperm(len(small))
        picked, order = order[:128].tolist(), order[128:]
        words = [random.choice(captions[index]) for index in picked]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen = judge.pictures(disturbed(small[picked])).float()
            read = judge.captions(states[words].float()).float()
        likeness = judge.sharpness.exp() * seen @ read.T
        # Equal captions in a batch are no mistake.
        same = torch.tensor(words)[:, None] == torch.tensor(words)[None]
        target = same.float() / same.sum(1, keepdim=True)
        loss = functional.cross_entropy(likeness, target) + functional.cross_entropy(
            likeness.T, target
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        step += 1
        if step % 100 == 0:
            print(f"step {step}, loss {float(loss.detach()):.3f}", flush=True)
    judge.eval()


def load(path: Path) -> Judge:
    """The judge of a checkpoint."""
    judge = Judge()
    judge.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return judge.eval()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    rows = read_rows(arguments.data)
    keep = [index for index, row in enumerate(rows) if row["split"] in ("train", "unseen")]
    pictures = np.load(arguments.data / "pictures.npy", mmap_mode="r")
    small = torch.cat(
        [small_pictures(pictures[keep[i : i + 512]]) for i in range(0, len(keep), 512)]
    )
    words = json.loads((arguments.out / "captions.json").read_text(encoding="utf-8"))
    number = {caption: index for index, caption in enumerate(words)}
    states = torch.from_numpy(np.load(arguments.out / "states.npy", mmap_mode="c"))
    captions = [[number[caption] for caption in rows[index]["captions"]] for index in keep]  # type: ignore[attr-defined]
    judge = Judge().train()
    train(judge, small, states, captions, arguments.minutes)
    torch.save(judge.state_dict(), arguments.out / "judge.pt")


if __name__ == "__main__":
    main()

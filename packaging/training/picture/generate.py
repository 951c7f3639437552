"""Makes pictures from prompts with the networks of a training run.

python generate.py --run RUN --text-encoder FOLDER --out cat.png "a purple cat, 3d"
"""

from __future__ import annotations

import argparse
from pathlib import Path

import autoencoder
import denoiser
import numpy as np
import torch
from PIL import Image
from text import TextEncoder
from torch import Tensor

STEPS = 20
GUIDANCE_SCALE = 3.0


class Maker:
    """Text encoder, denoiser and decoder, ready to draw."""

    def __init__(self, run: Path, text_encoder: Path, device: str = "cpu") -> None:
        self.device = device
        self.text = TextEncoder(text_encoder, device)
        self.denoiser = denoiser.load(run / "denoiser.pt").to(device)
        self.autoencoder = autoencoder.load(run / "autoencoder.pt").to(device)

    @torch.no_grad()
    def latents(
        self,
        prompts: list[str],
        seeds: list[int],
        steps: int = STEPS,
        guidance: float = GUIDANCE_SCALE,
    ) -> Tensor:
        """Latents (n, 32, 16, 16)."""
        states, empty = self.text(prompts), self.text([""])[0]
        with torch.autocast(self.device, dtype=torch.bfloat16):
            return denoiser.sample(self.denoiser, states, empty, seeds, steps, guidance)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> np.ndarray:
        """Straight RGBA (n, 256, 256, 4) uint8."""
        parts = []
        for part in latents.split(8):
            with torch.autocast(self.device, dtype=torch.bfloat16):
                decoded = self.autoencoder.decode(part / autoencoder.SCALING).sample
            values = (decoded.float() / 2 + 0.5).clamp(0, 1)
            parts.append(values.mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy())
        return np.concatenate(parts)

    def __call__(
        self,
        prompts: list[str],
        seeds: list[int],
        steps: int = STEPS,
        guidance: float = GUIDANCE_SCALE,
    ) -> np.ndarray:
        """Straight RGBA (n, 256, 256, 4) uint8, one picture per prompt and seed."""
        parts = [
            self.decode(self.latents(prompts[i : i + 32], seeds[i : i + 32], steps, guidance))
            for i in range(0, len(prompts), 32)
        ]
        return np.concatenate(parts)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompt")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance-scale", type=float, default=GUIDANCE_SCALE)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    maker = Maker(arguments.run, arguments.text_encoder, arguments.device)
    pictures = maker(
        [arguments.prompt], [arguments.seed], arguments.steps, arguments.guidance_scale
    )
    Image.fromarray(pictures[0]).save(arguments.out)


if __name__ == "__main__":
    main()

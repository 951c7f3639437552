"""Computes the encoder, then latents of all pictures and token states of all captions.

    python prepare.py --data DATA --text-encoder FOLDER --out RUN

RUN then holds ``encoder.pt``, ``latents.npy`` (pictures, 32, 16, 16) float16 as the denoiser sees
them, ``states.npy`` (captions, 24, 384) float16, and ``captions.json``. The empty caption is 0.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import autoencoder
import numpy as np
import torch
from text import TextEncoder


def read_rows(data: Path) -> list[dict[str, object]]:
    """The lines of rows.jsonl."""
    return [json.loads(line) for line in (data / "rows.jsonl").open(encoding="utf-8")]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows = read_rows(arguments.data)
    pictures = np.load(arguments.data / "pictures.npy", mmap_mode="r")
    make_latents(arguments.out, arguments.device, rows, pictures)
    words = ["", *sorted({caption for row in rows for caption in row["captions"]})]  # type: ignore[attr-defined]
    encoder = TextEncoder(arguments.text_encoder, arguments.device)
    states = np.lib.format.open_memmap(
        arguments.out / "states.npy", "w+", np.float16, (len(words), 24, 384)
    )
    for begin in range(0, len(words), 512):
        states[begin : begin + 512] = encoder(words[begin : begin + 512]).cpu().numpy()
    states.flush()
    (arguments.out / "captions.json").write_text(json.dumps(words), encoding="utf-8")
    print(f"{len(rows)} latents, {len(words)} captions")


@torch.no_grad()
def make_latents(
    out: Path, device: str, rows: list[dict[str, object]], pictures: np.ndarray
) -> None:
    """Computes the encoder from training pictures only, and all latents with it."""
    model = autoencoder.build()
    train = [index for index, row in enumerate(rows) if row["split"] == "train"]
    autoencoder.compute_encoder(model, autoencoder.premultiplied(pictures[train[::4]]))
    autoencoder.save(model, out / "encoder.pt")
    model = model.to(device)
    parts = []
    for begin in range(0, len(pictures), 32):
        batch = autoencoder.premultiplied(pictures[begin : begin + 32]).to(device)
        parts.append((model.encode(batch).latents * autoencoder.SCALING).half().cpu().numpy())
    np.save(out / "latents.npy", np.concatenate(parts))


if __name__ == "__main__":
    main()

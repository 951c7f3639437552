"""Writes a training run as the diffusers folder that the application ships.

    python export.py --run RUN --text-encoder FOLDER --out assets/models/picture-small

Weights are float16. The text encoder's weights are not copied: they come with the package that
``assets/models/catalog.json`` pins as all-minilm-l6-v2, and are linked in when the model is set up.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import autoencoder
import denoiser
import diffusers
from text import TOKENS

TOKENIZER_FILES = ("tokenizer.json", "special_tokens_map.json")
LIMIT_BYTES = 36_000_000


def write_networks(run: Path, out: Path) -> None:
    """Denoiser, autoencoder and scheduler."""
    denoiser.load(run / "denoiser.pt").half().save_pretrained(out / "unet")
    autoencoder.load(run / "autoencoder.pt").half().save_pretrained(out / "vae")
    denoiser.scheduler().save_pretrained(out / "scheduler")


def write_text_encoder(source: Path, out: Path) -> None:
    """Configuration and vocabulary of the text encoder, as the denoiser was trained with it."""
    (out / "text_encoder").mkdir(parents=True, exist_ok=True)
    (out / "tokenizer").mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config.pop("_name_or_path", None)
    # StableDiffusionPipeline masks the padding only where the configuration asks for it.
    config["use_attention_mask"] = True
    _write_json(out / "text_encoder" / "config.json", config)
    for name in TOKENIZER_FILES:
        shutil.copyfile(source / name, out / "tokenizer" / name)
    settings = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))
    settings["model_max_length"] = TOKENS
    _write_json(out / "tokenizer" / "tokenizer_config.json", settings)


def write_index(out: Path) -> None:
    """``model_index.json``: stock classes only."""
    index = {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": diffusers.__version__,
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "UniPCMultistepScheduler"],
        "text_encoder": ["transformers", "BertModel"],
        "tokenizer": ["transformers", "BertTokenizerFast"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderTiny"],
    }
    _write_json(out / "model_index.json", index)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_networks(arguments.run, arguments.out)
    write_text_encoder(arguments.text_encoder, arguments.out)
    write_index(arguments.out)
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{size / 1e6:.1f} MB of {LIMIT_BYTES / 1e6:.0f} MB")
    if size > LIMIT_BYTES:
        raise SystemExit("too large to ship")


if __name__ == "__main__":
    main()

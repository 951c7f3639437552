"""Draws the contact sheets: fixed prompts, fixed seeds, nothing picked.

    python sheets.py --run RUN --text-encoder FOLDER --out SHEETS

``nouns-STYLE.png``: the forty nouns in a style, first seed. ``colours.png``: thirty prompts with
colour words, half of the pairs never seen in training. ``others.png``: other styles and finishes.
The prompts are listed in ``prompts.json`` in reading order; the sheets do not show them.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from captions import SHEET_NOUNS, SHEET_STYLES, article, captions, evaluation_caption
from generate import GUIDANCE_SCALE, STEPS, Maker
from heldout import read_concepts, read_held_out
from palette import COLOURS
from PIL import Image

COLUMNS = 8
CELL = 112


def colour_prompts() -> list[tuple[str, str]]:
    """Thirty pairs of colour and prompt: fifteen of held-out pairs, fifteen of others."""
    held_out, chance = read_held_out(), random.Random(30)
    nouns = [c.nouns[0] for c in read_concepts() if c.nouns[0] not in held_out.unseen]
    kept = sorted(held_out.colours)
    others = [(n, c) for n in nouns for c in COLOURS if (n, c) not in held_out.colours]
    pairs = chance.sample(kept, 15) + chance.sample(others, 15)
    return [
        (colour, evaluation_caption(noun, chance.choice(SHEET_STYLES), colour))
        for noun, colour in pairs
    ]


def other_prompts() -> list[str]:
    """Styles and finishes that the other sheets do not show."""
    prompts = [
        evaluation_caption(noun, style)
        for style in ("gradient", "blob")
        for noun in SHEET_NOUNS[:16]
    ]
    prompts += [captions(noun, "flat", finish="sticker")[0] for noun in SHEET_NOUNS[10:18]]
    prompts += [captions(noun, "flat", finish="silhouette")[0] for noun in SHEET_NOUNS[10:18]]
    for noun, colour in zip(SHEET_NOUNS[20:28], COLOURS, strict=False):
        prompts.append(captions(noun, "3d", background=colour)[0])
    prompts += [article(noun) for noun in SHEET_NOUNS[32:]]
    return prompts


def all_sheets() -> dict[str, list[str]]:
    """Name of each sheet to its prompts in reading order."""
    sheets = {
        f"nouns-{style}": [evaluation_caption(noun, style) for noun in SHEET_NOUNS]
        for style in SHEET_STYLES
    }
    sheets["colours"] = [prompt for _, prompt in colour_prompts()]
    sheets["others"] = other_prompts()
    return sheets


def contact_sheet(pictures: np.ndarray, columns: int = COLUMNS, cell: int = CELL) -> Image.Image:
    """The pictures on light grey, in reading order."""
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * cell, rows * cell), (236, 236, 238))
    for index, picture in enumerate(pictures):
        small = (
            Image.fromarray(picture)
            .convert("RGBa")
            .resize((cell - 8, cell - 8), Image.Resampling.LANCZOS)
            .convert("RGBA")
        )
        sheet.paste(small, (index % columns * cell + 4, index // columns * cell + 4), small)
    return sheet


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance-scale", type=float, default=GUIDANCE_SCALE)
    parser.add_argument("--only", nargs="*", help="names of sheets")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    maker = Maker(arguments.run, arguments.text_encoder, arguments.device)
    sheets = all_sheets()
    for name in arguments.only or sheets:
        prompts = sheets[name]
        pictures = maker(prompts, [0] * len(prompts), arguments.steps, arguments.guidance_scale)
        sheet = contact_sheet(pictures)
        sheet.save(arguments.out / f"{name}.png", optimize=True)
        np.save(arguments.out / f"{name}.npy", pictures)
    text = json.dumps(sheets, indent=1, ensure_ascii=False)
    (arguments.out / "prompts.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Renders the training pictures and writes them with their captions.

    python build_data.py --packages DOWNLOADS --out DATA

DATA then holds ``pictures.npy`` (pictures, 256, 256, 4) uint8 straight RGBA, ``rows.jsonl`` with
one line per picture, and ``NOTICE`` with the licences of what was used.
"""

from __future__ import annotations

import argparse
import io
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import resvg_py
from captions import captions
from heldout import Concept, HeldOut, read_concepts, read_held_out
from palette import COLOURS, RAMPS, Picture, name_colour, repaint
from PIL import Image, ImageFilter
from sources import PACKAGES, STYLES, Drawing, Sources

SIZE = 256
RECOLOURS = 3
NOTICE = """The picture model was trained on these drawings:

Fluent Emoji (3d, flat and gradient), copyright (c) Microsoft Corporation.
    MIT licence, https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE
Noto Emoji (noto, and version 1 as blob), copyright Google Inc.
    Apache License 2.0, https://github.com/googlefonts/noto-emoji/blob/main/svg/LICENSE
Names of emoji: Unicode CLDR through emojibase-data, MIT licence, copyright Miles Johnson;
    Unicode License v3, copyright Unicode, Inc.
"""


@dataclass(frozen=True)
class Row:
    """What one picture shows."""

    noun: str
    style: str
    kind: str
    colour: str | None
    split: str
    source: str
    captions: tuple[str, ...]


def render(drawing: Drawing) -> Picture:
    """The drawing at 256 by 256, straight RGBA."""
    if drawing.webp is not None:
        data = drawing.webp
    else:
        data = bytes(
            resvg_py.svg_to_bytes(
                svg_string=drawing.svg, width=SIZE, height=SIZE, skip_system_fonts=True
            )
        )
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    if image.size != (SIZE, SIZE):
        image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return clear_hidden(np.asarray(image))


def clear_hidden(picture: Picture) -> Picture:
    """The picture with black under full transparency, so that equal pictures are equal bytes."""
    return np.where(picture[..., 3:] > 0, picture, 0).astype(np.uint8)


def on_background(picture: Picture, colour: str) -> Picture:
    """The picture, shrunk a little, on a filled square of the colour's light tone."""
    _, middle, light = RAMPS[colour]
    tone = (
        middle
        if colour in ("white", "black")
        else tuple((m + n) // 2 for m, n in zip(middle, light, strict=True))
    )
    ground = Image.new("RGBA", (SIZE, SIZE), (*tone, 255))
    small = Image.fromarray(picture).resize((208, 208), Image.Resampling.LANCZOS)
    ground.alpha_composite(small, (24, 24))
    return np.asarray(ground)


def with_white_border(picture: Picture) -> Picture:
    """The picture, shrunk a little, with a white border like a die-cut sticker."""
    small = Image.new("RGBA", (SIZE, SIZE))
    small.alpha_composite(
        Image.fromarray(picture).resize((224, 224), Image.Resampling.LANCZOS), (16, 16)
    )
    edge = small.getchannel("A").filter(ImageFilter.MaxFilter(17))
    edge = edge.filter(ImageFilter.GaussianBlur(2)).point(lambda a: min(255, max(0, (a - 64) * 2)))
    border = Image.new("RGBA", (SIZE, SIZE), (255, 255, 255, 0))
    border.putalpha(edge)
    border.alpha_composite(small)
    return clear_hidden(np.asarray(border))


def silhouette(picture: Picture) -> Picture:
    """The picture's shape in near-black."""
    out = np.zeros_like(picture)
    out[..., :3] = 24
    out[..., 3] = picture[..., 3]
    return clear_hidden(out)


class Builder:
    """Collects pictures and rows."""

    def __init__(self, sources: Sources, held_out: HeldOut, seed: int) -> None:
        self._sources = sources
        self._held_out = held_out
        self._chance = random.Random(seed)
        self.pictures: list[Picture] = []
        self.rows: list[Row] = []

    def add_concept(self, concept: Concept) -> None:
        """Every style of a concept, and what is made of them."""
        colours = list(COLOURS)
        self._chance.shuffle(colours)
        for index, style in enumerate(STYLES):
            drawing = self._sources.find(concept.label, style)
            if drawing is None:
                continue
            picture = render(drawing)
            natural = name_colour(picture)
            self._add_base(concept, style, drawing, picture, natural)
            others = [colour for colour in colours if colour != natural]
            first = index * RECOLOURS
            chosen = [others[(first + step) % len(others)] for step in range(RECOLOURS)]
            self._add_made(concept, style, drawing, picture, chosen)

    def _add(
        self,
        concept: Concept,
        style: str,
        kind: str,
        drawing: Drawing,
        picture: Picture,
        words: list[tuple[str, ...]],
        colour: str | None = None,
    ) -> None:
        split = self._held_out.split(concept.nouns[0], style, colour)
        flat = tuple(dict.fromkeys(word for group in words for word in group))
        self.pictures.append(picture)
        self.rows.append(Row(concept.nouns[0], style, kind, colour, split, drawing.source, flat))

    def _add_base(
        self, concept: Concept, style: str, drawing: Drawing, picture: Picture, natural: str | None
    ) -> None:
        words = [captions(noun, style) for noun in concept.nouns]
        if natural and self._held_out.split(concept.nouns[0], style, natural) != "colour":
            words.append(captions(concept.nouns[0], style, natural)[:2])
        self._add(concept, style, "base", drawing, picture, words)

    def _add_made(
        self, concept: Concept, style: str, drawing: Drawing, picture: Picture, colours: list[str]
    ) -> None:
        noun = self._chance.choice(concept.nouns)
        for colour in colours:
            painted = repaint(picture, colour)
            self._add(
                concept, style, "recolour", drawing, painted,
                [captions(noun, style, colour)], colour,
            )  # fmt: skip
        if self._chance.random() < 0.35:
            colour = self._chance.choice(COLOURS)
            made, words = on_background(picture, colour), captions(noun, style, background=colour)
            self._add(concept, style, "background", drawing, made, [words])
        if self._chance.random() < 0.3:
            words = captions(noun, style, finish="sticker")
            self._add(concept, style, "sticker", drawing, with_white_border(picture), [words])
        if style in ("flat", "noto") and self._chance.random() < 0.5:
            words = captions(noun, style, finish="silhouette")
            self._add(concept, style, "silhouette", drawing, silhouette(picture), [words])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder of the npm archives")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    builder = Builder(Sources(arguments.packages), read_held_out(), arguments.seed)
    for concept in read_concepts():
        builder.add_concept(concept)
    arguments.out.mkdir(parents=True, exist_ok=True)
    pictures = np.lib.format.open_memmap(
        arguments.out / "pictures.npy", "w+", np.uint8, (len(builder.pictures), SIZE, SIZE, 4)
    )
    for index, picture in enumerate(builder.pictures):
        pictures[index] = picture
    pictures.flush()
    with (arguments.out / "rows.jsonl").open("w", encoding="utf-8") as file:
        for row in builder.rows:
            file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    pinned = "\n".join(f"{p.name} {p.version}, SHA-256 {p.sha256}" for p in PACKAGES)
    (arguments.out / "NOTICE").write_text(f"{NOTICE}\nPackages:\n{pinned}\n", encoding="utf-8")
    print(f"{len(builder.rows)} pictures")


if __name__ == "__main__":
    main()

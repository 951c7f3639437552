"""Fixes what the model never sees, before any training, and writes it to heldout.json."""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

from captions import SHEET_NOUNS
from palette import COLOURS
from sources import STYLES

FOLDER = Path(__file__).parent
FILE = FOLDER / "heldout.json"


@dataclass(frozen=True)
class Concept:
    """One thing to draw: its CLDR short name and the words of captions."""

    label: str
    nouns: tuple[str, ...]


def read_concepts() -> list[Concept]:
    """The concepts of concepts.txt."""
    concepts = []
    for line in (FOLDER / "concepts.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            label, words = line.split(" = ")
            concepts.append(Concept(label, tuple(word.strip() for word in words.split("|"))))
    return concepts


@dataclass(frozen=True)
class HeldOut:
    """What is kept from training. All three hold usual nouns, styles and colour words."""

    unseen: frozenset[str]
    styles: frozenset[tuple[str, str]]
    colours: frozenset[tuple[str, str]]

    def split(self, noun: str, style: str, colour: str | None) -> str:
        """Which part a picture belongs to: train, unseen, style or colour."""
        if noun in self.unseen:
            return "unseen"
        if (noun, style) in self.styles:
            return "style"
        return "colour" if colour and (noun, colour) in self.colours else "train"


def read_held_out() -> HeldOut:
    """The committed lists."""
    lists = json.loads(FILE.read_text(encoding="utf-8"))
    return HeldOut(
        frozenset(lists["unseen"]),
        frozenset((noun, style) for noun, style in lists["concept_style"]),
        frozenset((noun, colour) for noun, colour in lists["concept_colour"]),
    )


def draw_lists(seed: int) -> dict[str, object]:
    """Draws the lists. The sheets' nouns stay drawable: they are in no list of styles or unseen."""
    chance = random.Random(seed)
    nouns = [concept.nouns[0] for concept in read_concepts()]
    free = [noun for noun in nouns if noun not in SHEET_NOUNS]
    unseen = sorted(chance.sample(free, 12))
    seen = [noun for noun in free if noun not in unseen]
    pairs = chance.sample([(noun, style) for noun in seen for style in STYLES], 60)
    colours = chance.sample(
        [(noun, colour) for noun in nouns if noun not in unseen for colour in COLOURS], 240
    )
    return {
        "seed": seed,
        "unseen": unseen,
        "concept_style": sorted(pairs),
        "concept_colour": sorted(colours),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    lists = draw_lists(arguments.seed)
    FILE.write_text(json.dumps(lists, indent=1) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {len(lists['unseen'])} unseen")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()

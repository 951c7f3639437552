"""Measures a training run and prints the table of the model card.

    python evaluate.py --data DATA --run RUN --text-encoder FOLDER --out RESULTS

Over the three held-out lists it shows, side by side, real pictures, generated ones, generated ones
with captions shuffled, and chance. Then the autoencoder's PSNR, how often a colour word is obeyed,
whether the judge names the noun, and how near the nearest training pictures are.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from dataclasses import dataclass
from pathlib import Path

import autoencoder
import judge as judging
import numpy as np
import torch
from captions import evaluation_caption
from generate import GUIDANCE_SCALE, STEPS, Maker
from heldout import read_concepts, read_held_out
from palette import colour_shares
from prepare import read_rows
from sheets import contact_sheet
from sources import STYLES
from torch import Tensor
from torch.nn import functional

SEEDS = {"style": 6, "colour": 2, "unseen": 4}
"""Pictures per caption of each list: 1,080 in all."""


@dataclass(frozen=True)
class Case:
    """One caption to be drawn."""

    part: str
    noun: str
    style: str
    colour: str | None

    @property
    def caption(self) -> str:
        """Its wording."""
        return evaluation_caption(self.noun, self.style, self.colour)


def all_cases() -> list[Case]:
    """One case for every entry of the held-out lists."""
    held_out, chance = read_held_out(), random.Random(11)
    cases = [Case("style", noun, style, None) for noun, style in sorted(held_out.styles)]
    cases += [
        Case("colour", noun, chance.choice(STYLES), colour)
        for noun, colour in sorted(held_out.colours)
    ]
    cases += [
        Case("unseen", noun, style, None) for noun in sorted(held_out.unseen) for style in STYLES
    ]
    return cases


def ranks(likeness: Tensor, right: list[int]) -> list[int]:
    """Rank (1 is best) of every row's right column."""
    wanted = likeness[torch.arange(len(right)), right]
    return (1 + (likeness > wanted[:, None]).sum(1)).tolist()


def line(name: str, part: str, found: list[int], count: int) -> dict[str, object]:
    """One row of the table."""
    return {
        "list": part,
        "pictures": name,
        "n": len(found),
        "median_rank": statistics.median(found),
        "recall_at_20": round(sum(rank <= 20 for rank in found) / len(found), 3),
        "of": count,
    }


class Evaluation:
    """Everything that is measured, on one run."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.data, self.run, self.out = arguments.data, arguments.run, arguments.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.steps, self.guidance = arguments.steps, arguments.guidance_scale
        self.rows = read_rows(self.data)
        self.pictures = np.load(self.data / "pictures.npy", mmap_mode="r")
        self.maker = Maker(self.run, arguments.text_encoder, arguments.device)
        self.judge = judging.load(self.run / "judge.pt")
        self.cases = all_cases()
        self.captions = list(dict.fromkeys(case.caption for case in self.cases))
        self.read = self._read(self.captions)

    @torch.no_grad()
    def _read(self, captions: list[str]) -> Tensor:
        return self.judge.captions(self.maker.text(captions).cpu())

    @torch.no_grad()
    def _seen(self, pictures: np.ndarray) -> Tensor:
        return self.judge.pictures(judging.small_pictures(pictures))

    def draw(self) -> tuple[list[Case], np.ndarray]:
        """The held-out captions, drawn."""
        cases = [case for case in self.cases for _ in range(SEEDS[case.part])]
        seeds = [seed for case in self.cases for seed in range(SEEDS[case.part])]
        prompts = [case.caption for case in cases]
        return cases, self.maker(prompts, seeds, self.steps, self.guidance)

    def table(self, drawn: list[Case], pictures: np.ndarray) -> list[dict[str, object]]:
        """Real, generated, shuffled and chance for each list."""
        chance = random.Random(3)
        number = {caption: index for index, caption in enumerate(self.captions)}
        likeness = self._seen(pictures) @ self.read.T
        lines = []
        for part in SEEDS:
            real = self._real_ranks(part, number)
            picked = [index for index, case in enumerate(drawn) if case.part == part]
            right = [number[drawn[index].caption] for index in picked]
            mixed = chance.sample(right, len(right))
            count = len(self.captions)
            lines += [
                line("real", part, real, count),
                line("generated", part, ranks(likeness[picked], right), count),
                line("shuffled", part, ranks(likeness[picked], mixed), count),
                line("chance", part, [chance.randint(1, count) for _ in range(5000)], count),
            ]
        return lines

    def _real_ranks(self, part: str, number: dict[str, int]) -> list[int]:
        indexes, right = [], []
        for index, row in enumerate(self.rows):
            if row["split"] != part or row["kind"] not in ("base", "recolour"):
                continue
            colour = row["colour"] if part == "colour" else None
            if part != "colour" and row["kind"] != "base":
                continue
            caption = evaluation_caption(str(row["noun"]), str(row["style"]), colour)  # type: ignore[arg-type]
            if part == "colour" and caption not in number:
                continue
            indexes.append(index)
            right.append(number[caption])
        return ranks(self._seen(self.pictures[indexes]) @ self.read.T, right)

    def naming(self, drawn: list[Case], pictures: np.ndarray) -> dict[str, float]:
        """How often the judge, asked for the noun among all, has it first or in the first five."""
        nouns = [concept.nouns[0] for concept in read_concepts()]
        seen, found = self._seen(pictures), []
        banks = {
            style: self._read([evaluation_caption(n, style) for n in nouns]) for style in STYLES
        }
        for case, vector in zip(drawn, seen, strict=True):
            if case.colour is None and case.part != "unseen":
                found += ranks((vector @ banks[case.style].T)[None], [nouns.index(case.noun)])
        return {
            "n": len(found),
            "first": sum(rank == 1 for rank in found) / len(found),
            "first_five": sum(rank <= 5 for rank in found) / len(found),
            "of": len(nouns),
        }

    def colours(self, drawn: list[Case], pictures: np.ndarray) -> dict[str, float]:
        """How often the asked colour covers most of the picture, or at least a fifth of it."""
        most = fifth = count = 0
        for case, picture in zip(drawn, pictures, strict=True):
            if case.colour is None:
                continue
            values = picture.astype(np.float32) / 255
            shares = colour_shares(values[..., :3], values[..., 3])
            count += 1
            most += max(shares, key=lambda colour: shares[colour]) == case.colour
            fifth += shares[case.colour] >= 0.2
        return {"n": count, "covers_most": most / count, "covers_a_fifth": fifth / count}

    @torch.no_grad()
    def autoencoder(self) -> dict[str, float]:
        """PSNR of held-out pictures, whole and at the edge of what is visible."""
        keep = [i for i, row in enumerate(self.rows) if row["split"] in ("style", "unseen")][::3]
        whole, edges = [], []
        for begin in range(0, len(keep), 16):
            target = autoencoder.premultiplied(self.pictures[keep[begin : begin + 16]])
            model = self.maker.autoencoder.cpu()
            decoded = autoencoder.visible(model.decode(model.encode(target).latents).sample)
            wanted = target / 2 + 0.5
            whole.append(autoencoder.psnr(wanted, decoded))
            edges.append((wanted[:, 3] - decoded[:, 3].clamp(0, 1)).abs().mean((1, 2)))
        values = torch.cat(whole)
        base = [i for i, index in enumerate(keep) if self.rows[index]["kind"] == "base"]
        return {
            "n": len(values),
            "psnr_mean": float(values.mean()),
            "psnr_lowest_tenth": float(values.quantile(0.1)),
            "psnr_base_pictures": float(values[base].mean()),
            "alpha_mean_error": float(torch.cat(edges).mean()),
        }

    def neighbours(self, drawn: list[Case], pictures: np.ndarray) -> dict[str, float]:
        """Nearest training pictures at 32 px, of generated and of real held-out pictures."""
        train = [index for index, row in enumerate(self.rows) if row["split"] == "train"]
        known = self._tiny(train)
        held = [
            i
            for i, row in enumerate(self.rows)
            if row["split"] == "style" and row["kind"] == "base"
        ]
        near, where = self._nearest(_shrunk(pictures), known)
        real, _ = self._nearest(self._tiny(held), known)
        same = sum(
            self.rows[train[int(index)]]["noun"] == case.noun
            for case, index in zip(drawn, where, strict=True)
        )
        shown = list(range(0, len(drawn), max(1, len(drawn) // 32)))[:32]
        pairs = [p for i in shown for p in (pictures[i], self.pictures[train[int(where[i])]])]
        contact_sheet(np.stack(pairs)).save(self.out / "neighbours.png", optimize=True)
        return {
            "generated_median_distance": float(near.median()),
            "generated_nearest_tenth": float(near.quantile(0.1)),
            "real_held_out_median_distance": float(real.median()),
            "nearest_has_same_noun": same / len(drawn),
        }

    def _tiny(self, indexes: list[int]) -> Tensor:
        return torch.cat(
            [_shrunk(self.pictures[indexes[i : i + 256]]) for i in range(0, len(indexes), 256)]
        )

    @staticmethod
    def _nearest(some: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        distance = torch.cdist(some, known) / known.shape[1] ** 0.5
        found = distance.min(1)
        return found.values, found.indices


def _shrunk(pictures: np.ndarray) -> Tensor:
    return functional.avg_pool2d(judging.small_pictures(pictures), 2).flatten(1)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--guidance-scale", type=float, default=GUIDANCE_SCALE)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    evaluation = Evaluation(arguments)
    drawn, pictures = evaluation.draw()
    results = {
        "steps": arguments.steps,
        "guidance_scale": arguments.guidance_scale,
        "table": evaluation.table(drawn, pictures),
        "judge_names_noun_of_held_out_styles": evaluation.naming(drawn, pictures),
        "colour_words_of_held_out_pairs": evaluation.colours(drawn, pictures),
        "autoencoder": evaluation.autoencoder(),
        "neighbours": evaluation.neighbours(drawn, pictures),
    }
    (evaluation.out / "evaluation.json").write_text(json.dumps(results, indent=1) + "\n")
    print("| list | pictures | n | median rank | R@20 | of |\n|---|---|---|---|---|---|")
    for row in results["table"]:
        print("|", " | ".join(str(value) for value in row.values()), "|")
    for name, values in results.items():
        if name != "table":
            print(name, values)


if __name__ == "__main__":
    main()

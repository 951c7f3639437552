"""Paints into a project until somebody kills it, and prints what is surely on disk.

    python -m tests.documents.picture.kill_child FILE SEED

Each line is "sequence sha1-of-the-composite"; it is printed only after ``Keeper.flush`` returned.
"""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

from studio.documents.picture import storage
from studio.documents.picture.brush import Brush
from studio.documents.picture.geometry import Rect
from studio.documents.project import Project

AREA = Rect(0, 0, 600, 600)
ACTIONS = 200


def mark_of(picture) -> str:
    return hashlib.sha1(picture.composite(AREA).tobytes()).hexdigest()


def main(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    project = Project.open(path, create=not path.exists())
    pictures = [info.id for info in project.documents()] or [storage.create(project, "Fox")]
    document = storage.load(project, pictures[0])
    keeper = storage.Keeper(document, project, pictures[0])
    for _ in range(ACTIONS):
        act(document, dice)
        if dice.random() < 0.5:
            keeper.flush(60)
            newest = project.history(pictures[0], limit=1)[-1].sequence
            sys.stdout.write(f"{newest} {mark_of(document)}\n")
            sys.stdout.flush()
    keeper.close()
    project.close()


def act(document, dice: random.Random) -> None:
    kind = dice.random()
    if kind < 0.1 or not document.layers:
        document.add_layer()
    elif kind < 0.2:
        document.undo()
    elif kind < 0.25:
        document.redo()
    else:
        layer = dice.choice(document.layers).id
        colour = tuple(dice.randrange(256) for _ in range(3))
        stroke = document.begin_stroke(layer, Brush(dice.uniform(5, 120), hardness=0.3), colour)
        for _ in range(3):
            stroke.add(dice.uniform(0, 600), dice.uniform(0, 600))
        stroke.finish()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

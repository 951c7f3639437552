"""A scripted session that prints what was acknowledged, until somebody kills it.

    python -m tests.documents.project.kill_child FILE SEED

Each line is "sequence document sha1-of-the-text"; a line is printed only after the project said
that the action is durable. "begin" is printed when it begins to work.
"""

from __future__ import annotations

import hashlib
import random
import sys
from concurrent.futures import Future
from pathlib import Path

from studio.documents.project import Project, TextEdit

ACTIONS = 200


def main(path: Path, seed: int) -> None:
    dice = random.Random(seed)
    project = Project.open(path, create=not path.exists())
    texts = {info.id: project.text(info.id).text for info in project.documents()}
    if not texts:
        texts[project.create_document("text", "First")] = ""
    sys.stdout.write("begin\n")
    sys.stdout.flush()
    for _ in range(ACTIONS):
        document = dice.choice(sorted(texts))
        future = action(project, texts, document, dice)
        if future is None:
            continue
        mark = hashlib.sha1(texts[document].encode()).hexdigest()
        future.add_done_callback(
            lambda done, d=document, m=mark: acknowledge(f"{done.result()} {d} {m}\n")
        )
        if dice.random() < 0.3:
            future.result(30)
    project.close()
    sys.stdout.write("end\n")
    sys.stdout.flush()


def acknowledge(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def action(
    project: Project, texts: dict[str, str], document: str, dice: random.Random
) -> Future[int] | None:
    text, kind = texts[document], dice.random()
    if kind < 0.05:
        texts[project.create_document("text", f"No {len(texts)}")] = ""
        return None
    if kind < 0.1:
        project.rename_document(document, str(dice.random()))
        return None
    if kind < 0.15:
        project.snapshot(str(dice.random()))
        return None
    at = dice.randrange(len(text) + 1)
    removed = text[at : at + dice.choice([0, 0, 0, 3, 40])]
    inserted = "".join(dice.choices("abc é🌍\n", k=dice.choice([1, 5, 30, 4000])))
    texts[document] = text[:at] + inserted + text[at + len(removed) :]
    return project.commit_text(
        document,
        [TextEdit(at, removed, inserted)],
        label="Type",
        origin=dice.choice(["typed", "generated"]),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

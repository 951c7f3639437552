"""Twenty projects that hit the largest size a file may have, each at another moment."""

from __future__ import annotations

import resource
import secrets
import tempfile
from pathlib import Path

from studio.core.errors import StorageError
from studio.documents.project import Project, TextEdit

STEPS = 20


def one(path: Path, limit: int) -> tuple[bool, bool]:
    """Return whether the user was told, and whether everything is there in the end."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    project = Project.open(path, create=True)
    document = project.create_document("text", "A")
    project.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    text, told = "", False
    for _ in range(60):
        piece = secrets.token_hex(20_000)
        project.commit_text(document, [TextEdit(len(text), "", piece)], label="Type")
        text += piece
        try:
            project.flush(20)
        except StorageError as error:
            told = bool(error.user_message and error.hint)
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    project.close()
    with Project.open(path) as again:
        return told, again.text(document).text == text


def main() -> None:
    told = lost = 0
    with tempfile.TemporaryDirectory() as folder:
        for step in range(STEPS):
            limit = 200_000 + step * 90_000
            was_told, whole = one(Path(folder) / f"{step}.triptych", limit)
            told, lost = told + was_told, lost + (not whole)
    print("limits", STEPS, "lost", lost, "told", told)


if __name__ == "__main__":
    main()

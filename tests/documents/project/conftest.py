from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.documents.project import Project, ProjectSession, TextEdit


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    opened = Project.open(tmp_path / "work.triptych", create=True)
    yield opened
    opened.close()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ProjectSession]:
    made = ProjectSession(tmp_path / "projects")
    yield made
    made.close_all()


def write(project: Project, document: str, text: str, **more: str) -> int:
    """Append ``text`` and wait until it is durable."""
    at = len(project.text(document).text)
    future = project.commit_text(document, [TextEdit(at, "", text)], label="Type", **more)  # type: ignore[arg-type]
    return future.result(20)

"""What ``triptych project info|check|export FILE`` does; every function returns plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.core.errors import BadInputError, StorageError
from studio.documents.project.project import TEXT, Project
from studio.documents.project.records import DocumentInfo
from studio.documents.spans import TextState

Write = Callable[[Project, DocumentInfo, TextState], Mapping[str, Any]]


def info(path: Path) -> dict[str, Any]:
    """Return what a project holds, without changing it.

    Raises:
        StorageError: It cannot be read.
    """
    with Project.open(path, read_only=True) as project:
        history = project.history()
        return {
            "path": str(path),
            "id": project.id,
            "size_bytes": path.stat().st_size,
            "documents": [_document(project, item) for item in project.documents()],
            "deleted_documents": [
                {"id": item.id, "kind": item.kind, "title": item.title}
                for item in project.documents(deleted=True)
            ],
            "snapshots": [{"name": mark.name, "at": mark.at} for mark in project.snapshots()],
            "history_entries": len(history),
            "history_bytes": project.history_bytes(),
            "first_change_at": history[0].at if history else None,
            "last_change_at": history[-1].at if history else None,
        }


def check(path: Path) -> dict[str, Any]:
    """Look through a whole project and return ``{"ok": …, "problems": [sentence, …]}``.

    Raises:
        StorageError: There is no such file, or a newer Triptych made it.
    """
    from studio.core.errors import DamagedFileError
    from studio.documents.project.care import quick_check
    from studio.documents.project.checking import content_problems

    problems: list[str] = []
    try:
        with Project.open(path, read_only=True) as project, project.reading() as connection:
            quick_check(connection, path)
            problems += content_problems(connection, path)
    except DamagedFileError as error:
        reason = error.facts.get("reason")
        problems.append(error.user_message + (f" ({reason})" if reason else ""))
    return {"path": str(path), "ok": not problems, "problems": problems}


def export(path: Path, target: Path, document: str, write: Write) -> dict[str, Any]:
    """Write one text of a project as a file of the kind ``target``'s suffix says.

    Args:
        path: The project.
        target: What to write.
        document: Title or id; empty means the only text, or else the first.
        write: Writes the file with what it says of its origin; its answer goes along.

    Returns:
        Path, title and size of what was written, and what ``write`` says of it.

    Raises:
        BadInputError: No such document, or no such kind of file.
        StorageError: Something could not be read or written; an old file is still there.
    """
    with Project.open(path, read_only=True) as project:
        chosen = _chosen(project, document)
        state = project.text(chosen.id)
        said = write(project, chosen, state)
    return {
        "path": str(target),
        "document": chosen.title,
        "characters": len(state.text),
        "size_bytes": target.stat().st_size,
        **said,
    }


def _document(project: Project, item: DocumentInfo) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": item.id,
        "kind": item.kind,
        "title": item.title,
        "changed_at": item.changed_at,
    }
    try:
        if item.kind == TEXT:
            state = project.text(item.id)
            found["characters"] = len(state.text)
            found["words"] = len(state.text.split())
            found["generated_characters"] = sum(
                span.end - span.start for span in state.spans if span.origin == "generated"
            )
        else:
            found["size_bytes"] = len(project.state(item.id) or b"")
    except StorageError as error:
        found["problem"] = error.user_message
    return found


def _chosen(project: Project, document: str) -> DocumentInfo:
    texts = [item for item in project.documents() if item.kind == TEXT]
    if not document and texts:
        return texts[0]
    for item in texts:
        if document in (item.id, item.title):
            return item
    names = ", ".join(f"“{item.title}”" for item in texts) or "none"
    raise BadInputError(
        f"There is no text “{document}” in {project.path.name}."
        if document
        else f"There is no text in {project.path.name}.",
        hint=f"Its texts: {names}.",
    )

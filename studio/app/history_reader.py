"""What the history panel shows, read from a project. Slow; for a background thread. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.app.history_rows import Row, rows_of
from studio.core.errors import StorageError
from studio.core.media import Picture
from studio.documents.comparing import Comparison, compare
from studio.documents.project import DocumentInfo, HistoryEntry, Project, SnapshotInfo
from studio.documents.project.project import TEXT
from studio.documents.spans import TextState

FLUSH_S = 5.0
PICTURE = "picture"
SEEN_SIDE_PX = 2048
"""A larger picture is halved until it is no longer than this."""
SHRINK_MAX = 8


@dataclass(frozen=True)
class Past:
    """The history of one document.

    Attributes:
        entries: Its actions and the moments with names, oldest first.
        rows: The same to look at, newest first.
        snapshots: The moments with names, oldest first.
        deleted: Documents that were put away, last deleted first.
        history_bytes: Room the history of the whole project takes.
        trouble: Why the newest actions may be missing; ``None`` when they are all here.
    """

    entries: tuple[HistoryEntry, ...] = ()
    rows: tuple[Row, ...] = ()
    snapshots: tuple[SnapshotInfo, ...] = ()
    deleted: tuple[DocumentInfo, ...] = ()
    history_bytes: int = 0
    trouble: StorageError | None = None


@dataclass(frozen=True)
class Moment:
    """One state of a document.

    Attributes:
        sequence: The journal's number it stands after.
        state: Text with its spans, or the payload of a document that is no text; ``None`` when
            there was nothing yet.
        comparison: The state beside what is there now.
        readable: False for a kind of document that cannot be shown as text.
        picture: What a picture looked like; ``None`` for other kinds, or when nothing was on it.
        unchanged: A state that is no text is the same as now.
    """

    sequence: int
    state: TextState | bytes | None
    comparison: Comparison
    readable: bool = True
    picture: Picture | None = None
    unchanged: bool = False


def read_past(project: Project, document_id: str) -> Past:
    """Return a document's history, with everything committed so far.

    Raises:
        StorageError: The project cannot be read.
    """
    trouble: StorageError | None = None
    try:
        project.flush(FLUSH_S)
    except StorageError as error:
        trouble = error
    snapshots = project.snapshots()
    own = project.history(document_id) if document_id else ()
    entries = _with_snapshots(own, snapshots)
    return Past(
        entries=entries,
        rows=rows_of(entries),
        snapshots=snapshots,
        deleted=project.documents(deleted=True),
        history_bytes=project.history_bytes(),
        trouble=trouble,
    )


def _with_snapshots(
    entries: Sequence[HistoryEntry], snapshots: Sequence[SnapshotInfo]
) -> tuple[HistoryEntry, ...]:
    """Return the entries with the project's named moments since the document is there."""
    if not entries:
        return ()
    first = entries[0].sequence
    marks = [
        HistoryEntry(
            sequence=mark.sequence,
            at=mark.at,
            document_id="",
            label=mark.name,
            origin="typed",
            action="snapshot",
        )
        for mark in snapshots
        if mark.sequence > first
    ]
    return tuple(sorted((*entries, *marks), key=lambda entry: entry.sequence))


def read_moment(project: Project, document_id: str, sequence: int) -> Moment:
    """Return a document as it was after the action ``sequence``, beside what it is now.

    Raises:
        StorageError: It cannot be read.
    """
    kind = project.document(document_id).kind
    if kind == TEXT:
        then: TextState | bytes | None = project.text_at(document_id, sequence)
        now: TextState | bytes | None = project.text(document_id)
    else:
        then = project.state_at(document_id, sequence)
        now = project.state(document_id)
    before, after = as_text(kind, then), as_text(kind, now)
    if before is None or after is None:
        seen = _seen(project, kind, then)
        same = then == now
        return Moment(sequence, then, Comparison(()), False, seen, same)
    return Moment(sequence, then, compare(before, after))


def read_deleted(project: Project, document_id: str) -> Moment:
    """Return a deleted document as it was when it was put away.

    Raises:
        StorageError: It cannot be read.
    """
    kind = project.document(document_id).kind
    state = project.text(document_id) if kind == TEXT else project.state(document_id)
    words = as_text(kind, state)
    if words is None:
        return Moment(0, state, Comparison(()), False, _seen(project, kind, state))
    return Moment(0, state, compare(words, words))


def _seen(project: Project, kind: str, state: TextState | bytes | None) -> Picture | None:
    """Return what a picture looked like, small enough for a screen."""
    if kind != PICTURE or not isinstance(state, bytes):
        return None
    from studio.documents.picture.storage import read

    snapshot = read(project, state, problems=[])
    area = snapshot.extent()
    if area.is_empty:
        return None
    shrink = 0
    while max(area.width, area.height) >> shrink > SEEN_SIDE_PX and shrink < SHRINK_MAX:
        shrink += 1
    return Picture.of(snapshot.composite(area, shrink=shrink))


def as_text(kind: str, state: TextState | bytes | None) -> str | None:
    """Return a state as plain text; ``None`` for a kind that is not made of words.

    Raises:
        BadInputError: A chat's payload cannot be read.
    """
    if isinstance(state, TextState):
        return state.text
    if kind != "chat":
        return "" if state is None else None
    return "" if state is None else _chat(state)


def _chat(payload: bytes) -> str:
    from studio.core.requests import Role
    from studio.documents.chat.tree import ChatTree

    tree = ChatTree.from_payload(payload)
    parts = [f"System\n{tree.system}"] if tree.system else []
    for node in tree.path():
        who = "You" if node.role is Role.USER else (node.model or "Model")
        parts.append(f"{who}\n{node.content}")
    return "\n\n".join(parts)

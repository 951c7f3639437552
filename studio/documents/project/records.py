"""What a project tells about its documents and its past: plain, frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from studio.core.errors import DamagedFileError, StorageError


class ProjectInUseError(StorageError):
    """Another window or program has the project open for writing."""


class UnwrittenChangesError(StorageError):
    """The project cannot be closed yet: its disk does not take what is still in memory."""


@dataclass(frozen=True, kw_only=True)
class DocumentInfo:
    """A document of a project, without its content.

    Attributes:
        id: Stays the same for ever.
        kind: "text", "chat", …
        title: What its tab shows.
        position: Place among its siblings, from 0.
        created_at: Seconds since 1970, UTC.
        changed_at: Seconds since 1970, UTC.
        deleted_at: The same; ``None`` while it is not deleted.
        meta: Small values of the pane that shows it (cursor, file path, view).
    """

    id: str
    kind: str
    title: str
    position: int
    created_at: float
    changed_at: float
    deleted_at: float | None = None
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One committed action. Order by ``sequence``: clocks may jump, it does not.

    Attributes:
        sequence: Number in the journal; grows, never used twice.
        at: When, in seconds since 1970, UTC, by the clock of then.
        document_id: Which document; empty for the whole project (a snapshot).
        label: What the user did, for the history panel.
        origin: "typed", "generated", "pasted" or "imported".
        action: "create", "text", "state", "rename", "move", "meta", "delete", "restore" (of a
            deleted document) or "snapshot". Only "create", "text" and "state" change content.
        request_id: The request that made it; empty when no model did.
    """

    sequence: int
    at: float
    document_id: str
    label: str
    origin: str
    action: str = "text"
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SnapshotInfo:
    """A moment of the project with a name; thinning never touches it.

    Attributes:
        sequence: The last action it holds is the one before.
        name: What the user called it.
        at: When, in seconds since 1970, UTC.
    """

    sequence: int
    name: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A project that was open when Triptych ended without closing it.

    Attributes:
        path: Its file.
        title: The title of its first document, or the file's name.
        changed_at: Seconds since 1970, UTC.
        untitled: It never got a name; else the user knows it under ``path``.
    """

    path: Path
    title: str
    changed_at: float
    untitled: bool


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A whole copy of a project, made by itself.

    Attributes:
        path: The copy.
        at: When, in seconds since 1970, UTC.
        size: Bytes.
    """

    path: Path
    at: float
    size: int


def damaged(path: object, what: str, reason: str) -> DamagedFileError:
    """Return the error for content that is not what was written."""
    return DamagedFileError(
        f"The project is damaged: {what} cannot be read.",
        hint="Open the newest backup, or keep what can still be read.",
        path=str(path),
        reason=reason,
    )

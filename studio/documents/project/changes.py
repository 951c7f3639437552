"""Changes of a document's row: what it looks like afterwards, and what is written for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from studio.core.errors import BadInputError
from studio.documents.project.records import DocumentInfo

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One action on the list of documents.

    Attributes:
        document: The document it is about, as it is afterwards.
        others: Documents that moved aside.
        action: As in :class:`HistoryEntry`; empty for what leaves no history.
        label: What the user did.
        delta: What was before and is after.
        statements: What is written.
    """

    document: DocumentInfo
    others: Sequence[DocumentInfo] = ()
    action: str = ""
    label: str = ""
    delta: Mapping[str, Any] = field(default_factory=dict)
    statements: Sequence[Statement] = ()


def created(info: DocumentInfo, label: str) -> Change:
    """Return the making of a document."""
    at = round(info.created_at * 1000)
    values = (info.id, info.kind, info.title, info.position, at, at, plain_json(info.meta))
    return Change(
        document=info,
        action="create",
        label=label,
        delta={"kind": info.kind, "title": info.title},
        statements=[("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", values)],
    )


def renamed(before: DocumentInfo, title: str) -> Change:
    """Return the change to another title."""
    return Change(
        document=replace(before, title=title),
        action="rename",
        label=f"Rename to “{title}”",
        delta={"before": before.title, "after": title},
        statements=[("UPDATE documents SET title = ? WHERE id = ?", (title, before.id))],
    )


def moved(documents: Iterable[DocumentInfo], before: DocumentInfo, position: int) -> Change:
    """Return the change of order that puts a document at ``position``."""
    order = [info for info in documents if info.id != before.id]
    order.insert(max(0, min(position, len(order))), before)
    placed = [replace(info, position=place) for place, info in enumerate(order)]
    return Change(
        document=next(info for info in placed if info.id == before.id),
        others=[info for info in placed if info.id != before.id],
        action="move",
        label=f"Move “{before.title}”",
        delta={"before": before.position, "after": position},
        statements=[
            ("UPDATE documents SET position = ? WHERE id = ?", (info.position, info.id))
            for info in placed
        ],
    )


def with_meta(before: DocumentInfo, values: Mapping[str, Any]) -> Change:
    """Return the change of the small values kept with a document; ``None`` takes one away."""
    merged = {**before.meta, **values}
    kept = {name: value for name, value in merged.items() if value is not None}
    return Change(
        document=replace(before, meta=MappingProxyType(kept)),
        statements=[("UPDATE documents SET meta = ? WHERE id = ?", (plain_json(kept), before.id))],
    )


def deleted(before: DocumentInfo, at_ms: int) -> Change:
    """Return the putting away of a document."""
    return Change(
        document=replace(before, deleted_at=at_ms / 1000),
        action="delete",
        label=f"Delete “{before.title}”",
        delta={"title": before.title},
        statements=[("UPDATE documents SET deleted_at = ? WHERE id = ?", (at_ms, before.id))],
    )


def restored(before: DocumentInfo) -> Change:
    """Return the bringing back of a deleted document."""
    return Change(
        document=replace(before, deleted_at=None),
        action="restore",
        label=f"Bring back “{before.title}”",
        delta={"title": before.title},
        statements=[("UPDATE documents SET deleted_at = NULL WHERE id = ?", (before.id,))],
    )


def touched(before: DocumentInfo, at_ms: int) -> tuple[DocumentInfo, Statement]:
    """Return a document changed at ``at_ms``, and what is written for that."""
    statement = ("UPDATE documents SET changed_at = ? WHERE id = ?", (at_ms, before.id))
    return replace(before, changed_at=at_ms / 1000), statement


def plain_json(values: Mapping[str, Any]) -> str:
    """Return small values as JSON.

    Raises:
        BadInputError: They are no plain data.
    """
    try:
        return json.dumps(dict(values), sort_keys=True)
    except (TypeError, ValueError) as error:
        raise BadInputError("Only plain data can be kept here.", reason=str(error)) from error


def document_of(row: Sequence[Any]) -> DocumentInfo:
    """Return the document of a row of the table, columns in their order."""
    identifier, kind, title, position, created_at, changed_at, deleted_at, meta = row
    try:
        plain = json.loads(meta)
    except (ValueError, TypeError, RecursionError):
        plain = {}  # only how it was last looked at; the document itself is elsewhere
    return DocumentInfo(
        id=identifier,
        kind=kind,
        title=title,
        position=position,
        created_at=created_at / 1000,
        changed_at=changed_at / 1000,
        deleted_at=None if deleted_at is None else deleted_at / 1000,
        meta=MappingProxyType(plain if isinstance(plain, dict) else {}),
    )

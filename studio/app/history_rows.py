"""The history of a document as rows to look at: days and sessions, and steps that belong together.

A writer's history is mostly "Typing", once a second; such steps of one go are one row. Pure
functions over plain data; no Qt, so a background thread may make the rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from studio.documents.project import HistoryEntry

RowKind = Literal["session", "steps", "moment", "deleted"]

PAUSE_S = 30 * 60
"""After a pause this long, a new session begins."""
RUN_PAUSE_S = 90
RUN_LENGTH_S = 10 * 60
"""Steps of one row follow each other within the first and last no longer than the second."""


@dataclass(frozen=True)
class Row:
    """One line of the list.

    Attributes:
        kind: "session" (a heading), "steps", "moment" (a state with a name) or "deleted" (a
            document that was put away).
        first: Index of the row's oldest entry.
        last: Index of its newest entry: the state it stands for.
        at: Time of the newest entry, in seconds since 1970, UTC.
        since: Time of the oldest entry.
        label: What was done, or the moment's name; empty for a heading.
        origin: Where the text came from.
        action: What kind of entry it was; see :class:`HistoryEntry`.
        id: The document of a "deleted" row.
    """

    kind: RowKind
    first: int
    last: int
    at: float
    since: float
    label: str = ""
    origin: str = "typed"
    action: str = "text"
    id: str = ""

    @property
    def steps(self) -> int:
        """How many entries it stands for."""
        return self.last - self.first + 1


def rows_of(entries: Sequence[HistoryEntry]) -> tuple[Row, ...]:
    """Return the rows of a history, newest first.

    Args:
        entries: Oldest first.
    """
    result: list[Row] = []
    for start, end in reversed(_sessions(entries)):
        result.append(
            Row("session", start, end - 1, at=entries[end - 1].at, since=entries[start].at)
        )
        result += reversed(_runs(entries, start, end))
    return tuple(result)


def _sessions(entries: Sequence[HistoryEntry]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start = 0
    for at in range(1, len(entries) + 1):
        if at == len(entries) or _apart(entries[at - 1].at, entries[at].at):
            found.append((start, at))
            start = at
    return found


def _apart(before: float, after: float) -> bool:
    """Whether another session begins; a clock that was set back begins one, too."""
    if not 0 <= after - before < PAUSE_S:
        return True
    return day(before) != day(after)


def day(at: float) -> tuple[int, int]:
    """Return the local day of a time, as (year, day of the year)."""
    local = time.localtime(at)
    return local.tm_year, local.tm_yday


def _runs(entries: Sequence[HistoryEntry], start: int, end: int) -> list[Row]:
    rows: list[Row] = []
    first = start
    for at in range(start + 1, end + 1):
        if at < end and _together(entries[first], entries[at - 1], entries[at]):
            continue
        last = entries[at - 1]
        kind: RowKind = "moment" if last.action == "snapshot" else "steps"
        rows.append(
            Row(
                kind,
                first,
                at - 1,
                at=last.at,
                since=entries[first].at,
                label=last.label,
                origin=last.origin,
                action=last.action,
            )
        )
        first = at
    return rows


def _together(first: HistoryEntry, before: HistoryEntry, entry: HistoryEntry) -> bool:
    return (
        entry.action == before.action == "text"
        and entry.origin == before.origin == "typed"
        and entry.label == before.label
        and 0 <= entry.at - before.at <= RUN_PAUSE_S
        and entry.at - first.at <= RUN_LENGTH_S
    )

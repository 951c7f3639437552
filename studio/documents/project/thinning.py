"""How old history is thinned out: the older, the fewer states, never those with a name.

What stays of each document: its first and newest state, what each snapshot shows, and, of each
stretch of time, the first and the last state. Entries that go are folded into the next one that
stays, so that every state that stays is exactly what it was, spans included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from studio.documents.project.blobs import collect_garbage
from studio.documents.project.journal import (
    Delta,
    Keyframe,
    Source,
    applied,
    keyframe_due,
    pack_delta,
    text_entries,
    write_keyframe,
)
from studio.documents.spans import TextEdit, TextState, difference, spans_within

if TYPE_CHECKING:
    from sqlite3 import Connection

    from studio.documents.project.readers import Readers
    from studio.documents.project.writer import Writer

NEWEST = 2**62
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

LEVELS: Sequence[tuple[int, int]] = (
    (30 * DAY, DAY),
    (DAY, HOUR),
    (HOUR, MINUTE),
    (HOUR, HOUR),
    (0, MINUTE),
    (0, HOUR),
    (0, DAY),
    (0, 7 * DAY),
    (0, 30 * DAY),
)
"""(older than, one stretch), both in ms; tried in this order until the history is small enough."""

_CURRENT = """
    SELECT state FROM journal WHERE sequence IN (
        SELECT max(sequence) FROM journal WHERE state IS NOT NULL GROUP BY document_id)
    UNION SELECT blob FROM journal_blobs WHERE sequence IN (
        SELECT max(sequence) FROM journal WHERE state IS NOT NULL GROUP BY document_id)
    UNION SELECT blob FROM journal_blobs WHERE sequence IN (
        SELECT sequence FROM journal WHERE action = 'part')
    UNION SELECT text FROM keyframes WHERE (document_id, sequence) IN (
        SELECT document_id, max(sequence) FROM keyframes GROUP BY document_id)"""


@dataclass
class Plan:
    """What thinning one document changes.

    Attributes:
        gone: Entries to delete.
        folded: New deltas of entries that stay.
        keyframes: Whole texts to add.
    """

    gone: list[int] = field(default_factory=list)
    folded: list[tuple[int, bytes]] = field(default_factory=list)
    keyframes: list[tuple[int, Keyframe]] = field(default_factory=list)


def history_bytes(connection: Connection) -> int:
    """Return the bytes of everything that is not the newest state of some document."""
    deltas = connection.execute("SELECT total(length(delta)) FROM journal").fetchone()[0]
    blobs = connection.execute(
        f"SELECT total(stored) FROM blobs WHERE id NOT IN ({_CURRENT})"
    ).fetchone()[0]
    return int(deltas + blobs)


def thin_out(readers: Readers, writer: Writer, budget_bytes: int, now_ms: int) -> int:
    """Thin out level by level until the history fits, and return how many entries went.

    Raises:
        StorageError: The file could not be read or written; it is whole.
    """
    gone = 0
    for age, stretch in LEVELS:
        with readers.connection() as connection:
            if history_bytes(connection) <= budget_bytes:
                break
            plans = plan_level(connection, readers.path, now_ms - age, stretch)
        for document_id, plan in plans.items():
            gone += len(plan.gone)
            writer.run_task(_applying(document_id, plan)).result()
        writer.run_task(_tidying).result()
    return gone


def plan_level(
    connection: Connection, path: Path, before_ms: int, stretch_ms: int
) -> dict[str, Plan]:
    """Return what one level changes, per document.

    Raises:
        DamagedFileError: A text cannot be put together; nothing may be thinned then.
    """
    marks = [
        row[0]
        for row in connection.execute("SELECT sequence FROM journal WHERE action = 'snapshot'")
    ]
    plans: dict[str, Plan] = {}
    for document_id, kind in connection.execute("SELECT id, kind FROM documents").fetchall():
        entries = connection.execute(
            "SELECT sequence, at FROM journal WHERE document_id = ? "
            "AND action IN ('text', 'state') ORDER BY sequence",
            (document_id,),
        ).fetchall()
        kept = kept_entries(entries, marks, before_ms, stretch_ms)
        gone = [sequence for sequence, _ in entries if sequence not in kept]
        if not gone:
            continue
        plan = Plan(gone=gone)
        if kind == "text":
            _fold(connection, document_id, path, plan, kept)
        plans[document_id] = plan
    return plans


def kept_entries(
    entries: Sequence[tuple[int, int]], marks: Iterable[int], before_ms: int, stretch_ms: int
) -> set[int]:
    """Return the sequence numbers that stay.

    Args:
        entries: (sequence, time in ms) of one document's content, in order of sequence.
        marks: Sequence numbers of snapshots.
        before_ms: Entries from then on all stay.
        stretch_ms: First and last entry of each run in one stretch of this length stay.
    """
    if not entries:
        return set()
    numbers = [sequence for sequence, _ in entries]
    kept = {numbers[0], numbers[-1]}
    for mark in marks:
        kept.update(numbers[index - 1 : index] if (index := _below(numbers, mark)) else [])
    previous: int | None = None
    for index, (sequence, at) in enumerate(entries):
        place = at // stretch_ms if at < before_ms else None
        if place is None:
            kept.add(sequence)
        if place is None or place != previous:
            kept.add(sequence)
            if index:
                kept.add(numbers[index - 1])
        previous = place
    return kept


def _below(numbers: Sequence[int], mark: int) -> int:
    from bisect import bisect_right

    return bisect_right(numbers, mark)


def _fold(connection: Connection, document_id: str, path: Path, plan: Plan, kept: set[int]) -> None:
    whole = {
        row[0]
        for row in connection.execute(
            "SELECT sequence FROM keyframes WHERE document_id = ?", (document_id,)
        )
    }
    base = state = TextState()
    edits: list[TextEdit] = []
    sources: list[Source] = []
    folding = False
    actions = weight = 0
    for sequence, delta, origin, request_id in text_entries(
        connection, document_id, path, 0, NEWEST
    ):
        state = applied(delta, state, origin, request_id, path)
        edits += delta.edits
        sources += delta.sources or [(origin, request_id)] * len(delta.edits)
        if sequence not in kept:
            folding = True
            continue
        if folding:
            delta = _shortest(base, state, tuple(edits), tuple(sources))
            plan.folded.append((sequence, pack_delta(delta)))
        actions, weight = actions + 1, weight + delta.weight()
        if sequence in whole:
            actions = weight = 0
        elif keyframe_due(actions, weight, len(state.text)):
            plan.keyframes.append((sequence, Keyframe.of(state)))
            actions = weight = 0
        base, edits, sources, folding = state, [], [], False


def _shortest(
    base: TextState, state: TextState, edits: tuple[TextEdit, ...], sources: tuple[Source, ...]
) -> Delta:
    """Return the shortest delta that leads from ``base`` to exactly ``state``.

    Either all edits one after the other, or one replacement between what stayed at both ends.
    Spans are written out only where neither gives them.
    """
    found = [_direct(base, state), Delta(edits, None, sources)]
    exact = [delta for delta in found if delta.applied_to(base, "typed", "") == state]
    exact = exact or [Delta(delta.edits, state.spans) for delta in found]
    return min(exact, key=lambda delta: len(pack_delta(delta)))


def _direct(base: TextState, state: TextState) -> Delta:
    """Return one removal and one insertion per run of the same origin."""
    edits: list[TextEdit] = []
    sources: list[Source] = []
    for edit in difference(base.text, state.text):
        edits.append(TextEdit(edit.position, edit.removed, ""))
        sources.append(("typed", ""))
        at, end = edit.position, edit.position + len(edit.inserted)
        for span in spans_within(state.spans, at, end):
            start, stop = span.start + edit.position, span.end + edit.position
            edits += [
                TextEdit(at, "", state.text[at:start]),
                TextEdit(start, "", state.text[start:stop]),
            ]
            sources += [("typed", ""), (span.origin, span.request_id)]
            at = stop
        edits.append(TextEdit(at, "", state.text[at:end]))
        sources.append(("typed", ""))
    kept = [index for index, edit in enumerate(edits) if edit.removed or edit.inserted]
    return Delta(tuple(edits[i] for i in kept), None, tuple(sources[i] for i in kept))


def _applying(document_id: str, plan: Plan) -> Callable[[Connection], None]:
    def apply(connection: Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for sequence, keyframe in plan.keyframes:
            write_keyframe(connection, document_id, sequence, keyframe)
        connection.executemany(
            "UPDATE journal SET delta = ? WHERE sequence = ?",
            [(delta, sequence) for sequence, delta in plan.folded],
        )
        connection.executemany(
            "DELETE FROM journal WHERE sequence = ?", [(sequence,) for sequence in plan.gone]
        )
        connection.execute("COMMIT")

    return apply


def _tidying(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    collect_garbage(connection)
    connection.execute("COMMIT")
    connection.executescript("PRAGMA incremental_vacuum")  # execute() would stop after one page

"""Where each part of a text came from, kept right through every edit. Pure functions.

A text has *spans*: ranges that were generated, pasted or imported. What lies in no span was typed
by hand. Spans are sorted, never empty, never overlap, and neighbours of the same origin and
request are one span. Positions count Python code points.

The rules of an edit: what is removed leaves its span; typed text inside a span splits it, because
those words are the writer's; other text gets a span of its own origin.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from studio.core.errors import BadInputError

Origin = Literal["typed", "generated", "pasted", "imported"]
ORIGINS: tuple[Origin, ...] = ("typed", "generated", "pasted", "imported")


@dataclass(frozen=True)
class Span:
    """A range that was not typed by hand.

    Attributes:
        start: First code point.
        end: Code point after the last one.
        origin: "generated", "pasted" or "imported".
        request_id: The request that made it; empty when no model did.
    """

    start: int
    end: int
    origin: Origin = "generated"
    request_id: str = ""


@dataclass(frozen=True)
class TextEdit:
    """One replacement in a text.

    Attributes:
        position: Where, in code points of the text before this edit.
        removed: What stood there.
        inserted: What stands there now.
    """

    position: int
    removed: str
    inserted: str

    def inverse(self) -> TextEdit:
        """Return the edit that takes this one back."""
        return TextEdit(self.position, self.inserted, self.removed)


@dataclass(frozen=True)
class TextState:
    """A text and where its parts came from."""

    text: str = ""
    spans: tuple[Span, ...] = ()


def inverse(edits: Iterable[TextEdit]) -> tuple[TextEdit, ...]:
    """Return the edits that take ``edits`` back, in the order to apply them."""
    return tuple(edit.inverse() for edit in reversed(tuple(edits)))


def apply_edits(
    state: TextState, edits: Iterable[TextEdit], *, origin: Origin = "typed", request_id: str = ""
) -> TextState:
    """Return the state after ``edits``, each in positions of the text before it.

    Raises:
        BadInputError: An edit lies outside the text, or does not remove what stands there.
    """
    text, spans = state.text, state.spans
    for edit in edits:
        end = edit.position + len(edit.removed)
        if edit.position < 0 or end > len(text) or text[edit.position : end] != edit.removed:
            raise BadInputError(
                "The change does not fit the text it was made for.",
                hint="Open the document again; what was written before is kept.",
                position=edit.position,
                length=len(text),
            )
        text = text[: edit.position] + edit.inserted + text[end:]
        spans = edit_spans(
            spans, edit.position, len(edit.removed), len(edit.inserted), origin, request_id
        )
    return TextState(text, spans)


def edit_spans(
    spans: Sequence[Span],
    position: int,
    removed: int,
    inserted: int,
    origin: Origin = "typed",
    request_id: str = "",
) -> tuple[Span, ...]:
    """Return the spans after one replacement.

    Args:
        spans: The spans before, normalised.
        position: Where, in code points.
        removed: How many code points went.
        inserted: How many came.
        origin: Where the new text came from.
        request_id: The request that made it.
    """
    end, shift = position + removed, inserted - removed
    first = bisect_left(spans, position, key=_end)  # it or an earlier one touches the place
    last = bisect_right(spans, end, key=_start)
    near: list[Span] = []
    for span in spans[first:last]:
        near.append(Span(span.start, min(span.end, position), span.origin, span.request_id))
        near.append(_shifted(span, shift, max(span.start, end)))
    if origin != "typed" and inserted:
        near.append(Span(position, position + inserted, origin, request_id))
    after = spans[last:] if not shift else [_shifted(span, shift) for span in spans[last:]]
    return (*spans[:first], *normalised(near), *after)


def normalised(spans: Iterable[Span], length: int | None = None) -> tuple[Span, ...]:
    """Return spans sorted, without empty ones, equal neighbours joined.

    Where two overlap, the one that starts first keeps the place. With ``length``, what lies
    outside ``0..length`` is cut off.
    """
    result: list[Span] = []
    for span in sorted(spans, key=lambda item: (item.start, item.end)):
        start = max(span.start, result[-1].end if result else 0)
        end = span.end if length is None else min(span.end, length)
        if start >= end or span.origin == "typed":
            continue
        last = result[-1] if result else None
        if (
            last is not None
            and last.end == start
            and (last.origin, last.request_id) == (span.origin, span.request_id)
        ):
            result[-1] = Span(last.start, end, last.origin, last.request_id)
        else:
            result.append(Span(start, end, span.origin, span.request_id))
    return tuple(result)


def spans_within(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """Return what lies in ``start..end``, in positions of that part; for cut and paste."""
    return normalised(
        Span(max(s.start, start) - start, min(s.end, end) - start, s.origin, s.request_id)
        for s in spans
        if s.end > start and s.start < end
    )


def difference(before: str, after: str) -> tuple[TextEdit, ...]:
    """Return the one edit between two texts: what differs between common start and end."""
    if before == after:
        return ()
    start = common_start(before, after)
    longest = min(len(before), len(after)) - start
    tail = common_start(before[len(before) - longest :][::-1], after[len(after) - longest :][::-1])
    return (TextEdit(start, before[start : len(before) - tail], after[start : len(after) - tail]),)


def common_start(one: str, two: str) -> int:
    """Return how many code points agree from the start; halves instead of walking."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shifted(span: Span, by: int, start: int | None = None) -> Span:
    first = span.start if start is None else start
    return Span(first + by, span.end + by, span.origin, span.request_id)


def _start(span: Span) -> int:
    return span.start


def _end(span: Span) -> int:
    return span.end

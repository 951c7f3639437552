"""Spans against the plainest model there is: one origin per character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.spans import (
    Span,
    TextEdit,
    TextState,
    apply_edits,
    difference,
    edit_spans,
    inverse,
    normalised,
    spans_within,
)

ORIGIN = st.sampled_from([("typed", ""), ("generated", "a"), ("generated", "b"), ("pasted", "")])
TEXT = st.text(alphabet="abc🌍é\n", max_size=6)


def as_spans(marks: list[tuple[str, str]]) -> tuple[Span, ...]:
    return normalised(
        Span(index, index + 1, origin, request)  # type: ignore[arg-type]
        for index, (origin, request) in enumerate(marks)
        if origin != "typed"
    )


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), TEXT, ORIGIN), max_size=25))
def test_spans_say_of_every_character_where_it_came_from(steps) -> None:
    state, text, marks = TextState(), "", []
    for position, removed, inserted, (origin, request) in steps:
        position = min(position, len(text))
        edit = TextEdit(position, text[position : position + removed], inserted)
        state = apply_edits(state, [edit], origin=origin, request_id=request)
        end = position + len(edit.removed)
        text = text[:position] + inserted + text[end:]
        marks[position:end] = [(origin, request if origin != "typed" else "")] * len(inserted)
        assert state.text == text
        assert state.spans == as_spans(marks)


@given(TEXT, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), TEXT), max_size=10))
def test_inverse_edits_bring_the_text_back(text, steps) -> None:
    state, edits = TextState(text), []
    for position, removed, inserted in steps:
        position = min(position, len(state.text))
        edit = TextEdit(position, state.text[position : position + removed], inserted)
        edits.append(edit)
        state = apply_edits(state, [edit])
    assert apply_edits(state, inverse(edits)).text == text


@given(TEXT, TEXT)
def test_difference_leads_from_one_text_to_the_other(before, after) -> None:
    edits = difference(before, after)
    assert apply_edits(TextState(before), edits).text == after
    assert bool(edits) == (before != after)


@given(st.text("ab", max_size=20), st.text("ab", max_size=20), st.text("ab", max_size=20))
def test_difference_is_no_longer_than_what_changed(start, middle, end) -> None:
    (edit,) = difference(start + end, start + middle + end) or (TextEdit(0, "", ""),)
    assert len(edit.inserted) == len(middle)
    assert edit.removed == ""


def test_typing_inside_a_generated_span_splits_it() -> None:
    spans = edit_spans([Span(0, 10, "generated", "r")], 4, 0, 2)
    assert spans == (Span(0, 4, "generated", "r"), Span(6, 12, "generated", "r"))


def test_what_is_cut_out_keeps_its_spans() -> None:
    spans = [Span(2, 5, "generated", "r"), Span(8, 9, "pasted")]
    assert spans_within(spans, 3, 9) == (Span(0, 2, "generated", "r"), Span(5, 6, "pasted"))


@pytest.mark.parametrize(
    "edit",
    [TextEdit(-1, "", "x"), TextEdit(4, "", "x"), TextEdit(1, "x", ""), TextEdit(2, "cd", "")],
)
def test_an_edit_that_does_not_fit_is_refused(edit) -> None:
    with pytest.raises(BadInputError):
        apply_edits(TextState("abc"), [edit])

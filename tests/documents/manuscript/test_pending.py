"""Edits in the editor are told apart into those of the manuscript and those of waiting text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.manuscript.pending import Pending, Splice


@given(st.data())
def test_editor_equals_manuscript_and_waiting_text_after_any_edits(data: st.DataObject) -> None:
    before = data.draw(st.text("abc", max_size=8))
    waiting = data.draw(st.text("XYZ", min_size=1, max_size=6))
    after = data.draw(st.text("def", max_size=8))
    replaces = data.draw(st.integers(0, len(before)))
    editor, manuscript = before + waiting + after, before + after
    pending = Pending(len(before), len(waiting), replaces)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(editor)))
        end = data.draw(st.integers(start, len(editor)))
        added = data.draw(st.text("gh", max_size=4))
        edit, pending = pending.split(Splice(start, end - start, len(added)))
        editor = editor[:start] + added + editor[end:]
        if edit is not None:
            words = added if edit.added else ""
            manuscript = (
                manuscript[: edit.position] + words + manuscript[edit.position + edit.removed :]
            )
        assert pending.length >= 0
        assert 0 <= pending.replaces <= pending.start
        assert editor[: pending.start] + editor[pending.end :] == manuscript


def test_writing_elsewhere_moves_the_waiting_text() -> None:
    edit, pending = Pending(10, 5, 3).split(Splice(2, 0, 4))
    assert edit == Splice(2, 0, 4)
    assert pending == Pending(14, 5, 3)


def test_writing_inside_changes_the_waiting_text_only() -> None:
    edit, pending = Pending(10, 5).split(Splice(12, 1, 3))
    assert edit is None
    assert pending == Pending(10, 7)


def test_writing_after_it_leaves_it() -> None:
    edit, pending = Pending(10, 5).split(Splice(15, 0, 2))
    assert edit == Splice(10, 0, 2)
    assert pending == Pending(10, 5)


def test_changing_the_text_to_be_replaced_changes_how_much_is_replaced() -> None:
    _, pending = Pending(10, 5, 4).split(Splice(7, 1, 3))
    assert pending == Pending(12, 5, 6)


def test_positions_map_both_ways_outside() -> None:
    pending = Pending(4, 3)
    assert [pending.to_manuscript(p) for p in (0, 4, 5, 7, 9)] == [0, 4, 4, 4, 6]
    assert [pending.to_editor(p) for p in (0, 4, 5)] == [0, 4, 8]

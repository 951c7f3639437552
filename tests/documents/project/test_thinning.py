from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.project import Project, TextEdit
from studio.documents.project import project as project_module
from studio.documents.project.checking import content_problems
from studio.documents.project.thinning import DAY, HOUR, kept_entries

NOW = 1_800_000_000.0


@given(
    st.lists(st.integers(0, 10 * DAY), max_size=60),
    st.lists(st.integers(0, 80), max_size=4),
    st.integers(0, 11 * DAY),
)
def test_first_last_marked_and_new_entries_always_stay(times, marks, before) -> None:
    entries = [(number * 2 + 1, at) for number, at in enumerate(times)]
    kept = kept_entries(entries, marks, before, HOUR)
    numbers = [sequence for sequence, _ in entries]
    assert kept <= set(numbers)
    if numbers:
        assert {numbers[0], numbers[-1]} <= kept
    assert {sequence for sequence, at in entries if at >= before} <= kept
    for mark in marks:
        below = [sequence for sequence in numbers if sequence <= mark]
        assert not below or below[-1] in kept
    for hour in {at // HOUR for _, at in entries}:
        inside = [s for s, at in entries if at // HOUR == hour]
        assert inside[0] in kept  # whatever the clock did, some state of each hour stays
        assert inside[-1] in kept or any(s in kept for s in inside)


def test_kept_entries_of_a_steady_day() -> None:
    entries = [(number, number * HOUR // 4) for number in range(12)]
    assert kept_entries(entries, [6], 100 * DAY, HOUR) == {0, 3, 4, 6, 7, 8, 11}
    assert kept_entries(entries, [], 0, HOUR) == set(range(12))


@pytest.fixture
def old_work(tmp_path, monkeypatch):
    """A project with a year of work; returns it, its texts by sequence, and a snapshot."""
    project = Project.open(tmp_path / "a.triptych", create=True)
    dice = random.Random(3)
    clock = NOW - 365 * 86400
    monkeypatch.setattr(project_module.time, "time", lambda: clock)
    document = project.create_document("text", "Novel")
    states, snapshot = {}, 0
    for step in range(300):
        clock += 365 * 86400 / 300 if step % 3 == 0 else 5
        text = project.text(document).text
        at = dice.randrange(len(text) + 1)
        removed = text[at : at + dice.choice([0, 0, 10])]
        origin = dice.choice(["typed", "generated", "pasted"])
        inserted = f"{dice.random()} " * dice.randrange(4)
        future = project.commit_text(
            document,
            [TextEdit(at, removed, inserted)],
            label="Type",
            origin=origin,
            request_id="r" if origin == "generated" else "",
        )
        states[future.result(20)] = project.text(document)
        if step == 150:
            snapshot = project.snapshot("Sent to the publisher").result(20)
    clock = NOW
    yield project, document, states, snapshot
    project.close()


def test_every_state_that_stays_is_exactly_what_it_was(old_work) -> None:
    project, document, states, snapshot = old_work
    before = project.history_bytes()
    newest = project.text(document)
    shown = max(sequence for sequence in states if sequence < snapshot)
    sizes = [before]
    for budget in (before * 3 // 4, before // 2, before // 4, 0):
        project.thin_history(budget)
        kept = [e.sequence for e in project.history(document) if e.action == "text"]
        for sequence in kept:
            assert project.text_at(document, sequence) == states[sequence]
        assert {min(states), max(states), shown} <= set(kept)
        sizes.append(project.history_bytes())
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < before / 2
    assert project.text(document) == newest
    assert [mark.name for mark in project.snapshots()] == ["Sent to the publisher"]
    project.delete_snapshot(snapshot).result(20)
    project.thin_history(0)
    assert shown not in [entry.sequence for entry in project.history(document)]
    with project.reading() as connection:
        assert content_problems(connection, project.path) == ()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_history_within_its_budget_is_left_alone(old_work) -> None:
    project, _, states, _ = old_work
    assert project.thin_history(project.history_bytes()) == 0
    assert len([e for e in project.history() if e.action == "text"]) == len(states)


def test_thinned_parts_leave_the_file(project) -> None:
    chat = project.create_document("chat", "Chat")
    dice = random.Random(1)
    for _ in range(20):
        project.commit_state(chat, b"s", label="Ask", blobs=[dice.randbytes(100_000)])
    project.flush()
    large = project.path.stat().st_size + project.path.with_name("work.triptych-wal").stat().st_size
    last = project.state(chat)
    project.thin_history(0)
    assert project.history_bytes() < 250_000
    project.close()
    assert project.path.stat().st_size < large / 4
    with Project.open(project.path) as again:
        assert again.state(chat) == last


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text("ab🌍", max_size=8), min_size=3, max_size=30), st.data())
def test_thinning_between_edits_changes_nothing_that_is_shown(
    tmp_path_factory, pieces, data
) -> None:
    path = tmp_path_factory.mktemp("thin") / "a.triptych"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "A")
        for piece in pieces:
            text = project.text(document).text
            at = data.draw(st.integers(0, len(text)))
            project.commit_text(document, [TextEdit(at, text[at : at + 2], piece)], label="Type")
        expected = project.text(document)
        project.flush()
        project.thin_history(0)
        assert project.text(document) == expected
    with Project.open(path) as project:
        assert project.text(document) == expected

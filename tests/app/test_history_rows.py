"""The history as rows: sessions, runs of typing, moments with names."""

from __future__ import annotations

import time

from PySide6.QtCore import QModelIndex
from pytestqt.qtbot import QtBot

from studio.app.history_model import RowsModel
from studio.app.history_rows import PAUSE_S, RUN_LENGTH_S, rows_of
from studio.documents.project import HistoryEntry

NOON = time.mktime((2026, 11, 20, 12, 0, 0, 0, 0, -1))


def entry(
    sequence: int, at: float, label: str = "Typing", origin: str = "typed", action: str = "text"
) -> HistoryEntry:
    return HistoryEntry(
        sequence=sequence, at=NOON + at, document_id="d", label=label, origin=origin, action=action
    )


def test_a_run_of_typing_is_one_row_and_a_model_is_its_own() -> None:
    entries = [entry(n, n) for n in range(1, 6)]
    entries += [entry(6, 7, "Continue", "generated"), entry(7, 8, "Continue", "generated")]
    entries += [entry(8, 10), entry(9, 11)]
    rows = rows_of(entries)
    assert [(row.kind, row.label, row.steps) for row in rows] == [
        ("session", "", 9),
        ("steps", "Typing", 2),
        ("steps", "Continue", 1),
        ("steps", "Continue", 1),
        ("steps", "Typing", 5),
    ]


def test_a_pause_a_new_day_and_a_clock_set_back_begin_sessions() -> None:
    midnight = 12 * 3600
    entries = [
        entry(1, 0),
        entry(2, PAUSE_S + 1),
        entry(3, midnight - 5),
        entry(4, midnight + 5),
        entry(5, midnight - 100),
    ]
    assert [row.kind for row in rows_of(entries)] == ["session", "steps"] * 5


def test_a_long_run_is_cut() -> None:
    entries = [entry(n, n * 60) for n in range(30)]
    assert all(row.at - row.since <= RUN_LENGTH_S for row in rows_of(entries) if row.label)
    assert sum(row.steps for row in rows_of(entries) if row.label) == 30


def test_a_moment_with_a_name_is_a_row_of_its_own() -> None:
    entries = [entry(1, 0), entry(2, 1, "sent", action="snapshot"), entry(3, 2)]
    assert [row.kind for row in rows_of(entries)] == ["session", "steps", "moment", "steps"]


def test_every_entry_has_its_row(qtbot: QtBot) -> None:
    entries = [
        entry(n, n * 40 + (n // 50) * 4000, origin="generated" if n % 7 == 0 else "typed")
        for n in range(500)
    ]
    model = RowsModel()
    model.set_rows(rows_of(entries))
    for number in range(500):
        row = model.rows[model.row_of(number)]
        assert row.kind != "session" and row.first <= number <= row.last
    assert model.row_of(500) == -1
    assert not model.flags(model.index(0)), "a heading cannot be chosen"
    assert model.rowCount(QModelIndex()) == len(model.rows)

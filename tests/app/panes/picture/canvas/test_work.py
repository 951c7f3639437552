from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.canvas.work import Work
from studio.core.errors import BadInputError


@pytest.fixture
def work(qapp) -> Work:
    return Work()


def test_actions_run_elsewhere_in_their_order(qtbot: QtBot, work: Work):
    done: list[object] = []
    with qtbot.waitSignal(work.ended):
        for n in range(5):
            work.run(lambda n=n: done.append((n, threading.current_thread())))
        assert work.busy
    assert [n for n, _ in done] == [0, 1, 2, 3, 4]
    assert all(thread is not threading.main_thread() for _, thread in done)
    assert not work.busy


def test_waiting_waits(work: Work):
    go_on, done = threading.Event(), []
    work.run(lambda: (go_on.wait(), done.append(1)))
    threading.Timer(0.01, go_on.set).start()
    work.wait()
    assert done == [1] and not work.busy


def test_a_refusal_is_told_and_the_next_action_runs(qtbot: QtBot, work: Work):
    def refuse() -> None:
        raise BadInputError("“Ink” is locked.")

    done: list[int] = []
    with qtbot.waitSignal(work.refused) as told:
        work.run(refuse)
        work.run(lambda: done.append(1))
    work.wait()
    assert told.args[0].user_message == "“Ink” is locked." and done == [1]


def test_what_nobody_expected_is_raised_where_it_is_seen(work: Work):
    work.run(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work.wait()


def test_the_thread_goes_when_there_is_nothing_to_do(qtbot: QtBot, work: Work):
    before = threading.active_count()
    with qtbot.waitSignal(work.ended):
        work.run(lambda: None)
    qtbot.waitUntil(lambda: threading.active_count() <= before)

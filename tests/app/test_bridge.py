from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from PySide6.QtCore import QElapsedTimer
from pytestqt.qtbot import QtBot

from studio.app.bridge import TICK_MS, EngineBridge
from studio.core.errors import BadInputError, StudioError
from studio.core.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    ModelLoading,
    Progress,
    Queued,
    Started,
    TextDelta,
)
from studio.core.requests import Capability
from tests.app.requests import text_request
from tests.fakes.fake_engine import Finish, Loading, Steps, Text


@pytest.fixture
def bridge(qtbot: QtBot):
    bridge = EngineBridge()
    yield bridge
    bridge.close()


def seen_by(bridge: EngineBridge) -> list[Event]:
    seen: list[Event] = []
    bridge.engine_event.connect(seen.append)
    return seen


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_a_request_goes_through_and_its_events_come_back_in_order(qtbot, bridge, engine):
    bridge.attach(engine)
    seen = seen_by(bridge)
    engine.script(Text("Hello"), Text(" world"), Finish())
    job = bridge.submit(text_request())
    engine.play(job)
    qtbot.waitUntil(lambda: bool(seen) and isinstance(seen[-1], Finished))
    assert kinds(seen) == [Queued, Started, TextDelta, TextDelta, Finished]
    assert {event.job_id for event in seen} == {job}


def test_only_the_newest_progress_of_a_bunch_arrives_and_no_text_is_lost(qtbot, bridge, engine):
    bridge.attach(engine)
    seen = seen_by(bridge)
    engine.script(
        Loading("first"),
        Loading("last"),
        Steps(1, 9),
        Text("a"),
        Steps(2, 9),
        Text("b"),
        Steps(3, 9),
        Finish(),
    )
    engine.play(bridge.submit(text_request()))
    qtbot.waitUntil(lambda: bool(seen) and isinstance(seen[-1], Finished))
    assert [e.message for e in seen if isinstance(e, ModelLoading)] == ["last"]
    assert [e.step for e in seen if isinstance(e, Progress)] == [3]
    assert "".join(e.text for e in seen if isinstance(e, TextDelta)) == "ab"
    assert kinds(seen)[-2:] == [Progress, Finished]


def test_progress_of_one_job_does_not_replace_that_of_another(qtbot, bridge, engine):
    bridge.attach(engine)
    seen = seen_by(bridge)
    for job in ("one", "two"):
        engine.emit(Progress(job_id=job, step=1, total=2))
        engine.emit(Progress(job_id=job, step=2, total=2))
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert [(e.job_id, e.step) for e in seen] == [("one", 2), ("two", 2)]


def test_under_load_from_many_threads_order_and_text_hold_at_a_calm_pace(qtbot, bridge, engine):
    bridge.attach(engine)
    jobs, pieces = 8, 400
    seen: list[Event] = []
    bunches: list[float] = []
    clock = QElapsedTimer()
    clock.start()

    def take(event: Event) -> None:
        now = clock.nsecsElapsed() / 1e6
        if not bunches or now - bunches[-1] > TICK_MS / 2:
            bunches.append(now)
        seen.append(event)

    bridge.engine_event.connect(take)

    def work(job: str) -> None:
        for number in range(pieces):
            engine.emit(TextDelta(job_id=job, text=f"{number},"))
            engine.emit(Progress(job_id=job, step=number, total=pieces))
        engine.emit(Cancelled(job_id=job))

    threads = [threading.Thread(target=work, args=(f"job{n}",)) for n in range(jobs)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: sum(isinstance(e, Cancelled) for e in seen) == jobs, timeout=20_000)
    for thread in threads:
        thread.join()
    wanted = "".join(f"{number}," for number in range(pieces))
    for n in range(jobs):
        mine = [event for event in seen if event.job_id == f"job{n}"]
        assert "".join(e.text for e in mine if isinstance(e, TextDelta)) == wanted
        steps = [e.step for e in mine if isinstance(e, Progress)]
        assert steps == sorted(steps) and steps[-1] == pieces - 1
        assert isinstance(mine[-1], Cancelled)
    progress = sum(isinstance(e, Progress) for e in seen)
    assert progress < jobs * pieces
    assert all(later - earlier > TICK_MS / 2 for earlier, later in pairwise(bunches))


def test_after_close_nothing_arrives_and_the_engine_may_go_on_talking(qtbot, bridge, engine):
    bridge.attach(engine)
    seen = seen_by(bridge)
    subscribers = list(engine._subscribers)
    bridge.close()
    for tell in subscribers:  # the engine was just about to call when it was closed
        tell(TextDelta(job_id="late", text="late"))
    engine.emit(TextDelta(job_id="late", text="late"))
    with qtbot.assertNotEmitted(bridge.engine_event, wait=3 * TICK_MS):
        pass
    assert seen == []


def test_requests_wait_for_the_engine_and_keep_the_id_they_were_given(qtbot, bridge, engine):
    seen = seen_by(bridge)
    engine.script(Text("late"), Finish())
    job = bridge.submit(text_request(label="Early"))
    assert [info.label for info in bridge.jobs()] == ["Early"]
    qtbot.waitUntil(lambda: kinds(seen) == [Queued])
    bridge.attach(engine)
    engine.play()
    qtbot.waitUntil(lambda: isinstance(seen[-1], Finished))
    assert kinds(seen) == [Queued, Started, TextDelta, Finished]
    assert {event.job_id for event in seen} == {job}
    assert job in [info.id for info in bridge.jobs()]


def test_a_waiting_request_can_be_cancelled_before_there_is_an_engine(qtbot, bridge, engine):
    seen = seen_by(bridge)
    job = bridge.submit(text_request())
    bridge.cancel(job)
    bridge.attach(engine)
    qtbot.waitUntil(lambda: kinds(seen) == [Queued, Cancelled])
    assert engine.submitted == []


def test_a_waiting_request_the_engine_refuses_fails_with_words(qtbot, bridge, engine):
    seen = seen_by(bridge)
    bridge.submit(text_request(temperature=99.0))
    bridge.attach(engine)
    qtbot.waitUntil(lambda: kinds(seen) == [Queued, Failed])
    assert "Temperature" in seen[-1].message
    with pytest.raises(BadInputError):
        bridge.submit(text_request(temperature=99.0))


def test_without_an_engine_every_request_fails_with_the_reason(qtbot, bridge):
    seen = seen_by(bridge)
    bridge.submit(text_request())
    bridge.fail("torch is broken", "Traceback")
    qtbot.waitUntil(lambda: kinds(seen) == [Queued, Failed])
    bridge.submit(text_request())
    qtbot.waitUntil(lambda: kinds(seen) == [Queued, Failed, Failed])
    assert bridge.failure == "torch is broken"
    assert seen[-1].details == "Traceback"


def test_commands_reach_the_engine_under_its_own_ids(qtbot, bridge, engine):
    job = bridge.submit(text_request())
    bridge.attach(engine)
    bridge.cancel(job)
    assert engine.cancelled == ["job-1"]
    bridge.dismiss(job)
    assert bridge.jobs() == ()


def test_before_the_engine_every_question_has_an_answer(bridge):
    assert bridge.jobs() == () and bridge.models() == () and bridge.problems() == ()
    assert not bridge.state().ready
    assert bridge.default_model(Capability.TEXT_CHAT) is None
    assert bridge.options_for(Capability.TEXT_CHAT) == ()
    assert bridge.count_tokens("one two") is None
    with pytest.raises(StudioError):
        bridge.retry("nothing")


def test_an_engine_made_on_another_thread_is_attached_on_this_one(qtbot, bridge, engine):
    thread = threading.Thread(target=bridge.attach, args=(engine,))
    with qtbot.waitSignal(bridge.engine_changed):
        thread.start()
    thread.join()
    assert bridge.attached and bridge.count_tokens("one two") == 2


def test_changes_of_the_engine_are_told_once_for_many(qtbot, bridge, engine):
    bridge.attach(engine)
    told: list[int] = []
    bridge.engine_changed.connect(lambda: told.append(1))
    for number in range(50):
        engine.set_state(used_bytes=number)
    qtbot.waitUntil(lambda: bool(told))
    assert len(told) == 1 and bridge.state().used_bytes == 49

"""The time left, text told once, and phases of a job."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import OutOfMemoryError
from studio.core.events import AudioChunk, Event, ModelLoading, Preview, Progress
from studio.core.inputs import InputStore
from studio.core.media import Picture, Sound
from studio.engine.api import JobCancelled, JobContext, LoadContext
from studio.engine.context import Generating, Loading, Part, RateEstimate, Replay
from studio.engine.jobs import CancelToken
from studio.engine.lease import DeviceLease, Ticket
from studio.models.info import ModelInfo


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def context() -> tuple[Generating, list[Event]]:
    told: list[Event] = []
    lease = DeviceLease()
    ticket = Ticket(priority=0, grant=lambda: None)
    lease.request(ticket)
    made = Generating(
        "j",
        emit=told.append,
        token=CancelToken(),
        lease=lease,
        ticket=ticket,
        inputs=InputStore(),
        find_model=lambda name: ModelInfo(id=name, title=name),
    )
    return made, told


def test_the_time_left_follows_the_steady_rate() -> None:
    clock = Clock()
    rate = RateEstimate(clock)
    assert rate.remaining_s(0, 11) is None
    clock.now += 60  # reading the prompt: not part of the rate
    assert rate.remaining_s(1, 11) is None
    for step in range(2, 7):
        clock.now += 0.5
        left = rate.remaining_s(step, 11)
    assert left == pytest.approx(5 * 0.5)


def test_time_of_others_is_left_out() -> None:
    clock = Clock()
    rate = RateEstimate(clock)
    for step in range(1, 5):
        clock.now += 1
        rate.remaining_s(step, 10)
    clock.now += 500
    rate.paused(500)
    clock.now += 1
    assert rate.remaining_s(5, 10) == pytest.approx(5)


def test_the_rate_begins_anew_when_steps_do() -> None:
    clock = Clock()
    rate = RateEstimate(clock)
    for step in (5, 6, 7):
        clock.now += 1
        rate.remaining_s(step, 10)
    assert rate.remaining_s(1, 10) is None


def test_the_newest_steps_count() -> None:
    clock = Clock()
    rate = RateEstimate(clock)
    for step in range(1, 101):
        clock.now += 10 if step < 50 else 1
        left = rate.remaining_s(step, 200)
    assert left == pytest.approx(100)


@given(
    text=st.text(max_size=60),
    first=st.lists(st.integers(1, 7), max_size=20),
    again=st.lists(st.integers(1, 7), max_size=30),
)
def test_a_repeated_text_is_told_once(text: str, first: list[int], again: list[int]) -> None:
    """However the text is cut into pieces, and wherever the first attempt stopped."""
    replay, heard, at = Replay(), "", 0
    for size in first:
        heard += replay.fresh(text[at : at + size])
        at += size
    replay.restart()
    at = 0
    for size in again:
        heard += replay.fresh(text[at : at + size])
        at += size
    heard += replay.fresh(text[at:])
    assert heard == text


def test_a_text_that_differs_cannot_be_taken_up() -> None:
    replay = Replay()
    replay.fresh("Once upon")
    replay.restart()
    assert replay.fresh("Once ") == ""
    with pytest.raises(OutOfMemoryError):
        replay.fresh("again")


def test_contexts_are_what_the_api_promises() -> None:
    made, told = context()
    job: JobContext = made
    part: JobContext = Part(made, 0, 0.5)
    load: LoadContext = Loading(lambda fraction, message: None, CancelToken(), lambda: False)
    load.raise_if_cancelled()
    job.loading(2.0, "reading")
    part.loading(None, "more")
    assert told == [
        ModelLoading(job_id="j", fraction=1.0, message="reading"),
        ModelLoading(job_id="j", fraction=None, message="more"),
    ]


@pytest.mark.parametrize(
    ("step", "total", "told"), [(3, 2, (2, 2)), (-1, 2, (0, 2)), (5, 0, (5, 0)), (1, -1, (1, 0))]
)
def test_progress_out_of_range_is_put_right(step: int, total: int, told: tuple[int, int]) -> None:
    made, events = context()
    made.progress(step, total)
    (event,) = events
    assert isinstance(event, Progress)
    assert (event.step, event.total) == told


@pytest.mark.parametrize("part", [(-0.1, 0.5), (0.5, 0.6), (0, 2)])
def test_a_part_outside_the_whole_is_refused(part: tuple[float, float]) -> None:
    made, _ = context()
    with pytest.raises(ValueError, match="leaves"):
        made.sub(*part)


def test_loading_stops_for_the_user_and_for_something_more_urgent() -> None:
    token, urgent = CancelToken(), [False]
    told: list[Any] = []
    ctx = Loading(lambda *args: told.append(args), token, lambda: urgent[0])
    ctx.loading(-1, "x")
    assert told == [(0.0, "x")]
    urgent[0] = True
    with pytest.raises(JobCancelled):
        ctx.loading(0.5, "y")
    assert ctx.gave_up
    token.cancel()
    urgent[0] = False
    with pytest.raises(JobCancelled):
        ctx.raise_if_cancelled()


def test_a_token_wakes_whoever_came_before_or_after() -> None:
    token, woken = CancelToken(), []
    token.wake_with(lambda: woken.append("before"))
    token.cancel()
    token.wake_with(lambda: woken.append("after"))
    assert woken == ["before", "after"]
    with pytest.raises(JobCancelled):
        token.raise_if_cancelled()


def test_previews_are_asked_for_at_most_thirty_times_a_second(monkeypatch: Any) -> None:
    now = [50.0]
    monkeypatch.setattr("studio.engine.context.time.monotonic", lambda: now[0])
    ctx, told = context()
    assert ctx.wants_preview()
    ctx.preview(Picture(width=1, height=1, rgba=b"abcd"), index=2, step=3)
    assert not ctx.wants_preview()
    now[0] += 1 / 29
    assert ctx.wants_preview()
    assert [(e.index, e.step) for e in told if isinstance(e, Preview)] == [(2, 3)]


def test_sound_told_again_after_memory_ran_out_is_left_out_once() -> None:
    ctx, told = context()

    def say(samples: bytes) -> None:
        ctx.audio(Sound(sampling_rate=8000, samples=samples))

    say(b"aaaabbbb")
    ctx.restart()
    say(b"aaaa")
    say(b"bbbbcccc")
    say(b"dddd")
    heard = b"".join(e.sound.samples for e in told if isinstance(e, AudioChunk))
    assert heard == b"aaaabbbbccccdddd"

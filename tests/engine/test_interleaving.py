"""Several jobs on one device: a sentence in the middle of a picture, batches, swaps, reloads."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from studio.core.events import Finished, Progress, Started, TextDelta
from studio.engine.engine import Priority
from tests.engine.conftest import MakeEngine
from tests.engine.test_engine import held_at_step, info
from tests.fakes.backends import Gate, StepBackend, model, request
from tests.fakes.listener import WAIT_S, Listener

PICTURE, TEXT = model("picture"), model("text", built_in=True)


def both_models(**options: Any) -> StepBackend:
    return StepBackend(PICTURE, TEXT, **options)


def batch(listener: Listener, label: str, **options: Any) -> str:
    asked = request(label, model="picture", **options)
    return listener.engine.submit(asked, priority=Priority.BATCH)


def test_a_sentence_starts_within_one_step_of_a_picture_and_both_go_on(
    make_engine: MakeEngine,
) -> None:
    backend = both_models()
    gate = held_at_step(backend, "picture", 3)
    listener = make_engine(backend)
    long = batch(listener, "picture", steps=30)
    gate.wait_for_arrival()
    short = listener.engine.submit(request("text", model="text", steps=5))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    assert isinstance(listener.wait(short), Finished)
    assert isinstance(listener.wait(long), Finished)
    order = [label for label, _ in backend.trace]
    assert order == ["picture"] * 4 + ["text"] * 5 + ["picture"] * 26
    assert listener.text(long) == "".join(f"word{step} " for step in range(30))


def test_equals_do_not_interrupt_each_other(make_engine: MakeEngine) -> None:
    backend = both_models()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    first = listener.engine.submit(request("first", steps=5))
    gate.wait_for_arrival()
    second = listener.engine.submit(request("second", steps=5))
    listener.wait_for(second, object)
    gate.open()
    listener.wait(first)
    listener.wait(second)
    assert [label for label, _ in backend.trace] == ["first"] * 5 + ["second"] * 5


def test_interactive_goes_before_normal_before_batch(make_engine: MakeEngine) -> None:
    backend = both_models()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    listener.engine.submit(request("first"))
    gate.wait_for_arrival()
    jobs = [
        listener.engine.submit(request(name), priority=priority)
        for name, priority in (
            ("batch", Priority.BATCH),
            ("normal", Priority.NORMAL),
            ("urgent", Priority.INTERACTIVE),
        )
    ]
    listener.until(lambda: all(listener.of(job) for job in jobs))
    gate.open()
    for job in jobs:
        listener.wait(job)
    assert backend.running == ["first", "urgent", "normal", "batch"]


def test_jobs_whose_model_is_loaded_go_first(make_engine: MakeEngine) -> None:
    backend = both_models()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    listener.engine.submit(request("first", model="text"))
    gate.wait_for_arrival()
    jobs = [
        listener.engine.submit(request(name, model=name.rstrip("123")))
        for name in ("picture1", "text1", "picture2", "text2")
    ]
    listener.until(lambda: all(listener.of(job) for job in jobs))
    gate.open()
    for job in jobs:
        listener.wait(job)
    assert backend.running == ["first", "text1", "text2", "picture1", "picture2"]
    assert backend.loads == ["text", "picture"]


def test_a_model_that_does_not_interleave_is_used_by_one_job_at_a_time(
    make_engine: MakeEngine,
) -> None:
    backend = both_models(interleaves=False)
    gate = held_at_step(backend, "batch", 2)
    listener = make_engine(backend)
    long = batch(listener, "batch", steps=6)
    gate.wait_for_arrival()
    same = listener.engine.submit(request("same", model="picture", steps=2))
    other = listener.engine.submit(request("other", model="text", steps=2))
    listener.until(lambda: listener.of(same) and listener.of(other))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    for job in (long, same, other):
        assert isinstance(listener.wait(job), Finished)
    order = [label for label, _ in backend.trace]
    assert order == ["batch"] * 3 + ["other"] * 2 + ["batch"] * 3 + ["same"] * 2


def test_a_model_that_interleaves_is_used_in_the_middle_of_another_job(
    make_engine: MakeEngine,
) -> None:
    backend = both_models(interleaves=True)
    gate = held_at_step(backend, "batch", 2)
    listener = make_engine(backend)
    long = batch(listener, "batch", steps=6)
    gate.wait_for_arrival()
    same = listener.engine.submit(request("same", model="picture", steps=2))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    listener.wait(long)
    listener.wait(same)
    order = [label for label, _ in backend.trace]
    assert order == ["batch"] * 3 + ["same"] * 2 + ["batch"] * 3
    assert backend.loads == ["picture"]


def test_a_paused_job_can_be_stopped(make_engine: MakeEngine) -> None:
    backend = both_models()
    batch_gate = held_at_step(backend, "batch", 1)
    text_gate = held_at_step(backend, "text", 0)
    listener = make_engine(backend)
    long = batch(listener, "batch", steps=50)
    batch_gate.wait_for_arrival()
    short = listener.engine.submit(request("text", model="text"))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    batch_gate.open()
    text_gate.wait_for_arrival()
    assert info(listener, long).state == "running"
    listener.engine.cancel(long)
    assert type(listener.wait(long)).__name__ == "Cancelled"
    text_gate.open()
    assert isinstance(listener.wait(short), Finished)
    assert ("batch", 2) not in backend.trace


def test_a_load_is_left_for_something_more_urgent_and_taken_up_again(
    make_engine: MakeEngine,
) -> None:
    backend, gate = both_models(), Gate()

    def load(model: Any, ctx: Any) -> None:
        for _ in range(5):
            if model.id == "picture":
                gate.pass_through()
            ctx.raise_if_cancelled()

    backend.on_load = load
    listener = make_engine(backend)
    long = batch(listener, "batch")
    gate.wait_for_arrival()
    short = listener.engine.submit(request("text", model="text"))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    assert isinstance(listener.wait(short), Finished)
    assert isinstance(listener.wait(long), Finished)
    assert backend.running == ["text", "batch"]
    assert backend.loads == ["picture", "text", "picture"]


def test_a_load_of_the_same_model_is_not_left(make_engine: MakeEngine) -> None:
    backend, gate = both_models(), Gate()

    def load(model: Any, ctx: Any) -> None:
        gate.pass_through()
        ctx.raise_if_cancelled()

    backend.on_load = load
    listener = make_engine(backend)
    long = batch(listener, "batch", steps=3)
    gate.wait_for_arrival()
    short = listener.engine.submit(request("urgent", model="picture"))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    listener.wait(short)
    listener.wait(long)
    assert backend.loads == ["picture"]
    assert [label for label, _ in backend.trace][:3] == ["urgent"] * 3


def test_a_warm_up_gives_way_and_is_taken_up_again(make_engine: MakeEngine) -> None:
    backend, gate = both_models(), Gate()

    def load(model: Any, ctx: Any) -> None:
        if model.id == "picture":
            gate.pass_through()
        ctx.raise_if_cancelled()

    backend.on_load = load
    listener = make_engine(backend)
    listener.engine.warm_up("picture")
    gate.wait_for_arrival()
    job = listener.engine.submit(request("text", model="text"))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    assert isinstance(listener.wait(job), Finished)
    listener.until(lambda: len(listener.engine.state().resident) == 2)
    assert backend.loads == ["picture", "text", "picture"]


def test_waiting_jobs_take_no_threads(make_engine: MakeEngine) -> None:
    backend = both_models()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    listener.engine.submit(request("first"))
    gate.wait_for_arrival()
    before = threading.active_count()
    jobs = [listener.engine.submit(request(steps=0)) for _ in range(200)]
    listener.until(lambda: all(listener.of(job) for job in jobs[-1:]))
    assert threading.active_count() == before
    gate.open()
    for job in jobs:
        assert isinstance(listener.wait(job), Finished)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_time_in_which_somebody_else_computed_is_not_counted(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("studio.engine.context.time", clock)
    monkeypatch.setattr("studio.engine.runner.time", clock)
    backend = both_models()
    batch_gate = held_at_step(backend, "batch", 1)
    text_gate = held_at_step(backend, "text", 0)
    listener = make_engine(backend)
    long = batch(listener, "batch", steps=4)
    batch_gate.wait_for_arrival()
    short = listener.engine.submit(request("text", model="text", steps=1))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    batch_gate.open()
    text_gate.wait_for_arrival()
    clock.now = 100.0
    text_gate.open()
    listener.wait(short)
    assert listener.wait(long).artifact.duration_s == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_jobs_and_cancels_leaves_everything_in_order(
    make_engine: MakeEngine, seed: int
) -> None:
    import random

    rng = random.Random(seed)
    backend = both_models(interleaves=bool(seed % 2))
    listener = make_engine(backend)
    jobs: list[str] = []
    lock = threading.Lock()

    def submit_some() -> None:
        for _ in range(25):
            asked = request(model=rng.choice(["picture", "text"]), steps=rng.randrange(6))
            job = listener.engine.submit(asked, priority=Priority(rng.randrange(3)))
            with lock:
                jobs.append(job)
            if rng.random() < 0.5:
                listener.engine.cancel(rng.choice(jobs))

    threads = [threading.Thread(target=submit_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    for job in jobs:
        listener.wait(job)
    for job in jobs:
        events = listener.of(job)
        names = [type(event).__name__ for event in events]
        assert names[0] == "Queued"
        assert sum(name in ("Finished", "Failed", "Cancelled") for name in names) == 1
        assert names[-1] in ("Finished", "Cancelled")
        assert names.count("Started") <= 1
        texts = [event for event in events if isinstance(event, TextDelta)]
        steps = [event.step for event in events if isinstance(event, Progress)]
        assert steps == list(range(1, len(steps) + 1))
        assert abs(len(texts) - len(steps)) <= 1
    assert listener.engine._lanes.current.lease.holder is None  # type: ignore[union-attr]
    assert not any(each.in_use for each in listener.engine.state().resident)


def test_a_hundred_quick_submits_and_cancels(make_engine: MakeEngine) -> None:
    backend = both_models()
    listener = make_engine(backend)
    jobs = []
    for _ in range(100):
        job = listener.engine.submit(request(steps=1000))
        listener.engine.cancel(job)
        jobs.append(job)
    for job in jobs:
        listener.wait(job)
        assert listener.kinds(job)[-1] == "Cancelled"
    assert isinstance(listener.run(request()), Finished)
    assert any(isinstance(event, Started) for event in listener.events)

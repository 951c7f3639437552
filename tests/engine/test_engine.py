"""Requests in, events out: order, one end, stopping, bad input, the list of jobs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from studio.core.artifacts import TextArtifact
from studio.core.energy import Energy, EnergyMeter
from studio.core.errors import BadInputError, ModelNotFoundError, StudioError, UnsupportedModelError
from studio.core.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    ModelLoading,
    Notice,
    Progress,
    Started,
    TextDelta,
)
from studio.core.media import SEED_MAX
from studio.core.requests import Capability, TextRequest, replaced
from studio.core.settings import Computing
from studio.engine.api import Device, JobCancelled
from studio.engine.engine import Priority
from studio.engine.jobs import JobInfo
from tests.engine.conftest import MakeEngine
from tests.fakes.backends import Gate, StepBackend, StepModel, model, request
from tests.fakes.listener import WAIT_S, Listener, ended


def info(listener: Listener, job_id: str) -> JobInfo:
    return next(job for job in listener.engine.jobs() if job.id == job_id)


# The way of a request


def test_a_request_becomes_events_in_order_and_an_artifact(make_engine: MakeEngine) -> None:
    listener = make_engine()
    job = listener.engine.submit(request(steps=2))
    event = listener.wait(job)
    assert listener.kinds(job) == [
        "Queued",
        "Started",
        "ModelLoading",
        "TextDelta",
        "Progress",
        "TextDelta",
        "Progress",
        "Finished",
    ]
    assert isinstance(event.artifact, TextArtifact)
    assert event.artifact.text == listener.text(job) == "word0 word1 "
    assert event.artifact.model == event.artifact.request.model == "small"
    assert event.artifact.backend == "step"


def test_submit_returns_before_anything_is_known(make_engine: MakeEngine) -> None:
    known = threading.Event()

    def find(settings: Computing) -> tuple[Device, str]:
        assert known.wait(WAIT_S)
        return Device(kind="cpu"), ""

    listener = make_engine(find_device=find)
    job = listener.engine.submit(request())
    assert not listener.engine.state().ready
    assert info(listener, job).state == "queued"
    known.set()
    assert isinstance(listener.wait(job), Finished)
    assert listener.engine.state().ready


def test_a_request_may_come_before_the_start(make_engine: MakeEngine) -> None:
    listener = make_engine(start=False)
    job = listener.engine.submit(request())
    listener.engine.start()
    listener.engine.start()
    assert isinstance(listener.wait(job), Finished)


def test_the_model_is_loaded_once(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    listener = make_engine(backend)
    for _ in range(3):
        listener.run(request())
    assert backend.loads == ["small"]


def test_the_duration_is_without_waiting(make_engine: MakeEngine) -> None:
    event = make_engine().run(request(steps=5))
    assert 0 < event.artifact.duration_s < WAIT_S


def test_phases_fill_their_part_of_the_whole(make_engine: MakeEngine) -> None:
    backend = StepBackend()

    def phases(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        first, second = ctx.sub(0.0, 0.25), ctx.sub(0.25, 0.75)
        first.checkpoint()
        first.progress(1, 2)
        first.progress(2, 2)
        second.sub(0.0, 0.5).progress(1, 1)
        second.text("x")
        second.progress(3, 3)
        return model.artifact(asked, "x")

    backend.behaviours["phases"] = phases
    listener = make_engine(backend)
    job = listener.engine.submit(request("phases"))
    listener.wait(job)
    told = [(e.step, e.total) for e in listener.of(job) if isinstance(e, Progress)]
    assert told == [(125, 1000), (250, 1000), (625, 1000), (1000, 1000)]


# Exactly one end, whatever happens


def raising(error: BaseException) -> Any:
    def behaviour(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        ctx.text("before ")
        raise error

    return behaviour


class Odd(BaseException):
    """Derives from nothing that is usually caught."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("matrix is not square"), "BackendError"),
        (ValueError(), "BackendError"),
        (SystemExit(3), "BackendError"),
        (KeyboardInterrupt(), "BackendError"),
        (GeneratorExit(), "BackendError"),
        (StopIteration(), "BackendError"),
        (Odd("odd"), "BackendError"),
        (RecursionError("too deep"), "BackendError"),
        (RuntimeError("CUDA error: out of memory"), "OutOfMemoryError"),
        (MemoryError(), "OutOfMemoryError"),
        (UnsupportedModelError("Not this one."), "UnsupportedModelError"),
    ],
)
def test_whatever_a_backend_raises_the_job_fails_once_and_the_next_works(
    make_engine: MakeEngine, error: BaseException, code: str
) -> None:
    backend = StepBackend()
    backend.behaviours["bad"] = raising(error)
    listener = make_engine(backend)
    job = listener.engine.submit(request("bad"))
    event = listener.wait(job)
    assert isinstance(event, Failed)
    assert event.code == code
    assert event.message
    assert "Traceback" in event.details
    assert isinstance(listener.run(request()), Finished)
    assert ended(listener.of(job)) == 1
    assert info(listener, job).state == "failed"
    assert info(listener, job).message == event.message


@pytest.mark.parametrize("value", [None, "text", 3])
def test_a_wrong_result_fails_in_words(make_engine: MakeEngine, value: object) -> None:
    backend = StepBackend()
    backend.behaviours["bad"] = lambda *_: value
    event = make_engine(backend).run(request("bad"))
    assert isinstance(event, Failed)
    assert "Step" in event.message


def test_a_load_that_returns_no_model_fails_in_words(make_engine: MakeEngine) -> None:
    class NoModel(StepBackend):
        def load(self, *_: Any) -> Any:
            return object()

    event = make_engine(NoModel()).run(request())
    assert isinstance(event, Failed)
    assert event.code == "BackendError"


def test_text_that_is_no_text_is_a_defect_of_the_backend(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    backend.behaviours["bad"] = lambda model, asked, ctx: ctx.text(b"bytes")
    event = make_engine(backend).run(request("bad"))
    assert isinstance(event, Failed)
    assert event.code == "BackendError"


def test_nothing_is_told_after_the_end(make_engine: MakeEngine) -> None:
    backend, kept = StepBackend(), []

    def keeps_the_context(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        kept.append(ctx)
        return model.write(asked, ctx)

    backend.behaviours["late"] = keeps_the_context
    listener = make_engine(backend)
    job = listener.engine.submit(request("late"))
    listener.wait(job)
    kept[0].text("too late")
    kept[0].progress(1, 1)
    listener.run(request())
    assert listener.kinds(job)[-1] == "Finished"


def test_a_subscriber_that_raises_disturbs_nobody(make_engine: MakeEngine) -> None:
    listener = make_engine(start=False)
    seen: list[Event] = []

    def bad(event: Event) -> None:
        raise SystemExit("a listener's defect")

    listener.engine.subscribe(bad)
    listener.engine.subscribe(seen.append)
    listener.engine.on_change(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    listener.engine.start()
    assert isinstance(listener.run(request()), Finished)
    listener.until(lambda: isinstance(seen[-1], Finished))


def test_a_subscriber_may_call_back_into_the_engine(make_engine: MakeEngine) -> None:
    listener = make_engine()
    more: list[str] = []

    def again(event: Event) -> None:
        listener.engine.jobs()
        listener.engine.state()
        if isinstance(event, Finished) and not more:
            more.append(listener.engine.submit(request()))

    listener.react(again)
    listener.run(request())
    listener.until(lambda: more)
    assert isinstance(listener.wait(more[0]), Finished)


def test_unsubscribing_ends_it(make_engine: MakeEngine) -> None:
    listener = make_engine()
    seen: list[Event] = []
    stop = listener.engine.subscribe(seen.append)
    listener.run(request())
    stop()
    stop()
    count = len(seen)
    assert count
    listener.run(request())
    assert len(seen) == count


# Stopping


def held_at_step(backend: StepBackend, label: str, step: int) -> Gate:
    """Let the job with this label wait inside this step."""
    gate = Gate()
    backend.behaviours[label] = lambda model, asked, ctx: model.write(
        asked, ctx, lambda at: gate.pass_through() if at == step else None
    )
    return gate


def test_stopping_while_generating_ends_within_one_step(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "long", 3)
    listener = make_engine(backend)
    job = listener.engine.submit(request("long", steps=100))
    gate.wait_for_arrival()
    listener.engine.cancel(job)
    listener.engine.cancel(job)
    gate.open()
    assert isinstance(listener.wait(job), Cancelled)
    assert backend.trace[-1] == ("long", 3)
    assert listener.text(job) == "word0 word1 word2 word3 "
    listener.engine.cancel(job)
    listener.run(request())
    assert ended(listener.of(job)) == 1
    assert info(listener, job).state == "cancelled"


def test_stopping_while_queued_never_starts_it(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    first = listener.engine.submit(request("first"))
    gate.wait_for_arrival()
    second = listener.engine.submit(request("second"))
    listener.engine.cancel(second)
    assert isinstance(listener.wait(second), Cancelled)
    assert listener.kinds(second) == ["Queued", "Cancelled"]
    gate.open()
    assert isinstance(listener.wait(first), Finished)
    assert "second" not in backend.running


def test_stopping_before_the_device_is_known(make_engine: MakeEngine) -> None:
    known = threading.Event()

    def find(settings: Computing) -> tuple[Device, str]:
        assert known.wait(WAIT_S)
        return Device(kind="cpu"), ""

    backend = StepBackend()
    listener = make_engine(backend, find_device=find)
    job = listener.engine.submit(request())
    listener.engine.cancel(job)
    assert isinstance(listener.wait(job), Cancelled)
    known.set()
    listener.run(request())
    assert len(backend.running) == 1


def test_stopping_while_loading_ends_at_the_next_shard(make_engine: MakeEngine) -> None:
    backend, gate, shards = StepBackend(), Gate(), []

    def load(model: Any, ctx: Any) -> None:
        for shard in range(10):
            ctx.loading(shard / 10, f"shard {shard}")
            shards.append(shard)
            if shard == 2:
                gate.pass_through()

    backend.on_load = load
    listener = make_engine(backend)
    job = listener.engine.submit(request())
    gate.wait_for_arrival()
    listener.engine.cancel(job)
    gate.open()
    assert isinstance(listener.wait(job), Cancelled)
    assert shards == [0, 1, 2]
    assert listener.engine.state().resident == ()
    backend.on_load = lambda model, ctx: None
    assert isinstance(listener.run(request()), Finished)


def test_a_failure_on_the_way_out_of_a_stopped_job_is_no_failure(make_engine: MakeEngine) -> None:
    backend = StepBackend()

    def clumsy(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        try:
            return model.write(asked, ctx, lambda at: listener.engine.cancel(job.get()))
        except JobCancelled as stopped:
            raise RuntimeError("clean-up went wrong") from stopped

    class Box:
        def __init__(self) -> None:
            self._there = threading.Event()
            self._value = ""

        def put(self, value: str) -> None:
            self._value = value
            self._there.set()

        def get(self) -> str:
            assert self._there.wait(WAIT_S)
            return self._value

    job = Box()
    backend.behaviours["clumsy"] = clumsy
    listener = make_engine(backend)
    job.put(listener.engine.submit(request("clumsy", steps=50)))
    assert isinstance(listener.wait(job.get()), Cancelled)


def test_cancelling_what_is_not_there_is_no_error(make_engine: MakeEngine) -> None:
    make_engine().engine.cancel("no-such-job")


def close_around(listener: Listener, job_id: str, gate: Gate) -> None:
    """Close the engine while the job stands at the gate, and open it once it was told to stop."""
    job = listener.engine._board.get(job_id)
    job.token.wake_with(gate.open)
    listener.engine.close()


def test_closing_ends_every_job_once(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "running", 1)
    listener = make_engine(backend)
    jobs = [listener.engine.submit(request("running", steps=100))]
    gate.wait_for_arrival()
    jobs += [listener.engine.submit(request()) for _ in range(3)]
    close_around(listener, jobs[0], gate)
    for job in jobs:
        assert isinstance(listener.wait(job), Cancelled)
        assert ended(listener.of(job)) == 1
    with pytest.raises(StudioError):
        listener.engine.submit(request())
    listener.engine.close()


def test_closing_with_a_long_line(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "running", 0)
    listener = make_engine(backend)
    jobs = [listener.engine.submit(request("running", steps=9))]
    gate.wait_for_arrival()
    jobs += [listener.engine.submit(request(steps=0)) for _ in range(600)]
    close_around(listener, jobs[0], gate)
    for job in jobs:
        assert isinstance(listener.wait(job), Cancelled)
        assert ended(listener.of(job)) == 1


def test_without_a_thread_to_be_had_a_job_fails_in_words(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = settled(make_engine())
    listener.until(lambda: not listener.engine._crew.at_work())

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        jobs = [listener.engine.submit(request()) for _ in range(300)]
        events = [listener.wait(job) for job in jobs]
    assert all(isinstance(event, Failed) and "threads" in event.message for event in events)
    assert isinstance(listener.run(request()), Finished)


def test_closing_leaves_a_hanging_backend_behind(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "hangs", 1)
    listener = make_engine(backend)
    job = listener.engine.submit(request("hangs"))
    gate.wait_for_arrival()
    listener.engine.close(timeout_s=0.05)
    assert isinstance(listener.wait(job), Cancelled)
    gate.open()
    listener.until(lambda: not any("job-" in t.name for t in threading.enumerate()))
    assert ended(listener.of(job)) == 1


def test_closing_before_the_start(make_engine: MakeEngine) -> None:
    listener = make_engine(start=False)
    job = listener.engine.submit(request())
    listener.engine.close()
    assert isinstance(listener.wait(job), Cancelled)


def test_closing_during_a_load(make_engine: MakeEngine) -> None:
    backend, gate = StepBackend(), Gate()

    def load(model: Any, ctx: Any) -> None:
        gate.pass_through()
        ctx.raise_if_cancelled()

    backend.on_load = load
    listener = make_engine(backend)
    job = listener.engine.submit(request())
    gate.wait_for_arrival()
    close_around(listener, job, gate)
    assert isinstance(listener.wait(job), Cancelled)


# Bad input


def settled(listener: Listener) -> Listener:
    """Wait until models, device and plugins are known."""
    assert listener.engine.wait_until_settled(WAIT_S)
    listener.run(request())
    return listener


def test_an_unknown_option_is_refused_at_once(make_engine: MakeEngine) -> None:
    listener = settled(make_engine())
    with pytest.raises(BadInputError, match="no_such"):
        listener.engine.submit(request(no_such=1))
    with pytest.raises(BadInputError, match="Steps"):
        listener.engine.submit(request(steps=-1))
    assert len(listener.engine.jobs()) == 1


def test_an_unknown_model_is_refused_at_once(make_engine: MakeEngine) -> None:
    listener = settled(make_engine())
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        listener.engine.submit(request(model="nowhere"))


def test_an_unknown_model_before_models_are_known_fails_in_words(make_engine: MakeEngine) -> None:
    listener = make_engine(start=False)
    job = listener.engine.submit(request(model="nowhere"))
    listener.engine.start()
    event = listener.wait(job)
    assert isinstance(event, Failed)
    assert event.code == "ModelNotFoundError"
    assert listener.kinds(job) == ["Queued", "Failed"]


def test_a_capability_the_model_lacks_is_refused(make_engine: MakeEngine) -> None:
    listener = settled(make_engine())
    asked = replaced(request(model="small"), capability=Capability.TEXT_EMBED)
    with pytest.raises(UnsupportedModelError):
        listener.engine.submit(asked)
    with pytest.raises(ModelNotFoundError):
        listener.engine.submit(replaced(asked, model=""))


@pytest.mark.parametrize("seed", [-1, SEED_MAX + 1, 1.5, True, None, "7"])
def test_a_seed_out_of_range_is_refused_when_the_request_is_made(seed: Any) -> None:
    with pytest.raises(BadInputError):
        request(seed=seed)


def test_something_that_is_no_request_is_refused(make_engine: MakeEngine) -> None:
    with pytest.raises(BadInputError):
        make_engine().engine.submit("write a poem")  # type: ignore[arg-type]


def test_a_prompt_of_a_megabyte_goes_through(make_engine: MakeEngine) -> None:
    backend, seen = StepBackend(), []
    backend.behaviours["long"] = lambda model, asked, ctx: (
        seen.append(len(asked.prompt)),
        model.write(asked, ctx),
    )[1]
    listener = make_engine(backend)
    event = listener.run(replaced(request("long"), prompt="wörd 🦆 " * 131_072))
    assert isinstance(event, Finished)
    assert seen == [131_072 * 7]


# The list of jobs


def test_the_list_tells_progress(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "long", 4)
    listener = make_engine(backend)
    job = listener.engine.submit(request("long", steps=10))
    gate.wait_for_arrival()
    found = info(listener, job)
    assert (found.state, found.step, found.total, found.model) == ("running", 5, 10, "small")
    assert found.label == "long"
    gate.open()
    listener.wait(job)
    listener.until(lambda: info(listener, job).state == "finished")


def test_an_ended_job_can_be_run_again_and_dismissed(make_engine: MakeEngine) -> None:
    listener = make_engine()
    job = listener.engine.submit(request(steps=2))
    first = listener.wait(job)
    again = listener.engine.retry(job)
    assert again != job
    assert listener.wait(again).artifact.text == first.artifact.text
    assert [each.id for each in listener.engine.jobs()] == [again]
    listener.engine.dismiss(again)
    assert listener.engine.jobs() == ()
    listener.engine.dismiss(again)
    with pytest.raises(BadInputError):
        listener.engine.retry(again)


def test_a_job_that_is_not_over_can_be_neither_run_again_nor_dismissed(
    make_engine: MakeEngine,
) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "running", 0)
    listener = make_engine(backend)
    job = listener.engine.submit(request("running"))
    gate.wait_for_arrival()
    with pytest.raises(BadInputError):
        listener.engine.retry(job)
    with pytest.raises(BadInputError):
        listener.engine.dismiss(job)
    gate.open()
    listener.wait(job)


def test_only_so_many_ended_jobs_stay_on_the_list(make_engine: MakeEngine) -> None:
    listener = make_engine()
    jobs = [listener.engine.submit(request(steps=0)) for _ in range(60)]
    for job in jobs:
        listener.wait(job)
    listener.until(lambda: len(listener.engine.jobs()) == 50)
    assert {each.id for each in listener.engine.jobs()} == set(jobs[10:])


def test_moving_a_waiting_job_changes_the_order(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "first", 0)
    listener = make_engine(backend)
    engine = listener.engine
    engine.submit(request("first"))
    gate.wait_for_arrival()
    a, b, c, d = (
        engine.submit(request(name), priority=priority)
        for name, priority in (
            ("a", Priority.NORMAL),
            ("b", Priority.NORMAL),
            ("c", Priority.BATCH),
            ("d", Priority.BATCH),
        )
    )
    listener.until(lambda: len(listener.of(d)) == 1)
    engine.move(d, a)
    assert info(listener, d).priority is Priority.NORMAL
    engine.move(a, None)
    assert [job.id for job in engine.jobs()][1:] == [d, b, c, a]
    gate.open()
    for job in (a, b, c, d):
        listener.wait(job)
    assert backend.running == ["first", "d", "b", "c", "a"]
    with pytest.raises(BadInputError):
        engine.move(a, b)


# What there is


def test_a_store_that_fails_keeps_nobody_waiting(make_engine: MakeEngine) -> None:
    class BadStore:
        def models(self) -> Any:
            raise OSError("the drive is gone")

        def problems(self) -> dict[Path, str]:
            return {}

        def refresh(self) -> None:
            raise OSError("the drive is gone")

    listener = make_engine(store=BadStore(), start=False)
    job = listener.engine.submit(request())
    listener.engine.start()
    assert isinstance(listener.wait(job), Failed)
    assert any("drive" in problem for problem in listener.engine.problems())
    listener.engine.refresh_models()
    listener.until(lambda: not listener.engine._crew.at_work())


def test_models_that_came_later_are_found(make_engine: MakeEngine) -> None:
    class Growing:
        def __init__(self) -> None:
            self.found: list[Any] = []
            self.refreshed = 0

        def models(self) -> list[Any]:
            return self.found if self.refreshed else []

        def problems(self) -> dict[Path, str]:
            return {}

        def refresh(self) -> None:
            self.refreshed += 1

    store = Growing()
    listener = make_engine(store=store)
    assert listener.engine.wait_until_settled(WAIT_S)
    store.found.append(model("late"))
    listener.engine.refresh_models()
    listener.until(lambda: "late" in [each.info.id for each in listener.engine.models()])
    assert isinstance(listener.run(request(model="late")), Finished)


def test_models_defaults_and_options(make_engine: MakeEngine) -> None:
    big, small, other = model("big", size_bytes=9), model("one", size_bytes=5), model("two")
    backend = StepBackend(big, small, replaced_built_in(other))
    listener = settled(make_engine(backend))
    engine = listener.engine
    assert [each.info.id for each in engine.models()] == ["big", "one", "two"]
    assert engine.default_model(Capability.TEXT_CHAT) == replaced_built_in(other)
    engine.set_default_model(Capability.TEXT_CHAT, "big")
    listener.until(lambda: engine.default_model(Capability.TEXT_CHAT) == big)
    assert engine.default_model(Capability.IMAGE_TXT2IMG) is None
    names = [option.name for option in engine.options_for(Capability.TEXT_CHAT)]
    assert names == ["steps", "word"]
    assert engine.options_for(Capability.IMAGE_TXT2IMG) == ()
    assert engine.problems() == ()


def replaced_built_in(info: Any) -> Any:
    import dataclasses

    return dataclasses.replace(info, built_in=True)


def test_counting_tokens_never_loads(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    listener = make_engine(backend)
    assert listener.engine.count_tokens("two words") is None
    listener.run(request())
    assert listener.engine.count_tokens("two words") == 2
    assert listener.engine.count_tokens("two words", "other") is None
    assert backend.loads == ["small"]


def test_counting_tokens_does_not_wait_for_a_running_job(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    gate = held_at_step(backend, "running", 0)
    listener = make_engine(backend)
    job = listener.engine.submit(request("running"))
    gate.wait_for_arrival()
    assert listener.engine.count_tokens("one two three") == 3
    gate.open()
    listener.wait(job)


def test_a_defect_in_counting_is_not_the_windows_problem(make_engine: MakeEngine) -> None:
    class Bad(StepModel):
        def count_tokens(self, text: str) -> int | None:
            raise SystemExit

    class BadBackend(StepBackend):
        def load(self, model: Any, device: Any, ctx: Any) -> Any:
            return Bad(self, model)

    listener = settled(make_engine(BadBackend()))
    assert listener.engine.count_tokens("two words") is None


def test_a_backend_that_cannot_say_what_it_supports_is_a_problem_in_words(
    make_engine: MakeEngine,
) -> None:
    class Bad(StepBackend):
        def supports(self, model: Any) -> Any:
            raise RuntimeError("broken")

    listener = make_engine(Bad(), start=False)
    job = listener.engine.submit(request())
    listener.engine.start()
    assert isinstance(listener.wait(job), Failed)
    assert any("Step" in problem for problem in listener.engine.problems())


def test_warming_up_loads_without_a_job(make_engine: MakeEngine) -> None:
    backend = StepBackend()
    listener = make_engine(backend)
    listener.engine.warm_up()
    listener.until(lambda: [each.id for each in listener.engine.state().resident] == ["small"])
    assert backend.prepared == 1
    assert listener.engine.jobs() == ()
    listener.until(lambda: not listener.engine.state().resident[0].in_use)
    listener.run(request())
    assert backend.loads == ["small"]


def test_a_warm_up_that_fails_is_told_by_the_first_job(make_engine: MakeEngine) -> None:
    backend = StepBackend()

    def broken(model: Any, ctx: Any) -> None:
        raise RuntimeError("no such layer")

    backend.on_load = broken
    listener = make_engine(backend)
    listener.engine.warm_up()
    listener.until(lambda: backend.loads)
    assert isinstance(listener.run(request()), Failed)


def test_notices_pass_through(make_engine: MakeEngine) -> None:
    backend = StepBackend()

    def cut(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        ctx.notice("The text was cut.", "context_cut")
        return model.write(asked, ctx)

    backend.behaviours["cut"] = cut
    listener = make_engine(backend)
    job = listener.engine.submit(request("cut"))
    listener.wait(job)
    notices = [each for each in listener.of(job) if isinstance(each, Notice)]
    assert notices == [Notice(job_id=job, message="The text was cut.", code="context_cut")]


def test_events_of_threads_of_a_backend_stay_whole(make_engine: MakeEngine) -> None:
    backend = StepBackend()

    def many_threads(model: StepModel, asked: TextRequest, ctx: Any) -> Any:
        threads = [
            threading.Thread(target=lambda: [ctx.text("x") for _ in range(200)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        return model.artifact(asked, "x" * 800)

    backend.behaviours["threads"] = many_threads
    listener = make_engine(backend)
    job = listener.engine.submit(request("threads"))
    listener.wait(job)
    assert listener.text(job) == "x" * 800


def test_the_device_is_named_when_a_job_starts(make_engine: MakeEngine) -> None:
    listener = make_engine()
    job = listener.engine.submit(request())
    started = listener.wait_for(job, Started)
    assert (started.model, started.device) == ("small", "Test CPU")
    listener.wait(job)
    loading = [each for each in listener.of(job) if isinstance(each, ModelLoading)]
    assert loading[0].message == "Loading Small"
    assert [each for each in listener.of(job) if isinstance(each, TextDelta)]


class _Meter:
    """Counts 12.5 J for everything."""

    def used(self) -> Energy:
        return Energy(12.5, ("processor",))


def test_energy_is_in_the_result_where_it_was_measured(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.engine.runner.EnergyMeter", _Meter)
    listener = make_engine()
    assert listener.wait(listener.engine.submit(request())).artifact.energy_j == 12.5


def test_energy_nobody_can_measure_is_not_known(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("studio.engine.runner.EnergyMeter", lambda: EnergyMeter(tmp_path))
    monkeypatch.setattr("studio.core.energy._devices", dict)
    listener = make_engine()
    assert listener.wait(listener.engine.submit(request())).artifact.energy_j is None


def test_what_is_settled_has_its_device(make_engine: MakeEngine) -> None:
    for _ in range(20):
        listener = settled(make_engine())
        assert listener.engine.state().device is not None


def test_a_model_from_anywhere_is_used_at_once(make_engine: MakeEngine, tmp_path: Path) -> None:
    class Store:
        def __init__(self) -> None:
            self.found: list[Any] = []

        def models(self) -> list[Any]:
            return self.found

        def problems(self) -> dict[Path, str]:
            return {}

        def refresh(self) -> None:
            pass

        def add(self, path: Path) -> None:
            self.found.append(model(path.stem))

    listener = make_engine(store=Store())
    assert listener.engine.wait_until_settled(WAIT_S)
    listener.engine.use_model(tmp_path / "dropped.safetensors")
    listener.until(lambda: "dropped" in [each.info.id for each in listener.engine.models()])

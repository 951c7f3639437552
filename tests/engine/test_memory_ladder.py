"""Out of memory is a step on a ladder, and what is told stays true while it is climbed."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from studio.core.errors import StudioError
from studio.core.events import Failed, Finished, Notice
from studio.core.requests import TextRequest
from studio.engine.engine import Priority
from tests.engine.conftest import MakeEngine
from tests.engine.test_engine import held_at_step
from tests.fakes.backends import StepBackend, StepModel, model, request
from tests.fakes.listener import Listener

TINY = model("tiny", size_bytes=1_000_000)
BIG = model("big", size_bytes=600_000_000, built_in=True)


class Hungry:
    """Runs out of memory the first so many times it is asked."""

    def __init__(self, failures: int, *, after: int = 0, words: str = "word") -> None:
        self.failures = failures
        self.after = after
        self.words = words
        self.attempts = 0

    def __call__(self, loaded: StepModel, asked: TextRequest, ctx: Any) -> Any:
        self.attempts += 1
        if self.attempts > self.failures:
            return loaded.write(asked, ctx)
        for step in range(self.after):
            ctx.checkpoint()
            ctx.text(f"{self.words}{step} ")
            ctx.progress(step + 1, 10)
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 PB")


def notices(listener: Listener, job: str) -> list[str]:
    return [event.message for event in listener.of(job) if isinstance(event, Notice)]


def run(listener: Listener, label: str = "hungry", **options: Any) -> tuple[str, Any]:
    job = listener.engine.submit(request(label, model="big", **options))
    return job, listener.wait(job)


def test_other_models_leave_first(make_engine: MakeEngine) -> None:
    backend = StepBackend(BIG, TINY)
    backend.behaviours["hungry"] = Hungry(1)
    listener = make_engine(backend)
    listener.run(request(model="tiny"))
    job, event = run(listener)
    assert isinstance(event, Finished)
    assert backend.unloaded == ["tiny"]
    assert len(notices(listener, job)) == 1
    assert "Tiny" in notices(listener, job)[0]


def test_then_the_model_economises_step_by_step(make_engine: MakeEngine) -> None:
    backend = StepBackend(BIG)
    backend.economies = ("the pages were made smaller", "the cache was halved")
    backend.behaviours["hungry"] = Hungry(2)
    job, event = run(listener := make_engine(backend))
    assert isinstance(event, Finished)
    assert [text.split(":")[1].split(";")[0].strip() for text in notices(listener, job)] == [
        "the pages were made smaller",
        "the cache was halved",
    ]


def test_at_last_a_sentence_says_what_would_fit_and_the_next_job_works(
    make_engine: MakeEngine,
) -> None:
    backend = StepBackend(BIG, TINY)
    backend.economies = ("one thing",)
    backend.behaviours["hungry"] = Hungry(100)
    listener = make_engine(backend)
    _, event = run(listener)
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"
    assert "Big" in event.message
    assert "Tiny" in event.hint
    assert isinstance(listener.run(request()), Finished)


def test_a_model_too_large_for_the_budget_is_refused_with_what_would_fit(
    make_engine: MakeEngine,
) -> None:
    backend = StepBackend(BIG, TINY)
    listener = make_engine(backend, settings={"memory_budget_gb": 0.5})
    event = listener.run(request(model="big"))
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"
    assert "600 MB" in event.message
    assert "Tiny" in event.hint
    assert backend.loads == []


def test_running_out_while_loading_climbs_the_same_ladder(make_engine: MakeEngine) -> None:
    backend, attempts = StepBackend(BIG, TINY), []

    def load(info: Any, ctx: Any) -> None:
        if info.id == "big":
            attempts.append(1)
            if len(attempts) == 1:
                raise MemoryError

    backend.on_load = load
    listener = make_engine(backend)
    listener.run(request(model="tiny"))
    _, event = run(listener, "")
    assert isinstance(event, Finished)
    assert backend.unloaded == ["tiny"]


def test_text_that_was_told_is_told_once(make_engine: MakeEngine) -> None:
    backend = StepBackend(BIG)
    backend.economies = ("one thing", "another")
    backend.behaviours["hungry"] = Hungry(2, after=3)
    listener = make_engine(backend)
    job, event = run(listener, steps=5)
    assert isinstance(event, Finished)
    assert listener.text(job) == event.artifact.text == "word0 word1 word2 word3 word4 "
    assert len(notices(listener, job)) == 2


def test_a_text_that_turns_out_different_ends_the_job(make_engine: MakeEngine) -> None:
    backend = StepBackend(BIG)
    backend.economies = ("one thing",)
    backend.behaviours["hungry"] = Hungry(1, after=3, words="other")
    listener = make_engine(backend)
    job, event = run(listener, steps=5)
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"
    assert listener.text(job) == "other0 other1 other2 "


def test_it_waits_for_a_paused_job_that_holds_the_memory(make_engine: MakeEngine) -> None:
    other = model("other", size_bytes=600_000_000)
    backend = StepBackend(BIG, other)
    gate = held_at_step(backend, "batch", 1)
    listener = make_engine(backend)
    long = listener.engine.submit(request("batch", model="other", steps=4), priority=Priority.BATCH)
    gate.wait_for_arrival()
    short = listener.engine.submit(request("urgent", model="big", steps=2))
    listener.until(lambda: listener.engine._lanes.current.lease.urgent == 0)  # type: ignore[union-attr]
    gate.open()
    assert isinstance(listener.wait(short), Finished)
    assert isinstance(listener.wait(long), Finished)
    assert [label for label, _ in backend.trace] == ["batch"] * 4 + ["urgent"] * 2
    assert "waits until the other job is done" in notices(listener, short)[0]
    assert backend.unloaded == ["other"]


def test_the_failed_attempt_leaves_nothing_behind(make_engine: MakeEngine) -> None:
    """The error's traceback would keep what its frames hold, and the next attempt needs it."""

    class Tensor:
        pass

    kept: list[weakref.ref[Tensor]] = []
    still_there: list[bool] = []
    backend = StepBackend(BIG)
    backend.economies = ("one thing",)

    def hungry(loaded: StepModel, asked: TextRequest, ctx: Any) -> Any:
        if not kept:
            tensor = Tensor()
            kept.append(weakref.ref(tensor))
            try:
                raise ValueError("inner")
            except ValueError as inner:
                raise RuntimeError(f"CUDA out of memory {tensor!r:.0}") from inner
        still_there.append(kept[0]() is not None)
        return loaded.write(asked, ctx)

    backend.behaviours["hungry"] = hungry
    _, event = run(make_engine(backend))
    assert isinstance(event, Finished)
    assert still_there == [False]


def test_a_failed_job_leaves_nothing_behind(make_engine: MakeEngine) -> None:
    class Tensor:
        pass

    kept: list[weakref.ref[Tensor]] = []
    backend = StepBackend(BIG)

    def bad(loaded: StepModel, asked: TextRequest, ctx: Any) -> Any:
        tensor = Tensor()
        kept.append(weakref.ref(tensor))
        raise StudioError("This did not work.") if tensor else None

    backend.behaviours["bad"] = bad
    listener = make_engine(backend)
    _, event = run(listener, "bad")
    assert isinstance(event, Failed)
    listener.run(request(model="big"))
    gc.collect()
    assert kept[0]() is None


def test_an_economy_that_runs_out_itself_ends_the_ladder(make_engine: MakeEngine) -> None:
    class Worse(StepModel):
        def economise(self) -> str | None:
            raise MemoryError

    class WorseBackend(StepBackend):
        def load(self, info: Any, device: Any, ctx: Any) -> Any:
            return Worse(self, info)

    backend = WorseBackend(BIG)
    backend.behaviours["hungry"] = Hungry(100)
    _, event = run(make_engine(backend))
    assert isinstance(event, Failed)
    assert event.code == "OutOfMemoryError"

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import VectorArtifact
from studio.core.errors import BackendError, BadInputError, StorageError, StudioError
from studio.core.events import Cancelled, Event, Failed, Finished, Progress, Queued
from studio.core.requests import EmbedRequest, Request
from studio.library.embedder import EngineEmbedder
from studio.library.items import Item
from studio.library.library import Library
from studio.library.meaning import Meaning
from studio.library.recorder import Recorder
from studio.library.vectors import VectorSearch, store
from tests.library.conftest import text_result

SUBJECTS = ("sea", "storm", "lamp", "bread", "oven", "tax")
NEARNESS = np.array(
    [
        [1, 0.5, 0, 0], [0.8, 0.7, 0, 0], [0.7, 0.7, 0.1, 0],
        [0, 0, 1, 0.1], [0, 0.1, 1, 0], [0, 0, 0, 1],
    ],
    np.float32,
)  # fmt: skip


class WordEmbedder:
    """Knows six words and which of them belong together."""

    def __init__(self) -> None:
        self.model = "six-words"
        self.why_not = ""
        self.calls: list[tuple[int, bool]] = []
        self.error: StudioError | None = None

    def vectors(self, texts: Sequence[str], *, urgent: bool) -> tuple[bytes, int]:
        self.calls.append((len(texts), urgent))
        if self.error:
            raise self.error
        rows = np.full((len(texts), 4), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word, vector in zip(SUBJECTS, NEARNESS, strict=True):
                row += vector * text.lower().count(word)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows.astype("<f4").tobytes(), 4


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def meaning(library: Library, embedder: WordEmbedder) -> Iterator[Meaning]:
    meaning = Meaning(library, embedder)
    yield meaning
    meaning.close()


def _wait(condition: Callable[[], bool], library: Library) -> None:
    changed = threading.Event()
    for _ in range(400):
        if condition():
            return
        changed.wait(0.01)
    raise AssertionError("it never came to that")


def _fill(library: Library) -> dict[str, Item]:
    texts = {
        "A night at sea": "The storm broke the lamp.",
        "Breakfast": "Bread from the oven.",
        "Forms": "Tax and tax again.",
    }
    return {
        title: library.add_result(text_result(text, instruction=title, seed=n))
        for n, (title, text) in enumerate(texts.items())
    }


def test_items_are_found_by_what_they_are_about(
    library: Library, meaning: Meaning, embedder: WordEmbedder
) -> None:
    items = _fill(library)
    meaning.start()
    _wait(lambda: meaning.missing() == 0, library)
    assert meaning.search('about:"a lamp"').ids[0] == items["A night at sea"].id
    assert meaning.search("oven").ids[0] == items["Breakfast"].id
    later = library.add_result(text_result("More bread.", instruction="Supper", seed=9))
    _wait(lambda: meaning.missing() == 0, library)
    assert set(meaning.search("bread").ids) == {items["Breakfast"].id, later.id}
    assert list(meaning.search("bread seed:9").ids) == [later.id]
    assert list(meaning.search('about:"bread" -seed:9').ids) == [items["Breakfast"].id]
    assert list(meaning.search("tax kind:image").ids) == []
    assert meaning.like(later.id).ids[0] == items["Breakfast"].id
    library.trash([later.id])
    assert list(meaning.search("bread").ids) == [items["Breakfast"].id]
    urgent = [count for count, urgent in embedder.calls if urgent]
    assert urgent == [1] * len(urgent) and len(urgent) == 4  # the same words are asked once


def test_only_what_changed_is_computed_again(
    library: Library, meaning: Meaning, embedder: WordEmbedder
) -> None:
    items = _fill(library)
    meaning.start()
    _wait(lambda: meaning.missing() == 0, library)
    embedder.calls.clear()
    library.set_stars([items["Forms"].id], 3)
    library.rebuild()
    _wait(lambda: meaning.missing() == 0, library)
    assert meaning.search("tax").ids[0] == items["Forms"].id
    assert [call for call in embedder.calls if not call[1]] == []  # taken over from before
    file = library.path(items["Forms"])
    file.write_text(file.read_text("utf-8").replace("Tax and tax", "Bread and bread"), "utf-8")
    library.scan()
    _wait(lambda: meaning.missing() == 0, library)
    assert [call for call in embedder.calls if not call[1]] == [(1, False)]
    assert items["Forms"].id in meaning.search("bread").ids


def test_without_a_model_it_says_why(
    library: Library, meaning: Meaning, embedder: WordEmbedder
) -> None:
    _fill(library)
    embedder.why_not, embedder.model = "The model is not installed.", ""
    meaning.start()
    with pytest.raises(BadInputError, match="not installed"):
        meaning.search("bread")
    embedder.why_not = ""
    with pytest.raises(BadInputError, match="few words"):
        meaning.search("kind:text")


def test_a_failing_engine_is_told_and_tried_again(
    library: Library, meaning: Meaning, embedder: WordEmbedder
) -> None:
    embedder.error = BackendError("The engine is asleep.")
    _fill(library)
    meaning.start()
    _wait(lambda: "asleep" in meaning.problem, library)
    embedder.error = None
    meaning.wake()
    _wait(lambda: meaning.missing() == 0, library)
    _wait(lambda: meaning.problem == "", library)


def test_the_nearest_are_those_of_plain_arithmetic(library: Library) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((3000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = {i: (b"", vectors[i].astype("<f2").tobytes()) for i in range(3000)}
    library.write(lambda connection: store(connection, "m", rows))
    search = VectorSearch(library.index, "m", 64)
    assert search.load() == 3000
    for _ in range(20):
        query = generator.standard_normal(64).astype(np.float32)
        query /= np.linalg.norm(query)
        exact = vectors.astype(np.float16).astype(np.float32) @ query
        near = search.nearest(query.tobytes(), limit=25)
        assert [n for n, _ in near] == list(np.argsort(-exact)[:25])
        assert all(abs(score - exact[n]) < 2e-3 for n, score in near)
    search.forget([near[0][0]])
    assert search.nearest(query.tobytes(), limit=1)[0][0] == near[1][0]
    more = {5000: rows[7], **{10_000 + i: rows[i] for i in range(3000)}}
    library.write(lambda connection: store(connection, "m", more))
    search.put({near[0][0]: rows[near[0][0]][1], 5000: rows[7][1]})
    assert search.nearest(query.tobytes(), limit=1)[0][0] == near[0][0]
    assert search.nearest(vectors[7].tobytes(), limit=2)[1][1] > 0.99
    search.put({number: data for number, (_, data) in more.items()})
    assert len(search.nearest(query.tobytes(), limit=9000)) == 6001


# ---- the engine's side ---------------------------------------------------------------------------


class OneJobEngine:
    """Answers each job as the test says, from another thread or at once."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Event], None]] = []
        self.answer: Callable[[str, Request], Event] = self.finished
        self.at_once = False
        self.dismissed: list[str] = []
        self.submitted: list[tuple[Request, int]] = []
        self.left: list[Any] = []
        self.has_model = True

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def submit(self, request: Any, *, priority: Any) -> str:
        self.submitted.append((request, priority))
        job_id = f"job-{len(self.submitted)}"

        def run() -> None:
            events = [
                Queued(job_id=job_id),
                Progress(job_id=job_id, step=1, total=1),
                self.answer(job_id, request),
            ]
            for event in events:
                for callback in list(self.callbacks):
                    callback(event)

        if self.at_once:
            run()
        else:
            threading.Thread(target=run).start()
        return job_id

    def finished(self, job_id: str, request: Request) -> Event:
        assert isinstance(request, EmbedRequest)
        data = np.ones((len(request.texts), 2), "<f4").tobytes()
        artifact = VectorArtifact(
            request=request, model="m", backend="b", vectors=data, dimensions=2
        )
        return Finished(job_id=job_id, artifact=artifact)

    def cancel(self, job_id: str) -> None:
        raise AssertionError

    def dismiss(self, job_id: str) -> None:
        self.dismissed.append(job_id)

    def jobs(self) -> Sequence[Any]:
        return self.left

    def default_model(self, capability: Any) -> Any:
        return type("Model", (), {"id": "mini"}) if self.has_model else None


@pytest.mark.parametrize("at_once", [True, False])
def test_the_engine_computes_vectors_as_jobs(at_once: bool) -> None:
    engine = OneJobEngine()
    engine.at_once = at_once
    embedder = EngineEmbedder(engine)
    assert (embedder.model, embedder.why_not) == ("mini", "")
    data, dimensions = embedder.vectors(["a", "b"], urgent=False)
    assert (len(data), dimensions) == (16, 2)
    assert engine.submitted[0][1] == 2
    embedder.vectors(["a"], urgent=True)
    assert engine.submitted[1][1] == 0
    assert engine.dismissed == ["job-1", "job-2"]
    engine.answer = lambda job_id, request: Failed(
        job_id=job_id, message="No memory.", hint="Rest."
    )
    with pytest.raises(BackendError, match=r"No memory\."):
        embedder.vectors(["a"], urgent=True)
    engine.answer = lambda job_id, request: Cancelled(job_id=job_id)
    with pytest.raises(BackendError, match="stopped"):
        embedder.vectors(["a"], urgent=True)
    engine.has_model = False
    assert "not installed" in embedder.why_not


def test_jobs_of_the_last_run_are_forgotten() -> None:
    engine = OneJobEngine()
    ours = EmbedRequest(capability="text.embed", seed=0, texts=("a",))  # type: ignore[arg-type]
    theirs = text_result().request
    kinds = [(ours, True, "queued"), (ours, False, "interrupted"), (theirs, True, "queued")]
    for number, (request, held, state) in enumerate(kinds):
        job = {"request": request, "held": held, "state": state, "id": str(number)}
        engine.left.append(type("Job", (), job))
    EngineEmbedder(engine).forget_old_jobs()
    assert engine.dismissed == ["0", "1"]


def test_every_finished_text_is_filed_and_nothing_else(library: Library) -> None:
    engine = OneJobEngine()
    failures: list[StudioError] = []
    recorded: list[tuple[str, Item]] = []
    recorder = Recorder(
        library,
        on_failure=failures.append,
        on_recorded=lambda job_id, item: recorded.append((job_id, item)),
    )
    stop = recorder.watch(engine)
    (callback,) = engine.callbacks
    callback(Queued(job_id="1"))
    callback(Finished(job_id="1", artifact=text_result("Written.")))
    callback(Finished(job_id="2", artifact=text_result("   ")))
    request = EmbedRequest(capability="text.embed", seed=0, texts=("a",))  # type: ignore[arg-type]
    vectors = VectorArtifact(request=request, model="m", backend="b", vectors=b"", dimensions=2)
    callback(Finished(job_id="3", artifact=vectors))
    assert [(job, item.excerpt) for job, item in recorded] == [("1", "Written.\n")]
    assert failures == []

    def full(artifact: object) -> tuple[Item, ...]:
        raise StorageError("The disk is full.")

    library.add_results = full  # type: ignore[method-assign,assignment]
    callback(Finished(job_id="4", artifact=text_result("Lost?")))
    assert [error.user_message for error in failures] == ["The disk is full."]
    stop()
    assert engine.callbacks == []

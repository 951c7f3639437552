"""The text backend with the built-in model, through the engine, against bare ``generate()``.

    python -m tests.benchmarks text

Both sides run in this process, with the same weights, number type and threads, in turns. Speeds are
compared by the best of each side, which other programs disturb least.
"""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from studio.core.events import Cancelled, Finished, Started, TextDelta
from studio.core.requests import Capability, Message, Role, TextRequest
from studio.core.settings import Computing
from studio.engine.api import Device
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.models.info import ModelInfo
from tests.benchmarks.rows import Row
from tests.engine.backend_contract import OneModel
from tests.fakes.built_in_model import built_in_text_model

PAIRS = 8
NEW_TOKENS = 96
HISTORY_TOKENS = 1_000
PROMPT = "Once upon a time, in a small village by the sea, there lived a girl named"
WAIT_S = 300.0


def run() -> list[Row]:
    """Measure everything once."""
    model = built_in_text_model()
    with _engine(model) as desk:
        rows = [*_speed(desk, model), *_second_turn(desk), *_cancelling(desk)]
    return [*rows, *_memory(model)]


class Desk:
    """An engine and what it told, with the time of each event."""

    def __init__(self, engine: Engine, model: ModelInfo) -> None:
        self.engine = engine
        self.model = model
        self.told: list[tuple[float, Any]] = []
        self._changed = threading.Condition()
        engine.subscribe(self._note)

    def _note(self, event: Any) -> None:
        with self._changed:
            self.told.append((time.perf_counter(), event))
            self._changed.notify_all()

    def submit(self, **fields: Any) -> str:
        options = {"temperature": 0.0, "repetition_penalty": 1.0} | fields.pop("options", {})
        chat = "messages" in fields
        capability = Capability.TEXT_CHAT if chat else Capability.TEXT_GENERATE
        request = TextRequest(
            capability=capability, seed=1, model=self.model.id, options=options, **fields
        )
        return self.engine.submit(request)

    def when(self, job: str, *kinds: type) -> tuple[float, Any]:
        """Wait for the job's first event of one of these kinds."""
        with self._changed:
            found: list[tuple[float, Any]] = []

            def look() -> bool:
                found[:] = [
                    (at, event)
                    for at, event in self.told
                    if event.job_id == job and isinstance(event, kinds)
                ]
                return bool(found)

            if not self._changed.wait_for(look, WAIT_S):
                raise TimeoutError(f"nothing of {kinds} came")
            return found[0]

    def ask(self, **fields: Any) -> Any:
        _, event = self.when(job := self.submit(**fields), Finished)
        assert event.job_id == job
        return event.artifact


@contextmanager
def _engine(model: ModelInfo) -> Iterator[Desk]:
    from studio.engine.backends.transformers_text import TransformersTextBackend

    engine = Engine(
        registry=Registry.of(TransformersTextBackend()),
        store=OneModel(model),
        settings=Computing(memory_budget_gb=8.0),
        queue_file=None,
    )
    engine.start()
    desk = Desk(engine, model)
    try:
        desk.ask(prompt="Hello", options={"max_new_tokens": 2})
        yield desk
    finally:
        engine.close()


def _speed(desk: Desk, model: ModelInfo) -> list[Row]:
    """Time of a written token, greedy and drawn, through the engine and from bare generate()."""
    import torch
    import transformers

    device = desk.engine.state().device
    assert device is not None
    torch.set_num_threads(device.threads)  # in this thread too, which had its own number
    network = transformers.AutoModelForCausalLM.from_pretrained(
        str(model.path), dtype=getattr(torch, device.dtype), local_files_only=True
    ).to(device.torch_name)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model.path), local_files_only=True)
    short = tokenizer(PROMPT, return_tensors="pt").to(device.torch_name)
    drawing = {"temperature": 0.8, "top_k": 50, "top_p": 0.95, "repetition_penalty": 1.1}
    rows = []
    history = (
        f"{PROMPT} Mara, who kept a diary of the weather. " + "The wind came from the sea. " * 130
    )
    long = tokenizer(history, return_tensors="pt").to(device.torch_name)
    for name, text, ids, ours, theirs in (
        ("greedy", PROMPT, short, {}, {"do_sample": False}),
        ("drawn", PROMPT, short, {**drawing, "min_p": 0.0}, {"do_sample": True, **drawing}),
        ("greedy after 1,000 tokens", history, long, {}, {"do_sample": False}),
    ):
        ours_each, bare_each = [], []
        for number in range(PAIRS):
            began = time.perf_counter()
            with torch.inference_mode():
                written = network.generate(**ids, max_new_tokens=NEW_TOKENS, **theirs)
            bare = (time.perf_counter() - began) / (written.shape[1] - ids["input_ids"].shape[1])
            # A prompt that begins in another way, so that nothing of it is kept from before.
            prompt = f"{chr(65 + number)}{text}"
            job = desk.submit(prompt=prompt, options={"max_new_tokens": NEW_TOKENS, **ours})
            start, _ = desk.when(job, Started)
            end, event = desk.when(job, Finished)
            assert isinstance(event, Finished)
            artifact = event.artifact
            # generate() counts the token that ends the text, which is computed like any other.
            each = (end - start) / (artifact.new_tokens + (artifact.finish_reason == "stop"))
            ours_each.append(each)
            bare_each.append(bare)
        rows.append(Row(f"text, {name}: time a token against bare generate()",
                        min(ours_each) / min(bare_each), "times", 1.0))  # fmt: skip
        rows.append(Row(f"text, {name}: speed through the engine ({device.dtype})",
                        1 / min(ours_each), "tokens/s"))  # fmt: skip
    return rows


def _second_turn(desk: Desk) -> list[Row]:
    """Time to the first token of a second turn, its history kept or read anew."""
    kept, anew = [], []
    for number in range(5):
        line = f"Story {number}: the keeper of light {number} wrote down what the sea brought. "
        asked = Message(Role.USER, line * (HISTORY_TOKENS // _tokens(desk, line)))
        first = desk.ask(messages=(asked,), options={"max_new_tokens": 32})
        said = (asked, Message(Role.ASSISTANT, first.text), Message(Role.USER, "And what then?"))
        kept.append(_first_token(desk, said))
        turned = (Message(Role.USER, f"{number}{asked.content}"), *said[1:])
        anew.append(_first_token(desk, turned))
    ratios = [a / b for a, b in zip(kept, anew, strict=True)]
    return [
        Row("text: second turn's first token, history kept against not",
            statistics.median(ratios), "times", 0.2),
        Row("text: second turn's first token, history kept", statistics.median(kept), "s"),
        Row("text: second turn's first token, history read anew", statistics.median(anew), "s"),
    ]  # fmt: skip


def _first_token(desk: Desk, messages: tuple[Message, ...]) -> float:
    began = time.perf_counter()
    job = desk.submit(messages=messages, options={"max_new_tokens": 2})
    at, _ = desk.when(job, TextDelta, Finished)
    desk.when(job, Finished)
    return at - began


def _tokens(desk: Desk, text: str) -> int:
    count = desk.engine.count_tokens(text, desk.model.id)
    assert count
    return count


def _cancelling(desk: Desk) -> list[Row]:
    """Time from the wish to stop until the job has ended, while writing and while reading."""
    writing, reading = [], []
    for number in range(5):
        job = desk.submit(prompt=f"{number} {PROMPT}", options={"max_new_tokens": 256})
        desk.when(job, TextDelta)
        writing.append(_stopping(desk, job))
        long = f"Chapter {number}. The sea was calm and the gulls were asleep. " * 150
        job = desk.submit(prompt=long, options={"max_new_tokens": 8})
        desk.when(job, Started)
        reading.append(_stopping(desk, job))
    return [
        Row("text: stopping while it writes, slowest of 5", max(writing), "s", 0.3),
        Row("text: stopping while it reads, slowest of 5", max(reading), "s", 0.3),
    ]


def _stopping(desk: Desk, job: str) -> float:
    began = time.perf_counter()
    desk.engine.cancel(job)
    at, _ = desk.when(job, Cancelled, Finished)
    return at - began


def _memory(model: ModelInfo) -> list[Row]:
    """Growth of this process's own memory over load, generate, unload."""
    from studio.engine.backends.transformers_text import TransformersTextBackend
    from tests.fakes.job_context import RecordingContext

    backend = TransformersTextBackend()
    device = Device(kind="cpu", dtype="float32", threads=1)
    request = TextRequest(
        capability=Capability.TEXT_GENERATE,
        seed=1,
        prompt=PROMPT,
        model=model.id,
        options={"max_new_tokens": 32},
    )
    sizes = []
    for _ in range(4):
        loaded = backend.load(model, device, RecordingContext())
        loaded.generate(request, RecordingContext())
        loaded.unload()
        del loaded
        gc.collect()
        sizes.append(_own_memory())
    growth = (sizes[-1] - sizes[0]) / sizes[0]
    return [
        Row("text: memory after load, write, unload, three times more", 100 * growth, "%", 5.0),
        Row("text: memory after unloading", sizes[-1] / 1e6, "MB"),
    ]


def _own_memory() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    for row in run():
        print(row)

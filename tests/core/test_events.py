from __future__ import annotations

import dataclasses
import pickle
import typing

import pytest

from studio.core import events
from studio.core.artifacts import TextArtifact
from studio.core.events import TERMINAL, Cancelled, Event, Failed, Finished, Terminal
from studio.core.media import Picture, Sound
from studio.core.requests import Capability, TextRequest

ARTIFACT = TextArtifact(
    request=TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="x"),
    model="m",
    backend="b",
    text="y",
    new_tokens=30,
    duration_s=1.5,
)
EXAMPLES = [
    events.Queued(job_id="1"),
    events.Started(job_id="1", model="m", device="CPU"),
    events.ModelLoading(job_id="1", fraction=None, message="Reading"),
    events.Progress(job_id="1", step=1, total=3),
    events.TextDelta(job_id="1", text="灯"),
    events.Notice(job_id="1", message="Cut.", code="context_cut"),
    events.Preview(job_id="1", picture=Picture(width=1, height=1, rgba=b"rgba"), step=2),
    events.AudioChunk(job_id="1", sound=Sound(sampling_rate=24_000, samples=b"\0" * 8)),
    Finished(job_id="1", artifact=ARTIFACT),
    Failed(job_id="1", message="No.", details="secret path"),
    Cancelled(job_id="1"),
]


def test_every_event_of_the_module_has_an_example() -> None:
    kinds = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    }
    assert kinds == {type(example) for example in EXAMPLES}


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_events_are_frozen_plain_data_that_crosses_a_pipe(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.job_id = "2"  # type: ignore[misc]


def test_three_events_end_a_job() -> None:
    assert set(TERMINAL) == {Finished, Failed, Cancelled} == set(typing.get_args(Terminal))


def test_details_do_not_reach_the_log_through_repr() -> None:
    assert "secret path" not in repr(next(e for e in EXAMPLES if isinstance(e, Failed)))


def test_the_speed_of_an_artifact() -> None:
    assert ARTIFACT.tokens_per_s == 20
    assert dataclasses.replace(ARTIFACT, duration_s=0).tokens_per_s == 0

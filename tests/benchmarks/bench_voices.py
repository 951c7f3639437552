"""The built-in voice through the engine against calling it directly, and listening to what it says.

    python -m tests.benchmarks voices

Both sides run in this process, on one thread, in turns; times are compared by the best of each
side, which other programs disturb least. What one core can do is measured in its own seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from studio.core.artifacts import AudioArtifact, TranscriptArtifact
from studio.core.events import TERMINAL, AudioChunk, Event, Finished
from studio.core.requests import AudioRequest, Capability, TranscribeRequest
from studio.core.settings import Computing
from studio.engine.api import Device
from studio.engine.backends.hibari_voice import HibariVoiceBackend
from studio.engine.backends.whisper_listen import WhisperListenBackend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.models.info import ModelInfo
from tests.benchmarks.rows import Row
from tests.engine.backend_contract import OneModel
from tests.fakes.packaged_models import find_packaged
from tests.fakes.sounds import SENTENCES, encoded
from tests.fakes.word_errors import words_of, wrong_words

TEXT = (
    "The lighthouse keeper lit the lamp at dusk, and the sea answered with a slow, silver song. "
    "Do you hear it? Tomorrow, at 9:30, we will paint the old boat blue."
)
PAIRS = 15
WAIT_S = 300.0
LISTENERS = ("whisper-tiny.en", "whisper-base")


def run() -> list[Row]:
    """Measure everything once."""
    listeners = [each for each in map(find_packaged, LISTENERS) if each is not None]
    with _engine(listeners) as engine:
        rows = [*_first_sound(engine), _speed(engine)]
        sound = _speak(engine, " ".join(SENTENCES)).sound
        for listener in listeners:
            rows += _understood(engine, listener, encoded(sound.array(), "FLAC", 24_000))
    return rows


def _first_sound(engine: Engine) -> list[Row]:
    from hibari import Hibari

    direct = Hibari(threads=1)
    next(direct.stream(TEXT, seed=1))
    _speak(engine, TEXT)
    alone, through = [], []
    for _ in range(PAIRS):
        begun = time.perf_counter()
        next(direct.stream(TEXT, seed=1))
        alone.append(time.perf_counter() - begun)
        through.append(_until_sound(engine))
    return [
        Row("first sound through the engine", min(through) * 1000, "ms", 300),
        Row("  against calling the voice", min(through) / min(alone), "times", 1.15),
    ]


def _until_sound(engine: Engine) -> float:
    """Return the seconds from asking to the first sound."""
    heard: list[float] = []
    ended = threading.Event()

    def note(event: Event) -> None:
        if isinstance(event, AudioChunk):
            heard.append(time.perf_counter())
        elif isinstance(event, TERMINAL):
            ended.set()

    unsubscribe = engine.subscribe(note)
    try:
        begun = time.perf_counter()
        engine.submit(_request(TEXT))
        assert ended.wait(WAIT_S)
        return heard[0] - begun
    finally:
        unsubscribe()


def _speed(engine: Engine) -> Row:
    """Return how long a minute of speech takes; thirty times real time are two seconds."""
    text = " ".join(SENTENCES)
    shares = []
    for _ in range(3):
        begun = time.process_time()
        artifact = _speak(engine, text)
        shares.append(60 * (time.process_time() - begun) / artifact.sound.duration_s)
    return Row("a minute of speech, one thread", min(shares), "s", 2.0)


def _understood(engine: Engine, model: ModelInfo, data: bytes) -> list[Row]:
    audio = engine.inputs.put(data, "audio/flac", keep=False)
    begun = time.process_time()
    artifact = _run(engine, TranscribeRequest(audio=audio, model=model.id, language="en"))
    spent = time.process_time() - begun
    assert isinstance(artifact, TranscriptArtifact)
    said = words_of(" ".join(SENTENCES))
    wrong = wrong_words(said, words_of(artifact.text))
    seconds = max(segment.end_s for segment in artifact.segments)
    return [
        Row(f"words of the voice {model.id} mishears", 100 * wrong / len(said), "%", 5.0),
        Row("  time to hear a minute, one thread", 60 * spent / seconds, "s"),
    ]


def _speak(engine: Engine, text: str) -> AudioArtifact:
    artifact = _run(engine, _request(text))
    assert isinstance(artifact, AudioArtifact)
    assert np.isfinite(artifact.sound.array()).all()
    return artifact


def _request(text: str) -> AudioRequest:
    return AudioRequest(capability=Capability.AUDIO_SPEECH, seed=1, prompt=text)


def _run(engine: Engine, request: Any) -> Any:
    ended = threading.Event()
    last: list[Event] = []

    def note(event: Event) -> None:
        if isinstance(event, TERMINAL):
            last.append(event)
            ended.set()

    unsubscribe = engine.subscribe(note)
    try:
        engine.submit(request)
        assert ended.wait(WAIT_S)
    finally:
        unsubscribe()
    assert isinstance(last[0], Finished), last[0]
    return last[0].artifact


@contextmanager
def _engine(models: list[ModelInfo]) -> Iterator[Engine]:
    engine = Engine(
        registry=Registry.of(HibariVoiceBackend(), WhisperListenBackend()),
        store=OneModel(*models),
        settings=Computing(memory_budget_gb=64),
        queue_file=None,
        find_device=lambda settings: (Device(kind="cpu", threads=1), ""),
    )
    engine.start()
    try:
        engine.wait_until_settled()
        yield engine
    finally:
        engine.close()

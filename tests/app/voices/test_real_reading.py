"""The whole way with real models: the built-in voice reads the consent, Whisper listens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from studio.app.bridge import EngineBridge
from studio.app.job_follower import JobFollower, JobState
from studio.app.voices.lending import Lending, Step
from studio.app.voices.own_voices import OwnVoices
from studio.core.artifacts import Artifact, AudioArtifact
from studio.core.paths import Folders
from studio.core.requests import AudioRequest, Capability
from studio.core.settings import Computing
from studio.engine.backends.whisper_listen import WhisperListenBackend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.voices.store import VoiceStore
from tests.app.voices.conftest import Microphone
from tests.engine.backend_contract import OneModel
from tests.fakes.backends import CPU
from tests.fakes.cloning import CloningBackend, cloned
from tests.fakes.packaged_models import packaged_model
from tests.fakes.sounds import spoken

pytestmark = [pytest.mark.model, pytest.mark.slow]
REAL_MS = 120_000


class Speaking(JobFollower):
    """Follows one request for speech."""

    artifact: AudioArtifact | None = None

    def _finish(self, artifact: Artifact) -> None:
        assert isinstance(artifact, AudioArtifact)
        self.artifact = artifact


@pytest.fixture
def bridge(store: VoiceStore) -> Iterator[EngineBridge]:
    engine = Engine(
        registry=Registry.of(WhisperListenBackend(), CloningBackend()),
        store=OneModel(packaged_model("whisper-tiny.en")),
        settings=Computing(),
        queue_file=None,
        find_device=lambda settings: (CPU, ""),
        voices=store,
    )
    engine.start()
    assert engine.wait_until_settled(60)
    made = EngineBridge()
    made.attach(engine)
    yield made
    made.close()
    engine.close()


@pytest.fixture
def voices(folders: Folders, store: VoiceStore) -> Iterator[OwnVoices]:
    made = OwnVoices(folders)
    made._made = store
    yield made
    made.close()


def read_aloud(qtbot: QtBot, lending: Lending, microphone: Microphone, text: str) -> None:
    samples = spoken(text, 48_000)
    microphone.samples = np.concatenate((samples, np.zeros(24_000, np.float32)))
    microphone.read = 0
    lending.record_reading()
    qtbot.waitUntil(lambda: microphone.read >= len(microphone.samples), timeout=REAL_MS)
    lending.stop()
    over = (Step.DONE, Step.REFUSED)
    qtbot.waitUntil(lambda: lending.step in over, timeout=REAL_MS)


@pytest.mark.parametrize("name", ["Ada Byron", "Nguyen Thi Lan"])
def test_a_real_reading_is_taken_and_cloned(
    qtbot: QtBot,
    bridge: EngineBridge,
    voices: OwnVoices,
    store: VoiceStore,
    microphone: Microphone,
    name: str,
) -> None:
    lending = Lending(bridge, voices)
    lending.begin(name)
    assert lending.reading is not None
    text = lending.reading.text
    read_aloud(qtbot, lending, microphone, text)
    assert lending.step is Step.DONE, (lending.problems, lending.transcript)
    record = lending.record
    assert record is not None and record.listener == "whisper-tiny.en"
    assert record.word_errors < 0.1 and 12 <= record.duration_s <= 40
    request = AudioRequest(
        capability=Capability.AUDIO_SPEECH,
        seed=1,
        prompt="The lamp is lit.",
        model="cloner",
        kept_voice=record.kept_voice(),
    )
    job = Speaking(bridge)
    job.follow(request)
    qtbot.waitUntil(lambda: not job.running, timeout=REAL_MS)
    assert job.state is JobState.DONE and job.artifact is not None
    made = job.artifact.sound.array()[:, 0]
    assert np.array_equal(made, cloned(store.sound(record.id), text))
    assert job.artifact.facts["consent"] == record.consent
    lending.close()


def test_real_readings_of_something_else_are_not_taken(
    qtbot: QtBot, bridge: EngineBridge, voices: OwnVoices, microphone: Microphone
) -> None:
    lending = Lending(bridge, voices)
    lending.begin("Ada Byron")
    reading = lending.reading
    assert reading is not None
    word = reading.words[2]
    for text, problem in (
        (reading.text.replace(word, "mother"), f"Not heard: “{word}”."),
        (reading.text.replace("I allow", "I do not allow"), "Heard “not”"),
        (reading.text.replace("Ada Byron", "Robert Miller"), "The name was not heard."),
        (reading.text.replace(str(reading.day[:4]), "2019"), f"Not heard: “{reading.day[:4]}”."),
    ):
        read_aloud(qtbot, lending, microphone, text)
        assert lending.step is Step.REFUSED
        assert problem in " ".join(lending.problems), (lending.problems, lending.transcript)
    lending.close()

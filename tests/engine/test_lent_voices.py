"""The rule of the engine: no voice is cloned without a consent that is here and checks out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BadInputError
from studio.core.events import Failed, Finished
from studio.core.inputs import InputStore
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Backend
from studio.engine.backends.transformers_audio import TransformersAudioBackend
from studio.models.info import ModelInfo
from studio.voices.records import VoiceRecord
from studio.voices.store import RECORD, SOUND, VoiceStore
from tests.engine.backend_contract import OneModel
from tests.engine.conftest import MakeEngine
from tests.fakes.backends import StepBackend
from tests.fakes.cloning import CloningBackend, cloned
from tests.fakes.listener import Listener
from tests.fakes.readings import checked, good_sound, voice_store
from tests.fakes.toy_sounds import sound_model


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return voice_store(tmp_path)


@pytest.fixture
def record(store: VoiceStore) -> VoiceRecord:
    return store.keep(checked())


@pytest.fixture
def backend() -> CloningBackend:
    return CloningBackend()


@pytest.fixture
def studio(make_engine: MakeEngine, backend: CloningBackend, store: VoiceStore) -> Listener:
    listener = make_engine(backend, voices=store)
    listener.engine.wait_until_settled(30)
    return listener


def speech(record: VoiceRecord | None, model: str = "cloner", **changes: Any) -> AudioRequest:
    own: dict[str, Any] = {
        "capability": Capability.AUDIO_SPEECH,
        "seed": 1,
        "prompt": "The lamp is lit.",
        "model": model,
        "kept_voice": record.kept_voice() if record is not None else None,
    }
    return AudioRequest(**{**own, **changes})


def spoken(studio: Listener, request: AudioRequest) -> AudioArtifact:
    end = studio.wait(studio.engine.submit(request))
    assert isinstance(end, Finished), end
    assert isinstance(end.artifact, AudioArtifact)
    return end.artifact


def refused(studio: Listener, request: AudioRequest) -> Failed:
    end = studio.wait(studio.engine.submit(request))
    assert isinstance(end, Failed)
    return end


def test_a_model_that_clones_gets_the_sound_and_its_text(
    studio: Listener, record: VoiceRecord
) -> None:
    artifact = spoken(studio, speech(record))
    assert np.array_equal(artifact.sound.array()[:, 0], cloned(good_sound(), record.text))


def test_the_engine_names_voice_and_consent_whatever_the_backend_says(
    studio: Listener, record: VoiceRecord
) -> None:
    artifact = spoken(studio, speech(record))
    assert artifact.facts == {"voice": "Ada Byron", "consent": record.consent, "speed": "1"}
    assert artifact.request == speech(record)
    assert spoken(studio, speech(None)).facts == {"voice": "what the backend says", "speed": "1"}


def test_the_sound_lies_nowhere_else_and_no_other_request_gets_at_it(
    make_engine: MakeEngine,
    backend: CloningBackend,
    store: VoiceStore,
    record: VoiceRecord,
    tmp_path: Path,
) -> None:
    inputs = InputStore(tmp_path / "inputs")
    studio = make_engine(backend, voices=store, inputs=inputs)
    spoken(studio, speech(record))
    assert not (tmp_path / "inputs").exists()
    with pytest.raises(BadInputError):
        inputs.get(record.kept_voice().audio)


def test_a_model_that_does_not_clone_refuses_at_once(
    studio: Listener, record: VoiceRecord, backend: CloningBackend
) -> None:
    with pytest.raises(BadInputError, match="“Reader” cannot speak in a voice that was lent"):
        studio.engine.submit(speech(record, "reader"))
    assert backend.loads == []
    assert [studio.engine.clones(name) for name in ("cloner", "reader", "nobody")] == [
        True,
        False,
        False,
    ]


def test_backends_clone_only_when_they_say_so(
    make_engine: MakeEngine, store: VoiceStore, record: VoiceRecord
) -> None:
    class Broken(CloningBackend):
        def clones(self, model: ModelInfo) -> bool:
            raise RuntimeError("no idea")

    assert Backend.clones(StepBackend(), ModelInfo(id="x", title="X", format="step")) is False
    studio = make_engine(Broken(), voices=store)
    studio.engine.wait_until_settled(30)
    with pytest.raises(BadInputError, match="cannot speak in a voice that was lent"):
        studio.engine.submit(speech(record))


def test_a_revoked_voice_is_refused_before_the_model_is_loaded(
    studio: Listener, record: VoiceRecord, store: VoiceStore, backend: CloningBackend
) -> None:
    store.revoke(record.id)
    failed = refused(studio, speech(record))
    assert "took this voice back" in failed.message and failed.hint
    assert backend.loads == []


def test_a_changed_sound_a_changed_name_and_a_made_up_record_are_refused(
    studio: Listener, record: VoiceRecord, store: VoiceStore
) -> None:
    voice = record.kept_voice()
    for wrong in (
        dataclasses.replace(voice, title="Somebody Famous"),
        dataclasses.replace(voice, consent="Everybody agrees."),
        dataclasses.replace(voice, text="Something else."),
    ):
        assert "does not check out" in refused(studio, speech(None, kept_voice=wrong)).message
    unknown = dataclasses.replace(voice, id="0" * 16)
    assert "not kept on this computer" in refused(studio, speech(None, kept_voice=unknown)).message
    path = store.folder / record.id / RECORD
    plain = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**plain, "name": "Somebody Famous"}), "utf-8")
    assert "does not check out" in refused(studio, speech(record)).message
    path.write_text(json.dumps(plain), "utf-8")
    spoken(studio, speech(record))
    (store.folder / record.id / SOUND).write_bytes(good_sound(15))
    assert "does not check out" in refused(studio, speech(record)).message


def test_an_engine_without_a_place_for_voices_refuses(
    make_engine: MakeEngine, backend: CloningBackend, record: VoiceRecord
) -> None:
    failed = refused(make_engine(backend), speech(record))
    assert failed.message == "The voice of Ada Byron is not kept on this computer."


@pytest.fixture(scope="module")
def pocket() -> tuple[ModelInfo, ModelInfo]:
    """Pocket TTS and its codec; made before the engine, since writing them leaves a thread."""
    return sound_model("pocket-tts"), sound_model("pocket-codec")


@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
def test_a_real_architecture_speaks_in_a_lent_voice_through_the_engine(
    pocket: tuple[ModelInfo, ModelInfo], make_engine: MakeEngine, store: VoiceStore
) -> None:
    """Pocket TTS at toy size, from the record on disk to the facts of the result."""
    info, codec = pocket
    studio = make_engine(TransformersAudioBackend(), voices=store, store=OneModel(info, codec))
    assert studio.engine.wait_until_settled(60)
    assert studio.engine.clones(info.id)
    voices = [
        store.keep(checked(name, flac=good_sound(s))) for name, s in (("Ada", 9), ("Bob", 11))
    ]
    made = [spoken(studio, speech(voice, info.id, prompt="The lamp.")) for voice in voices]
    assert [artifact.facts["consent"] for artifact in made] == [v.consent for v in voices]
    assert made[0].sound != made[1].sound
    store.revoke(voices[0].id)
    assert "took this voice back" in refused(studio, speech(voices[0], info.id)).message

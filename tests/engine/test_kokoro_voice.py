from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BadInputError, ModelDamagedError, ModelNotFoundError
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Backend, Device, JobCancelled, ModelInfo
from studio.engine.backends.hibari_voice import HibariVoiceBackend
from studio.engine.backends.kokoro_voice import KokoroVoiceBackend
from studio.engine.installed import InstalledModels
from studio.models.identify import identify
from tests.engine.backend_contract import BackendContract, LoadRecorder
from tests.fakes.job_context import RecordingContext
from tests.fakes.packaged_models import packaged_model
from tests.fakes.toy_onnx import SAMPLES_PER_PHONEME, toy_network, write_toy_kokoro

VOICES = {"jf_alpha": 0.9, "bm_lewis": 0.2, "bf_emma": 0.3, "af_sky": 0.4, "af_heart": 0.5}


@functools.cache
def toy_kokoro() -> ModelInfo:
    folder = Path(tempfile.mkdtemp(prefix="toy-kokoro-")) / "kokoro"
    return identify(write_toy_kokoro(folder, VOICES))


def _request(prompt: str, **changes: Any) -> AudioRequest:
    return AudioRequest(
        **{"capability": Capability.AUDIO_SPEECH, "seed": 7, "prompt": prompt, **changes}
    )


class TestKokoroContract(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return KokoroVoiceBackend()

    def make_model(self) -> ModelInfo:
        return toy_kokoro()

    def make_request(self, seed: int = 7) -> AudioRequest:
        return _request("The sea is calm. So is she.", seed=seed)

    def make_long_request(self) -> AudioRequest:
        return _request(" ".join(f"This is sentence number {n}." for n in range(40)))


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    loaded = KokoroVoiceBackend().load(toy_kokoro(), Device(kind="cpu"), LoadRecorder())
    yield loaded
    loaded.unload()


def _speak(model: Any, prompt: str, **changes: Any) -> AudioArtifact:
    artifact = model.generate(_request(prompt, **changes), RecordingContext())
    assert isinstance(artifact, AudioArtifact)
    return artifact


def test_english_voices_are_offered_the_best_first() -> None:
    voices = KokoroVoiceBackend().voices_for(toy_kokoro())
    assert [voice.id for voice in voices] == ["af_heart", "bf_emma", "af_sky", "bm_lewis"]
    assert (voices[1].title, voices[1].language) == ("Emma", "en-GB")
    assert voices[3].description == "British, male"


def test_a_folder_without_an_english_voice_is_not_for_it(tmp_path: Path) -> None:
    info = identify(write_toy_kokoro(tmp_path / "kokoro", {"jf_alpha": 0.5, "odd": 0.5}))
    assert KokoroVoiceBackend().supports(info) == ()
    with pytest.raises(ModelNotFoundError):
        KokoroVoiceBackend().load(info, Device(kind="cpu"), LoadRecorder())


def test_the_built_in_voice_stays_the_default() -> None:
    installed = InstalledModels([toy_kokoro()], [KokoroVoiceBackend(), HibariVoiceBackend()])
    chosen = installed.default(Capability.AUDIO_SPEECH)
    assert chosen is not None and chosen.model.id == "hibari"
    ids = [voice.id for voice in installed.voices_for(Capability.AUDIO_SPEECH, "kokoro")]
    assert ids[0] == "af_heart"


def test_each_phoneme_reaches_the_network_in_the_voice_asked_for(model: Any) -> None:
    first = _speak(model, "Hello there.").sound.array()
    emma = _speak(model, "Hello there.", voice="Emma").sound.array()
    assert len(first) % SAMPLES_PER_PHONEME == 0
    assert np.abs(first).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(emma).max() == pytest.approx(0.3, abs=0.01)
    assert not np.allclose(emma / 0.3, first / 0.5, atol=0.1), "British is read in its own way"
    fast = _speak(model, "Hello there.", speed=2.0).sound.array()
    assert np.abs(fast).max() == pytest.approx(0.25, abs=0.01)


def test_an_unknown_voice_names_those_there_are(model: Any) -> None:
    with pytest.raises(BadInputError) as caught:
        _speak(model, "Hello.", voice="jf_alpha")
    assert caught.value.hint == "It has af_heart, bf_emma, af_sky, bm_lewis."


def test_a_network_of_another_kind_or_a_damaged_one_is_told(tmp_path: Path) -> None:
    for content in (b"no onnx", toy_network(tokens="input_ids")):
        folder = write_toy_kokoro(tmp_path / str(len(content)), {"af_sky": 0.5})
        (folder / "kokoro-toy.onnx").write_bytes(content)
        with pytest.raises(ModelDamagedError):
            KokoroVoiceBackend().load(identify(folder), Device(kind="cpu"), LoadRecorder())


def test_a_damaged_voice_is_told_and_the_others_speak(tmp_path: Path) -> None:
    folder = write_toy_kokoro(tmp_path / "kokoro", {"af_heart": 0.5, "af_sky": np.nan})
    loaded: Any = KokoroVoiceBackend().load(identify(folder), Device(kind="cpu"), LoadRecorder())
    with pytest.raises(ModelDamagedError, match="voice Sky"):
        _speak(loaded, "Hello.", voice="sky")
    assert _speak(loaded, "Hello.").sound.duration_s > 0
    loaded.unload()


def test_files_that_are_gone(tmp_path: Path) -> None:
    gone = ModelInfo(id="gone", title="Gone", path=tmp_path / "nowhere", format="kokoro")
    assert KokoroVoiceBackend().supports(gone) == ()
    with pytest.raises(ModelNotFoundError):
        KokoroVoiceBackend().load(gone, Device(kind="cpu"), LoadRecorder())


@pytest.mark.model
@pytest.mark.slow
def test_the_real_voices_speak_and_differ() -> None:
    info = packaged_model("kokoro-82m")
    backend = KokoroVoiceBackend()
    voices = backend.voices_for(info)
    assert len(voices) == 28
    assert {voice.language for voice in voices} == {"en-US", "en-GB"}
    loaded: Any = backend.load(info, Device(kind="cpu"), LoadRecorder())
    try:
        heart = _speak(loaded, "Hello there, old friend.")
        george = _speak(loaded, "Hello there, old friend.", voice="george")
        again = _speak(loaded, "Hello there, old friend.")
        slow = _speak(loaded, "Hello there, old friend.", speed=0.5)
        assert 1 < heart.sound.duration_s < 4
        assert 0.02 < float(np.abs(heart.sound.array()).max()) <= 1
        assert heart.sound == again.sound != george.sound
        assert slow.sound.duration_s > 1.5 * heart.sound.duration_s
        context = RecordingContext(cancel_after=2)
        with pytest.raises(JobCancelled):
            loaded.generate(_request("One. Two. Three."), context)
    finally:
        loaded.unload()

"""Sound models of transformers and diffusers: the real classes at toy size."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BackendError, BadInputError, ModelError, UnsupportedModelError
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Backend, Device, JobCancelled, LoadedModel, ModelInfo
from studio.engine.backends.diffusers_audio import DiffusersAudioBackend
from studio.engine.backends.transformers_audio import TransformersAudioBackend
from tests.engine.backend_contract import BackendContract
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_sounds import sound_folder, sound_model

# diffusers' schedulers ask numpy for arrays in a way that torch does not know yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

CPU = Device(kind="cpu", threads=1)
DIFFUSERS = ("stable-audio", "audio-ldm-2", "music-ldm")
MUSIC = (*DIFFUSERS, "musicgen", "musicgen-melody")
CLONING = ("pocket-tts", "csm", "dia", "vibevoice")
SPEECH = ("vits", "vits-many", "speech-t5", "bark", *CLONING)
#: What lies beside the models in the store; a codec of another rate comes first.
BESIDE = ("hifigan", "dac-other", "dac", "pocket-codec")


class Beside(RecordingContext):
    """A load that finds some models in the store."""

    def __init__(self, *models: ModelInfo) -> None:
        super().__init__()
        self._models = models

    def store_models(self, role: str = "") -> tuple[ModelInfo, ...]:
        return self._models


@pytest.fixture(autouse=True)
def quiet_libraries() -> Iterator[None]:
    """Toys have odd vocabularies, of which transformers warns each time."""
    before = {name: logging.getLogger(name).level for name in ("transformers", "diffusers")}
    for name in before:
        logging.getLogger(name).setLevel(logging.ERROR)
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def backend_for(kind: str) -> Backend:
    return DiffusersAudioBackend() if kind in DIFFUSERS else TransformersAudioBackend()


def loaded(kind: str) -> LoadedModel:
    return backend_for(kind).load(sound_model(kind), CPU, Beside(*map(sound_model, BESIDE)))


def asked(
    kind: str, prompt: str = "The lamp is lit. So is the sea.", **values: Any
) -> AudioRequest:
    music = kind in MUSIC
    own: dict[str, Any] = {
        "capability": Capability.AUDIO_MUSIC if music else Capability.AUDIO_SPEECH,
        "seed": 3,
        "prompt": prompt,
    }
    if kind in DIFFUSERS:
        own["options"] = {"num_inference_steps": 3}
    if music:
        own["audio_end_in_s"] = 1.0
    return AudioRequest(**{**own, **values})


def heard(model: LoadedModel, request: AudioRequest, ctx: RecordingContext) -> AudioArtifact:
    artifact = model.generate(request, ctx)
    assert isinstance(artifact, AudioArtifact)
    return artifact


class TestVits(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return TransformersAudioBackend()

    def make_model(self) -> ModelInfo:
        return sound_model("vits")

    def make_request(self, seed: int = 7) -> AudioRequest:
        return asked("vits", seed=seed)

    def make_long_request(self) -> AudioRequest:
        return asked("vits", " ".join(f"This is line {chr(97 + n)}." for n in range(25)))


class TestStableAudio(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return DiffusersAudioBackend()

    def make_model(self) -> ModelInfo:
        return sound_model("stable-audio")

    def make_request(self, seed: int = 7) -> AudioRequest:
        return asked("stable-audio", seed=seed)

    def make_long_request(self) -> AudioRequest:
        return asked("stable-audio", options={"num_inference_steps": 40})


@pytest.mark.parametrize("kind", [*SPEECH, *MUSIC])
def test_each_kind_sounds_and_sounds_the_same_again(kind: str) -> None:
    model, ctx = loaded(kind), RecordingContext()
    assert model.memory_bytes > 10_000
    first = heard(model, asked(kind), ctx)
    samples = first.sound.array()
    assert len(samples) and np.isfinite(samples).all() and np.abs(samples).max() <= 1
    assert ctx.steps[-1][0] == ctx.steps[-1][1] > 0
    again = heard(model, asked(kind), RecordingContext())
    assert again.sound == first.sound
    other = heard(model, asked(kind, seed=4), RecordingContext())
    if kind != "speech-t5":  # it draws nothing by chance
        assert other.sound != first.sound
    model.unload()


@pytest.mark.parametrize("kind", [*SPEECH, *MUSIC])
def test_each_kind_stops_within_a_step(kind: str) -> None:
    model, ctx = loaded(kind), RecordingContext(cancel_after=1)
    with pytest.raises(JobCancelled):
        model.generate(asked(kind), ctx)
    assert ctx.checkpoints == 1
    assert heard(model, asked(kind), RecordingContext()).sound.samples


@pytest.mark.parametrize("kind", SPEECH)
def test_speech_streams_and_marks_each_sentence(kind: str) -> None:
    ctx = RecordingContext()
    artifact = heard(loaded(kind), asked(kind), ctx)
    assert [mark.text for mark in artifact.marks] == ["The lamp is lit.", "So is the sea."]
    assert b"".join(sound.samples for sound in ctx.sounds) == artifact.sound.samples
    assert artifact.marks[-1].end_s == pytest.approx(artifact.sound.duration_s)


@pytest.mark.parametrize("kind", MUSIC)
def test_music_is_as_long_as_asked(kind: str) -> None:
    artifact = heard(loaded(kind), asked(kind, audio_end_in_s=0.5), RecordingContext())
    assert artifact.sound.duration_s == pytest.approx(0.5, abs=0.1)


def test_stable_audio_makes_two_channels_of_its_rate() -> None:
    sound = heard(loaded("stable-audio"), asked("stable-audio"), RecordingContext()).sound
    assert (sound.channels, sound.sampling_rate) == (2, 400)


@pytest.mark.parametrize(("kind", "seconds"), [("musicgen", 90), ("stable-audio", 900)])
def test_longer_than_a_model_can_is_told(kind: str, seconds: int) -> None:
    ctx = RecordingContext()
    model = loaded(kind)
    if kind == "musicgen":
        model._sounder.network.config.audio_encoder.sampling_rate = 40  # type: ignore[attr-defined]
    artifact = heard(model, asked(kind, audio_end_in_s=float(seconds)), ctx)
    assert [code for code, _ in ctx.notices] == ["length"]
    assert artifact.sound.duration_s < seconds


def test_speakers_are_voices() -> None:
    backend = TransformersAudioBackend()
    assert [voice.title for voice in backend.voices_for(sound_model("vits-many"))] == [
        "Speaker 1",
        "Speaker 2",
        "Speaker 3",
    ]
    assert backend.voices_for(sound_model("vits")) == ()
    assert [v.id for v in backend.voices_for(sound_model("speech-t5"))] == ["anna_b", "carl"]
    model = loaded("vits-many")
    one = heard(model, asked("vits-many", voice="0"), RecordingContext())
    other = heard(model, asked("vits-many", voice="Speaker 2"), RecordingContext())
    assert one.sound != other.sound
    assert other.facts["voice"] == "Speaker 2"
    with pytest.raises(BadInputError, match="no voice"):
        model.generate(asked("vits-many", voice="nobody"), RecordingContext())


def test_speed_is_followed_where_it_can_be() -> None:
    model = loaded("vits")
    slow = heard(model, asked("vits", speed=0.5), RecordingContext())
    fast = heard(model, asked("vits", speed=2.0), RecordingContext())
    assert slow.sound.duration_s > fast.sound.duration_s
    ctx = RecordingContext()
    heard(loaded("bark"), asked("bark", "The lamp.", speed=2.0), ctx)
    assert [code for code, _ in ctx.notices] == ["speed"]


def test_other_jobs_leave_the_chance_alone() -> None:
    import torch

    model = loaded("bark")
    calm = heard(model, asked("bark", "The lamp."), RecordingContext())
    torch.manual_seed(99)
    before = torch.get_rng_state()
    disturbed = RecordingContext(on_checkpoint=lambda _: torch.rand(3))
    assert heard(model, asked("bark", "The lamp."), disturbed).sound == calm.sound
    assert torch.equal(torch.get_rng_state(), before)


def test_letters_a_voice_does_not_know_are_told() -> None:
    model, ctx = loaded("vits"), RecordingContext()
    artifact = heard(model, asked("vits", "The sea. 灯台。 So it is."), ctx)
    assert len(artifact.marks) == 2
    assert [code for code, _ in ctx.notices] == ["unspoken"]
    with pytest.raises(BadInputError, match="none of the letters"):
        model.generate(asked("vits", "灯台が見えた。"), RecordingContext())


@pytest.mark.parametrize("kind", MUSIC)
def test_music_needs_a_description(kind: str) -> None:
    with pytest.raises(BadInputError, match="no description"):
        loaded(kind).generate(asked(kind, " "), RecordingContext())


def test_speech_t5_says_what_it_lacks() -> None:
    with pytest.raises(ModelError, match="vocoder"):
        TransformersAudioBackend().load(sound_model("speech-t5"), CPU, Beside())


def test_a_voice_of_phonemes_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import VitsTokenizer

    before = VitsTokenizer.__init__

    def phonemes(self: Any, *given: Any, **values: Any) -> None:
        before(self, *given, **{**values, "phonemize": True})

    monkeypatch.setattr(VitsTokenizer, "__init__", phonemes)
    with pytest.raises(UnsupportedModelError) as told:
        loaded("vits")
    assert "GPL" in told.value.hint


@pytest.mark.parametrize("kind", ["vits", "stable-audio"])
def test_samples_that_are_no_numbers_are_told(kind: str) -> None:
    import torch

    model: Any = loaded(kind)
    network = model._sounder.network.decoder if kind == "vits" else model._pipeline.vae.decoder
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(BackendError, match="cannot be played"):
        model.generate(asked(kind), RecordingContext())


def test_a_damaged_model_is_told_in_a_sentence(tmp_path: Any) -> None:
    import shutil

    from studio.models.identify import identify

    folder = tmp_path / "voice"
    shutil.copytree(sound_folder("vits"), folder)
    info = identify(folder)
    (folder / "vocab.json").write_text("{")
    with pytest.raises(ModelError):
        TransformersAudioBackend().load(info, CPU, Beside())


def test_options_are_those_of_the_model() -> None:
    vits = TransformersAudioBackend().options_for(sound_model("vits"), Capability.AUDIO_SPEECH)
    assert all(info.unused for info in vits)
    music = TransformersAudioBackend().options_for(sound_model("musicgen"), Capability.AUDIO_MUSIC)
    assert [info.name for info in music if info.unused] == ["num_inference_steps"]
    slow = DiffusersAudioBackend().options_for(sound_model("audio-ldm-2"), Capability.AUDIO_MUSIC)
    assert {info.name: info.default for info in slow}["num_inference_steps"] == 200

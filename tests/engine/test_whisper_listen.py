from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import TranscriptArtifact
from studio.core.errors import BadInputError, ModelDamagedError, ModelNotFoundError
from studio.core.inputs import InputRef, InputStore
from studio.core.requests import AudioRequest, Capability, TranscribeRequest
from studio.engine.api import Backend, Device, JobCancelled, ModelInfo
from studio.engine.backends._listening_options import knows_only_english
from studio.engine.backends.whisper_listen import WhisperListenBackend
from studio.engine.engine import Engine
from studio.models.identify import identify
from tests.engine.backend_contract import BackendContract, LoadRecorder
from tests.fakes.job_context import RecordingContext
from tests.fakes.packaged_models import packaged_model
from tests.fakes.sounds import SENTENCES, babble, encoded, spoken
from tests.fakes.toy_whisper import TEXT, write_toy_whisper

NOBODY = ("no_speech", "Nobody speaks in this sound, as far as can be heard.")
RATE = 16_000


@functools.cache
def toy(english_only: bool = True) -> ModelInfo:
    folder = Path(tempfile.mkdtemp(prefix="toy-whisper-")) / "toy"
    return identify(write_toy_whisper(folder, english_only=english_only))


@functools.cache
def _babble(seconds: int) -> tuple[bytes, InputRef]:
    data = encoded(babble(seconds), "FLAC")
    return data, InputStore().put(data, "audio/flac")


class TestWhisperContract(BackendContract):
    artifact_type = TranscriptArtifact

    @pytest.fixture(autouse=True)
    def _sounds(self, engine: Engine) -> None:
        for seconds in (3, 900):
            engine.inputs.put(_babble(seconds)[0], "audio/flac")

    def make_backend(self) -> Backend:
        return WhisperListenBackend()

    def make_model(self) -> ModelInfo:
        return toy()

    def make_request(self, seed: int = 7) -> TranscribeRequest:
        return TranscribeRequest(audio=_babble(3)[1], seed=seed)

    def make_long_request(self) -> TranscribeRequest:
        return TranscribeRequest(audio=_babble(900)[1])


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    loaded = WhisperListenBackend().load(toy(), Device(kind="cpu"), LoadRecorder())
    yield loaded
    loaded.unload()


def _listen(model: Any, data: bytes, **changes: Any) -> tuple[TranscriptArtifact, RecordingContext]:
    context = RecordingContext()
    request = TranscribeRequest(audio=context.inputs.put(data, "audio/wav"), **changes)
    artifact = model.generate(request, context)
    assert isinstance(artifact, TranscriptArtifact)
    return artifact, context


# What it writes down


def test_what_is_heard_has_times_and_words(model: Any) -> None:
    artifact, context = _listen(model, encoded(babble(3)))
    assert artifact.text == TEXT == context.written
    assert [segment.text for segment in artifact.segments] == ["the old sea.", "the keeper."]
    assert [(segment.start_s, segment.end_s) for segment in artifact.segments] == [(0, 1), (1, 2)]
    assert [word.text for word in artifact.segments[0].words] == ["the", "old", "sea."]
    for segment in artifact.segments:
        for word in segment.words:
            assert segment.start_s <= word.start_s <= word.end_s <= segment.end_s
            assert 0 <= word.probability <= 1
    assert artifact.language == "en"
    assert artifact.new_tokens > 5
    assert context.steps[-1] == (3, 3)
    assert context.notices == []


def test_word_times_are_left_out_when_nobody_wants_them(model: Any) -> None:
    artifact, _ = _listen(model, encoded(babble(3)), word_times=False)
    assert artifact.text == TEXT
    assert all(segment.words == () for segment in artifact.segments)


def test_a_long_sound_is_heard_window_by_window(model: Any) -> None:
    artifact, context = _listen(model, encoded(babble(95)))
    starts = [segment.start_s for segment in artifact.segments]
    assert starts == [0, 1, 30, 31, 60, 61, 90, 91]
    assert artifact.text == " ".join([TEXT] * 4)
    assert [done for done, _ in context.steps] == [0, 30, 60, 90, 95, 95]
    assert {total for _, total in context.steps} == {95}


def test_the_way_over_a_silence_is_short(model: Any) -> None:
    silence = np.zeros(100 * RATE, np.float32)
    artifact, _ = _listen(model, encoded(np.concatenate((silence, babble(3)))))
    assert artifact.text == TEXT
    assert 98 < artifact.segments[0].start_s <= 100


def test_words_to_expect_come_before_what_is_heard(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    network = model._network

    class Asked:
        def __getattr__(self, name: str) -> Any:
            return getattr(network, name)

        def generate(self, image: Any, prompts: list[list[int]], **rest: Any) -> Any:
            asked.append(prompts[0])
            return network.generate(image, prompts, **rest)

    monkeypatch.setattr(model, "_network", Asked())
    _listen(model, encoded(babble(3)), prompt="the keeper")
    _listen(model, encoded(babble(3)))
    words = model._tokens
    assert asked[0][0] == words.before
    assert words.text(asked[0][1:-1]) == " the keeper"
    assert asked[0][-1:] == asked[-1] == [words.start]


# Formats


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_files_of_any_format(model: Any, format: str) -> None:
    assert _listen(model, encoded(babble(3), format))[0].text == TEXT


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 384_000])
def test_files_of_any_sampling_rate(model: Any, rate: int) -> None:
    artifact, _ = _listen(model, encoded(babble(3, rate), "WAV", rate))
    assert artifact.text == TEXT


def test_eight_channels_are_heard_as_one(model: Any) -> None:
    eight = np.repeat(babble(3)[:, None], 8, axis=1)
    eight[:, 3:] *= 0.5
    assert _listen(model, encoded(eight, "WAV"))[0].text == TEXT


def test_what_is_no_number_and_what_is_too_loud_does_no_harm(model: Any) -> None:
    bad = babble(3)
    bad[100:200] = np.nan
    bad[300:400] = np.inf
    bad[5000:6000] *= 1e9
    assert _listen(model, encoded(bad, "WAV", subtype="FLOAT"))[0].text == TEXT


def test_a_file_cut_off_is_heard_as_far_as_it_goes(model: Any) -> None:
    rng = np.random.default_rng(1)
    noisy = babble(60) + rng.normal(0, 0.01, 60 * RATE).astype(np.float32)
    whole = encoded(noisy, "FLAC")
    artifact, context = _listen(model, whole[: len(whole) // 2])
    assert artifact.segments
    assert max(segment.end_s for segment in artifact.segments) < 40
    assert [code for code, _ in context.notices] == ["damaged"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"This is a text in a file called .wav", "no sound that can be read"),
        (b"", "no sound that can be read"),
        (encoded(babble(1))[:30], "no sound"),
        (encoded(np.zeros(0, np.float32)), "no sound in this file"),
    ],
    ids=["text", "empty", "header cut", "no samples"],
)
def test_what_is_no_sound_is_told(model: Any, data: bytes, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        _listen(model, data)


# Where nobody speaks


def _noise(seconds: int, level: float) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).normal(0, level, seconds * RATE)


def _tone(seconds: int, pitch: float) -> np.ndarray[Any, Any]:
    return 0.3 * np.sin(2 * np.pi * pitch * np.arange(seconds * RATE) / RATE)


def _clicks(seconds: int) -> np.ndarray[Any, Any]:
    return 0.8 * (np.random.default_rng(1).random(seconds * RATE) < 2e-4)


def _waves(seconds: int) -> np.ndarray[Any, Any]:
    at = np.arange(seconds * RATE) / RATE
    return _noise(seconds, 0.1) * (1 + np.sin(np.pi * at))


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(1),
        np.zeros(RATE // 20),
        np.zeros(40 * RATE),
        _noise(40, 0.1),
        _noise(5, 1e-4),
        _tone(40, 440),
        np.sign(_tone(5, 50)) * 0.1,
        _clicks(20),
        _waves(20),
        np.full(5 * RATE, 0.5),
    ],
    ids=["1 sample", "50 ms", "silence", "hiss", "faint", "tone", "hum", "clicks", "waves", "dc"],
)
def test_where_nobody_speaks_nothing_is_written(model: Any, sound: Any) -> None:
    """The toy model would write its text of anything it is asked about."""
    artifact, context = _listen(model, encoded(sound.astype(np.float32), subtype="FLOAT"))
    assert artifact.text == ""
    assert artifact.segments == ()
    assert context.notices == [NOBODY]


def _reading(tokens: list[int], sureness: float, silence: float) -> list[Any]:
    score = sureness * (len(tokens) + 1) / max(1, len(tokens))
    return [SimpleNamespace(sequences_ids=[tokens], scores=[score], no_speech_prob=silence)]


class _Scripted:
    """A network whose readings are given, one for each temperature."""

    def __init__(self, network: Any, *readings: list[Any]) -> None:
        self._network = network
        self._readings = iter(readings)
        self.temperatures: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def generate(self, image: Any, prompts: Any, **rest: Any) -> Any:
        free = rest["sampling_topk"] == 0
        self.temperatures.append(rest["sampling_temperature"] if free else 0.0)
        return next(self._readings)


def _script(
    model: Any, monkeypatch: pytest.MonkeyPatch, *told: tuple[str, float, float]
) -> tuple[str, list[float]]:
    words = model._tokens
    readings = []
    for text, sureness, silence in told:
        ids = words._tokenizer.encode(text, add_special_tokens=False).ids
        tokens = [words.times_from, *ids, words.times_from + 100]
        readings.append(_reading(tokens, sureness, silence))
    scripted = _Scripted(model._network, *readings)
    monkeypatch.setattr(model, "_network", scripted)
    artifact, _ = _listen(model, encoded(babble(3)), word_times=False)
    return artifact.text, scripted.temperatures


@pytest.mark.parametrize(
    ("told", "text", "temperatures"),
    [
        ([("sure", -0.2, 0.9)], "sure", [0]),
        ([("made up", -1.2, 0.7)], "", [0]),
        ([("thanks", -0.8, 0.5)], "", [0]),
        ([("low", -1.2, 0.1), ("better", -0.5, 0.1)], "better", [0, 0.4]),
        ([("la " * 60, -0.1, 0.1), ("song", -0.6, 0.1)], "song", [0, 0.4]),
        ([("low", -1.3, 0.1), ("lower", -1.4, 0.1), ("worst", -3, 0.1)], "low", [0, 0.4, 0.8]),
        ([("bad", -2, 0.1), ("bad", -2, 0.1), ("bad", -2, 0.1)], "", [0, 0.4, 0.8]),
        ([("la " * 60, -0.1, 0.1)] * 3, "", [0, 0.4, 0.8]),
        ([("...", -0.1, 0.1)], "", [0]),
    ],
    ids=[
        *("sure", "silence", "likely silence", "second try", "circles"),
        *("least bad", "hopeless", "always circles", "signs"),
    ],
)
def test_bad_readings_are_read_again_or_left_out(
    model: Any,
    monkeypatch: pytest.MonkeyPatch,
    told: list[tuple[str, float, float]],
    text: str,
    temperatures: list[float],
) -> None:
    assert _script(model, monkeypatch, *told) == (text, temperatures)


# Languages


def test_a_model_of_english_only_says_so(model: Any) -> None:
    data = encoded(babble(3))
    assert _listen(model, data, language="en-GB")[0].language == "en"
    with pytest.raises(BadInputError, match="knows English only"):
        _listen(model, data, language="de")
    with pytest.raises(BadInputError, match="no language “klingon”"):
        _listen(model, data, language="klingon")
    backend = WhisperListenBackend()
    options = {o.name: o for o in backend.options_for(toy(), Capability.AUDIO_TRANSCRIBE)}
    assert "English only" in options["translate"].unused
    many = {o.name: o for o in backend.options_for(toy(False), Capability.AUDIO_TRANSCRIBE)}
    assert many["translate"].unused == ""


def test_a_model_of_many_languages_takes_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    info = toy(False)
    assert info.path is not None and not knows_only_english(info.path)
    loaded: Any = WhisperListenBackend().load(info, Device(kind="cpu"), LoadRecorder())
    try:
        artifact, _ = _listen(loaded, encoded(babble(3)), language="de")
        assert (artifact.text, artifact.language) == (TEXT, "de")
        with pytest.raises(BadInputError, match="knows no Cantonese"):
            _listen(loaded, encoded(babble(3)), language="yue")
    finally:
        loaded.unload()


def test_refusals(model: Any) -> None:
    request = AudioRequest(capability=Capability.AUDIO_SPEECH, seed=1, prompt="Hello.")
    with pytest.raises(BadInputError, match="listens to sounds"):
        model.generate(request, RecordingContext())
    with pytest.raises(BadInputError, match="beams"):
        _listen(model, encoded(babble(3)), options={"beams": 3})


# Stopping, and files that are not right


@pytest.mark.parametrize("looks", range(8))
def test_it_stops_in_every_phase(model: Any, looks: int) -> None:
    context = RecordingContext(cancel_after=looks)
    request = TranscribeRequest(audio=context.inputs.put(encoded(babble(70)), "audio/wav"))
    with pytest.raises(JobCancelled):
        model.generate(request, context)


@pytest.mark.parametrize("looks", range(1, 4))
def test_loading_stops_in_every_phase(looks: int) -> None:
    with pytest.raises(JobCancelled):
        WhisperListenBackend().load(toy(), Device(kind="cpu"), LoadRecorder(cancel_at=looks))


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    import shutil

    source = toy().path
    assert source is not None
    backend = WhisperListenBackend()
    for number, (name, content) in enumerate(
        [
            ("tokenizer.json", b"{"),
            ("tokenizer.json", (source / "config.json").read_bytes()),
            ("model.bin", (source / "model.bin").read_bytes()[:5000]),
            ("config.json", b"["),
        ]
    ):
        folder = tmp_path / str(number)
        shutil.copytree(source, folder)
        info = identify(folder)
        (folder / name).write_bytes(content)
        with pytest.raises(ModelDamagedError):
            backend.load(info, Device(kind="cpu"), LoadRecorder())
    gone = ModelInfo(id="gone", title="Gone", path=tmp_path / "nowhere", format="ctranslate2")
    with pytest.raises(ModelNotFoundError):
        backend.load(gone, Device(kind="cpu"), LoadRecorder())


# The real thing


@pytest.fixture(scope="module")
def real() -> Iterator[Any]:
    info = packaged_model("whisper-tiny.en")
    loaded = WhisperListenBackend().load(info, Device(kind="cpu"), LoadRecorder())
    yield loaded
    loaded.unload()


@pytest.mark.model
def test_what_the_built_in_voice_says_is_understood(real: Any) -> None:
    from tests.fakes.word_errors import words_of, wrong_words

    sound = encoded(spoken(" ".join(SENTENCES)), "FLAC", 24_000)
    artifact, _ = _listen(real, sound)
    said = words_of(" ".join(SENTENCES))
    wrong = wrong_words(said, words_of(artifact.text))
    assert wrong / len(said) <= 0.05, artifact.text
    assert len(artifact.segments) >= 15
    ends = [segment.end_s for segment in artifact.segments]
    assert ends == sorted(ends)
    first = artifact.segments[0].words[1]
    assert first.text == "lighthouse" and 0.3 < first.start_s < 1.0


@pytest.mark.model
def test_real_silence_and_noise_bring_no_text(real: Any) -> None:
    rng = np.random.default_rng(2)
    for sound in (
        np.zeros(35 * RATE),
        _noise(35, 0.05),
        _waves(20),
        _clicks(20),
        np.cumsum(rng.standard_normal(20 * RATE)) / 400,
    ):
        data = encoded(np.clip(sound, -1, 1).astype(np.float32))
        assert _listen(real, data)[0].text == ""


@pytest.mark.model
def test_a_name_to_expect_is_spelt_right(real: Any) -> None:
    sound = encoded(spoken("Good morning, Mister Kowalczyk."), "FLAC", 24_000)
    artifact, _ = _listen(real, sound, prompt="Kowalczyk")
    assert "Kowalczyk" in artifact.text


@pytest.mark.model
@pytest.mark.slow
def test_a_model_of_many_languages_finds_out_which_is_spoken() -> None:
    info = packaged_model("whisper-base")
    loaded: Any = WhisperListenBackend().load(info, Device(kind="cpu"), LoadRecorder())
    try:
        artifact, _ = _listen(loaded, encoded(spoken(SENTENCES[0]), "FLAC", 24_000))
        assert artifact.language == "en"
        assert "lighthouse keeper" in artifact.text
        german, _ = _listen(loaded, encoded(spoken(SENTENCES[0]), "FLAC", 24_000), language="de")
        assert german.language == "de"
    finally:
        loaded.unload()

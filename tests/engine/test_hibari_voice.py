from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BadInputError, DiskFullError, ModelDamagedError
from studio.core.events import AudioChunk, Finished
from studio.core.requests import AudioRequest, Capability, TextRequest, replaced
from studio.core.settings import Computing
from studio.engine.api import Backend, Device, JobCancelled, ModelInfo
from studio.engine.backends import hibari_voice
from studio.engine.backends._sound_pieces import SoundPieces
from studio.engine.backends.hibari_voice import HibariVoiceBackend
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from tests.engine.backend_contract import BackendContract, LoadRecorder, OneModel
from tests.fakes.job_context import RecordingContext
from tests.fakes.listener import Listener

STORY = (
    "The lighthouse keeper lit the lamp at dusk. Do you hear it?\n\n"
    "Tomorrow, at 9:30, we will paint the old boat blue."
)


def _request(prompt: str, **changes: Any) -> AudioRequest:
    return AudioRequest(
        **{"capability": Capability.AUDIO_SPEECH, "seed": 7, "prompt": prompt, **changes}
    )


class TestHibariContract(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return HibariVoiceBackend()

    def make_request(self, seed: int = 7) -> AudioRequest:
        return _request("The sea is calm. So is she.", seed=seed)

    def make_long_request(self) -> AudioRequest:
        return _request(" ".join(f"This is sentence number {n}." for n in range(40)))


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    backend = HibariVoiceBackend()
    info = next(iter(backend.models()))
    loaded = backend.load(info, Device(kind="cpu"), LoadRecorder())
    yield loaded
    loaded.unload()


def _speak(model: Any, prompt: str, **changes: Any) -> tuple[AudioArtifact, RecordingContext]:
    context = RecordingContext()
    artifact = model.generate(_request(prompt, **changes), context)
    assert isinstance(artifact, AudioArtifact)
    return artifact, context


def _loudness(artifact: AudioArtifact) -> float:
    return float(np.sqrt(np.mean(np.square(artifact.sound.array()))))


# What is offered


def test_only_voices_whose_files_are_here_are_offered() -> None:
    backend = HibariVoiceBackend()
    info = next(iter(backend.models()))
    assert [voice.id for voice in backend.voices_for(info)] == ["heart"]
    assert info.built_in and info.size_bytes > 1_000_000
    assert info.licence == "Apache-2.0"


def test_a_missing_package_or_file_is_no_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hibari_voice, "hibari_assets", lambda: None)
    assert list(HibariVoiceBackend().models()) == []
    (tmp_path / "voices.json").write_text('{"heart": {"file": "gone.onnx", "bytes": 1}}')
    monkeypatch.setattr(hibari_voice, "hibari_assets", lambda: tmp_path)
    assert list(HibariVoiceBackend().models()) == []
    (tmp_path / "voices.json").write_text("{")
    assert list(HibariVoiceBackend().models()) == []


def test_a_damaged_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "voices.json").write_text(
        '{"heart": {"file": "heart.onnx", "bytes": 9, "accent": "American", "gender": "female",'
        ' "language": "en-US"}}'
    )
    (tmp_path / "heart.onnx").write_bytes(b"no onnx!!")
    monkeypatch.setattr(hibari_voice, "hibari_assets", lambda: tmp_path)
    backend = HibariVoiceBackend()
    with pytest.raises(ModelDamagedError):
        backend.load(next(iter(backend.models())), Device(kind="cpu"), LoadRecorder())


def test_the_engine_takes_the_built_in_voice_when_none_is_named(tmp_path: Path) -> None:
    class Other(HibariVoiceBackend):
        """Another, smaller speaking model that the user added."""

        manifest = replaced(HibariVoiceBackend.manifest, id="other")

        def models(self) -> tuple[ModelInfo, ...]:
            return (ModelInfo(id="small", title="Small", path=tmp_path, format="hibari"),)

    engine = Engine(
        registry=Registry.of(Other(), HibariVoiceBackend()),
        store=OneModel(),
        settings=Computing(),
        queue_file=None,
        find_device=lambda settings: (Device(kind="cpu"), ""),
    )
    engine.start()
    try:
        engine.wait_until_settled()
        chosen = engine.default_model(Capability.AUDIO_SPEECH)
        assert chosen is not None and chosen.id == "hibari"
        assert [v.id for v in engine.voices_for(Capability.AUDIO_SPEECH)] == ["heart"]
        assert engine.voices_for(Capability.AUDIO_MUSIC) == ()
    finally:
        engine.close()


# What is spoken


def test_it_speaks_and_says_where_each_sentence_is(model: Any) -> None:
    artifact, context = _speak(model, STORY)
    assert artifact.sound.sampling_rate == 24_000
    assert artifact.sound.channels == 1
    assert 0.01 < _loudness(artifact) < 0.3
    assert [mark.text for mark in artifact.marks] == [
        "The lighthouse keeper lit the lamp at dusk.",
        "Do you hear it?",
        "Tomorrow, at 9:30, we will paint the old boat blue.",
    ]
    assert artifact.marks[0].start_s == 0
    assert artifact.marks[0].end_s == artifact.marks[1].start_s
    assert artifact.marks[2].start_s - artifact.marks[1].end_s == pytest.approx(0.4, abs=0.001)
    assert artifact.marks[2].end_s == pytest.approx(artifact.sound.duration_s)
    assert 5 < artifact.sound.duration_s < 12
    assert artifact.facts["voice"] == "Heart"
    assert context.steps == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert context.notices == []


def test_what_streams_is_the_sound(model: Any) -> None:
    artifact, context = _speak(model, STORY)
    assert b"".join(piece.samples for piece in context.sounds) == artifact.sound.samples
    assert len(context.sounds) >= 4
    assert all(piece.sampling_rate == 24_000 for piece in context.sounds)


def test_an_unchanged_sentence_sounds_the_same_wherever_it_is(model: Any) -> None:
    alone, _ = _speak(model, "Do you hear it?")
    among, _ = _speak(model, STORY)
    mark = among.marks[1]
    part = among.sound.array()[round(mark.start_s * 24_000) : round(mark.end_s * 24_000)]
    assert np.array_equal(part, alone.sound.array())


def test_a_seed_changes_the_breath_and_not_the_words(model: Any) -> None:
    one, other = (_speak(model, "Hello there.", seed=seed)[0] for seed in (1, 2))
    assert one.sound != other.sound
    assert one.sound.duration_s == other.sound.duration_s


@pytest.mark.parametrize(("speed", "used"), [(0.5, 0.5), (2.0, 2.0), (0.25, 0.5), (4.0, 2.0)])
def test_speed(model: Any, speed: float, used: float) -> None:
    plain, _ = _speak(model, STORY)
    changed, context = _speak(model, STORY, speed=speed)
    ratio = plain.sound.duration_s / changed.sound.duration_s
    assert ratio == pytest.approx(used, rel=0.25)
    assert [code for code, _ in context.notices] == ([] if speed == used else ["speed"])
    assert changed.facts["speed"] == f"{used:g}"


def test_pauses(model: Any) -> None:
    plain, _ = _speak(model, STORY, options={"paragraph_pause_s": 0.0})
    longer, _ = _speak(model, STORY, options={"sentence_pause_s": 1.0, "paragraph_pause_s": 2.0})
    assert longer.sound.duration_s - plain.sound.duration_s == pytest.approx(3.0, abs=0.001)


@pytest.mark.parametrize("wanted", ["heart", "Heart", " HEART ", ""])
def test_voices_by_name(model: Any, wanted: str) -> None:
    artifact, _ = _speak(model, "Hello.", voice=wanted)
    assert artifact.facts["voice"] == "Heart"


def test_refusals(model: Any) -> None:
    for request, said in (
        (_request("Hello.", voice="emma"), "no voice called “emma”"),
        (_request("Bonjour.", language="fr"), "English only"),
        (_request("Hello.", capability=Capability.AUDIO_MUSIC), "speaks texts"),
        (TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="A"), "speaks texts"),
        (_request("Hello.", options={"pitch": 2}), "pitch"),
    ):
        with pytest.raises(BadInputError, match=said):
            model.generate(request, RecordingContext())
    with pytest.raises(BadInputError):
        _request("  \n ")


# Hard texts


@pytest.mark.parametrize("text", ["…", "* * *", "😀 🎉", "Привет, мир!", "日本語です。", "“” — !"])
def test_a_text_without_english_words_is_refused_in_words(model: Any, text: str) -> None:
    with pytest.raises(BadInputError, match="no words"):
        _speak(model, text)


def test_what_is_left_out_is_told_and_the_rest_is_spoken(model: Any) -> None:
    artifact, context = _speak(model, "Hello 😀 there. Привет мир. Good night.")
    assert context.notices == [
        (
            "unspoken",
            (
                "This English voice leaves out what it cannot say: emoji (“😀”) and Cyrillic "
                "(“Привет мир”)."
            ),
        )
    ]
    assert [mark.text for mark in artifact.marks] == ["Hello 😀 there.", "Good night."]
    plain, _ = _speak(model, "Hello there. Good night.")
    assert artifact.sound.duration_s == pytest.approx(plain.sound.duration_s, abs=0.3)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("It is 9:30.", "It is nine thirty."),
        ("It costs $20, 5 apples too.", "It costs 20 dollars, 5 apples too."),
        ("α is small.", "Alpha is small."),
        ("The **old** boat.", "The old boat."),
        ("Ｈｅｌｌｏ there.", "Hello there."),
    ],
    ids=["time", "money", "greek", "markdown", "fullwidth"],
)
def test_what_is_written_short_is_read_in_full(model: Any, written: str, read: str) -> None:
    one, _ = _speak(model, written)
    other, _ = _speak(model, read)
    assert one.sound.samples == other.sound.samples


def test_a_sentence_without_an_end_is_said_in_pieces(model: Any) -> None:
    text = "and then the sea went on and on " * 60
    artifact, context = _speak(model, text)
    assert len(artifact.marks) == 1
    assert len(context.sounds) > 5
    assert max(piece.duration_s for piece in context.sounds) < 40
    assert artifact.sound.duration_s > 80
    quiet = np.abs(artifact.sound.array()[:, 0]) < 0.01
    longest = max(sum(1 for _ in run) for silent, run in itertools.groupby(quiet) if silent)
    assert longest < 0.5 * 24_000, "the cuts leave no holes"


def test_a_word_without_an_end_is_said_whole(model: Any) -> None:
    short, _ = _speak(model, "mississippi" * 3)
    long, _ = _speak(model, "mississippi" * 30)
    assert long.sound.duration_s > 5 * short.sound.duration_s


def test_a_book_streams_from_its_first_sentence_and_stops_within_one(model: Any) -> None:
    book = "The lighthouse keeper lit the lamp at dusk, and the sea answered. " * 8500
    assert len(book.split()) > 100_000
    context = RecordingContext(cancel_after=7)
    started = time.perf_counter()
    with pytest.raises(JobCancelled):
        model.generate(_request(book), context)
    assert time.perf_counter() - started < 10
    assert len(context.sounds) == 7
    assert context.steps[0] == (0, 8500)
    assert len(context.steps) == 8


def test_it_stops_in_the_middle_of_a_long_sentence(model: Any) -> None:
    context = RecordingContext(cancel_after=12)
    with pytest.raises(JobCancelled):
        model.generate(_request("and the sea went on and on " * 200), context)
    assert len(context.sounds) == 12
    assert context.steps == [(0, 1)]


@pytest.mark.parametrize("looks", range(1, 5))
def test_loading_stops_in_every_phase(looks: int) -> None:
    backend = HibariVoiceBackend()
    info = next(iter(backend.models()))
    with pytest.raises(JobCancelled):
        backend.load(info, Device(kind="cpu"), LoadRecorder(cancel_at=looks))


# Long sounds


def test_a_long_sound_leaves_memory_for_a_file(tmp_path: Path) -> None:
    pieces = SoundPieces(1000, held_bytes=8_000, folder=tmp_path)
    noise = np.random.default_rng(1).uniform(-1, 1, (10, 1000)).astype(np.float32)
    for part in noise:
        pieces.add(part)
    assert pieces.seconds == 10
    sound = pieces.sound()
    pieces.close()
    assert sound.duration_s == 10
    assert np.array_equal(sound.array()[:, 0], noise.reshape(-1))
    assert sound.samples[4:8] == noise.reshape(-1)[1:2].tobytes()
    assert list(tmp_path.iterdir()) == [] or os.name == "nt", "the file has no name"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    pieces = SoundPieces(1000, held_bytes=4, folder=tmp_path)
    pieces.add(np.zeros(1, np.float32))
    pieces.add(np.zeros(100, np.float32))

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            """Nothing is open."""

    file = pieces._file
    assert file is not None
    file.close()
    monkeypatch.setattr(pieces, "_file", Full())
    with pytest.raises(DiskFullError, match="making a long sound"):
        pieces.add(np.zeros(100, np.float32))
    pieces.close()


# Through the engine


def test_the_first_sound_comes_before_the_rest_is_made() -> None:
    engine = Engine(
        registry=Registry.of(HibariVoiceBackend()),
        store=OneModel(),
        settings=Computing(),
        queue_file=None,
        find_device=lambda settings: (Device(kind="cpu"), ""),
    )
    engine.start()
    listener = Listener(engine)
    try:
        engine.wait_until_settled()
        end = listener.run(_request(STORY, model="hibari"))
        assert isinstance(end, Finished)
        kinds = [type(event).__name__ for event in listener.of(end.job_id)]
        assert kinds.index("AudioChunk") < len(kinds) - 4
        heard = [e.sound.samples for e in listener.of(end.job_id) if isinstance(e, AudioChunk)]
        assert isinstance(end.artifact, AudioArtifact)
        assert b"".join(heard) == end.artifact.sound.samples
    finally:
        listener.unsubscribe()
        engine.close()

"""Models that speak in a lent voice, and MusicGen that follows a melody: real classes, toy size."""

from __future__ import annotations

import io
import json
import logging
import operator
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from studio.core.artifacts import AudioArtifact
from studio.core.errors import (
    BadInputError,
    ModelDamagedError,
    ModelError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.core.inputs import InputRef
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Backend, Device, JobCancelled, ModelInfo
from studio.engine.backends.transformers_audio import TransformersAudioBackend
from studio.models.identify import identify
from studio.models.store import ModelStore
from tests.engine.backend_contract import BackendContract
from tests.engine.test_sound_models import CLONING, SPEECH, Beside, asked, heard, loaded
from tests.fakes.job_context import RecordingContext
from tests.fakes.lent_voices import kept_voice
from tests.fakes.toy_sounds import sound_folder, sound_model
from tests.fakes.toy_speakers import CSM_RATE, DIA_RATE, POCKET_RATE, VIBE_RATE

# diffusers' schedulers ask numpy for arrays in a way that torch does not know yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

CPU = Device(kind="cpu", threads=1)
RATES = {"pocket-tts": POCKET_RATE, "csm": CSM_RATE, "dia": DIA_RATE, "vibevoice": VIBE_RATE}
GIVEN_RATE = 8000
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}"


@pytest.fixture(autouse=True)
def quiet_libraries() -> Iterator[None]:
    """Toys have odd vocabularies, of which transformers warns each time."""
    log = logging.getLogger("transformers")
    before = log.level
    log.setLevel(logging.ERROR)
    yield
    log.setLevel(before)


def reading(seed: int = 0, seconds: float = 2.0, channels: int = 1) -> bytes:
    """Return a file of somebody speaking, as far as a toy can tell."""
    chance = np.random.default_rng(seed)
    samples = chance.normal(0, 0.1, (round(seconds * GIVEN_RATE), channels)).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, samples, GIVEN_RATE, format="WAV", subtype="FLOAT")
    return file.getvalue()


def put(ctx: RecordingContext, sound: bytes) -> InputRef:
    return ctx.inputs.put(sound, "audio/wav")


def lent(kind: str, ctx: RecordingContext, sound: bytes, **values: Any) -> AudioRequest:
    voice = kept_voice(audio=put(ctx, sound), text="I am Ada, and I lend my voice.")
    return asked(kind, "The lamp.", kept_voice=voice, **values)


def codec_of(kind: str, model: Any) -> Any:
    sounder = model._sounder
    own = {"csm": "codec_model", "vibevoice": "model.audio_tower"}
    return operator.attrgetter(own[kind])(sounder.network) if kind in own else sounder._codec


class TestPocketTts(BackendContract):
    artifact_type = AudioArtifact

    def make_backend(self) -> Backend:
        return TransformersAudioBackend()

    def make_model(self) -> ModelInfo:
        return sound_model("pocket-whole")

    def make_request(self, seed: int = 7) -> AudioRequest:
        return asked("pocket-tts", "The lamp is lit.", seed=seed)

    def make_long_request(self) -> AudioRequest:
        return asked("pocket-tts", "The lamp is lit. So is the sea. All is well.")


@pytest.mark.parametrize("kind", SPEECH)
def test_only_some_clone(kind: str) -> None:
    assert TransformersAudioBackend().clones(sound_model(kind)) is (kind in CLONING)


@pytest.mark.parametrize("kind", CLONING)
def test_a_lent_voice_changes_what_is_heard(kind: str) -> None:
    model, ctx = loaded(kind), RecordingContext()
    ada = heard(model, lent(kind, ctx, reading(0)), ctx)
    assert ada.sound.samples
    assert ada.facts == {}  # whose voice it is and the consent are for the engine to say
    assert heard(model, lent(kind, ctx, reading(0)), ctx).sound == ada.sound
    assert heard(model, lent(kind, ctx, reading(1)), ctx).sound != ada.sound
    assert heard(model, asked(kind, "The lamp."), ctx).sound != ada.sound


@pytest.mark.parametrize("kind", CLONING)
def test_the_reading_reaches_the_codec_at_its_rate(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, ctx = loaded(kind), RecordingContext()
    codec, given = codec_of(kind, model), []
    encode = codec.encode

    def listening(sound: Any, *rest: Any, **more: Any) -> Any:
        given.append(sound.reshape(-1).clone().numpy())
        return encode(sound, *rest, **more)

    monkeypatch.setattr(codec, "encode", listening)
    heard(model, lent(kind, ctx, reading(0, channels=2)), ctx)
    samples, _ = soundfile.read(io.BytesIO(reading(0, channels=2)), dtype="float32")
    expected = soxr.resample(samples.mean(axis=1), GIVEN_RATE, RATES[kind], quality="HQ")
    length = round(1.8 * RATES[kind])  # what follows may be faded out and padded
    assert len(given[0]) / RATES[kind] == pytest.approx(2.0, abs=0.25)
    np.testing.assert_allclose(given[0][:length], expected[:length], atol=2e-3)


def test_a_voice_is_listened_to_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, ctx = loaded("pocket-tts"), RecordingContext()
    codec, count = codec_of("pocket-tts", model), 0
    encode = codec.encode

    def counted(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        return encode(*given, **more)

    monkeypatch.setattr(codec, "encode", counted)
    first = heard(model, lent("pocket-tts", ctx, reading(0)), ctx)
    assert heard(model, lent("pocket-tts", ctx, reading(0)), ctx).sound == first.sound
    assert count == 1
    for seed in range(1, 9):  # more than are remembered
        heard(model, lent("pocket-tts", ctx, reading(seed)), ctx)
    assert heard(model, lent("pocket-tts", ctx, reading(0)), ctx).sound == first.sound
    assert count == 10


@pytest.mark.parametrize("kind", CLONING)
def test_another_sound_is_never_taken_as_a_voice(kind: str) -> None:
    model, ctx = loaded(kind), RecordingContext()
    plain = heard(model, asked(kind, "The lamp."), ctx)
    with_sound = asked(kind, "The lamp.", audio=put(ctx, reading(3)))
    assert heard(model, with_sound, ctx).sound == plain.sound
    assert [code for code, _ in ctx.notices] == ["audio"]


@pytest.mark.parametrize("kind", ["vits", "bark"])
def test_models_with_voices_of_their_own_refuse_a_lent_one(kind: str) -> None:
    ctx = RecordingContext()
    with pytest.raises(BadInputError, match="lent"):
        loaded(kind).generate(lent(kind, ctx, reading()), ctx)


@pytest.mark.parametrize("kind", CLONING)
def test_a_job_in_a_lent_voice_stops_within_a_step(kind: str) -> None:
    model, ctx = loaded(kind), RecordingContext(cancel_after=3)
    with pytest.raises(JobCancelled):
        model.generate(lent(kind, ctx, reading()), ctx)
    assert ctx.checkpoints == 3


@pytest.mark.parametrize("kind", CLONING)
def test_progress_is_told_inside_a_sentence_and_never_goes_back(kind: str) -> None:
    ctx = RecordingContext()
    heard(loaded(kind), asked(kind, "The lamp is lit, and so is the sea."), ctx)
    shares = [step / total for step, total in ctx.steps]
    assert shares == sorted(shares)
    assert any(0.1 < share < 0.9 for share in shares)


@pytest.mark.parametrize("kind", ["csm", "dia", "vibevoice"])
def test_one_who_spoke_first_speaks_on(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = loaded(kind)
    seen = []
    speak = model._sounder.samples

    def listening(text: str, wanted: Any) -> Any:
        seen.append((text, wanted.example))
        return speak(text, wanted)

    monkeypatch.setattr(model._sounder, "samples", listening)
    artifact = heard(model, asked(kind, "The lamp. So it is. The sea."), RecordingContext())
    examples = [example for _, example in seen]
    assert examples[0] is None
    assert examples[1] is examples[2] is not None
    assert examples[1].text == seen[0][0]
    first = artifact.sound.array()[: len(examples[1].samples)]
    np.testing.assert_array_equal(first.reshape(-1), examples[1].samples)


def test_voices_in_the_folder_are_offered() -> None:
    model = loaded("pocket-tts")
    voices = TransformersAudioBackend().voices_for(sound_model("pocket-tts"))
    assert [voice.title for voice in voices] == ["Alba", "Marius k"]
    alba = heard(model, asked("pocket-tts", "The lamp.", voice="alba"), RecordingContext())
    other = heard(model, asked("pocket-tts", "The lamp.", voice="Marius k"), RecordingContext())
    assert alba.sound != other.sound
    assert other.facts == {"voice": "Marius k"}
    assert len(TransformersAudioBackend().voices_for(sound_model("csm"))) > 1


def test_a_folder_without_voices_speaks_only_in_lent_ones(tmp_path: Path) -> None:
    folder = tmp_path / "pocket"
    shutil.copytree(sound_folder("pocket-whole"), folder)
    shutil.rmtree(folder / "voices")
    model = TransformersAudioBackend().load(identify(folder), CPU, Beside())
    with pytest.raises(ModelError, match="no speaker"):
        model.generate(asked("pocket-tts"), RecordingContext())
    ctx = RecordingContext()
    assert heard(model, lent("pocket-tts", ctx, reading()), ctx).sound.samples


def test_a_file_that_holds_no_voice_is_told(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    folder = tmp_path / "pocket"
    shutil.copytree(sound_folder("pocket-whole"), folder)
    save_file(
        {"keys": torch.ones(1, 2), "values": torch.ones(1, 2)}, folder / "voices/a.safetensors"
    )
    (folder / "voices/b.safetensors").write_bytes(b"no safetensors")
    model = TransformersAudioBackend().load(identify(folder), CPU, Beside())
    for voice in "ab":
        with pytest.raises(ModelDamagedError):
            model.generate(asked("pocket-tts", voice=voice), RecordingContext())


@pytest.mark.parametrize(("kind", "codec"), [("pocket-tts", "codec"), ("dia", "DAC of 3.2 kHz")])
def test_a_missing_codec_is_told(kind: str, codec: str) -> None:
    near = Beside(sound_model("hifigan"), sound_model("dac-other"))
    with pytest.raises(ModelError, match=codec) as told:
        TransformersAudioBackend().load(sound_model(kind), CPU, near)
    assert "folder" in told.value.hint


@pytest.mark.parametrize("kind", ["pocket-whole", "csm", "vibevoice"])
@pytest.mark.parametrize(
    "template",
    [
        "",
        "{% for m in messages %}{{ m['content'] }}{% endfor %}",
        "{% if %}",
        "{{ 1 / 0 }}",
        ENDLESS,
    ],
)
def test_a_folder_that_lays_texts_out_otherwise_is_told(
    kind: str, template: str, tmp_path: Path
) -> None:
    folder = tmp_path / "voice"
    shutil.copytree(sound_folder(kind), folder)
    (folder / "chat_template.jinja").write_text(template)
    if not template:
        (folder / "chat_template.jinja").unlink()
    with pytest.raises((ModelDamagedError, UnsupportedModelError)):
        TransformersAudioBackend().load(identify(folder), CPU, Beside())


def test_a_codec_is_read_from_nowhere_but_here(tmp_path: Path) -> None:
    """What a processor's file names is not followed: a pickle there would be opened."""
    folder = tmp_path / "voice"
    shutil.copytree(sound_folder("pocket-tts"), folder)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(sound_folder("pocket-codec"), elsewhere)
    told = (folder / "processor_config.json").read_text()
    (folder / "processor_config.json").write_text(
        told.replace("somebody/somewhere-else", str(elsewhere))
    )
    with pytest.raises(ModelError, match="codec"):
        TransformersAudioBackend().load(identify(folder), CPU, Beside())


def test_a_folder_with_its_codec_inside_is_one_model() -> None:
    store = ModelStore([sound_folder("pocket-whole")])
    assert [model.architecture for model in store.models()] == ["PocketTTSForConditionalGeneration"]


@pytest.mark.parametrize("kind", CLONING)
@pytest.mark.parametrize("sound", [reading(seconds=0.1), b"no sound", reading()[:60]])
def test_a_reading_in_which_nothing_is_heard_is_told(kind: str, sound: bytes) -> None:
    ctx = RecordingContext()
    with pytest.raises(BadInputError):
        loaded(kind).generate(lent(kind, ctx, sound), ctx)


def test_a_reading_too_long_for_dia_is_told() -> None:
    model: Any = loaded("dia")
    model._sounder._most_moments = 100
    ctx = RecordingContext()
    with pytest.raises(BadInputError, match="too long"):
        model.generate(lent("dia", ctx, reading(seconds=7)), ctx)


def test_options_have_the_folders_defaults_and_reasons() -> None:
    backend = TransformersAudioBackend()

    def of(kind: str) -> dict[str, Any]:
        infos = backend.options_for(sound_model(kind), Capability.AUDIO_SPEECH)
        return {info.name: info.unused or info.default for info in infos}

    pocket, dia = of("pocket-tts"), of("dia")
    assert (pocket["temperature"], pocket["num_inference_steps"]) == (0.8, 2)
    assert "list" in pocket["top_k"] and "guidance" in pocket["guidance_scale"]
    assert (dia["temperature"], dia["guidance_scale"], dia["top_k"]) == (1.3, 3.0, 40)
    assert of("csm")["temperature"] == 0.85
    infos = backend.options_for(sound_model("dia"), Capability.AUDIO_SPEECH)
    assert {info.name: info.ge for info in infos}["temperature"] == 1.0


@pytest.mark.parametrize("kind", ["pocket-tts", "csm", "dia"])
def test_temperature_is_used(kind: str) -> None:
    model = loaded(kind)
    calm = asked(kind, "The lamp.", options={"temperature": 1.0})
    daring = asked(kind, "The lamp.", options={"temperature": 2.0})
    assert (
        heard(model, calm, RecordingContext()).sound
        != heard(model, daring, RecordingContext()).sound
    )


#: The least and the most of every option.
_ENDS = (
    {"temperature": 2.0, "top_k": 0, "top_p": 0.05, "guidance_scale": 1.0},
    {"temperature": 1.0, "top_k": 2048, "top_p": 1.0, "guidance_scale": 15.0},
    {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "guidance_scale": 15.0},
)


@pytest.mark.parametrize("kind", [*CLONING, "bark", "musicgen", "musicgen-melody"])
@pytest.mark.parametrize("ends", _ENDS)
def test_options_can_be_set_to_their_ends(kind: str, ends: dict[str, float]) -> None:
    model, ctx = loaded(kind), RecordingContext()
    options = {**ends, "num_inference_steps": 2}
    assert heard(model, asked(kind, "The lamp.", options=options), ctx).sound.samples


def test_weights_that_are_no_safetensors_are_never_opened(tmp_path: Path) -> None:
    folder = tmp_path / "voice"
    shutil.copytree(sound_folder("vits"), folder)
    info = identify(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps({**config, "transformers_weights": "adapter_model.bin"})
    )
    (folder / "adapter_model.bin").write_bytes(b"a pickle")
    with pytest.raises(UnsafeFileError):
        TransformersAudioBackend().load(info, CPU, Beside())


def test_an_estimate_counts_the_codec() -> None:
    backend = TransformersAudioBackend()
    pocket, csm = sound_model("pocket-tts"), sound_model("csm")
    beside = backend.estimate_bytes(pocket, CPU) - 4 * pocket.parameters
    assert beside > backend.estimate_bytes(csm, CPU) - 4 * csm.parameters


def test_a_model_that_stays_silent_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = loaded("csm")
    monkeypatch.setattr(model._sounder, "samples", lambda text, wanted: np.zeros(0, np.float32))
    with pytest.raises(BadInputError, match="said nothing"):
        model.generate(asked("csm"), RecordingContext())


# Dia's dialogues


def test_each_sentence_of_a_dialogue_says_who_speaks() -> None:
    sounder: Any = loaded("dia")._sounder  # type: ignore[attr-defined]
    text = "It is late. [S2] So it is! Come in. [S1] Thank you. [S2] * * *"
    assert [each.text for each in sounder.plan(text)] == [
        "[S1] It is late.",
        "[S2] So it is!",
        "[S2] Come in.",
        "[S1] Thank you.",
    ]
    long = sounder.pieces("[S2] " + "So it is, and so it was. " * 30, None)
    assert len(long) > 2
    assert all(piece.startswith("[S2] ") for piece in long)


def test_who_speaks_on_is_not_named_again() -> None:
    from studio.engine.backends._sounder_dia_impl import joined

    assert joined("I am Ada.", "[S1] The lamp.") == "[S1] I am Ada. The lamp."
    assert joined("I am Ada.", "[S2] The lamp.") == "[S1] I am Ada. [S2] The lamp."
    assert joined("[S1] A. [S2] B.", "[S2] C.") == "[S1] A. [S2] B. C."


def test_marks_hold_the_words_of_the_text() -> None:
    artifact = heard(loaded("dia"), asked("dia", "[S2] The lamp. So it is."), RecordingContext())
    assert [mark.text for mark in artifact.marks] == ["[S2] The lamp.", "So it is."]


# A melody


def test_a_melody_changes_the_music() -> None:
    model, ctx = loaded("musicgen-melody"), RecordingContext()
    plain = heard(model, asked("musicgen-melody"), ctx)
    tuned = asked("musicgen-melody", audio=put(ctx, reading(1)))
    assert heard(model, tuned, ctx).sound != plain.sound
    assert heard(model, tuned, ctx).sound == heard(model, tuned, ctx).sound
    assert not ctx.notices


def test_music_that_follows_no_melody_says_so() -> None:
    model, ctx = loaded("musicgen"), RecordingContext()
    heard(model, asked("musicgen", audio=put(ctx, reading(1))), ctx)
    assert [code for code, _ in ctx.notices] == ["audio"]


@pytest.mark.parametrize(("hertz", "note"), [(261.63, 0), (440.0, 9), (880.0, 9), (493.88, 11)])
def test_the_note_of_a_tone_is_found(hertz: float, note: int) -> None:
    from studio.engine.backends._sounder_music_impl import chroma

    times = np.arange(32_000 * 2) / 32_000
    tone = (0.3 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
    found = chroma(tone, sampling_rate=32_000, bins=12, n_fft=16_384, hop_length=4096)
    assert found.shape == (16, 12)
    assert found.sum(dim=1).eq(1).all()
    assert set(found.argmax(dim=1).tolist()[2:-2]) == {note}


def test_the_melody_is_listened_to_as_transformers_does() -> None:
    """Its own extractor needs torchaudio; what it says of this sound was written down once."""
    from studio.engine.backends._sounder_music_impl import chroma

    noise = np.random.default_rng(1).normal(0, 0.2, 100_000).astype(np.float32)
    found = chroma(noise, sampling_rate=32_000, bins=12, n_fft=16_384, hop_length=4096)
    notes = [8, 8, 8, 10, 10, 10, 10, 9, 10, 8, 8, 10, 8, 8, 8, 9, 9, 8, 10, 8, 8, 7, 9, 10, 6]
    assert found.argmax(dim=1).tolist() == notes

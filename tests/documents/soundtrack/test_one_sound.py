from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BadInputError, StorageError
from studio.core.media import Sound
from studio.core.provenance import read, record_of
from studio.core.provenance.record import ProvenanceRecord
from studio.core.requests import AudioRequest, Capability
from studio.documents.soundtrack.formats import FORMATS, ExportOptions
from studio.documents.soundtrack.one_sound import write_sound

REQUEST = AudioRequest(capability=Capability.AUDIO_SPEECH, seed=3, prompt="Good night.")


def tone(seconds: float = 1.5, rate: int = 24_000, channels: int = 1) -> Sound:
    at = np.arange(round(seconds * rate)) / rate
    one = 0.3 * np.sin(2 * np.pi * 440 * at)
    return Sound.of(np.repeat(one[:, None], channels, axis=1), rate)


def record(sound: Sound) -> ProvenanceRecord:
    artifact = AudioArtifact(request=REQUEST, model="hibari", backend="hibari-voice", sound=sound)
    return record_of(artifact, model_title="Hibari", licence="Apache-2.0")


@pytest.mark.parametrize("format", [each.id for each in FORMATS])
def test_the_consent_to_a_cloned_voice_is_in_comment_and_record(
    tmp_path: Path, format: str
) -> None:
    options = ExportOptions(format=format, bit_depth="16", comment="Mine")
    path = tmp_path / f"said{options.sound_format.suffix}"
    with_consent = replace(record(tone()), consent="Voice of Ada, cloned with her consent.")
    write_sound(tone(), path, options, record=with_consent)
    with soundfile.SoundFile(path) as file:
        assert file.comment == "Mine\nVoice of Ada, cloned with her consent."
    found = read(path)
    assert found is not None and found.consent == "Voice of Ada, cloned with her consent."


@pytest.mark.parametrize("format", [each.id for each in FORMATS])
def test_every_format_holds_the_sound_and_says_where_it_came_from(
    tmp_path: Path, format: str
) -> None:
    sound = tone()
    options = ExportOptions(format=format, title="Nächtlich", bit_depth="16", dither=False)
    path = tmp_path / f"said{options.sound_format.suffix}"
    assert write_sound(sound, path, options, record=record(sound)) == ""
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == 24_000
    assert samples.shape[1] == 1
    assert len(samples) / rate == pytest.approx(1.5, abs=0.06)
    middle = samples[rate // 2 : rate // 2 + 4800, 0]
    assert float(np.sqrt(np.mean(np.square(middle)))) == pytest.approx(0.3 / 2**0.5, rel=0.1)
    found = read(path)
    assert found is not None
    assert (found.model, found.kind) == ("hibari", "audio")
    assert "Good night." in found.request
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_lossless_formats_hold_every_sample(tmp_path: Path) -> None:
    sound = tone(channels=2)
    path = tmp_path / "said.wav"
    write_sound(sound, path, ExportOptions(format="wav", bit_depth="float"))
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert np.array_equal(samples, sound.array())
    write_sound(sound, path, ExportOptions(format="wav", bit_depth="float", mono=True))
    assert soundfile.info(path).channels == 1


def test_a_rate_the_format_lacks_becomes_the_next_better_one(tmp_path: Path) -> None:
    path = tmp_path / "said.opus"
    write_sound(tone(rate=22_050), path, ExportOptions(format="opus"))
    assert soundfile.info(path).samplerate == 24_000


def test_without_the_prompt_the_mark_stays(tmp_path: Path) -> None:
    sound = tone(0.2)
    path = tmp_path / "said.flac"
    options = ExportOptions(format="flac", with_prompt=False)
    write_sound(sound, path, options, record=record(sound))
    found = read(path)
    assert found is not None and found.model == "hibari"
    assert b"Good night" not in path.read_bytes()


def test_what_a_wav_file_cannot_hold_is_told_before_it_is_written(tmp_path: Path) -> None:
    class Endless(Sound):
        @property
        def duration_s(self) -> float:
            return 100_000.0

    sound = tone(0.1)
    endless = Endless(sampling_rate=24_000, samples=sound.samples)
    with pytest.raises(BadInputError, match="4 GB"):
        write_sound(endless, tmp_path / "long.wav", ExportOptions(format="wav"))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError):
        write_sound(tone(0.1), tmp_path / "file" / "said.flac", ExportOptions())
    assert (tmp_path / "file").read_text() == "not a folder"
    options = replace(ExportOptions(), format="flac")
    (tmp_path / "said.flac").mkdir()
    with pytest.raises(StorageError):
        write_sound(tone(0.1), tmp_path / "said.flac", options)
    assert {file.name for file in tmp_path.iterdir()} == {"file", "said.flac"}

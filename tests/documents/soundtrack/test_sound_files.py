from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import BadInputError, StorageError
from studio.documents.soundtrack.resampling import resampled, resampled_whole
from studio.documents.soundtrack.sound_files import (
    SoundFileReader,
    read_all,
    to_two_channels,
)
from tests.documents.soundtrack.conftest import RATE, noise, sixteen_bits, tone, write_wav


@pytest.mark.parametrize(
    ("name", "container", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("b.wav", "WAV", "PCM_24"),
        ("c.wav", "WAV", "FLOAT"),
        ("d.flac", "FLAC", "PCM_24"),
        ("e.ogg", "OGG", "VORBIS"),
        ("f.opus", "OGG", "OPUS"),
        ("g.mp3", "MP3", "MPEG_LAYER_III"),
        ("h.aiff", "AIFF", "PCM_16"),
    ],
)
def test_every_format_is_read_whole(
    tmp_path: Path, name: str, container: str, subtype: str
) -> None:
    given = tone(3 * RATE, channels=2)
    with soundfile.SoundFile(tmp_path / name, "w", RATE, 2, subtype, format=container) as file:
        for at in range(0, len(given), 4096):
            file.write(given[at : at + 4096])
    samples, rate, notices = read_all(tmp_path / name)
    assert (rate, samples.shape, notices) == (RATE, given.shape, ())
    middle = slice(RATE, 2 * RATE)
    assert np.sqrt(np.mean((samples[middle] - given[middle]) ** 2)) < 0.02
    at_once, _ = soundfile.read(tmp_path / name, dtype="float32", always_2d=True)
    assert np.array_equal(samples, at_once), "blocks are what reading in one go gives"


@pytest.mark.parametrize("rate", [8_000, 44_100, 384_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_any_rate_and_any_channels_are_read(tmp_path: Path, rate: int, channels: int) -> None:
    path = write_wav(tmp_path / "a.wav", noise(rate // 10, channels), rate=rate)
    with SoundFileReader(path) as reader:
        blocks = list(reader.blocks())
    assert (reader.sampling_rate, reader.channels) == (rate, channels)
    assert sum(map(len, blocks)) == rate // 10
    assert to_two_channels(blocks[0]).shape[1] == min(2, channels)
    assert any("mixed to two" in notice for notice in reader.notices) == (channels > 2)


@pytest.mark.parametrize("channels", range(3, 12))
def test_mixing_to_two_channels_never_gets_louder_and_keeps_sides_apart(channels: int) -> None:
    loud = np.ones((10, channels), np.float32)
    assert np.abs(to_two_channels(loud)).max() <= 1.0 + 1e-6
    left = np.zeros((10, channels), np.float32)
    left[:, 0] = 1.0
    assert to_two_channels(left)[0, 0] > 0 and to_two_channels(left)[0, 1] == 0


def test_what_is_no_number_is_silent_and_said(tmp_path: Path) -> None:
    samples = noise(10_000)
    samples[5, 0], samples[6, 1], samples[7, 0] = np.nan, np.inf, -np.inf
    path = write_wav(tmp_path / "bad.wav", samples, subtype="FLOAT")
    read, _, notices = read_all(path)
    assert np.isfinite(read).all() and read[5, 0] == read[6, 1] == read[7, 0] == 0
    assert notices == ("bad.wav had 3 samples that are no numbers; they are silent.",)


def test_what_is_louder_than_full_scale_is_kept_and_said(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "loud.wav", tone(1000, level=3.0), subtype="FLOAT")
    read, _, notices = read_all(path)
    assert read.max() > 2.9
    assert "louder than full scale" in notices[0]


@pytest.mark.parametrize("kind", ["FLAC", "WAV", "MP3"])
def test_a_file_that_is_cut_off_gives_what_is_there_and_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"cut.{kind.lower()}"
    soundfile.write(path, noise(4 * RATE), RATE, format=kind)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    samples, _, notices = read_all(path)
    assert 1.8 * RATE < len(samples) < 2.2 * RATE
    assert len(notices) == 1 and "cut off" in notices[0]


def test_damage_in_the_middle_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "hurt.flac"
    soundfile.write(path, noise(2 * RATE), RATE)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    samples, _, notices = read_all(path)
    assert len(samples) > 0.5 * RATE
    assert all(np.isfinite(samples).ravel())
    assert len(samples) == 2 * RATE or notices


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.wav", b"This is a shopping list, with eggs and milk on it.\n" * 9, "is a text"),
        ("short.wav", b"hi", "is a text"),
        ("nothing.wav", b"", "is empty"),
        ("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(300), "is no sound"),
        ("half.wav", b"RIFF\xff\xff\x00\x00WAVEfmt ", "is no sound"),
    ],
)
def test_what_is_no_sound_says_so_in_a_sentence(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInputError) as caught:
        read_all(path)
    assert words in caught.value.user_message and name in caught.value.user_message
    assert caught.value.hint
    with pytest.raises(BadInputError):
        read_all(io.BytesIO(content), name)


def test_a_sound_without_a_sample_and_one_with_a_single_one(tmp_path: Path) -> None:
    write_wav(tmp_path / "none.wav", noise(0))
    with pytest.raises(BadInputError, match=r"no sound in none\.wav"):
        read_all(tmp_path / "none.wav")
    one = sixteen_bits(noise(1))
    samples, _, _ = read_all(write_wav(tmp_path / "one.wav", one))
    assert np.array_equal(samples, one)


def test_a_missing_file_and_a_folder_are_the_systems_fault(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.wav", tmp_path):
        with pytest.raises(StorageError):
            SoundFileReader(path)


@pytest.mark.parametrize("rates", [(44_100, 48_000), (24_000, 48_000), (384_000, 48_000)])
def test_resampling_keeps_pitch_and_length_and_does_not_depend_on_blocks(
    rates: tuple[int, int],
) -> None:
    given, wanted = rates
    wave = np.sin(2 * np.pi * 1000 * np.arange(given) / given).astype(np.float32)[:, np.newaxis]
    blocks = [wave[at : at + 5000] for at in range(0, len(wave), 5000)]
    out = np.concatenate(list(resampled(blocks, given, wanted, 1)))
    assert abs(len(out) - wanted) <= 1
    ideal = np.sin(2 * np.pi * 1000 * np.arange(len(out)) / wanted)
    middle = slice(1000, len(out) - 1000)
    assert np.abs(out[middle, 0] - ideal[middle]).max() < 0.001
    whole = resampled_whole(wave, given, wanted)
    assert np.abs(out[middle] - whole[: len(out)][middle]).max() < 0.001

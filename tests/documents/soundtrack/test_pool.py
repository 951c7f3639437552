from __future__ import annotations

import contextlib
import errno
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError, DiskFullError
from studio.core.media import Sound
from studio.core.provenance import ProvenanceRecord, embed
from studio.documents.soundtrack import parts as parts_module
from studio.documents.soundtrack.packing import packed_samples, sound_bytes
from studio.documents.soundtrack.parts import PartsFile, store_file
from studio.documents.soundtrack.pcm_cache import PcmCache
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.work import Work, WorkCancelled
from tests.documents.soundtrack.conftest import (
    RATE,
    MemoryParts,
    noise,
    sixteen_bits,
    tone,
)

WriteWav = Callable[..., Path]


def test_a_wav_is_kept_as_flac_and_read_bit_for_bit(pool, parts, wav: WriteWav) -> None:
    given = sixteen_bits(noise(70_000))
    source = pool.add_file(wav(given, "take one.wav"))
    assert (source.title, source.duration, source.channels) == ("take one.wav", 70_000, 2)
    assert source.media_type == "audio/flac"
    assert source.size_bytes < given.size * 2
    assert np.array_equal(pool.read(source.sha256, 0, 70_000), given)
    kept, _ = soundfile.read(io.BytesIO(pool.content(source.sha256)), dtype="float32")
    assert np.array_equal(kept, given)


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_24_bits_and_floats_stay_what_they_are(tmp_path: Path, pool, subtype: str) -> None:
    path = tmp_path / "fine.wav"
    soundfile.write(path, noise(5000, 1), RATE, subtype)
    exact, _ = soundfile.read(path, dtype="float32", always_2d=True)
    source = pool.add_file(path)
    assert np.array_equal(pool.read(source.sha256, 0, 5000), exact)
    assert source.media_type == ("audio/flac" if subtype == "PCM_24" else "audio/wav")


def test_compressed_files_are_kept_as_they_came(tmp_path: Path, pool) -> None:
    path = tmp_path / "song.ogg"
    soundfile.write(path, tone(RATE), RATE)
    source = pool.add_file(path)
    assert pool.content(source.sha256) == path.read_bytes()
    assert source.media_type == "audio/ogg"
    assert source.duration == RATE


def test_reading_outside_a_sound_is_silence(pool, wav: WriteWav) -> None:
    given = sixteen_bits(noise(1000))
    source = pool.add_file(wav(given))
    read = pool.read(source.sha256, -10, 1030)
    assert not read[:10].any() and not read[1010:].any()
    assert np.array_equal(read[10:1010], given)
    assert not pool.read(source.sha256, 5000, 7).any()
    assert pool.read(source.sha256, -50, 7).shape == (7, 2)


def test_another_rate_is_resampled_and_many_channels_are_mixed(
    tmp_path: Path, pool, wav: WriteWav
) -> None:
    source = pool.add_file(wav(noise(44_100, 8), rate=44_100))
    assert abs(source.duration - RATE) <= 1
    assert pool.read(source.sha256, 0, 10).shape == (10, 2)
    assert any("8 channels" in notice for notice in source.notices)
    small = pool.add_file(wav(noise(38_400, 1), "fast.wav", rate=384_000))
    assert small.duration == 4800


def test_one_sample_is_a_sound_and_none_is_not(pool, parts, wav: WriteWav) -> None:
    assert pool.add_file(wav(noise(1))).duration == 1
    before = dict(parts.pieces)
    with pytest.raises(BadInputError, match="no sound"):
        pool.add_file(wav(noise(0), "none.wav"))
    assert parts.pieces == before


def test_what_a_model_made_is_kept_with_24_bits_or_as_floats(pool) -> None:
    quiet = pool.add_sound(Sound.of(tone(2400)[:, 0], 24_000), "Spoken")
    assert (quiet.media_type, quiet.sampling_rate, quiet.duration) == ("audio/flac", 24_000, 4800)
    loud = tone(1000, level=1.7)
    source = pool.add_sound(Sound.of(loud, RATE), "Loud")
    assert source.media_type == "audio/wav"
    assert np.array_equal(pool.read(source.sha256, 0, 1000), loud)
    odd = tone(1000)
    odd[3] = np.nan
    source = pool.add_sound(Sound.of(odd, RATE), "Odd")
    assert np.isfinite(pool.read(source.sha256, 0, 1000)).all()
    assert any("no numbers" in notice for notice in source.notices)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=50))
def test_24_bits_are_as_near_as_they_can_be(values: list[float]) -> None:
    given_ = np.array(values, np.float32)[:, np.newaxis]
    data, _ = sound_bytes(Sound.of(given_, RATE))
    read, _ = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert np.abs(read - given_).max() <= 2.0**-23


@pytest.mark.parametrize("fits", [True, False])
def test_a_disk_that_is_full_while_samples_are_kept_is_told(fits: bool) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            if self.tell() > 20_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)  # type: ignore[arg-type]

    blocks = [noise(RATE)] * 3
    with pytest.raises(DiskFullError):
        packed_samples(blocks, Full(), RATE, 2, within_full_scale=fits)


def test_samples_are_taken_in_as_they_are_made(pool: SourcePool) -> None:
    samples = noise(2 * RATE)
    told: list[float] = []
    blocks = (samples[at : at + 7001] for at in range(0, len(samples), 7001))
    source = pool.add_samples(blocks, 2, "Made", work=Work(told.append))
    assert (source.duration, source.channels, source.media_type) == (2 * RATE, 2, "audio/flac")
    assert np.abs(pool.read(source.sha256, 0, 2 * RATE) - samples).max() <= 2.0**-23
    assert told == sorted(told) and told[-1] > 0.9
    with pytest.raises(BadInputError, match="empty"):
        pool.add_samples(iter(()), 2, "Nothing")


def test_nothing_wraps_around_at_full_scale(pool: SourcePool) -> None:
    edge = np.array([[1.0], [-1.0], [1.0000001], [-1.0000001]], np.float32)
    source = pool.add_samples([edge], 1, "Edge")
    assert np.abs(pool.read(source.sha256, 0, 4) - np.clip(edge, -1, 1)).max() < 1e-6


def test_the_same_file_twice_is_one_sound(pool, parts, wav: WriteWav) -> None:
    path = wav(noise(5000))
    one = pool.add_file(path)
    kept = len(parts.pieces)
    assert pool.add_file(path, title="Again").sha256 == one.sha256
    assert len(parts.pieces) == kept


def test_the_mark_of_a_generated_file_is_remembered(tmp_path: Path, pool, wav: WriteWav) -> None:
    path = wav(noise(5000))
    record = ProvenanceRecord(kind="audio", model="m")
    path.write_bytes(embed(path.read_bytes(), ".wav", record))
    source = pool.add_file(path)
    assert source.source_type.endswith("trainedAlgorithmicMedia")


def test_a_cache_that_was_emptied_is_made_again_in_the_background(
    tmp_path: Path, pool, parts, wav: WriteWav
) -> None:
    given = sixteen_bits(noise(200_000))
    source = pool.add_file(wav(given))
    pool.close()
    for path in (tmp_path / "cache").rglob("*.pcm"):
        path.unlink()
    again = SourcePool(tmp_path / "cache", parts, RATE)
    told = threading.Event()
    again.subscribe(lambda sha: told.set() if again.status(sha).state == "ready" else None)
    again.know([source])
    assert not again.read(source.sha256, 0, 100).any(), "silent until it is decoded"
    assert again.wait_ready(source.sha256, 20)
    assert told.wait(20)
    assert np.array_equal(again.read(source.sha256, 0, 200_000), given)
    again.close()


@pytest.mark.parametrize("harm", ["cut", "header", "empty"])
def test_a_damaged_cache_is_made_again(
    tmp_path: Path, pool, parts, wav: WriteWav, harm: str
) -> None:
    given = sixteen_bits(noise(20_000))
    source = pool.add_file(wav(given))
    pool.close()
    (path,) = (tmp_path / "cache").rglob("*.pcm")
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "header": b"x" + data[1:], "empty": b""}[harm])
    again = SourcePool(tmp_path / "cache", parts, RATE)
    again.know([source])
    assert again.wait_ready(source.sha256, 20)
    assert np.array_equal(again.read(source.sha256, 0, 20_000), given)
    again.close()


def test_missing_and_damaged_sounds_say_so_and_are_silent(
    tmp_path: Path, pool, parts, wav: WriteWav
) -> None:
    whole, gone, hurt = (pool.add_file(wav(noise(9000, seed=n), f"{n}.wav")) for n in range(3))
    pool.close()
    for path in (tmp_path / "cache").rglob("*.pcm"):
        path.unlink()
    del parts.pieces[gone.parts[0]]
    parts.pieces[hurt.parts[0]] = bytes(500)
    again = SourcePool(tmp_path / "cache", parts, RATE)
    again.know([whole, gone, hurt])
    assert again.wait_ready(whole.sha256, 20)
    for source in (gone, hurt):
        assert not again.wait_ready(source.sha256, 20)
        status = again.status(source.sha256)
        assert status.state == "unavailable" and status.message
        assert not again.read(source.sha256, 0, 100).any()
        assert again.waveform(source.sha256, 0, 100, 10) is None
    assert not again.wait_ready("f" * 64, 20)
    assert "not in the project" in again.status("f" * 64).message
    again.close()


def test_cancelling_in_any_phase_leaves_nothing_in_the_cache(
    tmp_path: Path, pool, wav: WriteWav
) -> None:
    path = wav(noise(400_000))
    for after in range(0, 30, 3):
        asked = 0

        def cancelled(limit: int = after) -> bool:
            nonlocal asked
            asked += 1
            return asked > limit

        try:
            pool.add_file(path, cancelled=cancelled)
        except WorkCancelled:
            left = [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]
            assert left == []
        else:
            break
    else:
        pytest.fail("it never came to an end")
    assert after > 0


def test_progress_rises_to_its_end(pool, wav: WriteWav) -> None:
    told: list[float] = []
    pool.add_file(wav(noise(400_000)), progress=told.append)
    assert told == sorted(told) and told[0] >= 0 and told[-1] == pytest.approx(1.0, abs=0.1)


def test_a_full_disk_says_so(tmp_path: Path, pool, wav: WriteWav, monkeypatch) -> None:
    def full(*_: object) -> str:
        raise DiskFullError("The disk is full.")

    monkeypatch.setattr(MemoryParts, "put", full)
    with pytest.raises(DiskFullError):
        pool.add_file(wav(noise(1000)))


def test_pieces_read_as_one_file_wherever_they_end(monkeypatch, parts) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", 7)
    data = bytes(range(100))
    sha, names = store_file(io.BytesIO(data), 100, parts, Work())
    assert len(names) == 15 and len(sha) == 64
    file = PartsFile(parts, names, 100)
    assert file.read() == data
    file.seek(5)
    assert file.read(9) == data[5:14] and file.tell() == 14
    assert file.seek(-3, io.SEEK_END) == 97 and file.read(10) == data[97:]
    del parts.pieces[names[3]]
    broken = PartsFile(parts, names, 100)
    assert broken.read() == data[:21] and broken.error is not None


def test_sweeping_takes_what_was_not_used_for_longest(tmp_path: Path, parts, wav: WriteWav) -> None:
    pool = SourcePool(tmp_path / "cache", parts, RATE)
    sources = [pool.add_file(wav(noise(5000, seed=n), f"{n}.wav")) for n in range(4)]
    cache = PcmCache(tmp_path / "cache", RATE)
    for age, source in enumerate(sources):
        os.utime(cache.path(source.sha256), (1000 - age, 1000 - age))
    size = cache.path(sources[0].sha256).stat().st_size
    assert cache.sweep([sources[3].sha256], 2 * size) == 2
    left = [cache.path(source.sha256).exists() for source in sources]
    assert left == [True, False, False, True]
    pool.close()


def test_the_cache_stays_small_by_itself(tmp_path: Path, parts, monkeypatch, wav: WriteWav) -> None:
    folder = tmp_path / "cache"
    with contextlib.closing(SourcePool(folder, parts, RATE)) as pool:
        old = [pool.add_file(wav(noise(5000, seed=n), f"{n}.wav")) for n in range(2)]
    cache = PcmCache(folder, RATE)
    for source in old:
        os.utime(cache.path(source.sha256), (1000, 1000))
    monkeypatch.setattr("studio.documents.soundtrack.pcm_cache.LIMIT_BYTES", 1)
    with contextlib.closing(SourcePool(folder, parts, RATE)) as pool:
        pool.know(old[:1])
        new = pool.add_file(wav(noise(5000, seed=9), "9.wav"))
    left = [cache.path(each.sha256).exists() for each in (*old, new)]
    assert left == [True, False, True]


def test_many_sounds_need_few_open_files(tmp_path: Path, parts, monkeypatch) -> None:
    monkeypatch.setattr("studio.documents.soundtrack.pool.MAX_OPEN", 3)
    pool = SourcePool(tmp_path / "cache", parts, RATE)
    sounds: list[tuple[str, Samples]] = []
    for number in range(8):
        samples = sixteen_bits(noise(500, 1, seed=number))
        data = io.BytesIO()
        soundfile.write(data, np.rint(samples * 32768).astype(np.int16), RATE, format="FLAC")
        sounds.append((pool.add_bytes(data.getvalue(), f"{number}").sha256, samples))
    for sha, samples in sounds * 2:
        assert np.array_equal(pool.read(sha, 0, 500), samples)
    assert len(pool._open) == 3
    pool.close()

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import date, timedelta
from pathlib import Path

import pytest

from studio.core import atomic_write
from studio.core.errors import BadInputError, DamagedFileError, DiskFullError, StorageError
from studio.core.requests import KeptVoice
from studio.voices.checking import checked_reading, sound_in, sound_problems, taken_in
from studio.voices.reading import new_reading
from studio.voices.records import VoiceRecord, record_from_json, record_to_json
from studio.voices.store import RECORD, REVOKED, SOUND, VoiceStore
from tests.fakes.readings import checked, good_sound, heard_in, voice_store
from tests.fakes.sounds import babble, encoded


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return voice_store(tmp_path)


@pytest.fixture
def record(store: VoiceStore) -> VoiceRecord:
    return store.keep(checked())


def change(store: VoiceStore, record: VoiceRecord, **changes: object) -> None:
    """Write other words into a record, as somebody with an editor would."""
    path = store.folder / record.id / RECORD
    plain = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**plain, **changes}), "utf-8")


def refused(store: VoiceStore, voice: KeptVoice) -> str:
    with pytest.raises(BadInputError) as caught:
        store.sound_of(voice)
    assert caught.value.hint
    return caught.value.user_message


# Keeping


def test_a_voice_is_kept_with_the_consent_and_how_it_was_checked(
    store: VoiceStore, record: VoiceRecord
) -> None:
    (voice,) = store.voices()
    assert (voice.record, voice.problem, voice.title) == (record, "", "Ada Byron")
    assert record.text == record.transcript and "Ada Byron" in record.text
    assert (record.listener, record.word_errors, record.day) == (
        "whisper-tiny.en",
        0.0,
        date.today().isoformat(),
    )
    assert record.duration_s == 12.0
    assert store.sound(record.id) == good_sound()
    assert sorted(path.name for path in (store.folder / record.id).iterdir()) == [SOUND, RECORD]
    assert record_from_json(record_to_json(record)) == record


def test_a_request_gets_the_sound_and_the_sentence(store: VoiceStore, record: VoiceRecord) -> None:
    voice = record.kept_voice()
    assert store.sound_of(voice) == good_sound()
    assert voice.consent == (
        f"Voice of Ada Byron, cloned with the consent recorded on {record.day} "
        f"(record {record.id})."
    )
    assert (voice.title, voice.text, voice.audio.size_bytes) == (
        "Ada Byron",
        record.text,
        len(good_sound()),
    )


def test_voices_are_listed_by_name(store: VoiceStore) -> None:
    for name in ("Zoe", "ada", "Bert"):
        store.keep(checked(name))
    assert [voice.title for voice in store.voices()] == ["ada", "Bert", "Zoe"]


def test_what_did_not_pass_is_not_kept(store: VoiceStore) -> None:
    for reading in (
        checked(heard="Something else altogether."),
        checked(flac=good_sound(5)),
        checked(reading=new_reading("Ada", date.today() - timedelta(days=2))),
    ):
        with pytest.raises(BadInputError):
            store.keep(reading)
    assert store.voices() == ()


def test_a_reading_may_last_over_midnight(store: VoiceStore) -> None:
    yesterday = new_reading("Ada", date.today() - timedelta(days=1))
    assert store.keep(checked(reading=yesterday)).day == yesterday.day


def test_the_transcript_has_to_be_of_this_very_sound() -> None:
    reading = new_reading("Ada", date.today())
    with pytest.raises(BadInputError, match="not this recording"):
        checked_reading(reading, good_sound(), heard_in(good_sound(13), reading.text))


# What is changed is noticed


def test_a_changed_sound_is_noticed(store: VoiceStore, record: VoiceRecord) -> None:
    (store.folder / record.id / SOUND).write_bytes(good_sound(14))
    assert "sound is not the one" in store.voices()[0].problem
    assert "does not check out" in refused(store, record.kept_voice())


def test_a_sound_exchanged_together_with_its_hash_is_noticed(
    store: VoiceStore, record: VoiceRecord
) -> None:
    import hashlib

    other = good_sound(14)
    (store.folder / record.id / SOUND).write_bytes(other)
    change(store, record, sound_sha256=hashlib.sha256(other).hexdigest(), sound_bytes=len(other))
    found = store.voices()[0]
    assert found.record is not None and "was not made here as it is" in found.problem
    assert "does not check out" in refused(store, found.record.kept_voice())


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Bob Miller"},
        {"day": "2020-01-01"},
        {"transcript": "yes"},
        {"words": ["a"]},
        {"word_errors": 0.1},
        {"signature": ""},
        {"signature": "not base64!"},
        {"kept_at": ""},
    ],
)
def test_a_changed_record_is_noticed(
    store: VoiceStore, record: VoiceRecord, changes: dict[str, object]
) -> None:
    change(store, record, **changes)
    (voice,) = store.voices()
    assert voice.record is not None and "does not check out" in voice.problem
    assert "does not check out" in refused(store, voice.record.kept_voice())


@pytest.mark.parametrize("name", ["title", "text", "consent"])
def test_a_request_that_says_otherwise_than_the_record_is_refused(
    store: VoiceStore, record: VoiceRecord, name: str
) -> None:
    voice = dataclasses.replace(record.kept_voice(), **{name: "Bob Miller"})
    assert "does not check out" in refused(store, voice)


def test_a_record_carried_from_another_computer_is_told_apart(
    tmp_path: Path, record: VoiceRecord, store: VoiceStore
) -> None:
    elsewhere = voice_store(tmp_path / "elsewhere")
    elsewhere.keep(checked("Bob"))
    (store.folder / record.id).rename(elsewhere.folder / record.id)
    found = {voice.title: voice.problem for voice in elsewhere.voices()}
    assert found["Bob"] == "" and "was not made here" in found["Ada Byron"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": 5}', "null", "9" * 100_000])
def test_a_record_that_cannot_be_read_is_a_sentence(
    store: VoiceStore, record: VoiceRecord, content: str
) -> None:
    (store.folder / record.id / RECORD).write_text(content)
    (voice,) = store.voices()
    assert voice.record is None and voice.title == record.id
    assert voice.problem == "The record of a consent cannot be read."
    assert "does not check out" in refused(store, record.kept_voice())


@pytest.mark.parametrize("name", ["nobody", "../voices", "", "0" * 16])
def test_a_voice_that_is_not_kept_here(store: VoiceStore, record: VoiceRecord, name: str) -> None:
    voice = dataclasses.replace(record.kept_voice(), id=name or "x")
    assert refused(store, voice) == "The voice of Ada Byron is not kept on this computer."


# Revoking


def test_a_revoked_voice_is_gone_but_for_a_line_without_a_name(
    store: VoiceStore, record: VoiceRecord
) -> None:
    line = store.revoke(record.id)
    assert store.voices() == ()
    assert not (store.folder / record.id).exists()
    assert store.revoked() == (line,)
    left = (store.folder / REVOKED).read_text("utf-8")
    assert record.id in left and "Ada" not in left
    assert "took this voice back on" in refused(store, record.kept_voice())
    with pytest.raises(BadInputError):
        store.revoke(record.id)


def test_revoking_that_was_killed_half_way_is_ended(store: VoiceStore, record: VoiceRecord) -> None:
    line = {"id": record.id, "revoked_at": "2026-11-22T10:00:00Z"}
    (store.folder / REVOKED).write_text(json.dumps([line]))
    assert "took this voice back on 2026-11-22" in refused(store, record.kept_voice())
    assert store.voices() == ()
    assert not (store.folder / record.id).exists()


@pytest.mark.parametrize("content", ["", "{}", "[1]", "not json"])
def test_a_damaged_list_of_revoked_voices_stops_nothing(
    store: VoiceStore, record: VoiceRecord, content: str
) -> None:
    (store.folder / REVOKED).write_text(content)
    assert store.sound_of(record.kept_voice()) == good_sound()
    store.revoke(record.id)
    assert [line.id for line in store.revoked()] == [record.id]


# Faults


def test_a_full_disk_leaves_nothing(store: VoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    store.keep(checked())
    monkeypatch.setattr(atomic_write, "sync_folder", full)
    with pytest.raises(DiskFullError):
        store.keep(checked("Bob"))
    monkeypatch.undo()
    assert [path.name for path in store.folder.iterdir()] == [store.voices()[0].id]


def test_a_key_that_is_gone_is_said(store: VoiceStore, record: VoiceRecord, tmp_path: Path) -> None:
    (tmp_path / "credentials" / "private-key.pem").unlink()
    with pytest.raises(DamagedFileError):
        store.keep(checked("Bob"))
    assert [voice.problem for voice in store.voices()] == [""]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_while_keeping_there_is_no_half_voice(tmp_path: Path, store: VoiceStore) -> None:
    code = """
        import os, signal, sys
        from pathlib import Path
        from studio.voices import store as module
        from tests.fakes.readings import checked, voice_store

        real, count = module.atomic_write, 0

        def write(*arguments, **named):
            global count
            count += 1
            if count == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            real(*arguments, **named)

        module.atomic_write = write
        voice_store(Path(sys.argv[1])).keep(checked())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    (left,) = store.folder.iterdir()
    assert store.voices() == ()
    os.utime(left, (0, 0))
    store.voices()
    assert list(store.folder.iterdir()) == [], "what the crash left is cleared up"


def test_recordings_that_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "note.wav"
    path.write_text("a text")
    with pytest.raises(DamagedFileError):
        taken_in(path)
    with pytest.raises(StorageError):
        taken_in(tmp_path / "nothing.wav")
    with pytest.raises(DamagedFileError):
        sound_in(b"")


def test_a_recording_is_kept_as_it_was_recorded_with_one_channel(tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "reading.wav"
    samples = babble(12, 48_000)
    path.write_bytes(encoded(np.stack((samples, samples), axis=1), "WAV", 48_000, "PCM_24"))
    flac = taken_in(path)
    assert flac[:4] == b"fLaC"
    sound = sound_in(flac)
    assert (sound.channels, sound.sampling_rate, sound.duration_s) == (1, 48_000, 12.0)
    assert np.allclose(sound.array()[:, 0], samples, atol=2**-22)
    assert sound_problems(flac) == ()


def test_a_recording_without_end_is_still_too_long(tmp_path: Path) -> None:
    path = tmp_path / "reading.wav"
    path.write_bytes(encoded(babble(120)))
    flac = taken_in(path)
    assert sound_in(flac).duration_s < 62
    assert "longer than 60 s" in sound_problems(flac)[0]

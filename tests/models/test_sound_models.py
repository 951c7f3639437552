from __future__ import annotations

from pathlib import Path

import pytest

from studio.core.errors import ModelDamagedError, UnsafeFileError
from studio.models.identify import identify
from studio.models.record import ModelRecord, write_record
from studio.models.sound_models import KOKORO_VOICE_BYTES, kokoro_voices
from studio.models.store import ModelStore

WHISPER_START = b"\x06\x00\x00\x00\x0c\x00WhisperSpec\x00"


def kokoro_folder(folder: Path) -> Path:
    (folder / "voices").mkdir(parents=True)
    (folder / "kokoro-v1.0.int8.onnx").write_bytes(b"onnx" * 10)
    for name in ("af_heart", "bm_george"):
        (folder / "voices" / f"{name}.bin").write_bytes(bytes(KOKORO_VOICE_BYTES))
    return folder


def whisper_folder(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(WHISPER_START + b"weights")
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_a_kokoro_folder(tmp_path: Path) -> None:
    info = identify(kokoro_folder(tmp_path / "Kokoro 82M"))
    assert (info.id, info.title, info.format) == ("kokoro-82m", "Kokoro 82M", "kokoro")
    assert info.size_bytes == 40 + 2 * KOKORO_VOICE_BYTES
    assert info.parameters > 0


def test_a_whisper_folder(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "faster-whisper-base")
    info = identify(folder)
    assert (info.id, info.format, info.architecture) == (
        "faster-whisper-base",
        "ctranslate2",
        "whisper",
    )
    write_record(folder, ModelRecord(id="base", title="Whisper base", licence="MIT"))
    info = identify(folder)
    assert (info.id, info.title, info.licence) == ("base", "Whisper base", "MIT")


def test_a_whisper_folder_of_the_hubs_cache_has_the_repositorys_name(tmp_path: Path) -> None:
    folder = tmp_path / "models--Systran--faster-whisper-base" / "snapshots" / ("a1" * 20)
    assert identify(whisper_folder(folder)).title == "faster-whisper-base"


def test_the_store_finds_both_and_looks_no_deeper(tmp_path: Path) -> None:
    kokoro_folder(tmp_path / "audio" / "Kokoro")
    whisper_folder(tmp_path / "audio" / "Whisper")
    store = ModelStore([tmp_path])
    assert {model.id for model in store.models()} == {"kokoro", "whisper"}
    assert not store.problems()


def test_voices_that_are_not_whole_are_not_offered(tmp_path: Path) -> None:
    folder = kokoro_folder(tmp_path / "Kokoro")
    (folder / "voices" / "af_heart.bin").write_bytes(b"short")
    assert [file.stem for file in kokoro_voices(folder)] == ["bm_george"]
    (folder / "voices" / "bm_george.bin").unlink()
    with pytest.raises(ModelDamagedError, match="no voices"):
        identify(folder)


@pytest.mark.parametrize("gone", ["config.json", "tokenizer.json"])
def test_what_a_whisper_folder_lacks_is_named(tmp_path: Path, gone: str) -> None:
    folder = whisper_folder(tmp_path / "whisper")
    (folder / gone).unlink()
    with pytest.raises(ModelDamagedError, match=gone):
        identify(folder)


def test_another_bin_file_is_still_a_pickle(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path / "whisper")
    (folder / "model.bin").write_bytes(b"PK\x03\x04 pytorch")
    with pytest.raises(UnsafeFileError):
        identify(folder)

"""Says what a folder of a voice or of a listening model is: formats without safetensors.

Kokoro as one ONNX network with a folder of voices, and Whisper in the format of CTranslate2.
Neither can run code when opened. Names, sizes and first bytes are enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from studio.core.errors import ModelDamagedError
from studio.models.info import ModelInfo
from studio.models.record import read_record

KOKORO = "kokoro"
CTRANSLATE2 = "ctranslate2"
#: One voice of Kokoro: 510 lengths of text, 256 numbers of 4 bytes each.
KOKORO_VOICE_BYTES = 510 * 256 * 4
_KOKORO_PARAMETERS = 82_000_000
_WHISPER_SPEC = b"WhisperSpec"
_NEEDED_OF_WHISPER = ("config.json", "tokenizer.json")


def is_sound_model_folder(files: Iterable[str]) -> bool:
    """Whether a folder with these files is a voice; listening models have a ``config.json``."""
    return any(_is_kokoro(name) for name in files)


def identify_sound_folder(path: Path) -> ModelInfo | None:
    """Return what the folder is as a model of sound, ``None`` when it is none.

    Its id and title are those of its record, "" without one.

    Raises:
        ModelDamagedError: It is one, and something is missing.
        OSError: The system does not let us read it.
    """
    networks = sorted(file for file in path.glob("*.onnx") if _is_kokoro(file.name))
    if networks:
        return _kokoro(path, networks[0])
    if _is_whisper(path / "model.bin"):
        return _whisper(path)
    return None


def kokoro_voices(path: Path) -> list[Path]:
    """Return the voices of a Kokoro folder that are whole, by name."""
    files = sorted((path / "voices").glob("*.bin"))
    return [file for file in files if file.stat().st_size == KOKORO_VOICE_BYTES]


def _is_kokoro(name: str) -> bool:
    return name.lower().startswith("kokoro") and name.lower().endswith(".onnx")


def _kokoro(path: Path, network: Path) -> ModelInfo:
    voices = kokoro_voices(path)
    if not voices:
        raise _incomplete(path, "it has no voices")
    record = read_record(path)
    return ModelInfo(
        id=record.id,
        title=record.title,
        path=path,
        format=KOKORO,
        architecture=KOKORO,
        size_bytes=sum(file.stat().st_size for file in (network, *voices)),
        parameters=_KOKORO_PARAMETERS,
        licence=record.licence,
        source=record.source,
        built_in=record.built_in,
    )


def _is_whisper(file: Path) -> bool:
    """Read the name of the network that CTranslate2 writes at the beginning."""
    try:
        with file.open("rb") as opened:
            start = opened.read(6 + len(_WHISPER_SPEC))
    except (FileNotFoundError, IsADirectoryError):
        return False
    return start[6:] == _WHISPER_SPEC


def _whisper(path: Path) -> ModelInfo:
    for name in _NEEDED_OF_WHISPER:
        if not (path / name).is_file():
            raise _incomplete(path, f"{name} is missing")
    record = read_record(path)
    return ModelInfo(
        id=record.id,
        title=record.title,
        path=path,
        format=CTRANSLATE2,
        architecture="whisper",
        size_bytes=(path / "model.bin").stat().st_size,
        licence=record.licence,
        source=record.source,
        built_in=record.built_in,
    )


def _incomplete(path: Path, why: str) -> ModelDamagedError:
    return ModelDamagedError(
        f"The model {path.name} is incomplete: {why}.",
        hint="Fetch or copy it again.",
        path=str(path),
    )

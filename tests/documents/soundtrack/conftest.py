"""Sounds made of numbers, a place in memory to keep them, and a pool over both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import BadInputError
from studio.documents.soundtrack import Soundtrack, Source
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.sound_files import Samples

RATE = 48_000


class MemoryParts:
    """Pieces in memory."""

    def __init__(self) -> None:
        self.pieces: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()
        self.pieces[name] = content
        return name

    def get(self, name: str) -> bytes:
        if name not in self.pieces:
            raise BadInputError("This part is not in the project.")
        return self.pieces[name]


def noise(frames: int, channels: int = 2, seed: int = 0, level: float = 0.2) -> Samples:
    dice = np.random.default_rng(seed)
    return (dice.uniform(-level, level, (frames, channels))).astype(np.float32)


def sixteen_bits(samples: Samples) -> Samples:
    """Return samples that 16 bits hold exactly."""
    return (np.rint(samples * 32768) / 32768).astype(np.float32)


def tone(frames: int, hz: float = 440.0, channels: int = 1, level: float = 0.5) -> Samples:
    wave = level * np.sin(2 * np.pi * hz * np.arange(frames) / RATE)
    return np.repeat(wave.astype(np.float32)[:, np.newaxis], channels, axis=1)


def write_wav(path: Path, samples: Samples, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    """Write a WAV; 16 bits without libsndfile's scaling, so that samples stay exact."""
    data = np.rint(samples * 32768).astype(np.int16) if subtype == "PCM_16" else samples
    soundfile.write(path, data, rate, subtype)
    return path


@pytest.fixture
def parts() -> MemoryParts:
    return MemoryParts()


@pytest.fixture
def pool(tmp_path: Path, parts: MemoryParts) -> Iterator[SourcePool]:
    made = SourcePool(tmp_path / "cache", parts, RATE)
    yield made
    made.close()


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., Path]:
    def make(samples: Samples, name: str = "sound.wav", **more: object) -> Path:
        return write_wav(tmp_path / name, samples, **more)  # type: ignore[arg-type]

    return make


def known(duration: int, name: str = "a", channels: int = 2) -> Source:
    """Return a sound that only the document knows of."""
    return Source(
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        title=name,
        media_type="audio/wav",
        size_bytes=4 * duration,
        sampling_rate=RATE,
        channels=channels,
        duration=duration,
        parts=(hashlib.sha256(b"part" + name.encode()).hexdigest(),),
    )


def with_sound(duration: int = 1000, name: str = "a") -> tuple[Soundtrack, str, Source]:
    """Return a document with a track and a sound it knows."""
    soundtrack = Soundtrack()
    source = known(duration, name)
    soundtrack.add_source(source)
    return soundtrack, soundtrack.add_track("One"), source

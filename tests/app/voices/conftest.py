"""Lending voices with the scripted engine and a microphone that plays what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.app.context import AppContext
from studio.app.voices import own_voices
from studio.app.voices.lending import Lending
from studio.app.voices.listening import ReadingPlayer
from studio.app.voices.own_voices import OwnVoices
from studio.core.paths import Folders
from studio.documents.soundtrack.inputs import SignalInput
from studio.documents.soundtrack.outputs import NullOutput
from studio.voices.store import VoiceStore
from tests.fakes.fake_engine import CHAT_MODEL, LISTENER_MODEL, VOICE_MODEL, FakeEngine
from tests.fakes.readings import voice_store

LONG_MS = 20_000


class Microphone(SignalInput):
    """Gives a sound much faster than it was spoken, and silence after it.

    Args:
        samples: float32 (samples,), at the rate that is recorded with.
        times: How much faster.
    """

    def __init__(self, samples: np.ndarray, times: float = 100.0) -> None:
        import time

        self.samples = samples
        self.read = 0

        def signal(start: int, count: int) -> np.ndarray:
            found = self.samples[start : start + count]
            self.read = max(self.read, start + len(found))
            return np.pad(found, (0, count - len(found))).astype(np.float32)[:, None]

        super().__init__(signal, lambda: time.monotonic() * times)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(models=(CHAT_MODEL, VOICE_MODEL, LISTENER_MODEL))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReadingPlayer, "output", staticmethod(lambda: NullOutput()))


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Microphone:
    from tests.fakes.sounds import babble

    found = Microphone(babble(14, 48_000))
    monkeypatch.setattr(Lending, "source", staticmethod(lambda: found))
    return found


@pytest.fixture
def store(folders: Folders) -> VoiceStore:
    return voice_store(folders.data)


@pytest.fixture
def voices(app_context: AppContext, store: VoiceStore) -> Iterator[OwnVoices]:
    """The window's voices, with a key that lies in a file."""
    found = app_context.voices
    found._made = store  # else the system's keyring would be asked
    yield found
    assert own_voices.READINGS in str(found.readings)


def readings(folders: Folders) -> list[Path]:
    """Return every recording that lies about."""
    place = folders.state / own_voices.READINGS
    return sorted(place.glob("*.wav")) if place.is_dir() else []

"""Readings of a consent for tests: made without microphone or model, or with the built-in voice."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from studio.core.artifacts import TranscriptArtifact
from studio.core.inputs import InputStore
from studio.core.requests import TranscribeRequest
from studio.voices.checking import CheckedReading, checked_reading
from studio.voices.reading import Reading, new_reading
from studio.voices.store import VoiceStore
from tests.fakes.sounds import babble, encoded

LISTENER = "whisper-tiny.en"


class NoVault:
    """A key vault of a machine without a keyring."""

    def get(self, name: str) -> str | None:
        return None

    def set(self, name: str, value: str) -> bool:
        return False


def heard_in(flac: bytes, text: str) -> TranscriptArtifact:
    """Return what a listening model that hears ``text`` in these bytes returns."""
    audio = InputStore().put(flac, "audio/flac")
    request = TranscribeRequest(audio=audio, language="en", word_times=False)
    return TranscriptArtifact(request=request, model=LISTENER, backend="whisper", text=text)


def good_sound(seconds: float = 12.0) -> bytes:
    """Return a recording that is as loud and as clear as it has to be."""
    return encoded(babble(seconds), "FLAC")


def checked(name: str = "Ada Byron", heard: str | None = None, **changes: Any) -> CheckedReading:
    """Return a reading of today that was heard as it is, or otherwise."""
    reading: Reading = changes.get("reading") or new_reading(name, date.today())
    flac = changes.get("flac") or good_sound()
    return checked_reading(reading, flac, heard_in(flac, reading.text if heard is None else heard))


def voice_store(root: Path) -> VoiceStore:
    """Return a store under a folder, with a signing key of its own."""
    return VoiceStore(root / "voices", root / "credentials", vault=NoVault())

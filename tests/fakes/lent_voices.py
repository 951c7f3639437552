"""A lent voice and a request with it, for tests of what carries such a request."""

from __future__ import annotations

from typing import Any

from studio.core.inputs import InputRef
from studio.core.requests import AudioRequest, Capability, KeptVoice


def kept_voice(**changes: Any) -> KeptVoice:
    """Return the voice of a person made up, with anything changed."""
    own: dict[str, Any] = {
        "id": "1f3a5c7e9b2d4f60",
        "title": "Ada Byron",
        "audio": InputRef(sha256="a" * 64, media_type="audio/flac", size_bytes=9),
        "text": "My name is Ada Byron.",
        "consent": "Voice of Ada Byron, cloned with consent given on 2026-11-22 (record 1f3a5c7e).",
    }
    return KeptVoice(**{**own, **changes})


def lent_request(**values: Any) -> AudioRequest:
    """Return a request for speech in that voice, with anything changed."""
    own: dict[str, Any] = {
        "capability": Capability.AUDIO_SPEECH,
        "seed": 1,
        "prompt": "The lamp is lit.",
        "kept_voice": kept_voice(),
    }
    return AudioRequest(**{**own, **values})
